"""The text of a calendar feed (RFC 5545). What leaves us this way lies on other people's servers and on lock
screens, so it says when and at which place, and neither who nor what for.

Without METHOD: a subscriber's calendar is a copy of this one. DTSTAMP is then the time of the last change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

from practice import clock

OWN_UIDS = f"@{urlsplit(settings.PUBLIC_URL).hostname or 'quietroom'}"

_PRODUCT = "-//Quietroom//Calendar feed//EN"
_REFRESH = timedelta(hours=1)
_HALF_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class Entry:
    """One booking as a calendar shows it. A move or the end raises `sequence` and sets `changed_at`."""

    booking_id: int
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    sequence: int
    changed_at: datetime
    is_cancelled: bool
    title: str
    phone: str
    address: str


def etag(name: str, entries: Sequence[Entry]) -> str:
    """Of everything that `write` writes, without the work of writing it."""
    return f'"{hashlib.sha256(repr((_PRODUCT, OWN_UIDS, name, *entries)).encode()).hexdigest()[:32]}"'


def write(name: str, entries: Sequence[Entry]) -> bytes:
    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", name)
    calendar.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", _REFRESH)
    for zone_name in sorted({entry.time_zone for entry in entries}):
        of_zone = [entry for entry in entries if entry.time_zone == zone_name]
        first = min(entry.starts_at for entry in of_zone).year
        last = max(entry.ends_at for entry in of_zone).year
        calendar.add_component(_time_zone(zone_name, first, last))
    for entry in entries:
        calendar.add_component(_event(entry))
    text: bytes = calendar.to_ical()
    return text


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("UID", f"booking-{entry.booking_id}{OWN_UIDS}")
    event.add("DTSTAMP", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("LAST-MODIFIED", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("SEQUENCE", entry.sequence)
    for key, at in zip(("DTSTART", "DTEND"), _shown(entry), strict=True):
        event.add(key, at)
    event.add("SUMMARY", entry.title)
    if entry.address:
        event.add("LOCATION", entry.address)
    if entry.phone:
        event.add("DESCRIPTION", entry.phone)
    event.add("STATUS", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if entry.is_cancelled else "OPAQUE")
    event.add("CLASS", "PRIVATE")
    return event


def _shown(entry: Entry) -> tuple[datetime, datetime]:
    """In the zone of the promise; in UTC if a time is the second of two that the clocks show.

    A wall time with a zone means the first of two, so the second can't be written in another way.
    """
    tz = clock.zone(entry.time_zone)
    starts, ends = entry.starts_at.astimezone(tz), entry.ends_at.astimezone(tz)
    if starts.fold or ends.fold:
        return entry.starts_at.astimezone(UTC), entry.ends_at.astimezone(UTC)
    return starts, ends


@lru_cache(maxsize=32)
def _time_zone(name: str, first_year: int, last_year: int) -> Timezone:
    """The offsets of these years, and of the days on both sides.

    Ours, because icalendar's own (7.3) writes the start of summer time on the clock of summer, where the
    standard wants the clock of before: an hour late.
    """
    tz = clock.zone(name)
    at, end = (
        datetime(first_year, 1, 1, tzinfo=UTC) - _HALF_DAY * 4,
        datetime(last_year + 1, 1, 3, tzinfo=UTC),
    )
    component = Timezone()
    component.add("TZID", name)
    component.add_component(_observance(at, at, name))
    while at < end:
        then = at + _HALF_DAY
        if then.astimezone(tz).utcoffset() != at.astimezone(tz).utcoffset():
            changed_at = clock.change_between(at, then, tz)
            component.add_component(_observance(at, changed_at, name))
        at = then
    return component


def _observance(before: datetime, at: datetime, name: str) -> TimezoneStandard | TimezoneDaylight:
    """From `at` on, as told by the clock of `before`."""
    old, new = (instant.astimezone(clock.zone(name)) for instant in (before, at))
    old_offset, new_offset = old.utcoffset(), new.utcoffset()
    assert old_offset is not None
    assert new_offset is not None
    observance = TimezoneDaylight() if new.dst() else TimezoneStandard()
    observance.add("DTSTART", (at.astimezone(UTC) + old_offset).replace(tzinfo=None))
    observance.add("TZOFFSETFROM", old_offset)
    observance.add("TZOFFSETTO", new_offset)
    observance.add("TZNAME", new.tzname() or name)
    return observance
