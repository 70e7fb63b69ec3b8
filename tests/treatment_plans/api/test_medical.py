"""Clearances, enrolments and prescriptions: psychiatrists decide, clinicians read."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Activity, Clinician
from tests.api.calls import Caller, codes, pointers
from tests.cast import Clinic, make_client, make_clinician, make_user
from tests.practice.api.edits import edit
from treatment_plans.models import Clearance, Prescription, RemsEnrollment

pytestmark = pytest.mark.django_db


def cleared(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    return {
        "client": clinic.maya.pk,
        "decision": "cleared",
        "valid_from_on": "2026-11-01",
        "valid_through_on": "2027-10-31",
    } | changes


def prescribed(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    return {
        "client": clinic.maya.pk,
        "route": "im",
        "drug": "ketamine 50 mg/mL",
        "dose_amount": "40",
        "doses_per_fill": 3,
        "refills": 1,
        "issued_on": "2026-11-20",
        "valid_through_on": "2027-03-31",
    } | changes


def another_psychiatrist(clinic: Clinic) -> Clinician:
    return make_clinician("Uma", "psychiatrist", clinic.location, user=make_user("uma", "psychiatrist"))


# Clearances


def test_a_clearance_is_in_the_name_of_who_signed_in_and_supersedes_the_last(clinic: Clinic) -> None:
    first = Caller(clinic.ito).post("clearances", cleared(clinic))
    assert first.status_code == 201, first.json()
    assert (first.json()["decided_by"], first.json()["decided_at"]) == (clinic.ito.pk, "2026-11-23T18:00:00Z")
    later = cleared(clinic, decision="not_now", decided_by=clinic.ito.pk, conditions="after\nsurgery")
    second = Caller(clinic.ito).post("clearances", later)
    assert second.status_code == 201, second.json()
    listed = Caller(clinic.ana).get("clearances", client=clinic.maya.pk).json()["results"]
    assert [(each["decision"], each["superseded_at"] is None) for each in listed] == [
        ("cleared", False),
        ("not_now", True),
    ]
    assert "not_now" not in str(Activity.objects.values_list("data", "reason"))


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"decision": "perhaps"}, "/decision", "invalid_choice"),
        ({"valid_through_on": None}, "/valid_through_on", "required"),
        ({"valid_through_on": "2026-10-31"}, "/valid_through_on", "ends_before_it_begins"),
        ({"valid_from_on": "tomorrow"}, "/valid_from_on", "invalid"),
        ({"superseded_at": None}, "/superseded_at", "unknown_field"),
        ({"conditions": "x" * 4001}, "/conditions", "max_length"),
    ],
)
def test_every_wrong_field_of_a_clearance_is_named(
    clinic: Clinic, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = Caller(clinic.ito).post("clearances", cleared(clinic, **changes))
    assert (answer.status_code, pointers(answer), codes(answer)) == (400, {pointer}, {code})
    assert not Clearance.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [("clearances", cleared, "/decided_by"), ("prescriptions", prescribed, "/prescriber")],
)
def test_nobody_signs_for_another(clinic: Clinic, path: str, body: Any, pointer: str) -> None:
    other = another_psychiatrist(clinic)
    for clinician in (other.pk, clinic.ana.pk, 99):
        answer = Caller(clinic.ito).post(path, body(clinic, **{pointer[1:]: clinician}))
        assert (answer.status_code, codes(answer), pointers(answer)) == (403, {"not_your_name"}, {pointer})
    assert Caller(clinic.ito).post(path, body(clinic, **{pointer[1:]: clinic.ito.pk})).status_code == 201


@pytest.mark.parametrize(("path", "body"), [("clearances", cleared), ("prescriptions", prescribed)])
def test_nobody_signs_for_a_client_out_of_scope(clinic: Clinic, path: str, body: Any) -> None:
    answer = Caller(another_psychiatrist(clinic)).post(path, body(clinic))
    assert (answer.status_code, pointers(answer)) == (404, {"/client"})


# Enrolments


def test_a_client_is_enrolled_once(clinic: Clinic) -> None:
    body = {"client": clinic.maya.pk, "enrolled_on": "2026-11-20", "reference": "SP-1"}
    answer = Caller(clinic.ito).post("rems-enrollments", body)
    assert answer.status_code == 201, answer.json()
    assert answer.json() == {**body, "id": answer.json()["id"], "ended_on": None, "revision": 1}
    again = Caller(clinic.ito).post("rems-enrollments", body)
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")
    assert Caller(clinic.nia).get("rems-enrollments", client=clinic.maya.pk).json()["results"] == [
        answer.json()
    ]
    assert RemsEnrollment.objects.count() == 1


# Prescriptions


def test_a_prescription_shows_its_doses(clinic: Clinic) -> None:
    answer = Caller(clinic.ito).post("prescriptions", prescribed(clinic, dose_amount=42.5))
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["doses"], body["dose_amount"], body["dose_unit"]) == (6, "42.500", "mg")
    assert (body["prescriber"], body["status"]) == (clinic.ito.pk, "signed")
    assert Caller(clinic.ana).get(f"prescriptions/{body['id']}").json() == body


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"refills": 6}, {("/refills", "prescription_too_many_refills")}),
        ({"valid_through_on": "2027-05-21"}, {("/valid_through_on", "prescription_valid_too_long")}),
        (
            {"refills": 6, "valid_through_on": "2027-05-21"},
            {
                ("/refills", "prescription_too_many_refills"),
                ("/valid_through_on", "prescription_valid_too_long"),
            },
        ),
        ({"valid_through_on": "2026-11-19"}, {("/valid_through_on", "ends_before_it_begins")}),
        ({"dose_amount": "NaN"}, {("/dose_amount", "invalid")}),
        ({"dose_amount": "1e400"}, {("/dose_amount", "max_digits")}),
        ({"dose_amount": "0.0001"}, {("/dose_amount", "max_decimal_places")}),
        ({"dose_amount": True}, {("/dose_amount", "invalid")}),
        ({"dose_amount": 0}, {("/dose_amount", "min_value")}),
        ({"dose_amount": -1}, {("/dose_amount", "min_value")}),
        ({"doses_per_fill": 0}, {("/doses_per_fill", "min_value")}),
        ({"doses_per_fill": 10**12}, {("/doses_per_fill", "max_value")}),
        ({"status": "active"}, {("/status", "unknown_field")}),
        ({"route": "smoke"}, {("/route", "invalid_choice")}),
    ],
)
def test_every_wrong_field_of_a_prescription_is_named(
    clinic: Clinic, changes: dict[str, Any], wrong: set[tuple[str, str]]
) -> None:
    answer = Caller(clinic.ito).post("prescriptions", prescribed(clinic, **changes))
    assert answer.status_code == 400
    assert {(each["pointer"], each["code"]) for each in answer.json()["errors"]} == wrong
    assert not Prescription.objects.exists()


def test_a_prescription_is_revoked_once_with_a_reason(clinic: Clinic) -> None:
    path = f"prescriptions/{clinic.prescribe(clinic.maya).pk}/revoke"
    assert pointers(Caller(clinic.ito).post(path)) == {"/reason"}
    answer = Caller(clinic.ito).post(path, {"reason": "reaction"})
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    again = Caller(clinic.ito).post(path, {"reason": "reaction"})
    assert (again.status_code, again.json()["code"]) == (409, "already_revoked")
    assert "reaction" not in str(Activity.objects.values_list("data", "reason"))


def test_a_prescription_is_not_edited_once_it_is_signed(clinic: Clinic) -> None:
    path = f"prescriptions/{clinic.prescribe(clinic.maya).pk}"
    assert edit(clinic.ito, path, {"status": "revoked"}).status_code == 400
    assert edit(clinic.ito, path, {"refills": 1}).json()["code"] == "wrong_status"
    assert Caller(clinic.ito).send("DELETE", path).status_code == 405


def test_lists_are_filtered_and_take_the_same_number_of_queries(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ivy = make_client("Ivy Kahn", clinic.location)
    others = clinic.prescribe(ivy)
    mine = [clinic.prescribe(clinic.maya).pk for _each in range(10)]
    clinic.prescribe(clinic.maya, route="iv")
    clinic.clear(ivy)
    caller = Caller(clinic.nia)
    with django_assert_num_queries(6):
        listed = caller.get("prescriptions", client=clinic.maya.pk, route="im", is_in_force="true")
    assert [each["id"] for each in listed.json()["results"]] == mine
    assert len(Caller(clinic.ana).get("prescriptions").json()["results"]) == 11
    assert Caller(clinic.ana).get(f"prescriptions/{others.pk}").status_code == 404
    assert Caller(clinic.odo).get("prescriptions", client=ivy.pk).json()["results"] == [
        {"id": others.pk, "client": ivy.pk}
    ]
    for path in ("clearances", "rems-enrollments"):
        with django_assert_num_queries(3):
            assert caller.get(path).status_code == 200
