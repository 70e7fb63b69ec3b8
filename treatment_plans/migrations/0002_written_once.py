from django.db import migrations

# What is clinical is written once; a correction is a new row. The function is the activity log's.
ONCE = (
    "measure",
    "supplyevent",
    "stockevent",
    "screening",
    "clinicalresult",
    "flagdisposition",
    "checkin",
    "vitals",
    "dosesignature",
    "dose",
    "mark",
    "adverseevent",
    "dischargecheck",
    "followupattempt",
    "planreview",
)
FORWARD = "\n".join(
    f"CREATE TRIGGER treatment_plans_{table}_append_only BEFORE UPDATE OR DELETE ON treatment_plans_{table}"
    " FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();"
    for table in ONCE
)
BACKWARD = "\n".join(
    f"DROP TRIGGER treatment_plans_{table}_append_only ON treatment_plans_{table};" for table in ONCE
)


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("treatment_plans", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
