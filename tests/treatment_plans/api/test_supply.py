"""Prescriptions, supply and stock over the API: shapes, refusals with all their reasons, queries."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.api.calls import Caller
from tests.cast import Clinic
from treatment_plans.models import Prescription, SupplyEvent

pytestmark = pytest.mark.django_db

TROCHES = {
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
}


def drafted(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    clinic.ito.dea_number = "AB1234563"
    clinic.ito.save()
    answer = Caller(clinic.ito).post("prescriptions/draft", {"client": clinic.maya.pk, **TROCHES, **changes})
    assert answer.status_code == 201, answer.json()
    body: dict[str, Any] = answer.json()
    return body


def test_a_prescription_from_draft_to_the_ledger(clinic: Clinic) -> None:
    ito, path = Caller(clinic.ito), f"prescriptions/{drafted(clinic)['id']}"
    changed = ito.send("PATCH", path, {"refills": 1}, **{"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["refills"]) == (200, 1)
    signed = ito.post(f"{path}/sign", {"reference": "EPCS-1"}).json()
    assert (signed["status"], signed["state"], signed["issued_on"]) == ("signed", "signed", "2026-11-23")
    assert ito.post(f"{path}/send", {"pharmacy": "Elm Pharmacy"}).json()["status"] == "sent"
    key = str(uuid4())
    for _again in range(2):
        filled = Caller(clinic.nia).post(f"{path}/dispense", {"key": key})
        assert (filled.status_code, filled.json()["status"]) == (200, "dispensed")
    (held,) = Caller(clinic.ana).get(f"clients/{clinic.maya.pk}/supply").json()["supplies"]
    assert (held["left"], held["unit"], held["open_tasks"]) == ("2.000", "troche", 0)


def test_signing_is_refused_with_every_reason(clinic: Clinic) -> None:
    path = f"prescriptions/{drafted(clinic, directions='', quantity='1')['id']}"
    refused = Caller(clinic.ito).post(f"{path}/sign", {"reference": "EPCS-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_signable")
    assert [each["code"] for each in refused.json()["blockers"]] == [
        "missing_directions",
        "quantity_too_small",
    ]


def event(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    rx = Prescription.objects.get()
    base = {"client": clinic.maya.pk, "prescription": rx.pk, "unit": "dose", "key": str(uuid4())}
    return {**base, "amount": "1", **changes}


def test_what_happens_to_a_clients_medicine(clinic: Clinic) -> None:
    clinic.ready_client()
    nia = Caller(clinic.nia)
    nia.post(f"prescriptions/{Prescription.objects.get().pk}/dispense", {"key": str(uuid4())})
    session = clinic.dose(clinic.maya).pk
    used = nia.post("supply-events", event(clinic, kind="used", planned_session=session))
    assert (used.status_code, used.json()["amount"]) == (201, "1.000")
    assert Caller(clinic.ana).get("prescriptions").json()["results"][0]["state"] == "in_use"
    refused = nia.post("supply-events", event(clinic, kind="wasted", amount="9", unit="ml"))
    assert refused.status_code == 409
    assert [each["code"] for each in refused.json()["blockers"]] == [
        "wrong_unit",
        "witness_missing",
        "not_enough_left",
    ]
    count = nia.post("supply-events", event(clinic, kind="counted", amount="4")).json()
    (task,) = nia.get("supply-tasks", is_open="true").json()["results"]
    assert (task["event"], task["expected"], task["counted"]) == (count["id"], "5.000", "4.000")
    settled = nia.post(f"supply-tasks/{task['id']}/settle", {"outcome": "adjusted", "note": "unexplained"})
    assert settled.json()["settled_by"] == clinic.nia.pk
    corrected = nia.post(
        f"supply-events/{used.json()['id']}/correct",
        {"amount": "0", "reason": "not given", "key": str(uuid4())},
    )
    assert (corrected.status_code, corrected.json()["corrects"]) == (201, used.json()["id"])
    (held,) = nia.get(f"clients/{clinic.maya.pk}/supply").json()["supplies"]
    assert held["left"] == "5.000"
    for kind in ("dispensed", "adjusted"):  # not by hand
        assert nia.post("supply-events", event(clinic, kind=kind)).status_code == 400


def test_another_clients_prescription_is_not_there(clinic: Clinic) -> None:
    clinic.ready_client()
    body = event(clinic, kind="counted")
    clinic.ready_client("Ivy Kahn")
    ivy = Prescription.objects.exclude(pk=body["prescription"]).get()
    answer = Caller(clinic.nia).post("supply-events", {**body, "prescription": ivy.pk})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "/prescription")
    assert Caller(clinic.ben).post("supply-events", body).status_code == 404
    assert not SupplyEvent.objects.exists()


def test_a_lot_from_its_delivery_to_the_dose(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    clinic.ready_client()
    nia = Caller(clinic.nia)
    body = {
        "location": clinic.location.pk,
        "drug": "ketamine",
        "strength_amount": "50",
        "strength_unit": "mg_per_ml",
        "form": "solution",
        "route": "im",
        "lot": "A1",
        "unit": "ml",
        "expires_on": "2027-06-30",
        "received_on": "2026-11-01",
        "amount": "10",
    }
    lots = [nia.post("stock-lots", {**body, "lot": lot, "key": str(uuid4())}).json() for lot in ("A1", "B2")]
    assert lots[0]["left"] == "10.000"
    used = {
        "stock_lot": lots[0]["id"],
        "kind": "used",
        "amount": "0.8",
        "unit": "ml",
        "planned_session": clinic.dose(clinic.maya).pk,
        "key": str(uuid4()),
    }
    assert nia.post("stock-events", used).status_code == 201
    answer = Caller(clinic.ben).post("stock-events", {**used, "key": str(uuid4())})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "/planned_session")
    with django_assert_num_queries(4):
        listed = nia.get("stock-lots").json()["results"]
    assert [each["left"] for each in listed] == ["9.200", "10.000"]
    assert Caller(clinic.kim).get("stock-lots").status_code == 403


def test_the_list_of_prescriptions_takes_the_same_number_of_queries(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _each in range(5):
        clinic.prescribe(clinic.maya)
    nia = Caller(clinic.nia)
    with django_assert_num_queries(6):
        assert len(nia.get("prescriptions").json()["results"]) == 5
