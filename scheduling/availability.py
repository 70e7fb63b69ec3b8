"""From rows to the engine: what the rules, absences and occupancies of a window say about one wish."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext

from practice import clock
from practice.blockers import Blocker
from practice.models import (
    Client,
    Clinician,
    Closure,
    ExtraHours,
    Holiday,
    Licence,
    Location,
    Room,
    TimeOff,
    WorkingHours,
)
from practice.packed import Rows, packed
from scheduling.engine.calendar import days_of, open_spans
from scheduling.engine.limits import Limits, full_spans, week_of
from scheduling.engine.openings import Calendars, find_openings, why_not
from scheduling.engine.types import (
    Calendar,
    Demand,
    GridRule,
    HoursRule,
    Need,
    Opening,
    ResourceKey,
    Span,
)
from scheduling.models import AppointmentType, Booking, BusyTime, Occupancy, Phase
from treatment_plans.models import TreatmentPlan

C = TypeVar("C", Clinician, Room)


@dataclass(frozen=True)
class Wish:
    """What someone wants to book. An id that is None means: any that fits."""

    appointment_type: AppointmentType
    location: Location
    client: Client
    plan: TreatmentPlan | None = None
    therapist_id: int | None = None
    psychiatrist_id: int | None = None
    room_id: int | None = None
    moving_booking_id: int | None = None  # its own occupancy does not stand in its way
    spreads: bool = False  # candidates in an order of their own, those whom the plan names still first
    waives_notice: bool = False
    prefers: tuple[int, ...] = ()  # clinicians before those whom the plan names
    prefers_room: int | None = None


@dataclass(frozen=True)
class Board:
    demand: Demand
    calendars: Calendars
    names: Mapping[ResourceKey, str]

    def why_not(
        self, start: datetime, *, choice: Mapping[str, ResourceKey] | None = None
    ) -> tuple[Blocker, ...]:
        """The engine's reasons with names that people know."""
        return tuple(
            self._named(blocker) for blocker in why_not(start, self.demand, self.calendars, choice=choice)
        )

    def _named(self, blocker: Blocker) -> Blocker:
        params = blocker.params
        if "resource_id" in params:
            key = ResourceKey(
                str(params["resource_kind"]), int(params["resource_id"]), int(params["resource_unit"])
            )
            return blocker.with_params(who=self.names.get(key, str(params["need"])))
        if "need" in params:
            return blocker.with_params(who=str(params["need"]).replace("room:", gettext("room, ")))
        return blocker


def where_the_client_is(appointment_type: AppointmentType, location: Location, client: Client) -> str:
    """The state whose licences count: where the client sits during the session."""
    is_remote = appointment_type.modality == AppointmentType.Modality.TELEHEALTH
    return client.state if is_remote else location.state


def find(
    wish: Wish,
    window: Span,
    *,
    limit: int,
    now: datetime,
    allowed: Callable[[datetime], bool] | None = None,
) -> tuple[Opening, ...]:
    """Openings that start in `window`, ascending, at most `limit`. The number of queries is constant."""
    board = load(wish, window, now=now)
    return find_openings(board.demand, board.calendars, window=window, limit=limit, allowed=allowed)


def load(wish: Wish, window: Span, *, now: datetime) -> Board:
    """Everything that the engine asks about starts in `window`.

    Three queries whatever the window and the number of candidates, and one for the phases of an appointment
    type that came without them.
    """
    kind = wish.appointment_type
    phases = list(kind.phases.all())
    reach = _reach(phases, timedelta(minutes=kind.duration_minutes), window)
    closed, client_busy = _place_and_client(wish, reach, now)
    asked = _minutes_asked(phases)
    calendars: dict[ResourceKey, Calendar] = {}
    names: dict[ResourceKey, str] = {}
    pools: dict[str, list[ResourceKey]] = defaultdict(list)
    for clinician in _clinicians(wish, phases, reach, now):
        key = ResourceKey("clinician", clinician.pk)
        calendars[key] = _clinician_calendar(wish, clinician, reach, closed, asked[clinician.kind])
        names[key] = clinician.name
        pools[clinician.kind].append(key)
    for room in _rooms(wish, phases, reach, now):
        for key, calendar in _room_calendars(room, closed):
            calendars[key] = calendar
            names[key] = room.name
            pools[f"room:{room.kind}"].append(key)
    demand = Demand(
        length=timedelta(minutes=kind.duration_minutes),
        needs=_needs(phases, pools),
        grid=GridRule(kind.start_step_minutes, clock.zone(wish.location.time_zone)),
        earliest=now + timedelta(minutes=0 if wish.waives_notice else kind.min_notice_minutes),
        latest=now + timedelta(days=kind.horizon_days),
        client_busy=client_busy,
    )
    return Board(demand, calendars, names)


