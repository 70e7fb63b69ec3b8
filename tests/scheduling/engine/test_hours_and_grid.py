from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine.calendar import days_of, grid_starts, is_on_grid, open_spans
from scheduling.engine.types import HoursRule, Span

LONG_AGO = date(2020, 1, 1)
MONDAY, SATURDAY, SUNDAY = 0, 5, 6


def hours(weekday: int, text: str) -> HoursRule:
    starts, ends = text.split("-")
    return HoursRule(weekday, time.fromisoformat(starts), time.fromisoformat(ends), LONG_AGO)


def span(text: str) -> Span:
    """Read "03-08 09:00/03-08 17:00" as UTC in 2026."""
    start, end = (datetime.fromisoformat(f"2026-{part}").replace(tzinfo=UTC) for part in text.split("/"))
    return Span(start, end)


def one_day(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "day", "rules", "expected"),
    [
        # An ordinary Sunday.
        ("America/Los_Angeles", date(2026, 3, 1), ["09:00-17:00"], ["03-01 17:00/03-02 01:00"]),
        # The same hours a week later, after the clocks went on: an hour earlier in UTC.
        ("America/Los_Angeles", date(2026, 3, 8), ["09:00-17:00"], ["03-08 16:00/03-09 00:00"]),
        # The whole day: 24, 23 and 25 hours.
        ("America/Los_Angeles", date(2026, 3, 1), ["00:00-00:00"], ["03-01 08:00/03-02 08:00"]),
        ("America/Los_Angeles", date(2026, 3, 8), ["00:00-00:00"], ["03-08 08:00/03-09 07:00"]),
        ("America/Los_Angeles", date(2026, 11, 1), ["00:00-00:00"], ["11-01 07:00/11-02 08:00"]),
        # Over the gap: an hour shorter. Over the repeated hour: an hour longer.
        ("America/Los_Angeles", date(2026, 3, 8), ["01:00-04:00"], ["03-08 09:00/03-08 11:00"]),
        ("America/Los_Angeles", date(2026, 11, 1), ["00:30-02:00"], ["11-01 07:30/11-01 10:00"]),
        # From or until a time shown twice: the first of the two.
        ("America/Los_Angeles", date(2026, 11, 1), ["01:30-03:00"], ["11-01 08:30/11-01 11:00"]),
        ("America/Los_Angeles", date(2026, 11, 1), ["00:00-01:30"], ["11-01 07:00/11-01 08:30"]),
        # From or until a time that is skipped: the end of the gap.
        ("America/Los_Angeles", date(2026, 3, 8), ["02:30-05:00"], ["03-08 10:00/03-08 12:00"]),
        ("America/Los_Angeles", date(2026, 3, 8), ["01:00-02:30"], ["03-08 09:00/03-08 10:00"]),
        # Wholly inside the gap: nothing.
        ("America/Los_Angeles", date(2026, 3, 8), ["02:00-03:00"], []),
        ("America/Los_Angeles", date(2026, 3, 8), ["02:15-02:45"], []),
        # Midnight is skipped, at the day's start.
        ("America/Santiago", date(2026, 9, 6), ["00:00-02:00"], ["09-06 04:00/09-06 05:00"]),
        # Half an hour is skipped.
        ("Australia/Lord_Howe", date(2026, 10, 4), ["01:00-04:00"], ["10-03 14:30/10-03 17:00"]),
        # Overlapping, touching and repeated rules merge; a break stays.
        (
            "Asia/Kathmandu",
            date(2026, 5, 3),
            ["13:00-17:00", "09:00-12:00", "10:00-12:00", "17:00-18:00", "13:00-17:00"],
            ["05-03 03:15/05-03 06:15", "05-03 07:15/05-03 12:15"],
        ),
    ],
)
def test_hours_on_a_sunday(name: str, day: date, rules: list[str], expected: list[str]) -> None:
    found = open_spans([hours(SUNDAY, text) for text in rules], ZoneInfo(name), one_day(day))
    assert found == tuple(span(text) for text in expected)
    backwards = [hours(SUNDAY, text) for text in reversed(rules)]
    assert open_spans(backwards, ZoneInfo(name), one_day(day)) == found


def test_hours_until_midnight_meet_hours_from_midnight() -> None:
    rules = [hours(SATURDAY, "22:00-00:00"), hours(SUNDAY, "00:00-02:00")]
    # Saturday ends with the hour from 23:00 twice.
    found = open_spans(rules, ZoneInfo("America/Santiago"), (date(2026, 4, 4), date(2026, 4, 6)))
    assert found == (span("04-05 01:00/04-05 06:00"),)
    # Saturday ends where the gap begins.
    found = open_spans(rules, ZoneInfo("America/Santiago"), (date(2026, 9, 5), date(2026, 9, 7)))
    assert found == (span("09-06 02:00/09-06 05:00"),)


def test_hours_hold_on_their_weekday_on_every_date_of_the_range_but_the_last() -> None:
    found = open_spans([hours(MONDAY, "09:00-17:00")], ZoneInfo("UTC"), (date(2026, 5, 4), date(2026, 5, 18)))
    assert found == (span("05-04 09:00/05-04 17:00"), span("05-11 09:00/05-11 17:00"))


