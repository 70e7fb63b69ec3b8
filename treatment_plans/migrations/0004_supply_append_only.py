from django.db import migrations

# Both ledgers are written once. The function is the activity log's.
TABLES = ("supplyevent", "stockevent")
FORWARD = "".join(
    f"""
    CREATE TRIGGER treatment_plans_{table}_append_only BEFORE UPDATE OR DELETE ON treatment_plans_{table}
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
"""
    for table in TABLES
)
BACKWARD = "".join(
    f"DROP TRIGGER treatment_plans_{table}_append_only ON treatment_plans_{table};" for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0003_prescriptions_and_supply"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
