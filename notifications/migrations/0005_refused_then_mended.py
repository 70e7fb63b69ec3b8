from django.db import migrations

# What was refused for good is planned again when the client's number or address was put right.
CHECK = """
    CREATE OR REPLACE FUNCTION notifications_check_edge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.state, NEW.state) NOT IN (
               ('planned', 'sending'), ('planned', 'skipped'), ('planned', 'dead'), ('skipped', 'planned'),
               ('sending', 'sent'), ('sending', 'planned'), ('sending', 'failed'), ('sending', 'unknown'),
               ('unknown', 'sent'), ('unknown', 'planned'), ('unknown', 'dead'),
               {more}('sent', 'delivered'), ('sent', 'undelivered'))
           OR (OLD.state = 'skipped' AND OLD.skip_reason NOT IN ('not_needed', 'no_channel')) THEN
            RAISE EXCEPTION 'reminder % can not go from % to %', OLD.id, OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'notifications_reminder_edge';
        END IF;
        RETURN NEW;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_message_begun_at")]

    operations = [migrations.RunSQL(CHECK.format(more="('failed', 'planned'), "), CHECK.format(more=""))]
