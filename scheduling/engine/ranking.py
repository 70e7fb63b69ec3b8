"""Which openings suit best, and why: points for what speaks for each, and the reasons in words.

The order is total: most points first, then the earliest start, then the place asked for first. Each day of
waiting costs a point, so a wish is worth about as many days as it has points, and no more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from practice.blockers import gettext_noop as _
from practice.clock import local_day
from scheduling.engine.spans import Spans
from scheduling.engine.types import Opening, ResourceKey

NEXT_TO = timedelta(minutes=30)

# In days of waiting that it is worth.
POINTS = {
    "preferred_clinician": 30,
    "same_therapist": 21,
    "preferred_weekday": 10,
    "preferred_time": 10,
    "preferred_location": 7,
    "same_room": 2,
    "compact_day": 2,
    "earliest": 0,
    "another_therapist": 0,
    "outside_preferred_weekdays": -10,
    "outside_preferred_times": -10,
}
MESSAGES = {
    "preferred_clinician": _("With %(who)s, who is preferred."),
    "same_therapist": _("The same therapist as before."),
    "another_therapist": _("Another therapist than before."),
    "preferred_weekday": _("On a preferred weekday."),
    "preferred_time": _("At a preferred time."),
    "preferred_location": _("At the preferred location."),
    "same_room": _("In the same room as last time."),
    "compact_day": _("Next to another session of the therapist."),
    "earliest": _("The earliest."),
    "outside_preferred_weekdays": _("Not on a preferred weekday."),
    "outside_preferred_times": _("Outside the preferred times."),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """Wishes, none of which excludes anything.

    Weekdays count from Monday = 0; times are spans [from, until) of the wall clock, and `until` 00:00 is the
    end of the day. Clinicians come in order of preference. `therapist` and `room` are those of last time.
    """

    weekdays: frozenset[int] = frozenset()
    times: tuple[tuple[time, time], ...] = ()
    clinicians: tuple[int, ...] = ()
    therapist: int | None = None
    room: int | None = None

    def __post_init__(self) -> None:
        if not self.weekdays <= frozenset(range(7)):
            raise ValueError("A weekday is 0 (Monday) to 6.")
        if any(until != time(0) and start >= until for start, until in self.times):
            raise ValueError("A time of day ends after it starts.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an opening was found: the clock there, its rank among the places asked for, who is busy when.

    `busy` is ascending and merged, with the offsets for which the opening takes each of its clinicians.
    """

    tz: ZoneInfo
    rank: int = 0
    busy: Mapping[ResourceKey, Spans] = field(default_factory=dict)
    taken: Mapping[str, tuple[timedelta, timedelta]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    opening: Opening
    place: Place


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an opening stands where it does. `points` may be none; `clinician` is who is meant."""

    code: str
    points: int
    clinician: ResourceKey | None = None

    @property
    def message(self) -> str:
        return MESSAGES[self.code]


@dataclass(frozen=True, slots=True)
class Ranked:
    candidate: Candidate
    reasons: tuple[Reason, ...]
    waits_days: int

    @property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons) - self.waits_days


def judged(candidates: Iterable[Candidate], preferences: Preferences) -> tuple[Ranked, ...]:
    """Every candidate with its reasons, earliest first; of one start the place asked for first."""
    ordered = sorted(candidates, key=lambda one: (one.opening.start, one.place.rank))
    if not ordered:
        return ()
    first = ordered[0].opening.start
    several = len({one.place.rank for one in ordered}) > 1
    found = []
    for one in ordered:
        reasons = list(_reasons(one, preferences, several=several))
        if one.opening.start == first:
            reasons.append(_reason("earliest"))
        tz = one.place.tz
        waits = (local_day(one.opening.start, tz) - local_day(first, tz)).days
        found.append(Ranked(one, tuple(reasons), waits))
    return tuple(found)


def best_first(found: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """In an order that depends on nothing but the openings and their reasons."""
    return tuple(
        sorted(
            found,
            key=lambda one: (-one.points, one.candidate.opening.start, one.candidate.place.rank),
        )
    )


def _reasons(one: Candidate, preferences: Preferences, *, several: bool) -> Iterable[Reason]:
    opening, place = one.opening, one.place
    yield from _of_people(opening, preferences)
    local = opening.start.astimezone(place.tz)
    if preferences.weekdays:
        is_wanted = local.weekday() in preferences.weekdays
        yield _reason("preferred_weekday" if is_wanted else "outside_preferred_weekdays")
    if preferences.times:
        is_wanted = any(_is_within(local.time(), span) for span in preferences.times)
        yield _reason("preferred_time" if is_wanted else "outside_preferred_times")
    if several and not place.rank:
        yield _reason("preferred_location")
    rooms = {key.id for key in opening.chosen.values() if key.kind == "room"}
    if preferences.room in rooms:
        yield _reason("same_room")
    if any(_is_next_to_work(opening.start, need, key, place) for need, key in opening.chosen.items()):
        yield _reason("compact_day")


def _of_people(opening: Opening, preferences: Preferences) -> Iterable[Reason]:
    """The one who is preferred most; each place further down the list costs a point."""
    people = {key.id: key for key in opening.chosen.values() if key.kind == "clinician"}
    for position, clinician_id in enumerate(preferences.clinicians):
        if clinician_id in people:
            points = max(1, POINTS["preferred_clinician"] - position)
            yield Reason("preferred_clinician", points, people[clinician_id])
            break
    therapists = {key.id for need, key in opening.chosen.items() if need.partition(":")[0] == "therapist"}
    if preferences.therapist is not None and therapists:
        yield _reason("same_therapist" if preferences.therapist in therapists else "another_therapist")


def _is_within(local: time, span: tuple[time, time]) -> bool:
    start, until = span
    return start <= local and (until == time(0) or local < until)


def _is_next_to_work(start: datetime, need: str, key: ResourceKey, place: Place) -> bool:
    """Whether the therapist has something shortly before or after; busy spans never overlap an opening."""
    if need.partition(":")[0] != "therapist" or need not in place.taken:
        return False
    spans = place.busy.get(key, ())
    from_offset, until_offset = place.taken[need]
    begins, ends = start + from_offset, start + until_offset
    before = bisect_right(spans, begins, key=lambda span: span.end) - 1
    after = bisect_left(spans, ends, key=lambda span: span.start)
    return (before >= 0 and begins - spans[before].end <= NEXT_TO) or (
        after < len(spans) and spans[after].start - ends <= NEXT_TO
    )


def _reason(code: str) -> Reason:
    return Reason(code, POINTS[code])
