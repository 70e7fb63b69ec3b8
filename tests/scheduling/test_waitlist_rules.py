"""Whom to ask and until when: pure, on both sides of every clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.blockers import Blocker
from scheduling.waitlist_rules import (
    Asked,
    Policy,
    Standing,
    Wishes,
    answer_by,
    end_reason,
    in_turn,
    last_yes_at,
    wish_blockers,
)

LA, NY = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")
POLICY = Policy()
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(text: str, tz: ZoneInfo = LA, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=tz, fold=fold).astimezone(UTC)


MORNING = at("2026-12-01 10:00")


def asked(entry_id: int = 1, **changed: Any) -> Asked:
    return Asked(**{"entry_id": entry_id, "since_at": MORNING, "last_asked_at": None, "zone": LA, **changed})


def wishes(**changed: Any) -> Wishes:
    return Wishes(**{"clinicians": {}, **changed})


def codes(
    wanted: Wishes, start: datetime, *, tz: ZoneInfo = LA, location: int = 1, **chosen: int
) -> list[str]:
    return [one.code for one in wish_blockers(wanted, start, location_id=location, tz=tz, chosen=chosen)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, []),
        ({"weekdays": frozenset({1})}, []),  # a Tuesday
        ({"weekdays": frozenset({0, 2})}, ["wish_weekday"]),
        ({"times": ((time(9), time(10)),)}, ["wish_time"]),  # the end does not belong to it
        ({"times": ((time(9), time(10)), (time(10), time(11)))}, []),
        ({"times": ((time(18), time(0)),)}, ["wish_time"]),
        ({"times": ((time(10), time(0)),)}, []),  # until midnight
        ({"earliest_on": date(2026, 12, 1), "latest_on": date(2026, 12, 1)}, []),
        ({"earliest_on": date(2026, 12, 2)}, ["wish_too_early"]),
        ({"latest_on": date(2026, 11, 30)}, ["wish_too_late"]),
        ({"locations": frozenset({2, 3})}, ["wish_location"]),
        ({"clinicians": {"therapist": frozenset({7})}}, []),
        ({"clinicians": {"therapist": frozenset({8, 9})}}, ["wish_clinician"]),
        ({"clinicians": {"psychiatrist": frozenset({8})}}, []),  # none takes part
        ({"before_at": MORNING + MINUTE}, []),
        ({"before_at": MORNING}, ["not_sooner"]),
        (
            {"weekdays": frozenset({0}), "times": ((time(8), time(9)),), "locations": frozenset({2})},
            ["wish_location", "wish_weekday", "wish_time"],
        ),
    ],
)
def test_a_start_meets_the_wishes_or_says_which_it_does_not(
    wanted: dict[str, Any], expected: list[str]
) -> None:
    assert codes(wishes(**wanted), MORNING, therapist=7) == expected


def test_wishes_are_on_the_clock_of_the_location() -> None:
    mornings = wishes(times=((time(8), time(12)),), weekdays=frozenset({1}))
    assert codes(mornings, at("2026-12-01 11:00", NY), tz=NY) == []
    assert codes(mornings, at("2026-12-01 11:00", LA), tz=NY) == ["wish_time"]  # two in the afternoon there
    late = wishes(weekdays=frozenset({1}), times=((time(20), time(0)),))
    assert codes(late, at("2026-12-01 22:00", LA), tz=LA) == []
    assert codes(late, at("2026-12-01 22:00", LA), tz=NY) == ["wish_weekday", "wish_time"]


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])  # 23 and 25 hours
def test_nine_is_nine_on_the_days_when_the_clocks_change(day: str) -> None:
    nine = wishes(times=((time(9), time(9, 30)),), earliest_on=date.fromisoformat(day))
    assert codes(nine, at(f"{day} 09:00")) == []
    assert codes(nine, at(f"{day} 09:00") - HOUR) == ["wish_time"]
    assert codes(nine, at(f"{day} 09:00") + HOUR) == ["wish_time"]


def test_a_time_that_the_clocks_show_twice_is_wished_both_times() -> None:
    one_to_two = wishes(times=((time(1), time(2)),))
    for fold in (0, 1):
        assert codes(one_to_two, at("2026-11-01 01:30", fold=fold)) == []


def test_who_has_heard_nothing_for_longest_is_first() -> None:
    day = timedelta(days=1)
    new = asked(1, since_at=MORNING - day)
    old = asked(2, since_at=MORNING - 20 * day, last_asked_at=MORNING - 2 * day)
    oldest = asked(3, since_at=MORNING - 60 * day, last_asked_at=MORNING - day / 2)
    never = asked(4, since_at=MORNING - 9 * day)
    assert [one.entry_id for one in in_turn([new, old, oldest, never])] == [4, 2, 1, 3]


def test_a_tie_goes_to_who_waits_longer_then_to_who_came_first() -> None:
    day = timedelta(days=1)
    same = [asked(2), asked(1), asked(3, since_at=MORNING - day, last_asked_at=MORNING)]
    assert [one.entry_id for one in in_turn(same)] == [3, 1, 2]


def test_a_yes_leaves_time_to_fast_to_read_and_to_come() -> None:
    start = at("2026-12-02 09:30")
    assert last_yes_at(asked(), start, POLICY) == start
    assert last_yes_at(asked(fast_minutes=480), start, POLICY) == start - 8 * HOUR - 30 * MINUTE
    assert last_yes_at(asked(fast_minutes=480, notice_minutes=1440), start, POLICY) == start - 24 * HOUR
    assert last_yes_at(asked(notice_minutes=60, type_notice_minutes=120), start, POLICY) == start - 2 * HOUR


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_a_fast_is_as_long_in_a_night_when_the_clocks_change(day: str) -> None:
    start = at(f"{day} 09:00")
    assert start - last_yes_at(asked(fast_minutes=480), start, POLICY) == 8 * HOUR + 30 * MINUTE


@pytest.mark.parametrize(
    ("now", "start", "expected"),
    [
        ("2026-12-01 10:00", "2026-12-08 10:00", "2026-12-01 12:00"),  # two hours
        ("2026-12-01 18:30", "2026-12-08 10:00", "2026-12-01 20:00"),  # the evening ends it
        ("2026-12-01 10:00", "2026-12-01 13:00", "2026-12-01 11:00"),  # near: a third of what is left
        ("2026-12-01 10:00", "2026-12-01 10:40", "2026-12-01 10:20"),  # but twenty minutes
        ("2026-12-01 10:00", "2026-12-01 10:19", "no_time_left"),
        ("2026-12-01 07:59", "2026-12-08 10:00", "asleep"),
        ("2026-12-01 08:00", "2026-12-08 10:00", "2026-12-01 10:00"),
        ("2026-12-01 19:40", "2026-12-08 10:00", "2026-12-01 20:00"),
        ("2026-12-01 19:41", "2026-12-08 10:00", "asleep"),  # too short before the night
        ("2026-12-01 03:00", "2026-12-08 10:00", "asleep"),
    ],
)
def test_an_answer_is_due_in_time_and_never_at_night(now: str, start: str, expected: str) -> None:
    found = answer_by(asked(), at(start), now=at(now), policy=POLICY)
    assert (found.code if isinstance(found, Blocker) else found) == (
        at(expected) if expected.startswith("2026") else expected
    )


def test_it_is_the_clients_night_that_counts() -> None:
    now, start = at("2026-12-01 18:00", LA), at("2026-12-08 10:00", LA)
    in_new_york = answer_by(asked(zone=NY), start, now=now, policy=POLICY)
    assert isinstance(in_new_york, Blocker)  # nine in the evening there
    assert answer_by(asked(zone=LA), start, now=now, policy=POLICY) == now + 2 * HOUR


def test_who_can_not_fast_in_time_any_more_is_not_asked() -> None:
    start = at("2026-12-02 09:00")
    assert answer_by(asked(fast_minutes=480), start, now=at("2026-12-01 19:00"), policy=POLICY) == at(
        "2026-12-01 20:00"
    )
    late = answer_by(asked(fast_minutes=480), start, now=at("2026-12-02 08:00"), policy=POLICY)
    assert isinstance(late, Blocker)
    assert late.code == "no_time_to_fast"
    to_come = answer_by(
        asked(fast_minutes=480, notice_minutes=3000), start, now=at("2026-12-01 12:00"), policy=POLICY
    )
    assert isinstance(to_come, Blocker)
    assert to_come.code == "no_time_left"


@given(
    now=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  made aware below
    ahead=st.integers(0, 20_000),
    notice=st.integers(0, 3000),
    fast=st.integers(0, 900),
    zone=st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_whoever_is_asked_may_answer_for_a_while_is_awake_and_can_be_ready(
    now: datetime, ahead: int, notice: int, fast: int, zone: str
) -> None:
    now = now.replace(tzinfo=UTC)
    start, tz = now + ahead * MINUTE, ZoneInfo(zone)
    one = asked(zone=tz, notice_minutes=notice, fast_minutes=fast)
    by = answer_by(one, start, now=now, policy=POLICY)
    if isinstance(by, Blocker):
        return
    assert 20 * MINUTE <= by - now <= 120 * MINUTE
    assert by <= last_yes_at(one, start, POLICY)
    for moment in (now, by):
        assert time(8) <= moment.astimezone(tz).time() <= time(20)
    assert now.astimezone(tz).date() == by.astimezone(tz).date()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"latest_on": date(2026, 12, 1)}, None),  # the last day still counts
        ({"latest_on": date(2026, 11, 30)}, "too_late"),
        ({"client_is_active": False}, "client_inactive"),
        ({"session_is_open": False}, "session_over"),
        ({"booked_meanwhile": True}, "booked"),
        ({"had_is_over": True}, "had_its_time"),
    ],
)
def test_an_entry_ends_by_itself(changed: dict[str, Any], reason: str | None) -> None:
    assert end_reason(Standing(day=date(2026, 12, 1), **changed)) == reason
