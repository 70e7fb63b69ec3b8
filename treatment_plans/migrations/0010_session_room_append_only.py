from django.db import migrations

# What is recorded in a session is written once. The function is the activity log's.
TABLES = ("checkin", "vitals", "dosesignature", "dose", "mark", "adverseevent", "dischargecheck")
FORWARD = "\n".join(
    f"CREATE TRIGGER treatment_plans_{table}_append_only BEFORE UPDATE OR DELETE ON treatment_plans_{table}"
    " FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();"
    for table in TABLES
)
BACKWARD = "\n".join(
    f"DROP TRIGGER treatment_plans_{table}_append_only ON treatment_plans_{table};" for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0009_session_room"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
