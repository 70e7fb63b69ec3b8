"""How messages do, by kind: how many arrive, are opened and answered, and who comes with and without."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from notifications.models import Reminder
from notifications.rules import DEFAULT_RULES, KINDS
from scheduling.models import Booking

State = Reminder.State
SENT = [State.SENT, State.DELIVERED, State.UNDELIVERED]

# One row for each kind that was due in the span. Opened: somebody answered on the link of this very message
# or the booking's page after it went out. Answered: what the message asks about was said by the client.
COUNTED = """
    SELECT r.kind,
           count(*) FILTER (WHERE r.state = ANY(%(sent)s)),
           count(*) FILTER (WHERE r.state = 'delivered'),
           count(*) FILTER (WHERE r.state = ANY(%(person)s)),
           count(*) FILTER (WHERE r.state = ANY(%(sent)s) AND EXISTS (
               SELECT FROM notifications_clientlink l
                WHERE l.booking_id = r.booking_id AND l.booking_version = r.booking_version
                  AND l.opened_at >= r.sent_at)),
           count(said.at) FILTER (WHERE r.state = ANY(%(sent)s)),
           round((extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY said.at - r.sent_at)
                   FILTER (WHERE r.state = ANY(%(sent)s))) / 60)::numeric, 1)::float
      FROM notifications_reminder r
      JOIN scheduling_booking b ON b.id = r.booking_id
      LEFT JOIN LATERAL (
           SELECT min(a.recorded_at) AS at FROM scheduling_acknowledgement a
            WHERE a.booking_id = r.booking_id AND a.recorded_at >= r.sent_at
              AND a.item = ANY(string_to_array((%(asks)s::jsonb) ->> r.kind, ' '))
           ) said ON true
     WHERE r.due_at >= %(since)s AND r.due_at < %(until)s
     GROUP BY r.kind
"""
# Sessions that were to take place in the span and did, or did not for want of the client.
CAME = """
    WITH over AS (
        SELECT b.id, b.status = %(no_show)s AS missed, t.kind AS session_kind
          FROM scheduling_booking b JOIN scheduling_appointmenttype t ON t.id = b.appointment_type_id
         WHERE b.starts_at >= %(since)s AND b.starts_at < %(until)s AND b.status = ANY(%(over)s)
    ), asked AS (SELECT unnest(%(kinds)s::text[]) AS kind)
    SELECT asked.kind,
           EXISTS (SELECT FROM notifications_reminder r
                    WHERE r.booking_id = over.id AND r.kind = asked.kind AND r.state = ANY(%(sent)s)) AS told,
           count(*), count(*) FILTER (WHERE over.missed)
      FROM asked JOIN over
        ON (%(session_kinds)s::jsonb) ->> asked.kind = ''
        OR over.session_kind = ANY(string_to_array((%(session_kinds)s::jsonb) ->> asked.kind, ' '))
     GROUP BY asked.kind, told
"""
BEFORE = ("booked", "moved", "bring_medicine", "fasting", "ride_and_support", "morning_of")


@dataclass(frozen=True)
class Rate:
    """No-shows among sessions; `percent` is None when there were none."""

    no_shows: int = 0
    sessions: int = 0

    @property
    def percent(self) -> float | None:
        return round(100 * self.no_shows / self.sessions, 1) if self.sessions else None


@dataclass(frozen=True)
class Line:
    kind: str
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    opened: int = 0
    answered: int = 0
    minutes_to_answer: float | None = None  # half of those who answered were faster
    with_it: Rate | None = None
    without_it: Rate | None = None

    @property
    def label(self) -> str:
        return str(Reminder.Kind(self.kind).label)


def by_kind(*, until: datetime, days: int = 90) -> list[Line]:
    """Two queries over what was due in the `days` before `until`. No client in it."""
    span: dict[str, Any] = {"since": until - timedelta(days=days), "until": until, "sent": SENT}
    counted, came = _counted(span), _came(span)
    return [
        replace(
            counted.get(kind, Line(kind)),
            with_it=came.get((kind, True)),
            without_it=came.get((kind, False)),
        )
        for kind in KINDS
        if kind in counted or (kind, False) in came
    ]


def _counted(span: dict[str, Any]) -> dict[str, Line]:
    asks = {rule.kind: " ".join(sorted(rule.asks)) for rule in DEFAULT_RULES} | {"fasting": "fasting"}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {**span, "asks": json.dumps(asks), "person": sorted(Reminder.NEEDS_A_PERSON)})
        return {
            kind: Line(kind, sent, delivered, failed, opened, answered, minutes)
            for kind, sent, delivered, failed, opened, answered, minutes in cursor.fetchall()
        }


def _came(span: dict[str, Any]) -> dict[tuple[str, bool], Rate]:
    kinds = {rule.kind: " ".join(sorted(rule.session_kinds)) for rule in DEFAULT_RULES}
    with connection.cursor() as cursor:
        cursor.execute(
            CAME,
            {
                **span,
                "kinds": list(BEFORE),
                "session_kinds": json.dumps(kinds),
                "no_show": Booking.Status.NO_SHOW,
                "over": [Booking.Status.NO_SHOW, Booking.Status.COMPLETED],
            },
        )
        return {(kind, told): Rate(missed, all_) for kind, told, all_, missed in cursor.fetchall()}
