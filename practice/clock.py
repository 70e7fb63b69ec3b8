"""Wall time to instants: the only place that converts one to the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MIDNIGHT = time(0)
_SECOND = timedelta(seconds=1)


class UnknownZone(ValueError):
    """There is no such time zone."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no time zone named {name!r}.")
        self.name = name


class ImpossibleLocalTime(ValueError):
    """The clocks skip this time.

    `nearest` holds two aware UTC instants: the same wall time moved back and moved
    on by the width of the gap (02:30 in a one-hour gap gives 01:30 and 03:30).
    """

    def __init__(self, local: datetime, *, nearest: tuple[datetime, datetime]) -> None:
        super().__init__("The clocks skip this time.")
        self.local = local
        self.nearest = nearest


class AmbiguousLocalTime(ValueError):
    """The clocks show this time twice.

    `options` holds both aware UTC instants, first before second, so that
    `options[fold]` is the answer for a chosen fold.
    """

    def __init__(self, local: datetime, *, options: tuple[datetime, datetime]) -> None:
        super().__init__("The clocks show this time twice.")
        self.local = local
        self.options = options


def zone(name: str) -> ZoneInfo:
    """Raises UnknownZone for anything that is not the IANA name of a zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as exc:
        # A folder ("America") is an OSError, a path ("../etc") a ValueError, an unknown name a KeyError.
        raise UnknownZone(name) from exc


def to_instant(local: datetime, tz: ZoneInfo, *, fold: int | None = None) -> datetime:
    """Return the aware UTC instant of a naive wall time.

    `fold` (0 first, 1 second) is looked at only when the clocks show the time twice;
    the `fold` attribute of `local` never is.

    Raises ImpossibleLocalTime if the clocks skip it, AmbiguousLocalTime if they show it
    twice and `fold` is None, ValueError if `local` is aware or `fold` is not 0 or 1.
    """
    if fold not in (None, 0, 1):
        raise ValueError("fold is 0, 1 or None.")
    first, second = _readings(local, tz)
    if first > second:
        raise ImpossibleLocalTime(local, nearest=(second, first))
    if first < second and fold is None:
        raise AmbiguousLocalTime(local, options=(first, second))
    return second if fold else first


def first_instant(local: datetime, tz: ZoneInfo) -> datetime:
    """Return the first instant at which the clocks show `local` or later, as aware UTC.

    For rules, which must always have an answer (hours, "4 pm the day before"): in a gap
    it is the instant the gap ends, of a time shown twice it is the first.
    """
    first, second = _readings(local, tz)
    return first if first <= second else change_between(second, first, tz)


def local_day(at: datetime, tz: ZoneInfo) -> date:
    """Return the date the clocks of `tz` show at an aware instant."""
    if at.tzinfo is None:
        raise ValueError("An instant needs a zone.")
    return at.astimezone(tz).date()


def day_span(day: date, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """Return [start, end) of a local day in aware UTC: 24 hours, or 23 or 25 when clocks change.

    Consecutive days touch. A day the zone skipped altogether comes back empty (start == end).
    """
    start = datetime.combine(day, _MIDNIGHT)
    return first_instant(start, tz), first_instant(start + timedelta(days=1), tz)


def change_between(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant in (before, after] from which `tz` has another offset than at `before`.

    Aware UTC; found by halving. There must be exactly one such change: ask about a day at most.
    """
    low, high = before.replace(microsecond=0), after.replace(microsecond=0)
    old = low.astimezone(tz).utcoffset()
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


def _readings(local: datetime, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """Return `local` read as fold 0 and as fold 1, in UTC.

    Equal for an ordinary time, ascending for one shown twice, descending for one skipped.
    """
    if local.tzinfo is not None:
        raise ValueError("A wall time has no zone.")
    first = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    return first, local.replace(tzinfo=tz, fold=1).astimezone(UTC)
