from django.db import migrations

# Filled forms, results and dispositions are written once; a form and its rules stay as they were approved.
# The function is the activity log's.
WRITTEN_ONCE = ("screening", "clinicalresult", "flagdisposition")
FORWARD = "".join(  # noqa: S608  nothing from outside
    f"""
    CREATE TRIGGER treatment_plans_{table}_append_only BEFORE UPDATE OR DELETE ON treatment_plans_{table}
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
    """
    for table in WRITTEN_ONCE
) + """
    CREATE TRIGGER treatment_plans_screeningform_approved
        BEFORE UPDATE OF code, version, name, questions ON treatment_plans_screeningform
        FOR EACH ROW WHEN (OLD.approved_at IS NOT NULL) EXECUTE FUNCTION practice_refuse_change();
    CREATE TRIGGER treatment_plans_screeningform_kept BEFORE DELETE ON treatment_plans_screeningform
        FOR EACH ROW WHEN (OLD.approved_at IS NOT NULL) EXECUTE FUNCTION practice_refuse_change();
    CREATE FUNCTION treatment_plans_refuse_rule() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM treatment_plans_screeningform
            WHERE id IN (OLD.form_id, NEW.form_id) AND approved_at IS NOT NULL
        ) THEN
            RAISE EXCEPTION 'the form of this rule is approved' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN coalesce(NEW, OLD);
    END $$;
    CREATE TRIGGER treatment_plans_screeningrule_approved
        BEFORE INSERT OR UPDATE OR DELETE ON treatment_plans_screeningrule
        FOR EACH ROW EXECUTE FUNCTION treatment_plans_refuse_rule();
"""
BACKWARD = "".join(
    f"DROP TRIGGER treatment_plans_{table}_append_only ON treatment_plans_{table};" for table in WRITTEN_ONCE
) + """
    DROP TRIGGER treatment_plans_screeningrule_approved ON treatment_plans_screeningrule;
    DROP FUNCTION treatment_plans_refuse_rule();
    DROP TRIGGER treatment_plans_screeningform_kept ON treatment_plans_screeningform;
    DROP TRIGGER treatment_plans_screeningform_approved ON treatment_plans_screeningform;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0005_screening"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
