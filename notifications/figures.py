"""How messages get out, in figures, for whoever runs the machines. About nobody in particular."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from notifications.models import Reminder

State = Reminder.State

DWELL = """
    SELECT count(*),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM m.ended_at - r.due_at)),
           percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM m.ended_at - r.due_at))
      FROM notifications_message m JOIN notifications_reminder r ON r.id = m.reminder_id
     WHERE m.outcome = 'accepted' AND m.ended_at >= %s
"""
STATES = """
    SELECT to_state, count(*) FROM notifications_reminderevent WHERE at >= %s GROUP BY to_state
"""


def delivery(*, since: timedelta, now: datetime) -> dict[str, Any]:
    """Return what waits now, and what happened in the time `since` before now. Durations in seconds."""
    waiting = Reminder.objects.filter(state=State.PLANNED, next_attempt_at__lte=now)
    oldest = waiting.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()
    in_doubt = Reminder.objects.filter(state__in=(State.SENDING, State.UNKNOWN))
    with connection.cursor() as cursor:
        cursor.execute(DWELL, [now - since])
        accepted, median, p99 = cursor.fetchone() or (0, None, None)
        cursor.execute(STATES, [now - since])
        changes = {state: count for state, count in cursor.fetchall() if state != State.SENDING}
    return {
        "due_and_unsent": waiting.count(),
        "oldest_due_seconds": _rounded((now - oldest).total_seconds() if oldest else None),
        "in_doubt": in_doubt.count(),
        "hours": since.total_seconds() / 3600,
        "became": changes,
        "accepted": accepted,
        "due_to_accepted_seconds": {"p50": _rounded(median), "p99": _rounded(p99)},
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else max(0.0, round(float(seconds), 1))
