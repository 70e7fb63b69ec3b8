from django.db import migrations

# The words that a prescriber approved stay as they are; they are withdrawn. The function is the activity log's.
FORWARD = """
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0007_medications_and_evaluations"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