def _reach(phases: Sequence[Phase], length: timedelta, window: Span) -> Span:
    """The span that calendars must cover to judge every start in `window`."""
    first = min((phase.from_minutes for phase in phases), default=0)
    last = max((phase.until_minutes for phase in phases), default=0)
    return Span(
        window.start + timedelta(minutes=min(0, first)),
        window.end + max(length, timedelta(minutes=last)),
    )


def _needs(phases: Sequence[Phase], pools: dict[str, list[ResourceKey]]) -> tuple[Need, ...]:
    """One need for all phases of the same role or kind of room."""
    windows: dict[str, list[tuple[timedelta, timedelta]]] = defaultdict(list)
    for phase in phases:
        windows[phase.need].append(
            (timedelta(minutes=phase.from_minutes), timedelta(minutes=phase.until_minutes))
        )
    return tuple(Need(key, tuple(spans), tuple(pools[key])) for key, spans in windows.items())


def _place_and_client(wish: Wish, reach: Span, now: datetime) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """When the location is closed, and when the client has something else."""
    tz = clock.zone(wish.location.time_zone)
    days = days_of(reach, tz)
    row = (
        Location.objects.filter(pk=wish.location.pk)
        .annotate(
            closed=packed(
                _during(Closure.objects.filter(location=OuterRef("pk")), reach), "starts_at", "ends_at"
            ),
            days_off=packed(
                Holiday.objects.filter(location=OuterRef("pk"), on__gte=days[0], on__lt=days[1]), "on"
            ),
            client_busy=_busy(wish, reach, now, client=wish.client),
        )
        .values_list("closed", "days_off", "client_busy")
        .get()
    )
    closures, days_off, client_busy = row
    whole_days = tuple(Span(*clock.day_span(date.fromisoformat(on), tz)) for (on,) in days_off or ())
    return (*_spans(closures), *whole_days), _spans(client_busy)


def _clinicians(wish: Wish, phases: Sequence[Phase], reach: Span, now: datetime) -> list[Clinician]:
    """Candidates of every role with what their calendars are made of, those whom the plan names first."""
    roles = {phase.role for phase in phases} - {""}
    if not roles:
        return []
    wanted = Q()
    for role in roles:
        fixed = wish.therapist_id if role == Phase.Role.THERAPIST else wish.psychiatrist_id
        wanted |= Q(kind=role, pk=fixed) if fixed else Q(kind=role)
    tz = clock.zone(wish.location.time_zone)
    days = days_of(reach, tz)
    hours = WorkingHours.objects.filter(
        Q(effective_until_on=None) | Q(effective_until_on__gt=days[0]),
        clinician=OuterRef("pk"),
        location=wish.location,
        effective_from_on__lt=days[1],
    )
    extra = ExtraHours.objects.filter(
        clinician=OuterRef("pk"), location=wish.location, on__gte=days[0], on__lt=days[1]
    )
    state = where_the_client_is(wish.appointment_type, wish.location, wish.client)
    licences = Licence.objects.filter(clinician=OuterRef("pk"), state=state)
    found = Clinician.objects.filter(wanted, is_active=True).annotate(
        hours=packed(
            hours, "weekday", "starts_local", "ends_local", "effective_from_on", "effective_until_on"
        ),
        off=packed(_during(TimeOff.objects.filter(clinician=OuterRef("pk")), reach), "starts_at", "ends_at"),
        elsewhere=packed(
            BusyTime.objects.filter(
                calendar__clinician=OuterRef("pk"), span__overlap=(reach.start, reach.end)
            ),
            "span__startswith",
            "span__endswith",
        ),
        extra=packed(extra, "on", "starts_local", "ends_local"),
        licensed=packed(licences, "valid_from_on", "valid_through_on"),
        busy=_busy(wish, reach, now, clinician=OuterRef("pk")),
        counted=_busy(wish, _whole_weeks(days, tz), now, clinician=OuterRef("pk"), of_limited=True),
    )
    planned = (wish.plan.therapist_id, wish.plan.prescriber_id) if wish.plan else ()
    rank = {pk: place for place, pk in reversed(list(enumerate(wish.prefers)))}
    return sorted(
        _in_order(found, wish),
        key=lambda clinician: (rank.get(clinician.pk, len(wish.prefers)), clinician.pk not in planned),
    )


