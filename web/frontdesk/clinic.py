"""Which clinic a page is about, and how much waits there for a person: one query for any page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext

from notifications import desk_tasks
from notifications.models import Reminder
from practice import clock, present
from practice.access import visible_to
from practice.models import Location, User
from web.frontdesk.roles import READS_BOOKINGS

REMEMBERED = timedelta(days=7)


@dataclass(frozen=True)
class Clinic:
    """All active locations; times on pages are on the clock of the first."""

    locations: Sequence[Location]
    messages_count: int
    tasks_count: int
    now: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        return clock.zone(self.locations[0].time_zone if self.locations else "UTC")

    @property
    def name(self) -> str:
        return self.locations[0].name if len(self.locations) == 1 else gettext("All locations")

    @property
    def today(self) -> date:
        return clock.local_day(self.now, self.zone)

    @property
    def zone_words(self) -> str:
        return zone_words(self.zone, self.now)


def zone_words(zone: ZoneInfo, at: datetime) -> str:
    """ "Los Angeles time (PST)": the city that the zone is named for, and what its clocks say at `at`."""
    city = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    short = at.astimezone(zone).tzname() or ""
    return gettext("%(city)s time (%(short)s)") % {"city": city, "short": short}


def clinic_of(request: HttpRequest) -> Clinic:
    """Loaded once per request."""
    found: Clinic | None = getattr(request, "_clinic", None)
    if found is None:
        now = present.now()
        counts: dict[str, Any] = {"messages_count": Value(0), "tasks_count": Value(0)}
        if isinstance(request.user, User):
            counts = {
                "messages_count": _count(needing_a_person(request.user, now)),
                "tasks_count": _count(desk_tasks.open_for(request.user)),
            }
        locations = list(Location.objects.filter(is_active=True).annotate(**counts))
        first: Any = locations[0] if locations else None
        found = Clinic(
            locations, first.messages_count if first else 0, first.tasks_count if first else 0, now
        )
        request._clinic = found  # type: ignore[attr-defined]
    return found


def needing_a_person(user: User, now: datetime) -> QuerySet[Any]:
    """Reminders that did not get through, or that could not be sent in time, of the last seven days.

    Not those that a person has seen to, nor what another channel took over. The smaller `urgency` is, the
    sooner somebody should look.
    """
    Skip = Reminder.Skip
    carried = Reminder.objects.filter(
        booking=OuterRef("booking"),
        booking_version=OuterRef("booking_version"),
        kind=OuterRef("kind"),
        state__in=Reminder.CARRIED,
    )
    taken_over = Q(skip_reason__in=[Skip.NO_CHANNEL, Skip.CAPPED]) & Exists(carried)
    not_sent = Q(
        skip_reason__in=[
            Skip.NO_CHANNEL,
            Skip.TOO_LATE,
            Skip.QUIET_HOURS,
            Skip.WORDING,
            Skip.CAPPED,
            Skip.CEILING,
        ]
    )
    return (
        visible_to(user, Reminder.objects.all(), client="client", roles=READS_BOOKINGS)
        .filter(Q(state__in=Reminder.NEEDS_A_PERSON) | not_sent, due_at__gt=now - REMEMBERED, settled_at=None)
        .exclude(taken_over)
        .annotate(
            urgency=Case(
                When(state__in=Reminder.NEEDS_A_PERSON, then=0), default=1, output_field=IntegerField()
            )
        )
    )


def _count(rows: QuerySet[Any]) -> Subquery:
    counted = rows.order_by().annotate(all=Value(1)).values("all")
    return Subquery(counted.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
