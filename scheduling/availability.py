"""From rows to the engine: what the rules, absences and occupancies of a window say about one wish."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from practice import clock
from practice.models import Client, Clinician, Closure, Licence, Location, Room, TimeOff, WorkingHours
from scheduling.engine.calendar import days_of, open_spans
from scheduling.engine.openings import Calendars, find_openings
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
from scheduling.models import AppointmentType, Occupancy, Phase
from treatment_plans.models import TreatmentPlan


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


@dataclass(frozen=True)
class Board:
    demand: Demand
    calendars: Calendars


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
    """Everything that the engine asks about starts in `window`, in at most eight queries."""
    kind, tz = wish.appointment_type, clock.zone(wish.location.time_zone)
    phases = list(kind.phases.all())
    clinicians = _clinicians(wish, phases)
    rooms = _rooms(wish, phases)
    demand = Demand(
        length=timedelta(minutes=kind.duration_minutes),
        needs=_needs(phases, clinicians, rooms),
        grid=GridRule(kind.start_step_minutes, tz),
        earliest=now + timedelta(minutes=kind.min_notice_minutes),
        latest=now + timedelta(days=kind.horizon_days),
    )
    reach = demand.reach(window)
    taken = _occupancies(wish, reach, clinicians, rooms)
    closed = _absences(Closure.objects.filter(location=wish.location), reach)
    calendars = _clinician_calendars(wish, clinicians, reach, closed, taken)
    for room in rooms:
        for key in _places(room):
            calendars[key] = Calendar(hours=None, away=closed, busy=taken[key])
    return Board(replace(demand, client_busy=taken[_client_key(wish.client.pk)]), calendars)


def _clinicians(wish: Wish, phases: Sequence[Phase]) -> list[Clinician]:
    """Candidates of every role, those whom the plan names first."""
    roles = {phase.role for phase in phases} - {""}
    if not roles:
        return []
    wanted = Q()
    for role in roles:
        fixed = wish.therapist_id if role == Phase.Role.THERAPIST else wish.psychiatrist_id
        wanted |= Q(kind=role, pk=fixed) if fixed else Q(kind=role)
    preferred = (wish.plan.therapist_id, wish.plan.prescriber_id) if wish.plan else ()
    found = Clinician.objects.filter(wanted, is_active=True)
    return sorted(found, key=lambda clinician: (clinician.pk not in preferred, clinician.pk))


def _rooms(wish: Wish, phases: Sequence[Phase]) -> list[Room]:
    kinds = {phase.room_kind for phase in phases} - {""}
    if not kinds:
        return []
    rooms = Room.objects.filter(location=wish.location, kind__in=kinds, is_active=True).order_by("pk")
    return list(rooms.filter(pk=wish.room_id) if wish.room_id else rooms)


def _needs(
    phases: Sequence[Phase], clinicians: Sequence[Clinician], rooms: Sequence[Room]
) -> tuple[Need, ...]:
    windows: dict[str, list[tuple[timedelta, timedelta]]] = defaultdict(list)
    candidates: dict[str, tuple[ResourceKey, ...]] = {}
    for phase in phases:
        windows[phase.need].append(
            (timedelta(minutes=phase.from_minutes), timedelta(minutes=phase.until_minutes))
        )
        if phase.role:
            candidates[phase.need] = tuple(
                _clinician_key(clinician.pk) for clinician in clinicians if clinician.kind == phase.role
            )
        else:
            candidates[phase.need] = tuple(
                key for room in rooms if room.kind == phase.room_kind for key in _places(room)
            )
    return tuple(Need(key, tuple(spans), candidates[key]) for key, spans in windows.items())


def _clinician_calendars(
    wish: Wish,
    clinicians: Sequence[Clinician],
    reach: Span,
    closed: tuple[Span, ...],
    taken: Mapping[ResourceKey, tuple[Span, ...]],
) -> dict[ResourceKey, Calendar]:
    if not clinicians:
        return {}
    tz = clock.zone(wish.location.time_zone)
    days = days_of(reach, tz)
    rules: dict[int, list[HoursRule]] = defaultdict(list)
    for row in WorkingHours.objects.filter(
        Q(effective_until_on=None) | Q(effective_until_on__gt=days[0]),
        clinician__in=clinicians,
        location=wish.location,
        effective_from_on__lt=days[1],
    ):
        rules[row.clinician_id].append(
            HoursRule(
                row.weekday, row.starts_local, row.ends_local, row.effective_from_on, row.effective_until_on
            )
        )
    off: dict[int, list[Span]] = defaultdict(list)
    for absence in TimeOff.objects.filter(
        clinician__in=clinicians, starts_at__lt=reach.end, ends_at__gt=reach.start
    ):
        off[absence.clinician_id].append(Span(absence.starts_at, absence.ends_at))
    licensed: dict[int, list[Span]] = defaultdict(list)
    state = where_the_client_is(wish.appointment_type, wish.location, wish.client)
    for licence in Licence.objects.filter(clinician__in=clinicians, state=state):
        first, _ = clock.day_span(licence.valid_from_on, tz)
        _, end = clock.day_span(licence.valid_through_on, tz)
        licensed[licence.clinician_id].append(Span(first, end))
    return {
        _clinician_key(clinician.pk): Calendar(
            hours=open_spans(rules[clinician.pk], tz, days),
            away=(*closed, *off[clinician.pk]),
            busy=taken[_clinician_key(clinician.pk)],
            licensed=tuple(licensed[clinician.pk]),
        )
        for clinician in clinicians
    }


def _occupancies(
    wish: Wish, reach: Span, clinicians: Sequence[Clinician], rooms: Sequence[Room]
) -> Mapping[ResourceKey, tuple[Span, ...]]:
    """Live occupancy by resource. An expired hold is nobody's any more, even before it is swept."""
    taken: dict[ResourceKey, tuple[Span, ...]] = defaultdict(tuple)
    rows = Occupancy.objects.filter(
        Q(clinician__in=clinicians) | Q(room__in=rooms) | Q(client=wish.client),
        occupies__overlap=(reach.start, reach.end),
    )
    if wish.moving_booking_id:
        rows = rows.exclude(booking=wish.moving_booking_id)
    for row in rows:
        if row.clinician_id:
            key = _clinician_key(row.clinician_id)
        elif row.room_id:
            key = ResourceKey("room", row.room_id, row.room_place or 1)
        else:
            key = _client_key(row.client_id or 0)
        taken[key] += (Span(row.occupies.lower, row.occupies.upper),)
    return taken


def _absences(rows: QuerySet[Closure], reach: Span) -> tuple[Span, ...]:
    rows = rows.filter(starts_at__lt=reach.end, ends_at__gt=reach.start)
    return tuple(Span(row.starts_at, row.ends_at) for row in rows)


def _places(room: Room) -> list[ResourceKey]:
    return [ResourceKey("room", room.pk, place) for place in range(1, room.capacity + 1)]


def _clinician_key(pk: int) -> ResourceKey:
    return ResourceKey("clinician", pk)


def _client_key(pk: int) -> ResourceKey:
    return ResourceKey("client", pk)