def test_hours_are_in_force_from_a_date_until_before_a_date() -> None:
    rule = HoursRule(MONDAY, time(9), time(17), date(2026, 5, 11), date(2026, 5, 25))
    found = open_spans([rule], ZoneInfo("UTC"), (date(2026, 5, 1), date(2026, 6, 30)))
    assert found == (span("05-11 09:00/05-11 17:00"), span("05-18 09:00/05-18 17:00"))


@pytest.mark.parametrize(
    ("window", "first", "until"),
    [
        # Ends with local midnight: the next date is not touched.
        ("05-04 07:00/05-05 07:00", date(2026, 5, 4), date(2026, 5, 5)),
        ("05-04 06:59/05-05 07:01", date(2026, 5, 3), date(2026, 5, 6)),
    ],
)
def test_the_days_a_window_touches(window: str, first: date, until: date) -> None:
    assert days_of(span(window), ZoneInfo("America/Los_Angeles")) == (first, until)


@pytest.mark.parametrize(
    ("name", "step_minutes", "window", "expected"),
    [
        # Every quarter, the end not included.
        ("UTC", 15, "05-04 09:00/05-04 09:45", ["09:00", "09:15", "09:30"]),
        # A window that starts between two.
        ("UTC", 15, "05-04 09:01/05-04 09:31", ["09:15", "09:30"]),
        # The hour of the wall, not of UTC.
        ("Asia/Kathmandu", 60, "05-04 09:00/05-04 11:00", ["09:15", "10:15"]),
        # 01:00, 01:30, then 03:00: the half hours of the gap do not exist.
        ("America/Los_Angeles", 30, "03-08 09:00/03-08 11:00", ["09:00", "09:30", "10:00", "10:30"]),
        ("America/Los_Angeles", 120, "03-08 08:00/03-08 14:00", ["08:00", "11:00", "13:00"]),
        # 01:00 and 01:30 twice each.
        ("America/Los_Angeles", 30, "11-01 08:00/11-01 10:01", ["08:00", "08:30", "09:00", "09:30", "10:00"]),
        # 01:40 once, then back to 01:00.
        ("America/Los_Angeles", 40, "11-01 07:00/11-01 10:00", ["07:00", "07:40", "08:20", "09:20"]),
        # After half an hour is skipped the grid is that of the new wall time: 01:00, 03:00.
        ("Australia/Lord_Howe", 60, "10-03 14:30/10-03 17:00", ["14:30", "16:00"]),
        # Half an hour repeated: 01:00, 01:30 twice, 02:00.
        ("Australia/Lord_Howe", 30, "04-04 14:00/04-04 16:00", ["14:00", "14:30", "15:00", "15:30"]),
        # A step that does not divide the day starts anew at midnight: 23:20, 00:00, 00:50.
        ("UTC", 50, "05-04 23:00/05-05 01:00", ["23:20", "00:00", "00:50"]),
        ("UTC", 50, "05-04 23:21/05-05 01:00", ["00:00", "00:50"]),
        # Once a day; on this day midnight does not exist.
        ("UTC", 1440, "05-04 00:00/05-05 00:01", ["00:00", "00:00"]),
        ("America/Santiago", 1440, "09-06 00:00/09-07 12:00", ["03:00"]),
    ],
)
def test_grid_starts(name: str, step_minutes: int, window: str, expected: list[str]) -> None:
    found = list(grid_starts(step_minutes, ZoneInfo(name), span(window)))
    assert [at.strftime("%H:%M") for at in found] == expected
    assert found == sorted(found)
    assert all(at.tzinfo is UTC for at in found)


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("America/Los_Angeles", "03-07 00:00/03-10 00:00"),
        ("America/Los_Angeles", "10-31 00:00/11-03 00:00"),
        ("Europe/Berlin", "10-24 00:00/10-27 00:00"),
        ("Australia/Lord_Howe", "10-03 00:00/10-05 00:00"),
        ("Australia/Lord_Howe", "04-03 00:00/04-06 00:00"),
        ("Africa/Cairo", "04-23 00:00/04-25 00:00"),
        ("Africa/Cairo", "10-29 00:00/10-31 00:00"),
        ("America/Santiago", "04-04 00:00/04-06 00:00"),
        ("America/Santiago", "09-05 00:00/09-07 00:00"),
        ("Asia/Kathmandu", "05-04 00:00/05-05 00:00"),
    ],
)
@pytest.mark.parametrize("step_minutes", [5, 7, 45, 60, 100, 1440])
def test_the_grid_is_every_minute_the_clock_shows_a_multiple(
    name: str, around: str, step_minutes: int
) -> None:
    tz, window = ZoneInfo(name), span(around)
    every_minute = [
        window.start + timedelta(minutes=count)
        for count in range(int((window.end - window.start) / timedelta(minutes=1)))
    ]
    shown = {at: at.astimezone(tz) for at in every_minute}
    expected = [at for at in every_minute if (shown[at].hour * 60 + shown[at].minute) % step_minutes == 0]
    assert list(grid_starts(step_minutes, tz, window)) == expected
    assert [at for at in every_minute if is_on_grid(at, step_minutes, tz)] == expected


def test_seconds_are_off_the_grid() -> None:
    at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    assert is_on_grid(at, 15, ZoneInfo("UTC"))
    assert not is_on_grid(at + timedelta(seconds=1), 15, ZoneInfo("UTC"))
    assert not is_on_grid(at + timedelta(microseconds=1), 15, ZoneInfo("UTC"))
