from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from treatment_plans.rules import results as result_rules
from treatment_plans.rules.flags import FlagFact, ResultFact, screening_blockers

DAY = date(2026, 12, 1)
YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)

FLAG = FlagFact(7, "needs_clearance", frozenset(), "Heart disease.", "")
ACCEPTED = replace(FLAG, decision="accepted", valid_through_on=DAY)
WITH_ECG = replace(ACCEPTED, result_kind="ecg")


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (FLAG, ["screening_flag_open"]),
        (replace(FLAG, effect="exclude"), ["screening_flag_open"]),
        (replace(FLAG, effect="note"), []),
        (replace(FLAG, routes=frozenset({"spravato"})), []),
        (replace(FLAG, routes=frozenset({"im", "iv"})), ["screening_flag_open"]),
        (ACCEPTED, []),  # the last day on which it holds
        (replace(ACCEPTED, valid_through_on=YESTERDAY), ["screening_flag_due_again"]),
        (replace(ACCEPTED, decision="conditional", valid_through_on=YESTERDAY), ["screening_flag_due_again"]),
        (replace(FLAG, decision="not_now"), ["screening_flag_not_now"]),
        (replace(FLAG, decision="mistake"), []),
    ],
)
def test_a_flag_on_its_day(flag: FlagFact, expected: list[str]) -> None:
    found = screening_blockers([flag], [], route="im", day=DAY)
    assert [each.code for each in found] == expected
    assert all(flag.fact in each.text() for each in found)


@pytest.mark.parametrize(
    ("flag", "results", "expected"),
    [
        (WITH_ECG, [], ["result_missing"]),
        (WITH_ECG, [ResultFact(1, "liver_tests", DAY)], ["result_missing"]),
        (WITH_ECG, [ResultFact(1, "ecg", YESTERDAY)], []),  # without a last day
        (WITH_ECG, [ResultFact(1, "ecg", YESTERDAY, DAY)], []),
        (WITH_ECG, [ResultFact(1, "ecg", YESTERDAY, YESTERDAY)], ["result_expired"]),
        # The latest counts, in any order and though an older one lasts longer.
        (
            WITH_ECG,
            [ResultFact(1, "ecg", YESTERDAY, TOMORROW), ResultFact(2, "ecg", YESTERDAY, YESTERDAY)],
            ["result_expired"],
        ),
        (
            WITH_ECG,
            [ResultFact(2, "ecg", DAY, DAY), ResultFact(3, "ecg", YESTERDAY, YESTERDAY)],
            [],
        ),
        (replace(WITH_ECG, decision="mistake"), [], []),
        (replace(WITH_ECG, routes=frozenset({"iv"})), [], []),
    ],
)
def test_a_result_that_a_flag_asks_for(
    flag: FlagFact, results: list[ResultFact], expected: list[str]
) -> None:
    for given in (results, results[::-1]):
        assert [each.code for each in screening_blockers([flag], given, route="im", day=DAY)] == expected


@pytest.mark.parametrize(
    ("kind", "values", "is_one"),
    [
        ("pregnancy_test", {"outcome": "negative"}, True),
        ("pregnancy_test", {"outcome": "perhaps"}, False),
        ("pregnancy_test", {}, False),
        ("blood_pressure", {"readings": [{"systolic": 150, "diastolic": 95}]}, True),
        ("blood_pressure", {"readings": []}, False),
        ("blood_pressure", {"readings": [{"systolic": 95, "diastolic": 150}]}, False),
        ("blood_pressure", {"readings": [{"systolic": 120, "diastolic": 80}] * 31}, False),
        ("ecg", {"finding": "normal", "note": "sinus rhythm"}, True),
        ("ecg", {"note": "sinus rhythm"}, False),
        ("liver_tests", {"alt": 32, "ast": 28.5}, True),
        ("liver_tests", {"alt": -1}, False),
        ("liver_tests", {"alt": True}, False),
        ("urine_drug_test", {"outcome": "positive", "found": "cannabis"}, True),
        ("urine_drug_test", {"found": "cannabis"}, False),
        ("ecg", "normal", False),
    ],
)
def test_the_values_of_each_kind(kind: str, values: Any, is_one: bool) -> None:
    assert (result_rules.value_blockers(kind, values) == ()) == is_one
