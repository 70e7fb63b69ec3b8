from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.clock import (
    AmbiguousLocalTime,
    ImpossibleLocalTime,
    UnknownZone,
    change_between,
    day_span,
    first_instant,
    local_day,
    to_instant,
    zone,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
ZONES = (
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Kathmandu",
    "UTC",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        # An ordinary winter and summer morning.
        ("America/Los_Angeles", "2026-01-15 09:00", "2026-01-15 17:00"),
        ("America/Los_Angeles", "2026-07-15 09:00", "2026-07-15 16:00"),
        # An offset that is not a whole hour.
        ("Asia/Kathmandu", "2026-05-01 09:00", "2026-05-01 03:15"),
        # The first time after a gap and the last before it.
        ("America/Los_Angeles", "2026-03-08 03:00", "2026-03-08 10:00"),
        ("America/Los_Angeles", "2026-03-08 01:59", "2026-03-08 09:59"),
        # The first time after an hour shown twice.
        ("America/Los_Angeles", "2026-11-01 02:00", "2026-11-01 10:00"),
        # A leap day.
        ("Europe/Berlin", "2028-02-29 12:00", "2028-02-29 11:00"),
        # Past the last transition a zone file can list.
        ("Europe/Berlin", "2041-07-01 12:00", "2041-07-01 10:00"),
    ],
)
def test_a_wall_time_shown_once_has_one_instant(name: str, local: str, expected: str) -> None:
    for fold in (None, 0, 1):
        assert to_instant(wall(local), zone(name), fold=fold) == utc(expected)
    assert first_instant(wall(local), zone(name)) == utc(expected)


@pytest.mark.parametrize(
    ("name", "local", "before", "after", "gap_ends"),
    [
        ("America/New_York", "2027-03-14 02:30", "2027-03-14 06:30", "2027-03-14 07:30", "2027-03-14 07:00"),
        # The first minute of the gap is in it.
        ("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 01:00"),
        # With seconds, the gap still ends on the minute.
        (
            "Europe/Berlin",
            "2026-03-29 02:59:59.5",
            "2026-03-29 00:59:59.5",
            "2026-03-29 01:59:59.5",
            "2026-03-29 01:00",
        ),
        # Midnight itself is skipped.
        ("Africa/Cairo", "2027-04-30 00:30", "2027-04-29 21:30", "2027-04-29 22:30", "2027-04-29 22:00"),
        ("America/Santiago", "2026-09-06 00:00", "2026-09-06 03:00", "2026-09-06 04:00", "2026-09-06 04:00"),
        # A gap of half an hour.
        (
            "Australia/Lord_Howe",
            "2026-10-04 02:15",
            "2026-10-03 15:15",
            "2026-10-03 15:45",
            "2026-10-03 15:30",
        ),
        # A whole day skipped, when Samoa crossed the date line.
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-29 22:00", "2011-12-30 22:00", "2011-12-30 10:00"),
    ],
)
def test_a_skipped_wall_time_is_refused_with_its_neighbours(
    name: str, local: str, before: str, after: str, gap_ends: str
) -> None:
    for fold in (None, 0, 1):
        with pytest.raises(ImpossibleLocalTime) as refusal:
            to_instant(wall(local), zone(name), fold=fold)
        assert refusal.value.nearest == (utc(before), utc(after))
        assert all(at.tzinfo is UTC for at in refusal.value.nearest)
    assert first_instant(wall(local), zone(name)) == utc(gap_ends)


