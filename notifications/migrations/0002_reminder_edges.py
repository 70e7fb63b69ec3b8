from django.db import migrations

# Only these changes of state, whatever code runs; Reminder.EDGES says the same, and a test compares the two.
# Out of some only a person leads, who asks for the message again.
EDGES = {
    "planned": ["sending", "skipped", "dead"],
    "skipped": ["planned"],
    "sending": ["sent", "planned", "failed", "unknown"],
    "unknown": ["sent", "planned", "dead"],
    "failed": ["planned"],
    "dead": ["planned"],
    "undelivered": ["planned"],
    "sent": ["delivered", "undelivered"],
}
ALLOWED = ", ".join(f"('{before}', '{after}')" for before, afters in EDGES.items() for after in afters)

FORWARD = f"""
    CREATE FUNCTION notifications_check_edge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.state, NEW.state) NOT IN ({ALLOWED})
           OR (NEW.asked_by_id IS NULL AND (
               OLD.state IN ('dead', 'undelivered')
               OR (OLD.state = 'skipped' AND OLD.skip_reason NOT IN ('not_needed', 'no_channel')))) THEN
            RAISE EXCEPTION 'reminder % can not go from % to %', OLD.id, OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'notifications_reminder_edge';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER notifications_reminder_edge BEFORE UPDATE OF state ON notifications_reminder
        FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION notifications_check_edge();
    CREATE TRIGGER notifications_event_append_only BEFORE UPDATE OR DELETE ON notifications_reminderevent
        FOR EACH ROW EXECUTE FUNCTION practice_refuse_change();
"""
BACKWARD = """
    DROP TRIGGER notifications_event_append_only ON notifications_reminderevent;
    DROP TRIGGER notifications_reminder_edge ON notifications_reminder;
    DROP FUNCTION notifications_check_edge();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("practice", "0002_activity_append_only"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
