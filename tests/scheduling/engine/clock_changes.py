"""Every change of a clock that the IANA database knows for 2025 to 2030."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@cache
def zones() -> tuple[str, ...]:
    """Without the machine's own and the leap-second ones, which are no zones of places."""
    return tuple(sorted(name for name in available_timezones() if name != "localtime"))


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """The first minutes with another offset, found by halving the five days in which it differs."""
    tz = ZoneInfo(name)
    found = []
    day = FIRST
    while day < LAST:
        following = day + timedelta(days=5)
        if day.astimezone(tz).utcoffset() != following.astimezone(tz).utcoffset():
            low, high = day, following
            while high - low > MINUTE:
                middle = low + (high - low) // 2
                middle = middle.replace(second=0, microsecond=0)
                if middle.astimezone(tz).utcoffset() == day.astimezone(tz).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        day = following
    return tuple(found)


@cache
def scenes() -> tuple[tuple[str, datetime], ...]:
    """Each change of each zone, with zones that share all of them named once."""
    seen: set[tuple[object, ...]] = set()
    found: list[tuple[str, datetime]] = []
    for name in zones():
        tz = ZoneInfo(name)
        signature = tuple(
            (at, (at - MINUTE).astimezone(tz).utcoffset(), at.astimezone(tz).utcoffset())
            for at in changes(name)
        )
        if signature and signature not in seen:
            seen.add(signature)
            found += [(name, at) for at in changes(name)]
    return tuple(found)
