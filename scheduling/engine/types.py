"""The values the engine takes and returns. All refuse naive times and impossible shapes at construction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_NOTHING = timedelta(0)
_MIDNIGHT = time(0)
_MINUTES_PER_DAY = 24 * 60


def as_utc(at: datetime) -> datetime:
    """Raises ValueError if `at` is naive."""
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise ValueError("An instant needs a zone.")
    return at.astimezone(UTC)


class _Ends(NamedTuple):
    start: datetime
    end: datetime


class Span(_Ends):
    """Half-open [start, end) in UTC, never empty.

    A pair, because a search looks at very many. `Span._make` takes one whose ends are known to be right.
    """

    __slots__ = ()

    def __new__(cls, start: datetime, end: datetime) -> Span:
        if start.tzinfo is not UTC:
            start = as_utc(start)
        if end.tzinfo is not UTC:
            end = as_utc(end)
        if start >= end:
            raise ValueError("A span ends after it starts.")
        return super().__new__(cls, start, end)


@dataclass(frozen=True, slots=True)
class HoursRule:
    """Weekly hours in wall time, within one local date.

    `weekday` counts from Monday = 0. `ends_local` 00:00 means midnight at the day's end; hours
    that cross midnight are two rules. In force on the local dates [effective_from_on,
    effective_until_on), without end if the latter is None.
    """

    weekday: int
    starts_local: time
    ends_local: time
    effective_from_on: date
    effective_until_on: date | None = None

    def __post_init__(self) -> None:
        if self.weekday not in range(7):
            raise ValueError("A weekday is 0 (Monday) to 6.")
        if self.starts_local.tzinfo is not None or self.ends_local.tzinfo is not None:
            raise ValueError("Wall times have no zone.")
        if self.ends_local != _MIDNIGHT and self.starts_local >= self.ends_local:
            raise ValueError("Hours end after they start, on the same day.")
        if self.effective_until_on is not None and self.effective_from_on >= self.effective_until_on:
            raise ValueError("Hours are in force for a day at least.")


class ResourceKey(NamedTuple):
    """One thing that can be occupied: a clinician, or one place (`unit`, from 1) in a room."""

    kind: str
    id: int
    unit: int = 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is known about one resource, in any order, overlaps welcome.

    `hours` is when it may be used at all, None for always (rooms); `away` is time off and
    closures; `busy` is occupancy with its buffers; `full` is when a limit on its work is reached;
    `licensed` is when its holder may lawfully act, None where no licence is asked for.
    """

    hours: tuple[Span, ...] | None
    away: tuple[Span, ...] = ()
    busy: tuple[Span, ...] = ()
    licensed: tuple[Span, ...] | None = None
    full: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """One part to be filled by one resource, or by `count` different ones, the same for all its windows.

    `windows` are half-open offsets (from, until) from the visible start, in elapsed time;
    they may be negative. `candidates` come in order of preference. `hours` are those of all candidates
    together, for callers who know them without a look at each: they only spare the search of the nights.
    """

    key: str
    windows: tuple[tuple[timedelta, timedelta], ...]
    candidates: tuple[ResourceKey, ...]
    hours: tuple[Span, ...] | None = None
    count: int = 1

    def __post_init__(self) -> None:
        if not self.windows:
            raise ValueError("A need takes its resource for some time.")
        if self.count < 1:
            raise ValueError("A need asks for one at least.")
        if any(from_offset >= until_offset for from_offset, until_offset in self.windows):
            raise ValueError("A window ends after it starts.")

    @property
    def seats(self) -> tuple[str, ...]:
        """The key of each resource that it takes: its own key, then "key:2" and so on."""
        return seats_of(self.key, self.count)


def seats_of(key: str, count: int) -> tuple[str, ...]:
    return (key, *(f"{key}:{number}" for number in range(2, count + 1)))


@dataclass(frozen=True, slots=True)
class GridRule:
    """Starts are at wall times that are multiples of the step from midnight, read in `tz`."""

    step_minutes: int
    tz: ZoneInfo

    def __post_init__(self) -> None:
        if not 1 <= self.step_minutes <= _MINUTES_PER_DAY:
            raise ValueError("A step is between a minute and a day.")


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be booked: `length` of the client's time and everything that takes.

    A start lies in [earliest, latest): minimum notice and horizon, both exact instants.
    `client_busy` may come in any order.

    Raises ValueError if a resource is a candidate of two needs: each need picks its own
    candidate without looking at the others, which is only right while they cannot collide.
    """

    length: timedelta
    needs: tuple[Need, ...]
    grid: GridRule
    earliest: datetime
    latest: datetime
    client_busy: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        if self.length <= _NOTHING:
            raise ValueError("A length is positive.")
        object.__setattr__(self, "earliest", as_utc(self.earliest))
        object.__setattr__(self, "latest", as_utc(self.latest))
        keys = [need.key for need in self.needs]
        if len(keys) != len(set(keys)):
            raise ValueError("Each need has its own key.")
        pools = [set(need.candidates) for need in self.needs]
        if sum(map(len, pools)) != len(set().union(*pools)):
            raise ValueError("A resource can be a candidate of one need only.")

    def reach(self, window: Span) -> Span:
        """Return the span that calendars must cover to judge every start in `window`."""
        offsets = [offset for need in self.needs for pair in need.windows for offset in pair]
        return Span(
            window.start + min([_NOTHING, *offsets]),
            window.end + max([self.length, *offsets]),
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """A start at which the demand fits, and the resource chosen for each need. Never stored."""

    start: datetime
    end: datetime
    chosen: Mapping[str, ResourceKey] = field(hash=False)
