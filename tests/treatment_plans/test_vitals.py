"""What can't be vitals, what is out of the protocol's range, and what is due when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from treatment_plans.rules import vitals
from treatment_plans.rules.vitals import Due, Limits, Reading

NOW = datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# The defaults of docs/protocols.md for an intramuscular dose.
LIMITS = Limits(
    warn_systolic=140,
    warn_diastolic=90,
    hold_systolic=160,
    hold_diastolic=100,
    emergency_systolic=180,
    emergency_diastolic=120,
    heart_rate_low=50,
    heart_rate_high=110,
    spo2_low=94,
    spo2_required=True,
    sedation_alert=3,
    sedation_emergency=1,
    recheck_wait=15 * MINUTE,
    recheck_max=3,
    tolerance=5 * MINUTE,
    valid_for=30 * MINUTE,
)
SPRAVATO = replace(LIMITS, hold_systolic=None, hold_diastolic=None)
WELL = Reading(at=NOW, systolic=120, diastolic=78, heart_rate=70, spo2=98)


def codes(blockers: tuple[object, ...]) -> list[str]:
    return [blocker.code for blocker in blockers]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"systolic": 79}, []),
        ({"systolic": 78}, ["impossible_pressure"]),  # diastolic as high as systolic
        ({"diastolic": 1}, []),
        ({"diastolic": 0}, ["impossible_pressure"]),
        ({"systolic": -120, "diastolic": -130}, ["impossible_pressure"]),
        ({"systolic": 300}, []),
        ({"systolic": 301}, ["impossible_pressure"]),
        ({"heart_rate": 0}, ["impossible_heart_rate"]),
        ({"heart_rate": 1}, []),
        ({"spo2": 100}, []),
        ({"spo2": 101}, ["impossible_spo2"]),
        ({"spo2": None}, []),
        ({"respiratory_rate": 0}, ["impossible_respiratory_rate"]),
        ({"sedation_score": 5}, []),
        ({"sedation_score": 6}, ["impossible_sedation_score"]),
        ({"sedation_score": -1}, ["impossible_sedation_score"]),
        ({"at": NOW - 10 * MINUTE}, []),  # the minute of the check-in
        ({"at": NOW - 10 * MINUTE - timedelta(seconds=1)}, ["taken_before_check_in"]),
    ],
)
def test_what_can_not_be(changes: dict[str, object], expected: list[str]) -> None:
    reading = replace(WELL, **changes)  # type: ignore[arg-type]
    checked_in = NOW - 10 * MINUTE + timedelta(seconds=30)
    assert codes(vitals.impossible(reading, not_before=checked_in)) == expected


def test_all_reasons_come_at_once() -> None:
    wrong = Reading(at=NOW + MINUTE, systolic=80, diastolic=90, heart_rate=-1, spo2=120, sedation_score=9)
    assert codes(vitals.impossible(wrong, not_before=None)) == [
        "impossible_pressure",
        "impossible_heart_rate",
        "impossible_spo2",
        "impossible_sedation_score",
        "check_in_missing",
    ]


@pytest.mark.parametrize(
    ("changes", "limits", "expected"),
    [
        ({}, LIMITS, []),
        # Spravato US labelling: above 140 systolic or above 90 diastolic
        ({"systolic": 140, "diastolic": 90}, LIMITS, []),
        ({"systolic": 141}, LIMITS, ["bp_above_warning"]),
        ({"diastolic": 91}, SPRAVATO, ["bp_above_warning"]),
        # clinic convention: from 160/100 on no dose
        ({"systolic": 159, "diastolic": 99}, LIMITS, ["bp_above_warning"]),
        ({"systolic": 160}, LIMITS, ["bp_at_hold"]),
        ({"systolic": 161}, LIMITS, ["bp_above_hold"]),
        ({"systolic": 140, "diastolic": 101}, LIMITS, ["bp_above_hold"]),
        ({"systolic": 175}, SPRAVATO, ["bp_above_warning"]),
        # convention: emergency from 180/120 on
        ({"systolic": 179, "diastolic": 119}, LIMITS, ["bp_above_hold"]),
        ({"systolic": 180}, SPRAVATO, ["bp_emergency"]),
        ({"systolic": 150, "diastolic": 120}, LIMITS, ["bp_emergency"]),
        # convention: 50 to 110, 94 %
        ({"heart_rate": 50}, LIMITS, []),
        ({"heart_rate": 49}, LIMITS, ["heart_rate_out_of_range"]),
        ({"heart_rate": 110}, LIMITS, []),
        ({"heart_rate": 111}, LIMITS, ["heart_rate_out_of_range"]),
        ({"spo2": 94}, LIMITS, []),
        ({"spo2": 93}, LIMITS, ["spo2_low"]),
        ({"spo2": None}, LIMITS, ["spo2_missing"]),
        ({"spo2": None}, replace(LIMITS, spo2_required=False), []),
        # MOAA/S: alert at 3, emergency at 1
        ({"sedation_score": 4}, LIMITS, []),
        ({"sedation_score": 3}, LIMITS, ["sedation_deep"]),
        ({"sedation_score": 2}, LIMITS, ["sedation_deep"]),
        ({"sedation_score": 1}, LIMITS, ["sedation_emergency"]),
        (
            {"systolic": 190, "heart_rate": 130, "spo2": 88},
            LIMITS,
            ["bp_emergency", "heart_rate_out_of_range", "spo2_low"],
        ),
    ],
)
def test_what_is_out_of_range(changes: dict[str, object], limits: Limits, expected: list[str]) -> None:
    assert codes(vitals.remarks(replace(WELL, **changes), limits)) == expected  # type: ignore[arg-type]


def test_the_remark_says_what_to_do() -> None:
    # without the emergency level, which 182 reaches
    limits = replace(LIMITS, emergency_systolic=220, emergency_diastolic=140)
    (remark,) = vitals.remarks(replace(WELL, systolic=182, diastolic=101), limits)
    assert remark.text() == (
        "182/101 is above the limit set in the protocol, 160/100. Repeat in 15 min; call the prescriber."
    )


HIGH = replace(WELL, systolic=165)


def tries(*spans: tuple[int, Reading]) -> list[Reading]:
    return [replace(reading, at=NOW + minutes * MINUTE) for minutes, reading in spans]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        (tries((0, WELL)), []),
        (tries((0, HIGH)), ["bp_on_hold"]),
        (tries((0, HIGH), (14, WELL)), ["bp_repeated_too_early"]),
        (tries((0, HIGH), (15, WELL)), []),
        (tries((0, HIGH), (5, WELL), (15, WELL)), []),
        (tries((0, HIGH), (15, HIGH), (30, HIGH)), ["bp_on_hold"]),
        (tries((0, HIGH), (15, HIGH), (30, HIGH), (45, WELL)), []),
        (tries((0, HIGH), (15, HIGH), (30, HIGH), (45, HIGH)), ["bp_tries_used"]),
    ],
)
def test_a_held_dose_waits_for_another_try(readings: list[Reading], expected: list[str]) -> None:
    assert codes(vitals.hold_blockers(readings, LIMITS, now=NOW + 60 * MINUTE)) == expected


def test_spravato_has_no_level_that_holds_by_itself() -> None:
    assert vitals.hold_blockers([HIGH], SPRAVATO, now=NOW) == ()


SCHEDULE = (0, 15, 30, 60)  # clinic convention for an intramuscular dose


def states(taken: list[int], now: int) -> list[str]:
    """By minutes since the dose."""
    readings = [replace(WELL, at=NOW + minutes * MINUTE, id=minutes + 100) for minutes in taken]
    points = vitals.schedule(SCHEDULE, readings, LIMITS, dosed_at=NOW, now=NOW + now * MINUTE)
    return [str(point.state) for point in points]


@pytest.mark.parametrize(
    ("taken", "now", "expected"),
    [
        ([-10], 0, ["done", "upcoming", "upcoming", "upcoming"]),
        ([-31], 9, ["overdue", "upcoming", "upcoming", "upcoming"]),  # too old to count for the dose
        ([-10], 9, ["done", "upcoming", "upcoming", "upcoming"]),
        ([-10], 10, ["done", "due", "upcoming", "upcoming"]),
        ([-10], 20, ["done", "due", "upcoming", "upcoming"]),
        ([-10], 21, ["done", "overdue", "upcoming", "upcoming"]),
        ([-10], 25, ["done", "missed", "due", "upcoming"]),
        ([-10, 9], 12, ["done", "due", "upcoming", "upcoming"]),  # too early for the one at 15
        ([-10, 10], 12, ["done", "done", "upcoming", "upcoming"]),
        ([-10, 24], 26, ["done", "done", "due", "upcoming"]),  # late, but before the next one's time
        ([-10, 15, 30, 61], 200, ["done", "done", "done", "done"]),
        ([-10, 15, 30], 200, ["done", "done", "done", "overdue"]),  # the last one never goes away
    ],
)
def test_what_is_due(taken: list[int], now: int, expected: list[str]) -> None:
    assert states(taken, now) == expected


def test_the_next_one_is_the_first_that_can_still_be_done() -> None:
    points = vitals.schedule(SCHEDULE, [], LIMITS, dosed_at=NOW, now=NOW + 26 * MINUTE)
    following = vitals.next_point(points)
    assert following is not None
    assert (following.minutes, following.state) == (30, Due.DUE)
    assert following.at == NOW + 30 * MINUTE


@pytest.mark.parametrize(
    ("read_at", "now", "expected"),
    [  # minutes after the dose; vitals are wanted at 0, 15, 30 and 60, with a grace of 5
        ([-5], 20, None),  # the last instant of the grace
        ([-5], 21, 15),
        ([-5], 40, 15),  # 30 is over too, and the first one counts
        ([-5, 22], 36, 30),
        ([-5, 26], 36, None),  # early for 30
        ([-5, 31], 60, None),  # 15 was missed, but somebody has been there since
        ([-5, 31], 66, 60),
        ([-5, 61], 300, None),
        ([], 1, None),  # within the grace of the reading before the dose
        ([], 8, 0),
    ],
)
def test_since_when_nobody_attends(read_at: list[int], now: int, expected: int | None) -> None:
    points = vitals.schedule(
        [0, 15, 30, 60],
        [replace(WELL, at=NOW + minutes * MINUTE) for minutes in read_at],
        LIMITS,
        dosed_at=NOW,
        now=NOW + now * MINUTE,
    )
    found = vitals.unattended(points)
    assert (found.minutes if found else None) == expected
