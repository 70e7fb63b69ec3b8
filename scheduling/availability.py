"""From rows to the engine: what the rules, absences and occupancies of a window say about one wish."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache, partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from practice import clock
from practice.blockers import Blocker
from practice.models import Client, Location
from scheduling import stored_times
from scheduling.engine.calendar import days_of, open_spans
from scheduling.engine.limits import Limits, full_spans, week_of
from scheduling.engine.openings import Calendars, find_openings, why_not
from scheduling.engine.spans import Spans, union
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
from scheduling.models import AppointmentType, Phase
from scheduling.stored_times import Shape, Stored, StoredClinician, StoredRoom
from treatment_plans.models import TreatmentPlan

DAY = timedelta(days=1)
_instant, _span = datetime.fromisoformat, Span._make

C = TypeVar("C", StoredClinician, StoredRoom)


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
    has_holds_over: bool = False  # somewhere: held times whose minutes are over, not yet swept away

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

    One query whatever the window and the number of candidates, and one for the phases of an appointment
    type that came without them.
    """
    kind = wish.appointment_type
    phases = list(kind.phases.all())
    reach = _reach(phases, timedelta(minutes=kind.duration_minutes), window)
    tz = clock.zone(wish.location.time_zone)
    days = days_of(reach, tz)
    stored = _stored(wish, phases, reach, days, now)
    asked = _minutes_asked(phases)
    closed = _closed(stored, tz)
    makers: dict[ResourceKey, Callable[[], Calendar]] = {}
    names: dict[ResourceKey, str] = {}
    pools: dict[str, list[ResourceKey]] = defaultdict(list)
    hours: dict[str, set[Spans]] = defaultdict(set)
    for clinician in _by_preference(stored.clinicians, wish):
        key = ResourceKey("clinician", clinician.id)
        works = _hours(clinician.hours, tuple(map(tuple, stored.extra.get(clinician.id, ()))), tz, days)
        makers[key] = partial(
            _clinician_calendar, stored, clinician, works, closed, asked[clinician.kind], tz, days
        )
        names[key] = clinician.name
        pools[clinician.kind].append(key)
        hours[clinician.kind].add(works)
    for room in sorted(_in_order(stored.rooms, wish), key=lambda room: room.id != wish.prefers_room):
        taken = _Places(room.busy)
        for place in range(1, room.places + 1):
            key = ResourceKey("room", room.id, place)
            makers[key] = partial(_room_calendar, taken, place, closed)
            names[key] = room.name
            pools[f"room:{room.kind}"].append(key)
    demand = Demand(
        length=timedelta(minutes=kind.duration_minutes),
        needs=_needs(phases, pools, hours),
        grid=GridRule(kind.start_step_minutes, tz),
        earliest=now + timedelta(minutes=0 if wish.waives_notice else kind.min_notice_minutes),
        latest=now + timedelta(days=kind.horizon_days),
        client_busy=_spans(stored.client_busy),
    )
    return Board(demand, OnDemand(makers), names, stored.has_holds_over)


def narrowed(wish: Wish, choice: Mapping[str, ResourceKey]) -> Wish:
    """The same for those who were chosen: no other needs to be looked at again."""
    ids: dict[str, set[int]] = defaultdict(set)
    for need, key in choice.items():
        ids["room" if key.kind == "room" else need.partition(":")[0]].add(key.id)
    only = {f"{name}_id": next(iter(found)) for name, found in ids.items() if len(found) == 1}
    return replace(wish, **only)  # type: ignore[arg-type]


class OnDemand(Mapping[ResourceKey, Calendar]):
    """Calendars that are put together when they are looked at, for of many most never are."""

    def __init__(self, makers: Mapping[ResourceKey, Callable[[], Calendar]]) -> None:
        self._makers = makers
        self._made: dict[ResourceKey, Calendar] = {}

    def __getitem__(self, key: ResourceKey) -> Calendar:
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._makers[key]()
        return made

    def __contains__(self, key: object) -> bool:
        return key in self._makers

    def __iter__(self) -> Iterator[ResourceKey]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _reach(phases: Sequence[Phase], length: timedelta, window: Span) -> Span:
    """The span that calendars must cover to judge every start in `window`."""
    first = min((phase.from_minutes for phase in phases), default=0)
    last = max((phase.until_minutes for phase in phases), default=0)
    return Span(
        window.start + timedelta(minutes=min(0, first)),
        window.end + max(length, timedelta(minutes=last)),
    )


def _needs(
    phases: Sequence[Phase], pools: Mapping[str, list[ResourceKey]], hours: Mapping[str, set[Spans]]
) -> tuple[Need, ...]:
    """One need for all phases of the same role or kind of room."""
    windows: dict[str, list[tuple[timedelta, timedelta]]] = defaultdict(list)
    for phase in phases:
        windows[phase.need].append(
            (timedelta(minutes=phase.from_minutes), timedelta(minutes=phase.until_minutes))
        )
    return tuple(
        Need(
            key,
            tuple(spans),
            tuple(pools.get(key, ())),
            union(span for each in hours[key] for span in each) if key in hours else None,
            max(phase.people for phase in phases if phase.need == key),
        )
        for key, spans in windows.items()
    )