@pytest.mark.parametrize(
    ("name", "local", "first", "second"),
    [
        ("America/New_York", "2027-11-07 01:30", "2027-11-07 05:30", "2027-11-07 06:30"),
        ("Europe/London", "2027-10-31 01:30", "2027-10-31 00:30", "2027-10-31 01:30"),
        # Half an hour is repeated.
        ("Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03 14:45", "2027-04-03 15:15"),
        # The last hour of a day is repeated.
        ("America/Santiago", "2026-04-04 23:30", "2026-04-05 02:30", "2026-04-05 03:30"),
    ],
)
def test_a_wall_time_shown_twice_needs_a_fold(name: str, local: str, first: str, second: str) -> None:
    with pytest.raises(AmbiguousLocalTime) as refusal:
        to_instant(wall(local), zone(name))
    assert refusal.value.options == (utc(first), utc(second))
    assert to_instant(wall(local), zone(name), fold=0) == utc(first)
    assert to_instant(wall(local), zone(name), fold=1) == utc(second)
    assert first_instant(wall(local), zone(name)) == utc(first)


def test_the_fold_attribute_of_a_wall_time_decides_nothing() -> None:
    with pytest.raises(AmbiguousLocalTime):
        to_instant(wall("2026-11-01 01:30").replace(fold=1), LOS_ANGELES)
    assert first_instant(wall("2026-11-01 01:30").replace(fold=1), LOS_ANGELES) == utc("2026-11-01 08:30")


def test_an_aware_wall_time_is_refused() -> None:
    for convert in (to_instant, first_instant):
        with pytest.raises(ValueError, match="no zone"):
            convert(utc("2026-11-01 01:30"), LOS_ANGELES)


def test_a_fold_is_nought_or_one() -> None:
    with pytest.raises(ValueError, match="fold"):
        to_instant(wall("2026-11-01 01:30"), LOS_ANGELES, fold=2)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "America", "../etc/passwd", "/etc/passwd", "a\0b", "é"])
def test_an_unknown_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownZone) as refusal:
        zone(name)
    assert refusal.value.name == name


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("America/Los_Angeles", date(2026, 3, 7), 24),
        ("America/Los_Angeles", date(2026, 3, 8), 23),
        ("America/Los_Angeles", date(2026, 11, 1), 25),
        # The clocks change by half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
        # The day starts at 01:00.
        ("Africa/Cairo", date(2027, 4, 30), 23),
        # The day ends with 23:00 to 24:00 twice.
        ("America/Santiago", date(2026, 4, 4), 25),
        # The day was left out.
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_local_day_is_as_long_as_it_was(name: str, day: date, hours: float) -> None:
    start, end = day_span(day, zone(name))
    assert end - start == timedelta(hours=hours)
    assert start.tzinfo is UTC
    assert end.tzinfo is UTC
    assert start == day_span(day - timedelta(days=1), zone(name))[1]
    if hours:
        assert local_day(start, zone(name)) == day == local_day(end - timedelta(microseconds=1), zone(name))


def test_a_local_day_is_asked_of_an_instant_in_any_zone() -> None:
    at = datetime(2026, 3, 8, 1, tzinfo=timezone(timedelta(hours=2)))
    assert local_day(at, LOS_ANGELES) == date(2026, 3, 7)
    with pytest.raises(ValueError, match="zone"):
        local_day(wall("2026-03-08 01:00"), LOS_ANGELES)


def test_a_change_is_found_to_the_second() -> None:
    change = utc("2026-03-08 10:00")
    for before in (utc("2026-03-08 09:59:59"), utc("2026-03-08 09:59:59.9"), utc("2026-03-07 12:00")):
        for after in (change, utc("2026-03-08 10:00:00.3"), utc("2026-03-08 20:00")):
            assert change_between(before, after, LOS_ANGELES) == change


@settings(deadline=None, max_examples=200)
@given(st.datetimes(wall("2005-01-01"), wall("2045-01-01")), st.sampled_from(ZONES))
def test_every_instant_comes_back_from_its_wall_time_and_fold(naive: datetime, name: str) -> None:
    at, tz = naive.replace(tzinfo=UTC), zone(name)
    shown = at.astimezone(tz)
    assert to_instant(shown.replace(tzinfo=None), tz, fold=shown.fold) == at
    start, end = day_span(local_day(at, tz), tz)
    assert start <= at < end
