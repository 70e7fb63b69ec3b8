"""One query for all that is stored about the time of everybody and everything that a session may take."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)

from practice.models import (
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
from practice.prepared import Param, Prepared
from scheduling.engine.types import Span
from scheduling.models import Booking, BusyTime, Occupancy

ID, INSTANT, DAY = BigIntegerField(), DateTimeField(), DateField()
NOTHING = Value(None, TextField())
# One row for each clinician, each room, and the location; what a kind of row has no use for is null.
COLUMNS = ("what", "id", "kind", "name", "places", "per_day", "per_week", "hours", "licensed", "busy")
OF_THE_LOCATION = ("holds_over", "closed", "days_off", "off", "elsewhere", "extra", "counted")

ByClinician = Mapping[int, Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Shape:
    """What the statement looks like: which roles and kinds of room, and what is fixed by an id."""

    roles: frozenset[str]
    room_kinds: frozenset[str]
    fixed: frozenset[str]
    is_move: bool


@dataclass(frozen=True, slots=True)
class StoredClinician:
    """`hours`, `licensed` and `busy` as the database writes them, to be read when they are needed."""

    id: int
    kind: str
    name: str
    per_day: int | None
    per_week: int | None
    hours: str
    licensed: str
    busy: str


@dataclass(frozen=True, slots=True)
class StoredRoom:
    id: int
    kind: str
    name: str
    places: int
    busy: str


@dataclass(frozen=True)
class Stored:
    """What hangs on clinicians and is rare comes by clinician; times as ISO 8601 text."""

    closed: Sequence[Sequence[str]]
    days_off: Sequence[Sequence[str]]
    client_busy: str
    clinicians: list[StoredClinician] = field(default_factory=list)
    rooms: list[StoredRoom] = field(default_factory=list)
    off: ByClinician = field(default_factory=dict)
    elsewhere: ByClinician = field(default_factory=dict)
    extra: ByClinician = field(default_factory=dict)
    counted: ByClinician = field(default_factory=dict)
    has_holds_over: bool = False


def load(
    shape: Shape,
    *,
    location: int,
    client: int,
    state: str,
    ids: Mapping[str, int],
    moving: int | None,
    reach: Span,
    days: tuple[date, date],
    weeks: Span,
    now: datetime,
) -> Stored:
    """`ids` has what is fixed. `state` is where licences have to be from, `weeks` what limits count in."""
    rows = _query(shape).rows(
        location=location,
        client=client,
        state=state,
        moving=moving,
        from_at=reach.start,
        until_at=reach.end,
        from_on=days[0],
        until_on=days[1],
        weeks_from=weeks.start,
        weeks_until=weeks.end,
        now=now,
        **ids,
    )
    clinicians, rooms = [], []
    for what, pk, kind, name, places, per_day, per_week, hours, licensed, busy, *of_the_location in rows:
        if what == "clinician":
            clinicians.append(
                StoredClinician(pk, kind, name, per_day, per_week, hours or "", licensed or "", busy or "")
            )
        elif what == "room":
            rooms.append(StoredRoom(pk, kind, name, places, busy or ""))
        else:
            client_busy = busy or ""
            holds_over, closed, days_off, *by_clinician = (
                json.loads(each) if each else [] for each in of_the_location
            )
    off, elsewhere, extra, counted = (_grouped(each) for each in by_clinician)
    return Stored(
        closed,
        days_off,
        client_busy,
        clinicians,
        rooms,
        off,
        elsewhere,
        extra,
        counted,
        has_holds_over=bool(holds_over),
    )


def _grouped(rows: Iterable[Sequence[Any]]) -> ByClinician:
    grouped: dict[int, list[Sequence[str]]] = defaultdict(list)
    for pk, *rest in rows:
        grouped[pk].append(rest)
    return grouped


@lru_cache(maxsize=256)
def _query(shape: Shape) -> Prepared:
    return Prepared(lambda: _built(shape))


def _built(shape: Shape) -> QuerySet[Any, Any]:
    parts = [_location_row(shape)]
    if shape.roles:
        parts.append(_clinician_rows(shape))
    if shape.room_kinds:
        parts.append(_room_rows(shape))
    first, *others = reversed(parts)  # the first gives the columns their types
    return first.union(*others, all=True)


def _clinician_rows(shape: Shape) -> QuerySet[Any, Any]:
    hours = WorkingHours.objects.filter(
        Q(effective_until_on=None) | Q(effective_until_on__gt=Param("from_on", DAY)),
        clinician=OuterRef("pk"),
        location=Param("location", ID),
        effective_from_on__lt=Param("until_on", DAY),
    )
    licences = Licence.objects.filter(clinician=OuterRef("pk"), state=Param("state", CharField()))
    return _row(
        Clinician.objects.filter(_candidates(shape)),
        what="clinician",
        id=F("pk"),
        kind=F("kind"),
        name=F("name"),
        per_day=F("most_minutes_per_day"),
        per_week=F("most_minutes_per_week"),
        hours=_text(
            hours, "weekday", "starts_local", "ends_local", "effective_from_on", "effective_until_on"
        ),
        licensed=_text(licences, "valid_from_on", "valid_through_on"),
        busy=_taken(shape, clinician=OuterRef("pk")),
    )


def _room_rows(shape: Shape) -> QuerySet[Any, Any]:
    rooms = Room.objects.filter(
        location=Param("location", ID), kind__in=sorted(shape.room_kinds), is_active=True
    )
    if "room" in shape.fixed:
        wanted = Room.objects.filter(pk=Param("room", ID))
        rooms = rooms.filter(Q(pk__in=wanted.values("pk")) | ~Q(kind__in=wanted.values("kind")))
    return _row(
        rooms,
        what="room",
        id=F("pk"),
        kind=F("kind"),
        name=F("name"),
        places=F("capacity"),
        busy=_taken(shape, "room_place", room=OuterRef("pk")),
    )


def _location_row(shape: Shape) -> QuerySet[Any, Any]:
    whose = Clinician.objects.filter(_candidates(shape)).values("pk")
    limited = whose.exclude(most_minutes_per_day=None, most_minutes_per_week=None)
    of_clinicians: dict[str, Any] = {}
    if shape.roles:
        extra = ExtraHours.objects.filter(
            clinician__in=whose,
            location=OuterRef("pk"),
            on__gte=Param("from_on", DAY),
            on__lt=Param("until_on", DAY),
        )
        elsewhere = BusyTime.objects.filter(calendar__clinician__in=whose, span__overlap=_reach())
        of_clinicians = {
            "off": _text(
                _during(TimeOff.objects.filter(clinician__in=whose)), "clinician", "starts_at", "ends_at"
            ),
            "elsewhere": _text(elsewhere, "calendar__clinician", "span__startswith", "span__endswith"),
            "extra": _text(extra, "clinician", "on", "starts_local", "ends_local"),
            "counted": _taken(
                shape, before=("clinician",), reach=_reach("weeks_from", "weeks_until"), clinician__in=limited
            ),
        }
    holidays = Holiday.objects.filter(
        location=OuterRef("pk"), on__gte=Param("from_on", DAY), on__lt=Param("until_on", DAY)
    )
    return _row(
        Location.objects.filter(pk=Param("location", ID)),
        what="location",
        busy=_taken(shape, client=Param("client", ID)),
        holds_over=_text(_holds_over(), "pk"),
        closed=_text(_during(Closure.objects.filter(location=OuterRef("pk"))), "starts_at", "ends_at"),
        days_off=_text(holidays, "on"),
        **of_clinicians,
    )


def _row(rows: QuerySet[Any], *, what: str, **columns: Any) -> QuerySet[Any, Any]:
    named = {name: columns.get(name, NOTHING) for name in (*COLUMNS, *OF_THE_LOCATION)}
    named["what"] = Value(what, TextField())
    return (
        rows.order_by()
        .annotate(**{f"_{name}": each for name, each in named.items()})
        .values_list(*(f"_{name}" for name in named))
    )


def _candidates(shape: Shape) -> Q:
    """Whoever is named, and of the other roles all who ever work at the location."""
    works_here = Q()
    for hours in (WorkingHours, ExtraHours):
        works_here |= Q(
            Exists(hours.objects.filter(clinician=OuterRef("pk"), location=Param("location", ID)))
        )
    wanted = Q()
    for role in sorted(shape.roles):
        wanted |= Q(kind=role, pk=Param(role, ID)) if role in shape.fixed else Q(works_here, kind=role)
    return wanted & Q(is_active=True)


def _taken(
    shape: Shape, *after: str, before: Sequence[str] = (), reach: Func | None = None, **of: Any
) -> Subquery:
    """What is occupied, by bookings other than held ones whose minutes are over."""
    taken = Occupancy.objects.filter(occupies__overlap=reach or _reach(), **of).exclude(
        booking__in=_holds_over().values("pk")
    )
    if shape.is_move:
        taken = taken.exclude(booking=Param("moving", ID))
    return _text(taken, *before, "occupies__startswith", "occupies__endswith", *after)


def _holds_over() -> QuerySet[Booking]:
    return Booking.objects.filter(Booking.hold_is_over(Param("now", INSTANT)))  # type: ignore[arg-type]


def _during(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(starts_at__lt=Param("until_at", INSTANT), ends_at__gt=Param("from_at", INSTANT))


def _reach(start: str = "from_at", end: str = "until_at") -> Func:
    return Func(
        Param(start, INSTANT), Param(end, INSTANT), function="tstzrange", output_field=DateTimeRangeField()
    )


def _text(rows: QuerySet[Any], *columns: str) -> Subquery:
    """The rows as JSON, in the order of the columns' values, so that the same rows are the same text."""
    packed = Func(
        Func(*columns, function="json_build_array"),
        template="json_agg(%(expressions)s)::text",
        output_field=TextField(),
    )
    return Subquery(rows.order_by().values(packed=packed))