def _stored(
    wish: Wish, phases: Sequence[Phase], reach: Span, days: tuple[date, date], now: datetime
) -> Stored:
    fixed = {"therapist": wish.therapist_id, "psychiatrist": wish.psychiatrist_id, "room": wish.room_id}
    ids = {name: pk for name, pk in fixed.items() if pk}
    return stored_times.load(
        Shape(
            roles=frozenset(phase.role for phase in phases) - {""},
            room_kinds=frozenset(phase.room_kind for phase in phases) - {""},
            fixed=frozenset(ids),
            is_move=wish.moving_booking_id is not None,
        ),
        location=wish.location.pk,
        client=wish.client.pk,
        state=where_the_client_is(wish.appointment_type, wish.location, wish.client),
        ids=ids,
        moving=wish.moving_booking_id,
        reach=reach,
        days=days,
        weeks=_whole_weeks(days, clock.zone(wish.location.time_zone)),
        now=now,
    )


def _closed(stored: Stored, tz: ZoneInfo) -> Spans:
    """When the location is closed."""
    whole_days = (Span(*clock.day_span(date.fromisoformat(on), tz)) for (on,) in stored.days_off)
    return (*_pairs(stored.closed), *whole_days)


def _by_preference(clinicians: Iterable[StoredClinician], wish: Wish) -> list[StoredClinician]:
    """Whom the wish names first, then whom the plan names."""
    planned = (wish.plan.therapist_id, wish.plan.prescriber_id) if wish.plan else ()
    rank = {pk: place for place, pk in reversed(list(enumerate(wish.prefers)))}
    return sorted(
        _in_order(clinicians, wish),
        key=lambda each: (rank.get(each.id, len(wish.prefers)), each.id not in planned),
    )


def _in_order(candidates: Iterable[C], wish: Wish) -> list[C]:
    """By age, so that all prefer the same; or by chance, so that those who lost a race part ways."""
    by_age = sorted(candidates, key=lambda candidate: candidate.id)
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
    stored: Stored,
    clinician: StoredClinician,
    works: Spans,
    closed: Spans,
    asked_minutes: int,
    tz: ZoneInfo,
    days: tuple[date, date],
) -> Calendar:
    limits = Limits(_minutes(clinician.per_day), _minutes(clinician.per_week))
    off, elsewhere = (_pairs(each.get(clinician.id, ())) for each in (stored.off, stored.elsewhere))
    full: Spans = ()
    if limits:
        counted = _pairs(stored.counted.get(clinician.id, ()))
        full = full_spans(counted, timedelta(minutes=asked_minutes), limits, days=days, tz=tz)
    return Calendar(
        hours=works,
        away=(*closed, *off, *elsewhere),
        busy=_spans(clinician.busy),
        licensed=_valid_days(clinician.licensed, tz),
        full=full,
    )


def _minutes(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(minutes=count)


class _Places:
    """What is taken of a room, by place."""

    def __init__(self, busy: str) -> None:
        self.busy = busy

    @cached_property
    def by_place(self) -> Mapping[int, Spans]:
        taken: dict[int, list[Span]] = defaultdict(list)
        for start, end, place in json.loads(self.busy or "[]"):
            taken[place].append(_span((_instant(start), _instant(end))))
        return {place: tuple(spans) for place, spans in taken.items()}


def _room_calendar(taken: _Places, place: int, closed: Spans) -> Calendar:
    """Of one place in the room; they are numbered from 1."""
    return Calendar(hours=None, away=closed, busy=taken.by_place.get(place, ()))


@lru_cache(maxsize=4096)
def _hours(weekly: str, extra: tuple[tuple[str, ...], ...], tz: ZoneInfo, days: tuple[date, date]) -> Spans:
    """Weekly and extra hours on some days. Many people have the same, and are asked about again and again."""
    rules = [*_rules(weekly)]
    for on, starts, ends in extra:
        day = date.fromisoformat(on)
        rules.append(
            HoursRule(day.weekday(), time.fromisoformat(starts), time.fromisoformat(ends), day, day + DAY)
        )
    return open_spans(rules, tz, days)


@lru_cache(maxsize=1024)
def _rules(weekly: str) -> tuple[HoursRule, ...]:
    return tuple(
        HoursRule(
            weekday,
            time.fromisoformat(starts),
            time.fromisoformat(ends),
            date.fromisoformat(first),
            date.fromisoformat(end) if end else None,
        )
        for weekday, starts, ends, first, end in json.loads(weekly or "[]")
    )


@lru_cache(maxsize=1024)
def _valid_days(licensed: str, tz: ZoneInfo) -> Spans:
    """From the first through the last day of each licence."""
    return tuple(
        Span(
            clock.day_span(date.fromisoformat(first), tz)[0], clock.day_span(date.fromisoformat(last), tz)[1]
        )
        for first, last in json.loads(licensed or "[]")
    )


def _spans(packed: str) -> Spans:
    return _pairs(json.loads(packed)) if packed else ()


def _pairs(rows: Iterable[Sequence[str]]) -> Spans:
    """The database keeps the ends in order."""
    return tuple(_span((_instant(start), _instant(end))) for start, end in rows)
