"""The order of openings, and the reasons for it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine.ranking import MESSAGES, POINTS, Candidate, Place, Preferences, best_first, judged
from scheduling.engine.types import Opening, ResourceKey, Span

TZ = ZoneInfo("America/New_York")
ANA, BEN, ROOM = ResourceKey("clinician", 1), ResourceKey("clinician", 2), ResourceKey("room", 1)
HERE = Place(TZ)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TZ).astimezone(UTC)


def one(text: str, therapist: ResourceKey = ANA, place: Place = HERE) -> Candidate:
    start = local(text)
    chosen = {"therapist": therapist, "room:therapy": ROOM}
    return Candidate(Opening(start, start + timedelta(hours=1), chosen), place)


def codes(candidate: Candidate, preferences: Preferences) -> list[str]:
    first = one("2026-11-30 08:00")  # so that the candidate is not the earliest
    return [reason.code for reason in judged([first, candidate], preferences)[-1].reasons]


@pytest.mark.parametrize(
    ("start", "preferences", "expected"),
    [
        ("2026-12-01 10:00", Preferences(), []),
        ("2026-12-01 10:00", Preferences(weekdays=frozenset({1})), ["preferred_weekday"]),
        ("2026-12-01 10:00", Preferences(weekdays=frozenset({0})), ["outside_preferred_weekdays"]),
        ("2026-12-01 10:00", Preferences(times=((time(10), time(11)),)), ["preferred_time"]),
        ("2026-12-01 11:00", Preferences(times=((time(10), time(11)),)), ["outside_preferred_times"]),
        ("2026-12-01 23:30", Preferences(times=((time(23), time(0)),)), ["preferred_time"]),
        ("2026-12-01 10:00", Preferences(therapist=1), ["same_therapist"]),
        ("2026-12-01 10:00", Preferences(therapist=2), ["another_therapist"]),
        ("2026-12-01 10:00", Preferences(clinicians=(2, 1)), ["preferred_clinician"]),
        ("2026-12-01 10:00", Preferences(room=1), ["same_room"]),
        ("2026-12-01 10:00", Preferences(room=2), []),
        # The weekday is the one of the clinic's clock: 01:00 UTC on Wednesday is still Tuesday.
        ("2026-12-01 20:00", Preferences(weekdays=frozenset({1})), ["preferred_weekday"]),
    ],
)
def test_reasons(start: str, preferences: Preferences, expected: list[str]) -> None:
    assert codes(one(start), preferences) == expected


@pytest.mark.parametrize(
    ("busy_from", "busy_until", "is_compact"),
    [
        ("09:00", "10:00", True),  # up to its start
        ("08:30", "09:30", True),  # half an hour before
        ("08:29", "09:29", False),
        ("11:30", "12:00", True),
        ("11:31", "12:00", False),
    ],
)
def test_a_day_is_compact_within_half_an_hour(busy_from: str, busy_until: str, is_compact: bool) -> None:
    busy = (Span(local(f"2026-12-01 {busy_from}"), local(f"2026-12-01 {busy_until}")),)
    place = Place(TZ, busy={ANA: busy}, taken={"therapist": (timedelta(0), timedelta(hours=1))})
    assert ("compact_day" in codes(one("2026-12-01 10:00", place=place), Preferences())) is is_compact


def test_a_wish_is_worth_some_days_of_waiting() -> None:
    wanted = Preferences(weekdays=frozenset({4}))  # Friday
    soon, in_ten_days, in_a_month = (one(f"{on} 10:00") for on in ("2026-12-01", "2026-12-11", "2026-12-25"))
    assert best_first(judged([soon, in_a_month], wanted))[0].candidate is soon
    assert best_first(judged([soon, in_ten_days], wanted))[0].candidate is in_ten_days


def test_the_order_depends_on_nothing_but_the_openings() -> None:
    near, far = Place(TZ, rank=0), Place(TZ, rank=1)
    every = [one(f"2026-12-0{day} {hour}:00", who, place)
             for day in (1, 2) for hour in (10, 14) for who in (ANA,) for place in (near, far)]  # fmt: skip
    wanted = Preferences(times=((time(12), time(16)),), clinicians=(2,))
    expected = [ranked.candidate for ranked in best_first(judged(every, wanted))]
    assert expected[0].opening.start == local("2026-12-01 14:00")
    assert expected[0].place is near
    for seed in range(20):
        shuffled = random.Random(seed).sample(every, len(every))
        assert [ranked.candidate for ranked in best_first(judged(shuffled, wanted))] == expected


def test_without_wishes_the_best_is_the_earliest() -> None:
    every = [one(f"2026-12-0{day} {hour}:00") for day in (1, 2, 3) for hour in (10, 12, 14)]
    found = best_first(judged(reversed(every), Preferences()))
    assert [ranked.candidate for ranked in found] == every
    assert [[reason.code for reason in ranked.reasons] for ranked in found][:2] == [["earliest"], []]
    assert judged([], Preferences()) == ()


def test_every_reason_has_words_and_points() -> None:
    assert MESSAGES.keys() == POINTS.keys()


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="weekday"):
        Preferences(weekdays=frozenset({7}))
    with pytest.raises(ValueError, match="time of day"):
        Preferences(times=((time(12), time(9)),))
