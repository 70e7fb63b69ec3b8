"""May the dose be given, may the client leave: both sides of each boundary, with where it comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.treatment_plans.test_vitals import LIMITS, MINUTE, NOW, WELL
from treatment_plans.rules import check_in, discharge
from treatment_plans.rules import dosing as dosing_rules
from treatment_plans.rules.check_in import CheckedIn
from treatment_plans.rules.discharge import Criteria, Leaving
from treatment_plans.rules.dosing import BeforeDose, Given, Order, Signed, WantedDose

DAY = date(2026, 12, 1)
ONE_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
READY = BeforeDose(
    is_in_session=True,
    is_ended=False,
    is_checked_in=True,
    needs_therapist=True,
    fit=Signed(True, NOW),
    cleared=Signed(True, NOW),
    readings=[replace(WELL, id=7)],
    limits=LIMITS,
    given=[],
    second_dose_allowed=False,
    needs_prescriber_on_site=True,
    is_prescriber_on_site=True,
)
HIGH = replace(WELL, id=7, systolic=141)
ONCE = [Given(1, NOW - HOUR)]


def codes(blockers: tuple[Any, ...]) -> list[str]:
    return [blocker.code for blocker in blockers]


@pytest.mark.parametrize(
    ("changes", "number", "expected"),
    [
        ({}, 1, []),
        ({"is_in_session": False}, 1, ["not_in_session"]),
        ({"is_ended": True}, 1, ["record_ended"]),
        ({"is_checked_in": False}, 1, ["check_in_missing"]),
        ({"fit": None}, 1, ["fit_missing"]),
        ({"fit": None, "needs_therapist": False}, 1, []),
        ({"fit": Signed(False, NOW)}, 1, ["not_fit"]),
        ({"cleared": None}, 1, ["cleared_missing"]),
        ({"cleared": Signed(False, NOW)}, 1, ["not_cleared"]),
        ({"readings": []}, 1, ["vitals_missing"]),
        # a reading counts for 30 min
        ({"readings": [replace(WELL, at=NOW - 30 * MINUTE)]}, 1, []),
        ({"readings": [replace(WELL, at=NOW - 30 * MINUTE - timedelta(seconds=1))]}, 1, ["vitals_too_old"]),
        ({"readings": [replace(WELL, spo2=None)]}, 1, ["spo2_missing"]),
        # Spravato US labelling: above 140/90 the prescriber decides
        ({"readings": [HIGH]}, 1, ["vitals_not_accepted"]),
        ({"readings": [HIGH], "cleared": Signed(True, NOW, accepts=7)}, 1, []),
        ({"readings": [HIGH], "cleared": Signed(True, NOW, accepts=6)}, 1, ["vitals_not_accepted"]),
        # docs/protocols.md: from 160/100 on no dose, whoever accepts it
        (
            {"readings": [replace(HIGH, systolic=160)], "cleared": Signed(True, NOW, accepts=7)},
            1,
            ["bp_on_hold"],
        ),
        # Spravato REMS: the prescriber is on site
        ({"is_prescriber_on_site": False}, 1, ["prescriber_not_on_site"]),
        ({"is_prescriber_on_site": False, "needs_prescriber_on_site": False}, 1, []),
        ({"given": ONCE}, 1, ["dose_given"]),
        ({"given": ONCE}, 2, ["second_dose_not_allowed"]),
        ({"given": ONCE, "second_dose_allowed": True}, 2, []),
        ({"second_dose_allowed": True}, 2, ["first_dose_missing"]),
    ],
)
def test_before_the_dose(changes: dict[str, Any], number: int, expected: list[str]) -> None:
    assert (
        codes(dosing_rules.before_dose_blockers(replace(READY, **changes), number=number, now=NOW))
        == expected
    )


ORDER = Order(
    route="im",
    unit="mg",
    amount=Decimal(40),
    issued_on=DAY - timedelta(days=10),
    valid_through_on=DAY,
    is_in_force=True,
)
BY_WEIGHT = replace(ORDER, unit="mg_per_kg", amount=Decimal("0.5"))
WANTED = WantedDose(
    number=1,
    amount=Decimal(40),
    unit="mg",
    route="im",
    weight_kg=None,
    is_self_administered=False,
    witnessed_by="",
)


@pytest.mark.parametrize(
    ("changes", "order", "most", "expected"),
    [
        ({}, ORDER, None, []),
        ({"amount": Decimal("40.001")}, ORDER, None, ["above_the_order"]),
        ({"unit": "mg_per_kg"}, ORDER, None, ["wrong_unit"]),
        ({"route": "iv"}, ORDER, None, ["wrong_route"]),
        ({}, replace(ORDER, is_in_force=False), None, ["prescription_not_in_force"]),
        (
            {},
            replace(ORDER, valid_through_on=DAY - ONE_DAY),
            None,
            ["prescription_not_valid_today"],
        ),
        ({}, replace(ORDER, issued_on=DAY + ONE_DAY), None, ["prescription_not_valid_today"]),
        ({}, replace(ORDER, issued_on=DAY), None, []),
        ({"weight_kg": Decimal(80)}, BY_WEIGHT, None, []),
        ({"weight_kg": Decimal("79.9")}, BY_WEIGHT, None, ["above_the_order"]),
        ({}, BY_WEIGHT, None, ["weight_missing"]),
        ({"is_self_administered": True}, ORDER, None, ["witness_missing"]),
        ({"is_self_administered": True, "witnessed_by": "Ana"}, ORDER, None, []),
        ({"number": 2, "amount": Decimal(20)}, ORDER, Decimal(20), []),
        ({"number": 2, "amount": Decimal("20.5")}, ORDER, Decimal(20), ["above_the_order"]),
        ({"number": 1}, ORDER, Decimal(20), []),  # of the second one only
        ({"number": 2, "amount": Decimal(41)}, ORDER, Decimal(50), ["above_the_order"]),
        (
            {"amount": Decimal(50), "route": "iv"},
            replace(ORDER, is_in_force=False),
            None,
            ["prescription_not_in_force", "wrong_route", "above_the_order"],
        ),
    ],
)
def test_what_was_ordered(
    changes: dict[str, Any], order: Order, most: Decimal | None, expected: list[str]
) -> None:
    wanted = replace(WANTED, **changes)
    assert codes(dosing_rules.order_blockers(wanted, order, second_dose_max=most, day=DAY)) == expected


LEAVING = Leaving(
    route="im",
    is_discharged=False,
    to_emergency_care=False,
    has_serious_event=False,
    given=ONCE,
    infusion_ended_at=None,
    min_observation=HOUR,
    before=replace(WELL, at=NOW - HOUR - 5 * MINUTE),
    last=replace(WELL, at=NOW - MINUTE),
    limits=LIMITS,
    vitals_needed=True,
    lowest_sedation_score=5,
    lowest_spo2=95,
    bp_percent=20,
    escort_needed=True,
    client_keeps_medicine=False,
)
FINE = Criteria(
    sedation_score=5,
    is_oriented=True,
    walks_steadily=True,
    nausea="mild",
    pain="none",
    taken_over_by="Joel",
    aftercare_given=True,
    medicine_remaining=None,
)
SECOND = timedelta(seconds=1)


def dosed(*ago: timedelta) -> list[Given]:
    return [Given(number, NOW - each) for number, each in enumerate(ago, start=1)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"given": dosed(HOUR - SECOND)}, ["observation_not_over"]),
        ({"given": dosed(2 * HOUR, HOUR - SECOND)}, ["observation_not_over"]),  # from the last dose
        ({"given": dosed(2 * HOUR, HOUR)}, []),
        ({"given": []}, ["no_dose"]),
        ({"is_discharged": True}, ["left_before"]),
        # IV: from the end of the infusion
        ({"route": "iv"}, ["infusion_end_missing"]),
        ({"route": "iv", "infusion_ended_at": NOW - HOUR}, []),
        ({"route": "iv", "infusion_ended_at": NOW - HOUR + SECOND}, ["observation_not_over"]),
        ({"route": "iv", "infusion_ended_at": NOW - 2 * HOUR}, ["infusion_end_missing"]),  # before the dose
        # Spravato US labelling and REMS: two hours from the first device, whatever the protocol says
        ({"route": "spravato", "given": dosed(2 * HOUR)}, []),
        ({"route": "spravato", "given": dosed(2 * HOUR - SECOND)}, ["observation_locked"]),
        ({"route": "spravato", "min_observation": MINUTE, "given": dosed(HOUR)}, ["observation_locked"]),
        ({"route": "spravato", "given": dosed(2 * HOUR, HOUR)}, []),
        (
            {"route": "spravato", "min_observation": 150 * MINUTE, "given": dosed(2 * HOUR)},
            ["observation_not_over"],  # what the protocol adds is not locked
        ),
        ({"to_emergency_care": True, "given": dosed(MINUTE)}, ["no_serious_event"]),
        ({"to_emergency_care": True, "given": dosed(MINUTE), "has_serious_event": True}, []),
    ],
)
def test_how_long_they_stay(changes: dict[str, Any], expected: list[str]) -> None:
    facts = replace(LEAVING, **changes)
    assert codes(discharge.time_blockers(facts, now=NOW)) == expected


def last(**values: Any) -> dict[str, Any]:
    return {"last": replace(LEAVING.last, **values)}  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("changes", "said", "expected"),
    [
        ({}, {}, []),
        ({}, {"sedation_score": 4}, ["sedated"]),
        ({}, {"sedation_score": None}, ["sedation_score_missing"]),
        ({}, {"is_oriented": False}, ["not_oriented"]),
        ({}, {"walks_steadily": False}, ["not_steady"]),
        ({}, {"nausea": "moderate"}, ["nausea"]),
        ({}, {"pain": "mild"}, []),
        ({}, {"pain": "severe"}, ["pain"]),
        ({}, {"taken_over_by": ""}, ["nobody_takes_over"]),
        ({"escort_needed": False}, {"taken_over_by": ""}, []),
        ({}, {"aftercare_given": False}, ["aftercare_missing"]),
        ({"client_keeps_medicine": True}, {}, ["medicine_not_counted"]),
        ({"client_keeps_medicine": True}, {"medicine_remaining": 0}, []),
        ({"last": None}, {}, ["vitals_missing"]),
        (last(at=NOW - HOUR), {}, ["vitals_missing"]),  # the one before the dose is none after it
        (last(at=NOW - 30 * MINUTE), {}, []),
        (last(at=NOW - 31 * MINUTE), {}, ["vitals_too_old"]),
        ({"vitals_needed": False} | last(at=NOW - 31 * MINUTE), {}, []),
        # below 140/90, or within 20 % of the reading before the dose, 120/78
        (last(systolic=139), {}, []),
        (last(systolic=144), {}, []),
        (last(systolic=145), {}, ["bp_not_near_baseline"]),
        (last(spo2=95), {}, []),
        (last(spo2=94), {}, ["spo2_too_low"]),
        (last(spo2=None), {}, ["spo2_missing"]),
        ({"to_emergency_care": True, "has_serious_event": True}, {"is_oriented": False}, []),
    ],
)
def test_how_they_are_when_they_leave(
    changes: dict[str, Any], said: dict[str, Any], expected: list[str]
) -> None:
    facts, criteria = replace(LEAVING, **changes), replace(FINE, **said)
    assert codes(discharge.discharge_blockers(facts, criteria, now=NOW)) == expected


@pytest.mark.parametrize(
    ("severity", "is_serious", "holds_from", "holds"),
    [
        ("severe", False, "severe", True),
        ("moderate", False, "severe", False),
        ("moderate", False, "moderate", True),
        ("mild", False, "moderate", False),
        ("severe", False, "serious", False),
        ("mild", True, "serious", True),
        ("mild", True, "severe", True),
    ],
)
def test_what_holds_a_course(severity: str, is_serious: bool, holds_from: str, holds: bool) -> None:
    found = dosing_rules.holds_course(severity=severity, is_serious=is_serious, holds_from=holds_from)
    assert found is holds


CHECKED_IN = CheckedIn(
    last_food_at=NOW - 6 * HOUR,
    last_drink_at=NOW - 2 * HOUR,
    solids_fast=6 * HOUR,
    liquids_fast=2 * HOUR,
    brings_medicine=True,
    medicine_seen=True,
    ride_needed=True,
    has_ride_phone=True,
    has_new_medicines=False,
    is_ill=False,
    may_be_pregnant=None,
    has_bladder_symptoms=False,
    cssrs_wanted=True,
    has_cssrs=True,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"last_food_at": NOW - 6 * HOUR + SECOND}, ["food_too_late"]),
        ({"last_food_at": None}, ["food_not_known"]),
        ({"last_drink_at": NOW - 2 * HOUR + SECOND}, ["drink_too_late"]),
        ({"last_drink_at": None}, []),
        ({"medicine_seen": None}, ["medicine_not_seen"]),
        ({"medicine_seen": None, "brings_medicine": False}, []),
        ({"has_ride_phone": False}, ["ride_phone_missing"]),
        ({"has_new_medicines": True, "is_ill": True}, ["new_medicines", "ill"]),
        ({"may_be_pregnant": True, "has_bladder_symptoms": True}, ["may_be_pregnant", "bladder_symptoms"]),
        ({"has_cssrs": False}, ["cssrs_missing"]),
        ({"has_cssrs": False, "cssrs_wanted": False}, []),
    ],
)
def test_what_the_check_in_remarks(changes: dict[str, Any], expected: list[str]) -> None:
    facts = replace(CHECKED_IN, **changes)
    assert codes(check_in.remarks(facts, starts_at=NOW)) == expected
