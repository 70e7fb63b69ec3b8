"""State limits, monitoring programmes and the evaluation in person: rows, judged at signing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from practice.errors import DomainError, Invalid
from tests.api.calls import Caller
from tests.cast import NOW, Clinic
from treatment_plans.first_rows import prescribing_rules as first_prescribing_rules
from treatment_plans.models import PdmpCheck, PrescribingRule, StatePrescriptionLimit
from treatment_plans.rules.prescribing import (
    Looked,
    StateLimit,
    in_person_blockers,
    pdmp_blockers,
    refill_blockers,
    state_blockers,
)
from treatment_plans.supply import prescribing_checks, prescriptions
from treatment_plans.supply.ledger import SupplyRefused

DAY = date(2026, 11, 23)
CA = StateLimit("CA", 120, counts_refills=True, pdmp_check="warn")  # Cal. H&S 11200
NY = StateLimit("NY", 30, refill_days_before=7, pdmp_check="block")  # NY PHL 3339
SIX_MONTHS = StateLimit("XX", most_valid_days=90)


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("limit", "days_supply", "refills", "days_valid", "expected"),
    [
        (None, None, 5, 180, []),
        (CA, 30, 3, 180, []),  # 120 days with all refills
        (CA, 30, 4, 180, ["state_days_supply"]),
        (CA, 121, 0, 180, ["state_days_supply"]),
        (CA, None, 0, 180, ["missing_days_supply"]),
        (NY, 30, 5, 180, []),  # each fill by itself
        (NY, 31, 0, 180, ["state_days_supply"]),
        (SIX_MONTHS, None, 0, 90, []),
        (SIX_MONTHS, None, 0, 91, ["state_valid_days"]),
    ],
)
def test_what_a_state_allows(
    limit: StateLimit | None, days_supply: int | None, refills: int, days_valid: int, expected: list[str]
) -> None:
    blockers = state_blockers(limit, days_supply=days_supply, refills=refills, days_valid=days_valid)
    assert [each.code for each in blockers] == expected


@pytest.mark.parametrize(
    ("limit", "due_on", "is_due"),
    [
        (None, None, False),
        (StateLimit("AZ"), None, False),
        (NY, None, True),
        (NY, DAY, True),  # due today
        (NY, DAY + timedelta(days=1), False),
    ],
)
def test_when_the_monitoring_programme_is_due(
    limit: StateLimit | None, due_on: date | None, is_due: bool
) -> None:
    assert bool(pdmp_blockers(limit, Looked(pdmp_due_on=due_on), today=DAY)) is is_due


@pytest.mark.parametrize(
    ("from_on", "seen_on", "is_missing"),
    [
        (None, None, False),  # off
        (DAY + timedelta(days=1), None, False),  # from tomorrow
        (DAY, None, True),
        (DAY, date(2020, 1, 1), False),
    ],
)
def test_when_an_evaluation_in_person_is_missing(
    from_on: date | None, seen_on: date | None, is_missing: bool
) -> None:
    looked = Looked(in_person_from_on=from_on, seen_on=seen_on)
    assert bool(in_person_blockers(looked, today=DAY)) is is_missing


@pytest.mark.parametrize(("days", "is_early"), [(22, True), (23, False)])  # 30 days' supply, 7 days before
def test_when_a_refill_comes_too_early(days: int, is_early: bool) -> None:
    day = DAY + timedelta(days=days)
    assert bool(refill_blockers(NY, last_filled_on=DAY, days_supply=30, day=day)) is is_early


def drafted(clinic: Clinic, **changes: Any) -> int:
    clinic.ito.dea_number = "AB1234563"
    clinic.ito.save()
    body = {
        "client": clinic.maya.pk,
        "route": "sublingual",
        "drug": "ketamine",
        "strength_amount": "100",
        "strength_unit": "mg_each",
        "form": "troche",
        "dose_amount": "100",
        "doses_per_fill": 2,
        "quantity": "2",
        "quantity_unit": "troche",
        "units_per_dose": "1",
        "directions": "In the session only.",
        "client_address": "4 Elm St, Oakland CA",
        "valid_through_on": "2027-03-31",
        **changes,
    }
    return int(Caller(clinic.ito).post("prescriptions/draft", body).json()["id"])


def reasons(clinic: Clinic, pk: int) -> tuple[list[str], list[str]]:
    body = Caller(clinic.ito).get(f"prescriptions/{pk}/signing").json()
    return [each["code"] for each in body["blockers"]], [each["code"] for each in body["warnings"]]


@pytest.mark.django_db
def test_what_the_rows_say_is_judged_at_signing(clinic: Clinic) -> None:
    assert first_prescribing_rules.add_missing() == 3
    assert first_prescribing_rules.add_missing() == 0  # the clinic's own values stay
    pk = drafted(clinic)
    assert reasons(clinic, pk) == (["missing_days_supply"], ["pdmp_check_due"])
    PrescribingRule.objects.update(is_on=True, applies_from_on=DAY)
    StatePrescriptionLimit.objects.update(pdmp_check="block")
    against = ["missing_days_supply", "in_person_evaluation_missing", "pdmp_check_due"]
    assert reasons(clinic, pk) == (against, [])
    signed = Caller(clinic.ito).post(f"prescriptions/{pk}/sign", {"reference": "EPCS-1"})
    assert [each["code"] for each in signed.json()["blockers"]] == against
    caller = Caller(clinic.ito)
    check = {"client": clinic.maya.pk, "result": "expected", "key": str(uuid4())}
    made = [caller.post("pdmp-checks", check).json() for _again in range(2)]
    assert (made[0], made[0]["state"], made[0]["next_due_on"]) == (made[1], "CA", "2026-11-30")
    seen = {"client": clinic.maya.pk, "evaluated_on": "2026-11-23"}
    assert caller.post("in-person-evaluations", seen).status_code == 201
    assert caller.post("in-person-evaluations", seen).json()["code"] == "evaluated_before"
    caller.send("PATCH", f"prescriptions/{pk}", {"days_supply": 28}, **{"If-Match": '"1"'})
    assert caller.post(f"prescriptions/{pk}/sign", {"reference": "EPCS-1"}).json()["status"] == "signed"


@pytest.mark.django_db
def test_a_refill_waits_for_its_day(clinic: Clinic) -> None:
    StatePrescriptionLimit.objects.create(
        state="CA", most_days_supply=30, refill_days_before=7, source="as New York"
    )
    pk = drafted(clinic, days_supply=30, refills=1)
    prescriptions.sign(pk, reference="EPCS-1", actor=clinic.ito.user, now=NOW)
    prescriptions.dispense(pk, key=uuid4(), actor=clinic.nia, now=NOW)
    with pytest.raises(SupplyRefused) as refused:
        prescriptions.dispense(pk, key=uuid4(), actor=clinic.nia, now=NOW + timedelta(days=22))
    assert [each.code for each in refused.value.blockers] == ["refill_too_early"]
    prescriptions.dispense(pk, key=uuid4(), actor=clinic.nia, now=NOW + timedelta(days=23))


@pytest.mark.django_db
def test_a_look_is_not_ahead_and_a_concern_is_told(clinic: Clinic) -> None:
    told: dict[str, Any] = {"prescriber": clinic.ito, "actor": clinic.ito.user, "now": NOW}
    with pytest.raises(Invalid):
        prescribing_checks.record_pdmp_check(
            clinic.maya.pk, result="nothing", key=uuid4(), checked_at=NOW + timedelta(seconds=1), **told
        )
    with pytest.raises(Exception, match="Say what was found"):
        prescribing_checks.record_pdmp_check(clinic.maya.pk, result="concern", key=uuid4(), **told)
    key = uuid4()
    prescribing_checks.record_pdmp_check(clinic.maya.pk, result="nothing", key=key, **told)
    with pytest.raises(DomainError) as refused:
        prescribing_checks.record_pdmp_check(clinic.maya.pk, result="expected", key=key, **told)
    assert (refused.value.code, PdmpCheck.objects.count()) == ("key_used_before", 1)
