"""What is offered on the booking page: openings by day, with their people and rooms by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, TypedDict

from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.blockers import Blocker
from practice.models import Clinician, Room
from scheduling import availability, best_openings, booking
from scheduling.booking import Request
from scheduling.engine.ranking import Preferences, Ranked
from scheduling.engine.types import Opening, ResourceKey, Span

SEARCHED = timedelta(days=21)
SHOWN_DAYS = 4
FIRST_YEAR, LAST_YEAR = 1900, 2199  # far enough from both ends of the calendar to be shown in any zone
SHORT = {
    "another_therapist": _("another therapist"),
    "same_room": _("room as last time"),
    "compact_day": _("next to another session"),
}


class People(TypedDict, total=False):
    therapist_id: int
    psychiatrist_id: int


@dataclass(frozen=True)
class Offer:
    """One time to choose. `value` also pins the people who were shown with it; the room may change."""

    value: str
    starts: datetime  # on the clinic's clock
    who: str = ""  # and where
    why: str = ""  # what speaks for it, or against, in few words


@dataclass(frozen=True)
class OfferedDay:
    on: date
    offers: Sequence[Offer]

    @property
    def usual(self) -> str:
        """With whom and where most of them are, to be said once."""
        return Counter(offer.who for offer in self.offers).most_common(1)[0][0]


@dataclass(frozen=True)
class Offers:
    days: Sequence[OfferedDay]
    from_on: date
    next_on: date | None  # where to go on looking
    why_none: tuple[Blocker, ...] = ()

    @property
    def first_value(self) -> str:
        return self.days[0].offers[0].value if self.days else ""


def find(request: Request, from_on: date, *, now: datetime) -> Offers:
    """The openings of the first days that have any, or why there are none in three weeks."""
    tz = clock.zone(request.location.time_zone)
    begin, _end = clock.day_span(from_on, tz)
    window = Span(max(begin, now), max(begin, now) + SEARCHED)
    best = best_openings.find(
        [request],
        window,
        preferences=Preferences(),
        order=best_openings.BY_RANK,
        limit=best_openings.MOST_RANKED,
        now=now,
    ).openings
    if not best:
        return Offers((), from_on, None, _why_none(request, window, now=now))
    found = sorted(best, key=lambda one: one.candidate.opening.start)
    by_day = [
        (on, list(ranked))
        for on, ranked in groupby(found, key=lambda one: clock.local_day(one.candidate.opening.start, tz))
    ]
    shown = by_day[:SHOWN_DAYS]
    names = _names(one.candidate.opening for _on, ranked in shown for one in ranked)
    later: date | None = (
        by_day[SHOWN_DAYS][0] if len(by_day) > SHOWN_DAYS else clock.local_day(window.end, tz)
    )
    return Offers(
        [OfferedDay(on, [_offer(one, names, request) for one in ranked]) for on, ranked in shown],
        from_on,
        later,
    )


def nearest(request: Request, alternatives: Iterable[Any]) -> list[Offer]:
    """The alternatives of a refusal: instants, or values that have one."""
    tz = clock.zone(request.location.time_zone)
    texts = [one["starts_at"] if isinstance(one, Mapping) else one for one in alternatives]
    starts = [datetime.fromisoformat(text).astimezone(tz) for text in texts]
    return [Offer(start.astimezone(UTC).isoformat(), start) for start in starts]


def sent_id(text: str) -> int:
    """Raises ValueError for what is no id."""
    if not 1 <= len(text) <= 18:
        raise ValueError("An id has 1 to 18 digits.")
    return int(text)


def sent_instant(text: str) -> datetime:
    """Raises ValueError for what is no instant, or none of our times."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError("A time has a zone, and lies in our years.")
    return at


def chosen(value: str) -> tuple[datetime, People]:
    """The start, and whom the opening showed. Raises ValueError for what this page never offered."""
    start, *pins = value.split("/")
    starts_at = sent_instant(start)
    people = People()
    for pin in pins:
        need, pk = pin.split("=")
        if need == "therapist":
            people["therapist_id"] = sent_id(pk)
        elif need == "psychiatrist":
            people["psychiatrist_id"] = sent_id(pk)
    return starts_at, people


def _offer(ranked: Ranked, names: Mapping[ResourceKey, str], request: Request) -> Offer:
    opening = ranked.candidate.opening
    tz = clock.zone(request.location.time_zone)
    people = [(need, key) for need, key in opening.chosen.items() if key.kind == "clinician"]
    rooms = [key for key in opening.chosen.values() if key.kind == "room"]
    pins = [f"{need}={key.id}" for need, key in people]
    return Offer(
        "/".join([opening.start.isoformat(), *pins]),
        opening.start.astimezone(tz),
        " · ".join(names[_whole(key)] for key in [*(key for _need, key in people), *rooms]),
        ", ".join(str(SHORT[reason.code]) for reason in ranked.reasons if reason.code in SHORT),
    )


def _names(openings: Iterable[Opening]) -> dict[ResourceKey, str]:
    keys = {_whole(key) for opening in openings for key in opening.chosen.values()}
    names: dict[ResourceKey, str] = {}
    for kind, model in (("clinician", Clinician), ("room", Room)):
        pks = {key.id for key in keys if key.kind == kind}
        names |= {ResourceKey(kind, pk): str(row.name) for pk, row in model.objects.in_bulk(pks).items()}
    return names


def _whole(key: ResourceKey) -> ResourceKey:
    """A room, whichever of its places."""
    return ResourceKey(key.kind, key.id)


def _why_none(request: Request, window: Span, *, now: datetime) -> tuple[Blocker, ...]:
    """What stands against the first start that the calendars would allow, or against all of them."""
    fits = availability.find(request.wish, window, limit=1, now=now)
    if fits:
        return booking.blockers(request, fits[0].start, now=now)
    notice = timedelta(minutes=request.appointment_type.min_notice_minutes)
    start = max(window.start, now + notice).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return booking.blockers(request, start, now=now)
