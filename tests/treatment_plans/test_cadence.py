"""Both ends of each window. The offsets are a clinic's convention: docs/measures.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from treatment_plans.rules.cadence import Answer, Course, Dose, due, instruments_around, open_around

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)  # 10:00 in Los Angeles
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ZONE = ZoneInfo("America/Los_Angeles")


def course(
    *doses: Dose, answered: Mapping[str, Sequence[datetime]] | None = None, planned: int = 6
) -> Course:
    answers = {code: [Answer(at) for at in instants] for code, instants in (answered or {}).items()}
    return Course(NOW - 60 * DAY, doses, planned, answers, ZONE)


def given(number: int, days_ago: float) -> Dose:
    return Dose(number, NOW - days_ago * DAY, True, 100 + number)


def booked(number: int, in_days: float) -> Dose:
    return Dose(number, NOW + in_days * DAY, False, 100 + number)


def asked(*when: str, measure: str = "phq9", **more: Any) -> list[dict[str, Any]]:
    return [{"measure": measure, "when": list(when), **more}]


BASELINE, BEFORE, DAY_OF = asked("baseline"), asked("before_dose"), asked("dosing_day")
AFTER, MID, END, MONTHLY = (
    asked(word) for word in ("week_after_dose", "mid_series", "end_of_series", "monthly")
)


@pytest.mark.parametrize(
    ("cadence", "doses", "is_due"),
    [
        (BASELINE, (), True),
        (BASELINE, (booked(1, 3),), True),
        (BASELINE, (given(1, 3),), False),  # too late to be one
        (BEFORE, (), False),
        (BEFORE, (booked(1, 7),), True),
        (BEFORE, (booked(1, 7 + 1 / 86400),), False),
        (BEFORE, (booked(1, 0),), False),
        (BEFORE, (given(1, 3),), False),
        (DAY_OF, (booked(1, 1 / 24),), True),
        (DAY_OF, (booked(1, 13.9 / 24),), True),  # the last minutes of today on the clinic's clock
        (DAY_OF, (booked(1, 14 / 24),), False),
        (AFTER, (given(1, 6.99),), False),
        (AFTER, (given(1, 7),), True),
        (AFTER, (given(1, 13.99),), True),
        (AFTER, (given(1, 14),), False),
        (AFTER, (booked(1, 1),), False),
        (MID, (given(3, 0),), True),  # of six
        (MID, (given(3, 7),), False),
        (MID, (given(2, 1),), False),
        (END, (given(6, 1),), True),
        (END, (given(5, 1),), False),
        (MONTHLY, (), True),  # the course began two months ago
    ],
)
def test_each_occasion_has_its_window(cadence: Any, doses: tuple[Dose, ...], is_due: bool) -> None:
    assert bool(due(cadence, course(*doses), now=NOW)) == is_due


@pytest.mark.parametrize(
    ("cadence", "dose", "answered_at", "is_met"),
    [
        (BEFORE, booked(2, 3), NOW - 4 * DAY, True),
        (BEFORE, booked(2, 3), NOW - 6 * DAY, True),  # two days early
        (BEFORE, booked(2, 3), NOW - 6 * DAY - SECOND, False),
        (AFTER, given(1, 8), NOW - 3 * DAY, True),
        (AFTER, given(1, 8), NOW - 3 * DAY - SECOND, False),
        (DAY_OF, booked(2, 0.1), NOW - 10 / 24 * DAY, True),  # midnight
        (DAY_OF, booked(2, 0.1), NOW - 10 / 24 * DAY - SECOND, False),
        (BASELINE, booked(1, 3), NOW - 90 * DAY, True),
        (BASELINE, booked(1, 3), NOW - 90 * DAY - SECOND, False),
        (MONTHLY, booked(1, 3), NOW - 30 * DAY + SECOND, True),
        (MONTHLY, booked(1, 3), NOW - 30 * DAY, False),
    ],
)
def test_an_answer_meets_what_it_was_early_or_in_time_for(
    cadence: Any, dose: Dose, answered_at: datetime, is_met: bool
) -> None:
    found = due(cadence, course(dose, answered={"phq9": [answered_at]}), now=NOW)
    assert (found == ()) == is_met


def test_an_answer_to_another_instrument_meets_nothing() -> None:
    assert due(BEFORE, course(booked(2, 3), answered={"gad7": [NOW]}), now=NOW)


def test_what_is_for_some_only_starts_with_an_answer_of_theirs() -> None:
    trauma = asked("end_of_series", measure="pcl5", only_for="trauma")
    assert due(trauma, course(given(6, 1)), now=NOW) == ()
    assert due(trauma, course(given(6, 1), answered={"pcl5": [NOW - 50 * DAY]}), now=NOW)


def test_what_ends_first_comes_first_and_names_its_dose() -> None:
    found = due(AFTER + BEFORE + MONTHLY, course(given(1, 8), booked(2, 3)), now=NOW)
    assert [(one.occasion, one.dose_number, one.planned_session_id) for one in found] == [
        ("before_dose", 2, 102),
        ("week_after_dose", 1, 101),
        ("monthly", None, None),
    ]


def test_the_two_around_a_dose() -> None:
    cadence = [*asked("before_dose", "monthly"), *asked("week_after_dose", measure="gad7")]
    assert instruments_around(cadence, "before") == ("phq9",)
    assert instruments_around(cadence, "after") == ("gad7",)


@pytest.mark.parametrize(
    ("occasion", "dose", "answer", "is_open"),
    [
        ("before", booked(2, 3), Answer(NOW), False),  # with staff or alone, for a dose or for none
        ("before", booked(2, 3), Answer(NOW - 6 * DAY), False),
        ("before", booked(2, 3), Answer(NOW - 6 * DAY - SECOND), True),
        ("before", booked(2, 3), Answer(NOW - 20 * DAY, 102), False),  # the dose was moved since
        ("before", booked(2, 3), Answer(NOW - 20 * DAY, 101), True),
        ("after", given(1, 8), Answer(NOW), False),
        ("after", given(1, 8), Answer(NOW - 8 * DAY, 101), True),  # on the day of the dose itself
    ],
)
def test_what_is_open_around_a_dose_is_what_is_due(
    occasion: str, dose: Dose, answer: Answer, is_open: bool
) -> None:
    cadence = asked("before_dose", "week_after_dose")
    assert open_around(cadence, occasion, dose, {"phq9": [answer]}) == (("phq9",) if is_open else ())
    known = Course(NOW - 60 * DAY, (dose,), 6, {"phq9": [answer]}, ZONE)
    assert bool(due(cadence, known, now=NOW)) == is_open
