"""Scores against the published rules: every band's edge, every item that asks for a look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatment_plans.rules.instruments import (
    HIGH,
    INSTRUMENTS,
    LOW,
    Answers,
    Change,
    answer_blockers,
    change,
    score,
)

PHQ9, GAD7, PCL5, CSSRS = (INSTRUMENTS[code] for code in ("phq9", "gad7", "pcl5", "cssrs"))
CALM = {"1": 0, "2": 0, "6": 0}


def adding_up_to(code: str, total: int) -> dict[str, int]:
    """Answers with this raw sum, the first items as high as they go."""
    instrument, answers = INSTRUMENTS[code], {}
    for item in instrument.items:
        answers[item] = min(instrument.highest, total)
        total -= answers[item]
    return answers


def reasons(code: str, answers: Answers) -> list[tuple[str, Any]]:
    found = answer_blockers(INSTRUMENTS[code], answers)
    return [(blocker.code, blocker.params.get("item", blocker.params.get("items"))) for blocker in found]


# Sources: the publishers' scoring instructions, named in docs/measures.md.
@pytest.mark.parametrize(
    ("code", "edges"),
    [
        ("phq9", {0: "minimal", 5: "mild", 10: "moderate", 15: "moderately_severe", 20: "severe"}),
        ("gad7", {0: "minimal", 5: "mild", 10: "moderate", 15: "severe"}),
        ("pcl5", {0: "below", 31: "probable"}),
        ("madrs", {0: "minimal", 7: "mild", 20: "moderate", 35: "severe"}),
    ],
)
def test_each_band_begins_where_the_publisher_says(code: str, edges: dict[int, str]) -> None:
    instrument = INSTRUMENTS[code]
    band = ""
    for total in range((instrument.most or 0) + 1):
        band = edges.get(total, band)
        found = score(instrument, adding_up_to(code, total))
        assert (found.total, found.band) == (total, band)


@pytest.mark.parametrize(
    ("code", "most"),
    [
        ("phq9", 27),
        ("gad7", 21),
        ("pcl5", 80),
        ("who5", 100),
        ("qids16", 27),
        ("madrs", 60),
        ("cadss6", 24),
        ("cssrs", None),
    ],
)
def test_the_highest_total(code: str, most: int | None) -> None:
    assert INSTRUMENTS[code].most == most


@pytest.mark.parametrize(("raw", "total", "band"), [(12, 48, "low"), (13, 52, "usual"), (25, 100, "usual")])
def test_wellbeing_is_low_below_a_raw_score_of_13(raw: int, total: int, band: str) -> None:
    found = score(INSTRUMENTS["who5"], adding_up_to("who5", raw))
    assert (found.total, found.band) == (total, band)


def test_qids_takes_the_worst_of_sleep_of_appetite_and_of_the_psychomotor_pair() -> None:
    answers = dict.fromkeys(INSTRUMENTS["qids16"].items, 0) | {
        "1": 2,
        "4": 3,
        "7": 1,
        "9": 2,
        "15": 1,
        "5": 1,
    }
    assert score(INSTRUMENTS["qids16"], answers).total == 3 + 2 + 1 + 1


def test_the_clusters_of_pcl5() -> None:
    found = score(PCL5, dict.fromkeys(PCL5.items, 0) | {"1": 4, "6": 2, "7": 1, "8": 2, "9": 3, "20": 1})
    assert found.total == 13
    assert found.parts == {
        "b": 4,
        "c": 3,
        "d": 5,
        "e": 1,
        "b_symptoms": 1,
        "c_symptoms": 1,
        "d_symptoms": 2,
        "e_symptoms": 0,
    }


# What asks a person to look


@pytest.mark.parametrize(
    ("answer", "flags", "alert"),
    [(0, (), ""), (1, ("item_9",), LOW), (2, ("item_9",), HIGH), (3, ("item_9",), HIGH)],
)
def test_item_9_asks_for_a_look_whatever_the_total(answer: int, flags: tuple[str, ...], alert: str) -> None:
    found = score(PHQ9, dict.fromkeys(PHQ9.items, 0) | {"9": answer})
    assert (found.flags, found.alert, found.band) == (flags, alert, "minimal")


def test_item_9_left_out_is_asked_again() -> None:
    answers = dict.fromkeys(PHQ9.items, 1)
    del answers["9"]
    found = score(PHQ9, answers)
    assert (found.flags, found.alert, found.total, found.is_prorated) == (("item_9_missing",), LOW, 9, True)


@pytest.mark.parametrize(
    ("answers", "flags", "alert"),
    [
        ({}, (), ""),
        ({"1": 1}, ("cssrs_low",), LOW),
        ({"2": 1, "3": 0, "4": 0, "5": 0}, ("cssrs_low",), LOW),
        ({"2": 1, "3": 1, "4": 0, "5": 0}, ("cssrs_moderate",), HIGH),
        ({"6": 1, "7": 0}, ("cssrs_moderate",), HIGH),
        ({"2": 1, "3": 0, "4": 1, "5": 0}, ("cssrs_high",), HIGH),
        ({"2": 1, "3": 0, "4": 0, "5": 1}, ("cssrs_high",), HIGH),
        ({"6": 1, "7": 1}, ("cssrs_high",), HIGH),
    ],
)
def test_the_screener_goes_by_its_highest_item(answers: Answers, flags: tuple[str, ...], alert: str) -> None:
    found = score(CSSRS, {**CALM, **answers})
    assert (found.total, found.flags, found.alert) == (None, flags, alert)


# What is no answer


@pytest.mark.parametrize(
    ("code", "answers", "expected"),
    [
        ("gad7", {}, [("too_many_missing", "1, 2, 3, 4, 5, 6, 7")]),
        ("phq9", dict.fromkeys("123456", 1), [("too_many_missing", "7, 8, 9")]),
        ("phq9", dict.fromkeys("1234567", 1), []),
        ("phq9", dict.fromkeys("123456789", 1) | {"10": 0}, [("no_such_item", "10")]),
        (
            "gad7",
            dict.fromkeys("1234567", 0) | {"2": 4, "5": -1, "a": 1},
            [("no_such_item", "a"), ("out_of_range", "2"), ("out_of_range", "5")],
        ),
        ("cssrs", {"1": 0, "2": 1, "6": 0}, [("too_many_missing", "3, 4, 5")]),
        ("cssrs", {**CALM, "3": 1}, [("not_asked", "3")]),
        ("cssrs", {"1": 0, "2": 0, "6": 1}, [("too_many_missing", "7")]),
        ("cssrs", {"2": 0, "6": 0}, [("too_many_missing", "1")]),
    ],
)
def test_every_reason_is_named(code: str, answers: Answers, expected: list[tuple[str, Any]]) -> None:
    assert reasons(code, answers) == expected
    if expected:
        with pytest.raises(ValueError, match="no answers"):
            score(INSTRUMENTS[code], answers)


@given(st.data())
def test_whatever_is_accepted_has_a_score_within_its_scale(data: st.DataObject) -> None:
    instrument = data.draw(st.sampled_from(sorted(INSTRUMENTS.values(), key=lambda each: each.code)))
    items = st.sampled_from((*instrument.items, "0", "31"))
    answers = data.draw(st.dictionaries(items, st.integers(-1, instrument.highest + 1)))
    if answer_blockers(instrument, answers):
        return
    found = score(instrument, answers)
    assert (found.total is None) == (not instrument.has_total)
    assert found.total is None or 0 <= found.total <= (instrument.most or 0)
    assert bool(found.alert) == bool(found.flags)


# What a change means


@pytest.mark.parametrize(
    ("code", "first", "later", "expected"),
    [
        ("phq9", 18, 9, Change(9, True, False, True)),
        ("phq9", 18, 10, Change(8, False, False, True)),
        ("phq9", 18, 4, Change(14, True, True, True)),
        ("phq9", 4, 2, Change(2, True, False, False)),  # was in remission before
        ("phq9", 0, 0, Change(0, False, False, False)),
        ("phq9", 10, 16, Change(-6, False, False, True)),  # reliably worse
        ("gad7", 12, 7, Change(5, False, False, False)),
        ("gad7", 12, 6, Change(6, True, False, True)),
        ("who5", 40, 52, Change(12, None, None, True)),
        ("pcl5", 50, 41, Change(9, None, None, False)),
        ("cadss6", 10, 5, Change(5, None, None, None)),
    ],
)
def test_what_a_change_means(code: str, first: int, later: int, expected: Change) -> None:
    assert change(INSTRUMENTS[code], first, later) == expected
