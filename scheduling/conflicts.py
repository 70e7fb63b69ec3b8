"""Live bookings that the calendar no longer allows. Derived each time, never stored.

A booking is in conflict while somebody it needs does not work then or is away, or while its place is closed:
hours, time off and closures may change after it was made. Whether it may take place at all is the gate's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.text import capfirst

from practice import clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.calendars import Hit, Scope
from practice.models import Clinician, Closure, ExtraHours, Holiday, Location, TimeOff, WorkingHours
from scheduling.effects import spoken
from scheduling.engine.calendar import open_spans
from scheduling.engine.spans import contains, overlaps
from scheduling.engine.types import HoursRule, Span
from scheduling.models import Booking, Occupancy

AHEAD = timedelta(days=60)

DOES_NOT_WORK = _("%(who)s does not work at this time.")
AWAY = _("%(who)s is away.")
CLOSED = _("%(where)s is closed.")
DAY = timedelta(days=1)


def to_come(
    bookings: QuerySet[Booking], *, now: datetime, ahead: timedelta | None = AHEAD
) -> QuerySet[Booking]:
    """Those that have not begun and that somebody counts on, in the next 60 days unless told otherwise."""
    waiting = Booking.LIVE - {Booking.Status.IN_SESSION}
    found = bookings.filter(Booking.in_force(now), status__in=waiting, starts_at__gt=now)
    return found if ahead is None else found.filter(starts_at__lt=now + ahead)


def find(bookings: QuerySet[Booking]) -> dict[int, tuple[Blocker, ...]]:
    """By id the reasons against those of `bookings` that are in conflict. Ten queries for any number."""
    rows = list(bookings.order_by("starts_at", "pk").values_list("pk", "location", "starts_at", "ends_at"))
    if not rows:
        return {}
    known = _Known(rows, bookings)
    found: dict[int, list[Blocker]] = defaultdict(list)
    for pk, location_id, starts_at, ends_at in rows:
        found[pk] += known.of_place(location_id, Span(starts_at, ends_at))
    for pk, clinician_id, location_id, taken in known.taken:
        for reason in known.of_clinician(clinician_id, location_id, Span(taken.lower, taken.upper)):
            if reason not in found[pk]:
                found[pk].append(reason)
    return {pk: tuple(reasons) for pk, reasons in found.items() if reasons}


def watch(scope: Scope, now: datetime) -> Callable[[], Sequence[Hit]]:
    """Watches for `practice.calendars`: what a change newly puts in conflict, however far ahead."""
    touched = Q(location__in=scope.location_ids)
    if scope.clinician_ids:
        taken = Occupancy.objects.filter(clinician__in=scope.clinician_ids)
        touched = Q(pk__in=taken.values("booking")) | Q(group_session__in=taken.values("group_session"))
    bookings = to_come(Booking.objects.filter(touched), now=now, ahead=None)
    before = find(bookings)

    def compare() -> Sequence[Hit]:
        after = find(bookings)
        fresh = {pk: reasons for pk, reasons in after.items() if set(reasons) - set(before.get(pk, ()))}
        rows = Booking.objects.select_related("client", "location", "planned_session", "appointment_type")
        return [
            Hit(
                row.pk,
                row.client,
                capfirst(str(row.planned_session or row.appointment_type.name)),
                row.starts_at,
                row.location.time_zone,
                spoken(row.starts_at, row.location.time_zone),
                fresh[row.pk],
            )
            for row in rows.filter(pk__in=fresh).order_by("starts_at", "pk")
        ]

    return compare


class _Known:
    """The calendars of everybody and every place that the bookings need, over all their days."""

    def __init__(
        self, rows: Sequence[tuple[int, int, datetime, datetime]], bookings: QuerySet[Booking]
    ) -> None:
        reach = (min(row[2] for row in rows) - DAY, max(row[3] for row in rows) + DAY)
        places = {row[1] for row in rows}
        self.places = Location.objects.in_bulk(places)
        self.tz = {pk: clock.zone(place.time_zone) for pk, place in self.places.items()}
        self.taken = list(
            Occupancy.objects.filter(
                booking__in=bookings.order_by().values("pk"), clinician__isnull=False
            ).values_list("booking", "clinician", "booking__location", "occupies")
        )
        of_groups = Occupancy.objects.filter(
            group_session__members__in=bookings.order_by().values("pk"), clinician__isnull=False
        )
        self.taken += of_groups.values_list(
            "group_session__members", "clinician", "group_session__members__location", "occupies"
        )
        people = {row[1] for row in self.taken if row[1] is not None}
        self.names = dict(Clinician.objects.filter(pk__in=people).values_list("pk", "name"))
        self.rules = _rules(people, places)
        during = {"starts_at__lt": reach[1], "ends_at__gt": reach[0]}
        self.away = _spans(
            TimeOff.objects.filter(clinician__in=people, **during).values_list(
                "clinician", "starts_at", "ends_at"
            )
        )
        self.closed = _spans(
            Closure.objects.filter(location__in=places, **during).values_list(
                "location", "starts_at", "ends_at"
            )
        )
        for location_id, on in Holiday.objects.filter(location__in=places).values_list("location", "on"):
            self.closed[location_id].append(Span(*clock.day_span(on, self.tz[location_id])))
        self._open: dict[tuple[int, int, date], tuple[Span, ...]] = {}

    def of_place(self, location_id: int, span: Span) -> Iterable[Blocker]:
        if overlaps(self.closed.get(location_id, ()), span):
            yield Blocker("location_closed", CLOSED, {"where": self.places[location_id].name})

    def of_clinician(self, clinician_id: int, location_id: int, span: Span) -> Iterable[Blocker]:
        about: dict[str, str | int] = {"who": self.names[clinician_id], "resource_id": clinician_id}
        if not contains(self._hours(clinician_id, location_id, span), span):
            yield Blocker("outside_hours", DOES_NOT_WORK, about)
        if overlaps(self.away.get(clinician_id, ()), span):
            yield Blocker("away", AWAY, about)

    def _hours(self, clinician_id: int, location_id: int, span: Span) -> tuple[Span, ...]:
        """When the clinician works at the place, on the day of the span and the days around it."""
        tz = self.tz[location_id]
        day = clock.local_day(span.start, tz)
        key = (clinician_id, location_id, day)
        if key not in self._open:
            rules = self.rules.get((clinician_id, location_id), [])
            self._open[key] = tuple(open_spans(rules, tz, (day - DAY, day + 2 * DAY)))
        return self._open[key]


def _rules(people: Collection[int], places: Collection[int]) -> Mapping[tuple[int, int], list[HoursRule]]:
    rules: dict[tuple[int, int], list[HoursRule]] = defaultdict(list)
    for each in WorkingHours.objects.filter(clinician__in=people, location__in=places):
        rules[each.clinician_id, each.location_id].append(
            HoursRule(
                each.weekday,
                each.starts_local,
                each.ends_local,
                each.effective_from_on,
                each.effective_until_on,
            )
        )
    for extra in ExtraHours.objects.filter(clinician__in=people, location__in=places):
        rules[extra.clinician_id, extra.location_id].append(
            HoursRule(extra.on.weekday(), extra.starts_local, extra.ends_local, extra.on, extra.on + DAY)
        )
    return rules


def _spans(rows: Iterable[tuple[int, datetime, datetime]]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    for owner, start, end in rows:
        found[owner].append(Span(start, end))
    return found
