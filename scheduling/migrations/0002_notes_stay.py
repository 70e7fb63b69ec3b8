from django.db import migrations

# A signed note never changes, and an addendum is written once. The function is the activity log's.
FORWARD = """
    CREATE TRIGGER scheduling_sessionnote_signed BEFORE UPDATE OR DELETE ON scheduling_sessionnote
        FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION practice_refuse_change();
    CREATE TRIGGER scheduling_noteaddendum_append_only BEFORE UPDATE OR DELETE ON scheduling_noteaddendum
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
"""
BACKWARD = """
    DROP TRIGGER scheduling_sessionnote_signed ON scheduling_sessionnote;
    DROP TRIGGER scheduling_noteaddendum_append_only ON scheduling_noteaddendum;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0002_activity_append_only"),
        ("scheduling", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
