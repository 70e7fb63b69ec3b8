from django.db import migrations

# Who withdraws a consent and gives it again, or changes a number in two steps, is told after all.
CHECK = """
    CREATE OR REPLACE FUNCTION notifications_check_edge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.state, NEW.state) NOT IN (
               ('planned', 'sending'), ('planned', 'skipped'), ('planned', 'dead'), ('skipped', 'planned'),
               ('sending', 'sent'), ('sending', 'planned'), ('sending', 'failed'), ('sending', 'unknown'),
               ('unknown', 'sent'), ('unknown', 'planned'), ('unknown', 'dead'),
               ('sent', 'delivered'), ('sent', 'undelivered'))
           OR (OLD.state = 'skipped' AND OLD.skip_reason NOT IN ({reasons})) THEN
            RAISE EXCEPTION 'reminder % can not go from % to %', OLD.id, OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'notifications_reminder_edge';
        END IF;
        RETURN NEW;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_reminder_edges")]

    operations = [
        migrations.RunSQL(
            CHECK.format(reasons="'not_needed', 'no_channel'"), CHECK.format(reasons="'not_needed'")
        )
    ]