def _rooms(wish: Wish, phases: Sequence[Phase], reach: Span, now: datetime) -> Iterable[Room]:
    kinds = {phase.room_kind for phase in phases} - {""}
    if not kinds:
        return []
    rooms = Room.objects.filter(location=wish.location, kind__in=kinds, is_active=True).order_by("pk")
    if wish.room_id:
        rooms = rooms.filter(pk=wish.room_id)
    with_busy = rooms.annotate(busy=_busy(wish, reach, now, "room_place", room=OuterRef("pk")))
    return sorted(_in_order(with_busy, wish), key=lambda room: room.pk != wish.prefers_room)


def _in_order(candidates: Iterable[C], wish: Wish) -> list[C]:
    """By age, so that all prefer the same; or by chance, so that those who lost a race part ways."""
    by_age = sorted(candidates, key=lambda candidate: candidate.pk)
    return random.sample(by_age, len(by_age)) if wish.spreads else by_age


def _minutes_asked(phases: Sequence[Phase]) -> Counter[str]:
    """How long each role is needed."""
    asked: Counter[str] = Counter()
    for phase in phases:
        asked[phase.role] += phase.until_minutes - phase.from_minutes
    return asked


def _whole_weeks(days: tuple[date, date], tz: ZoneInfo) -> Span:
    """The weeks, from Monday on, that [days[0], days[1]) touches."""
    first, last = week_of(days[0]), week_of(days[1] - timedelta(days=1)) + timedelta(days=6)
    return Span(clock.day_span(first, tz)[0], clock.day_span(last, tz)[1])


def _clinician_calendar(
    wish: Wish, clinician: Any, reach: Span, closed: tuple[Span, ...], asked_minutes: int
) -> Calendar:
    tz = clock.zone(wish.location.time_zone)
    days = days_of(reach, tz)
    rules = [
        HoursRule(
            weekday,
            time.fromisoformat(starts),
            time.fromisoformat(ends),
            date.fromisoformat(first),
            date.fromisoformat(end) if end else None,
        )
        for weekday, starts, ends, first, end in clinician.hours or ()
    ]
    for on, starts, ends in clinician.extra or ():
        day = date.fromisoformat(on)
        rules.append(
            HoursRule(
                day.weekday(),
                time.fromisoformat(starts),
                time.fromisoformat(ends),
                day,
                day + timedelta(days=1),
            )
        )
    limits = Limits(_minutes(clinician.most_minutes_per_day), _minutes(clinician.most_minutes_per_week))
    licensed = tuple(
        Span(
            clock.day_span(date.fromisoformat(first), tz)[0], clock.day_span(date.fromisoformat(last), tz)[1]
        )
        for first, last in clinician.licensed or ()
    )
    return Calendar(
        hours=open_spans(rules, tz, days),
        away=(*closed, *_spans(clinician.off), *_spans(clinician.elsewhere)),
        busy=_spans(clinician.busy),
        licensed=licensed,
        full=full_spans(_spans(clinician.counted), timedelta(minutes=asked_minutes), limits, days=days, tz=tz)
        if limits
        else (),
    )


def _minutes(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(minutes=count)


def _room_calendars(room: Any, closed: tuple[Span, ...]) -> Iterable[tuple[ResourceKey, Calendar]]:
    """One calendar for each place in the room, numbered from 1."""
    taken: dict[int, list[Span]] = defaultdict(list)
    for start, end, place in room.busy or ():
        taken[place].append(Span(datetime.fromisoformat(start), datetime.fromisoformat(end)))
    for place in range(1, room.capacity + 1):
        yield (
            ResourceKey("room", room.pk, place),
            Calendar(hours=None, away=closed, busy=tuple(taken[place])),
        )


def _busy(
    wish: Wish, reach: Span, now: datetime, *also: str, of_limited: bool = False, **of: Any
) -> Subquery:
    """`of_limited`: only of clinicians whose work has a limit."""
    taken = Occupancy.objects.filter(occupies__overlap=(reach.start, reach.end), **of).exclude(
        Booking.hold_is_over(now, path="booking__")
    )
    if of_limited:
        taken = taken.exclude(clinician__most_minutes_per_day=None, clinician__most_minutes_per_week=None)
    if wish.moving_booking_id:
        taken = taken.exclude(booking=wish.moving_booking_id)
    return packed(taken, "occupies__startswith", "occupies__endswith", *also)


def _during(queryset: QuerySet[Any], reach: Span) -> QuerySet[Any]:
    return queryset.filter(starts_at__lt=reach.end, ends_at__gt=reach.start)


def _spans(rows: Rows) -> tuple[Span, ...]:
    return tuple(
        Span(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in rows or ()
    )
