"""How much one client gets: as many texts as agreed, and no flood whatever went wrong.

What is about safety, or tells of a time that is no longer true, is not capped. The ceiling holds for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.db import connection

from notifications.facts import Loaded
from notifications.models import Message, Reminder
from notifications.rules import UNCAPPED
from practice import clock
from practice.doors import step
from practice.models import Channel

WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
LOCK = 7_300_002  # advisory, with the client's number: two workers must not count past each other
TRY = """
    SELECT id FROM unnest(%s::bigint[]) AS id
     WHERE pg_try_advisory_xact_lock(%s, (id %% 2147483647)::int)
"""

Verdict = Literal["send", "wait", "capped", "ceiling"]


@dataclass
class Counted:
    """What the clients of a batch got in the last seven days, and what the batch adds."""

    now: datetime
    held: frozenset[int]
    texts: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    in_last_hour: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def verdict(self, row: Reminder, loaded: Loaded) -> Verdict:
        """Tell what to do with it; "wait": another worker counts for this client just now.

        What a person asked for is not held up by a cap.
        """
        limits, client = loaded.book.limits, row.client_id
        if client not in self.held:
            return "wait"
        if limits.client_per_hour and self.in_last_hour[client] >= limits.client_per_hour:
            return "ceiling"
        if not is_capped(row) or row.asked_by_id is not None:
            return "send"
        zone = clock.zone(loaded.client.time_zone)
        today = clock.local_day(self.now, zone)
        on_this_day = sum(clock.local_day(at, zone) == today for at in self.texts[client])
        is_over = (limits.texts_per_day and on_this_day >= limits.texts_per_day) or (
            limits.texts_per_week and len(self.texts[client]) >= limits.texts_per_week
        )
        return "capped" if is_over else "send"

    def add(self, row: Reminder) -> None:
        self.in_last_hour[row.client_id] += 1
        if is_capped(row):
            self.texts[row.client_id].append(self.now)


def is_capped(row: Reminder) -> bool:
    return row.channel == Channel.SMS and row.kind not in UNCAPPED


@step
def count(rows: Iterable[Reminder], *, now: datetime) -> Counted:
    """Two queries. Never waits: what another worker counts for is left to the next round."""
    clients = sorted({row.client_id for row in rows})
    counted = Counted(now, _held(clients))
    sent = (
        Message.objects.filter(reminder__client__in=clients, started_at__gt=now - WEEK)
        .exclude(outcome=Message.Outcome.REFUSED)
        .values_list("reminder__client", "reminder__channel", "reminder__kind", "started_at")
    )
    for client, channel, kind, at in sent:
        if channel == Channel.SMS and kind not in UNCAPPED:
            counted.texts[client].append(at)
        if at > now - HOUR:
            counted.in_last_hour[client] += 1
    return counted


def _held(clients: list[int]) -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute(TRY, [clients, LOCK])
        return frozenset(pk for (pk,) in cursor.fetchall())


def next_morning(loaded: Loaded, *, now: datetime) -> datetime:
    """When the next day of the client begins, as far as messages go."""
    zone = clock.zone(loaded.client.time_zone)
    day = clock.local_day(now, zone) + timedelta(days=1)
    return clock.first_instant(datetime.combine(day, loaded.policy.day_starts_local), zone)
