"""When clinicians are busy elsewhere, by their own calendars: read in the background, kept as bare spans.

A calendar that can't be read keeps what was read last, and shows how old that is. What we know is never more
than some minutes behind the clinician's own calendar, so it keeps openings honest; no lock guards it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, Q
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.access import DESK
from practice.doors import door, on_violation, step
from practice.errors import Invalid, NotAllowed, OutOfScope, Refused, Taken
from practice.models import Clinician, Location, User
from scheduling.calendars.feed_text import OWN_UIDS
from scheduling.engine.spans import Spans
from scheduling.engine.types import Span
from scheduling.models import BusyCalendar, BusyTime
from scheduling.outside_calendars import addresses, sandbox
from scheduling.outside_calendars.errors import Unreadable, explain
from scheduling.outside_calendars.sandbox import Order, Reading

logger = logging.getLogger(__name__)

EVERY, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=4)
BACK, AHEAD = timedelta(days=1), timedelta(days=370)
# An answer "not changed" is about the file; our window moves on, so now and then we read it all the same.
WHOLE_AGAIN = timedelta(days=1)
AT_ONCE = 4
MOST_CALENDARS = 5


class CalendarKnown(Taken):
    code = "calendar_known"
    message = _("This calendar is read already.")
    pointer = "/url"


class TooManyCalendars(Refused):
    code = "too_many_calendars"
    message = _("A clinician has at most %(most)s calendars that are read.")


class NotYourCalendar(NotAllowed):
    code = "not_your_calendar"
    message = _("You may do this for your own calendar only.")


on_violation("scheduling_busy_calendar_unique", CalendarKnown)


def check_own(user: User, clinician: Clinician) -> None:
    """The desk looks after everybody's calendar, a clinician after their own. Raises NotYourCalendar."""
    if not user.has_role(*DESK) and (clinician.user_id != user.pk or not clinician.is_active):
        raise NotYourCalendar(pointer="/clinician")


@door
def add(clinician: Clinician, url: str, *, actor: User, now: datetime) -> BusyCalendar:
    """Read `url` from the next sweep on. Raises Invalid for an address that will never be read."""
    url = addresses.normalised(url)
    try:
        addresses.check(url, allow_loopback=settings.CALENDARS_ON_LOOPBACK)
    except Unreadable as reason:
        raise Invalid(explain(reason.code).message, code=reason.code, pointer="/url") from None
    list(Clinician.objects.select_for_update(no_key=True).filter(pk=clinician.pk).values_list("pk"))
    if BusyCalendar.objects.filter(clinician=clinician, is_active=True).count() >= MOST_CALENDARS:
        raise TooManyCalendars(params={"most": MOST_CALENDARS})
    calendar = BusyCalendar.objects.create(
        clinician=clinician, url=url, created_by=actor, created_at=now, due_at=now
    )
    activity.record("busycalendar.added", calendar, actor=actor, at=now)
    return calendar


@door
def stop(calendar_id: int, *, actor: User, now: datetime) -> BusyCalendar:
    """Read it no more and forget its busy times and its address. Harmless to repeat."""
    calendar = _lock(calendar_id)
    if calendar.is_active:
        calendar.is_active, calendar.url, calendar.etag = False, f"//{calendar.host}", ""
        calendar.save(update_fields=["is_active", "url", "etag"])
        calendar.busy_times.all().delete()
        activity.record("busycalendar.stopped", calendar, actor=actor, at=now)
    return calendar


@dataclass(frozen=True)
class Claimed:
    calendar: BusyCalendar
    order: Order


def read_due(*, clock: Callable[[], datetime], stop_at: datetime) -> int:
    """Read the calendars that are due, some at a time, until none is or it is `stop_at`; returns how many."""
    count = 0
    while clock() < stop_at and (claimed := claim(now=clock(), limit=AT_ONCE)):
        with ThreadPoolExecutor(AT_ONCE) as threads:  # they wait for the processes that do the work
            outcomes = list(threads.map(_read, claimed))
        for one, outcome in zip(claimed, outcomes, strict=True):
            keep(one.calendar.pk, outcome, covers_until=one.order.window.end, now=clock())
        count += len(claimed)
    return count


