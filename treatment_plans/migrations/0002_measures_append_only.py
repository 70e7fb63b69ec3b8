from django.db import migrations

# A measure is written once. The function is the activity log's.
FORWARD = """
    CREATE TRIGGER treatment_plans_measure_append_only BEFORE UPDATE OR DELETE ON treatment_plans_measure
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
"""
BACKWARD = "DROP TRIGGER treatment_plans_measure_append_only ON treatment_plans_measure;"


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
