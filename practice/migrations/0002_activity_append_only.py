from django.db import migrations

# What Django's constraints cannot say: rows of the activity log are written once.
FORWARD = """
    CREATE FUNCTION practice_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER practice_activity_append_only BEFORE UPDATE OR DELETE ON practice_activity
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
    CREATE TRIGGER practice_activity_no_truncate BEFORE TRUNCATE ON practice_activity
        FOR EACH STATEMENT EXECUTE FUNCTION practice_refuse_change();
"""
BACKWARD = """
    DROP TRIGGER practice_activity_no_truncate ON practice_activity;
    DROP TRIGGER practice_activity_append_only ON practice_activity;
    DROP FUNCTION practice_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("practice", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