@door
def claim(*, now: datetime, limit: int) -> list[Claimed]:
    """Take due calendars for reading. One whose reader dies is due again after the usual pause."""
    due = list(
        BusyCalendar.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(is_active=True, clinician__is_active=True, due_at__lte=now)
        .order_by("due_at")[:limit]
    )
    BusyCalendar.objects.filter(pk__in=[calendar.pk for calendar in due]).update(due_at=now + EVERY)
    return [Claimed(calendar, _order(calendar, now=now)) for calendar in due]


@door
def keep(calendar_id: int, outcome: Reading | str, *, covers_until: datetime, now: datetime) -> None:
    """Store what was read, or the code of why it could not be."""
    calendar = _lock(calendar_id)
    if not calendar.is_active:
        return
    calendar.checked_at = now
    if isinstance(outcome, str):
        if outcome != calendar.last_error_code:
            logger.warning("busy calendar %s can't be read: %s", calendar.pk, outcome)
        calendar.last_error_code = outcome
        calendar.failure_count += 1
        calendar.due_at = now + min(LONGEST_PAUSE, EVERY * 2 ** min(calendar.failure_count - 1, 10))
    else:
        calendar.last_error_code, calendar.failure_count = "", 0
        calendar.fetched_at, calendar.due_at = now, now + EVERY
        if outcome.spans is not None:
            calendar.etag, calendar.unread_count = outcome.etag, outcome.unread_count
            calendar.covers_until = covers_until
            _replace(calendar, outcome.spans)
    calendar.save(
        update_fields=[
            "checked_at",
            "fetched_at",
            "due_at",
            "covers_until",
            "etag",
            "last_error_code",
            "failure_count",
            "unread_count",
        ]
    )


@step
def _lock(calendar_id: int) -> BusyCalendar:
    found = BusyCalendar.objects.select_for_update(no_key=True).filter(pk=calendar_id).first()
    if found is None:
        raise OutOfScope
    return found


@step
def _replace(calendar: BusyCalendar, spans: Spans) -> None:
    """Write only what has changed: most calendars are the same as ten minutes ago."""
    known = {Span(row.span.lower, row.span.upper): row.pk for row in calendar.busy_times.all()}
    gone = known.keys() - set(spans)
    calendar.busy_times.filter(pk__in=[known[span] for span in gone]).delete()
    BusyTime.objects.bulk_create(
        [
            BusyTime(calendar=calendar, span=DateTimeTZRange(span.start, span.end))
            for span in spans
            if span not in known
        ],
        batch_size=1000,
    )


def _read(claimed: Claimed) -> Reading | str:
    try:
        return sandbox.read(claimed.order)
    except Unreadable as reason:
        return reason.code


def _order(calendar: BusyCalendar, *, now: datetime) -> Order:
    window = Span(now - BACK, now + AHEAD)
    is_fresh = calendar.covers_until is not None and calendar.covers_until > window.end - WHOLE_AGAIN
    return Order(
        url=calendar.url,
        etag=calendar.etag if is_fresh else "",
        window=window,
        tz=_zone_of(calendar.clinician_id, now=now),
        own_uids=OWN_UIDS,
        allow_loopback=settings.CALENDARS_ON_LOOPBACK,
    )


def _zone_of(clinician_id: int, *, now: datetime) -> str:
    """Where the clinician works most, for days and times that name no zone."""
    in_force = Q(working_hours__effective_until_on=None) | Q(working_hours__effective_until_on__gt=now.date())
    place = (
        Location.objects.filter(in_force, working_hours__clinician=clinician_id)
        .annotate(days=Count("working_hours"))
        .order_by("-days", "pk")
        .first()
        or Location.objects.filter(is_active=True).order_by("pk").first()
    )
    return place.time_zone if place else "UTC"
