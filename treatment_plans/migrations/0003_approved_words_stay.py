from django.db import migrations

# A screening form and its rules stay as they were approved, and so do the words for one client, which are
# withdrawn instead. The function is the activity log's.
FORWARD = """
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
    CREATE TRIGGER treatment_plans_holdinstruction_stays
        BEFORE UPDATE OF client_id, medication_id, text_en, text_es, approved_by_id, approved_at
        ON treatment_plans_holdinstruction
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
    CREATE TRIGGER treatment_plans_holdinstruction_kept BEFORE DELETE ON treatment_plans_holdinstruction
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
"""
BACKWARD = """
    DROP TRIGGER treatment_plans_holdinstruction_kept ON treatment_plans_holdinstruction;
    DROP TRIGGER treatment_plans_holdinstruction_stays ON treatment_plans_holdinstruction;
    DROP TRIGGER treatment_plans_screeningrule_approved ON treatment_plans_screeningrule;
    DROP FUNCTION treatment_plans_refuse_rule();
    DROP TRIGGER treatment_plans_screeningform_kept ON treatment_plans_screeningform;
    DROP TRIGGER treatment_plans_screeningform_approved ON treatment_plans_screeningform;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0002_written_once"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
