"""What must be true of reminders: that those exist which should, and that nobody is told twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from notifications import facts
from notifications.models import Reminder
from notifications.reconcile import RELATED, STILL_OWED, judged, reminders_of
from scheduling.invariants import Check, sql
from scheduling.models import Booking

BATCH = 500
LEFT_TO_THE_SWEEPS = timedelta(minutes=10)


def bookings_without_a_reminder(now: datetime) -> list[int]:
    """Bookings about which something should be said and nothing is planned, sent or marked as missed.

    What changed within the last minutes is left to the sweeps.
    """
    found: list[int] = []
    owed = Booking.objects.filter(ends_at__gt=now - STILL_OWED, touched_at__lt=now - LEFT_TO_THE_SWEEPS)
    ids = list(owed.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), BATCH):
        bookings = Booking.objects.filter(pk__in=ids[first : first + BATCH]).select_related(*RELATED)
        found += _without(bookings.order_by("pk"), now=now)
    return found


def _without(bookings: QuerySet[Booking], *, now: datetime) -> list[int]:
    loaded = facts.load(bookings)
    stored = reminders_of(loaded)
    return [pk for pk, one in loaded.items() if _lacks_one(one, stored[pk], now=now)]


def _lacks_one(loaded: facts.Loaded, stored: list[Reminder], *, now: datetime) -> bool:
    wanted = judged(loaded, stored, now=now).due
    version = loaded.booking.version
    present = {(row.kind, row.channel) for row in stored if row.booking_version == version}
    return any((item.kind, item.channel) not in present for item in wanted)


CHECKS = (
    Check(
        "reminder_missing",
        "something should be said about a booking, and nothing is planned or was said",
        "scheduling.booking",
        bookings_without_a_reminder,
    ),
    sql(
        "reminder_for_another_time",
        "a message is planned for a time that the booking no longer has",
        "notifications.reminder",
        """
        SELECT r.id FROM notifications_reminder r JOIN scheduling_booking b ON b.id = r.booking_id
         WHERE r.state = 'planned' AND r.booking_version <> b.version
        """,
    ),
    sql(
        "accepted_twice",
        "a provider took the same message twice",
        "notifications.reminder",
        """
        SELECT reminder_id FROM notifications_message
         WHERE outcome = 'accepted' GROUP BY reminder_id HAVING count(*) > 1
        """,
    ),
    sql(
        "sent_without_a_message",
        "a reminder counts as sent, and no provider took it",
        "notifications.reminder",
        """
        SELECT r.id FROM notifications_reminder r
         WHERE r.state IN ('sent', 'delivered', 'undelivered') AND NOT EXISTS (
               SELECT FROM notifications_message m
                WHERE m.reminder_id = r.id AND m.outcome = 'accepted')
        """,
    ),
)
