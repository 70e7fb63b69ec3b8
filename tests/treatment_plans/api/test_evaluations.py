"""Medicines, words for a client, and the queue of those who wait for a decision."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from practice.models import Client, Consent, Role
from tests.api.calls import Caller, pointers
from tests.cast import NOW, Clinic, make_client, make_clinician, make_user
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import interactions as first_interactions
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import (
    Clearance,
    Evaluation,
    HoldInstruction,
    ScreeningFlag,
    ScreeningForm,
)
from treatment_plans.screening import lifetimes, medications, screenings

pytestmark = pytest.mark.django_db


@pytest.fixture
def form(clinic: Clinic) -> ScreeningForm:
    first_screening_form.add_missing()
    first_interactions.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    return ScreeningForm.objects.get()


def takes(clinic: Clinic, **changes: Any) -> Any:
    said = {"client": clinic.maya.pk, "name": "lorazepam", "source": "client"}
    return Caller(clinic.nia).post("current-medications", said | changes)


def fill(clinic: Clinic, client: Client, form: ScreeningForm, **answers: Any) -> None:
    filled = screenings.Filled(form, WELL | answers, "with_staff")
    screenings.record(client, filled, actor=clinic.ana.user, now=NOW)


def test_what_is_taken_is_held_against_the_rules(clinic: Clinic, form: ScreeningForm) -> None:
    caller = Caller(clinic.ito)
    medication = takes(clinic).json()
    path = f"clients/{clinic.maya.pk}/interactions"
    assert caller.get(path).json() == {
        "interactions": [],
        "unclassified": [{"medication": medication["id"], "name": "lorazepam"}],
    }
    said = {"medicine_class": "benzodiazepine"}
    assert caller.post(f"current-medications/{medication['id']}/classify", said).status_code == 200
    (hit,) = caller.get(path).json()["interactions"]
    assert (hit["name"], hit["hold_hours"]) == ("lorazepam", 24)
    assert "Andrade" in hit["source"]
    stop = f"current-medications/{medication['id']}/stop"
    assert caller.post(stop, {"stopped_on": "2026-11-20"}).status_code == 200
    assert caller.get(path).json() == {"interactions": [], "unclassified": []}
    again = caller.post(stop, {"stopped_on": "2026-11-20"})
    assert (again.status_code, again.json()["code"]) == (409, "stopped_before")


def test_words_for_a_client_are_approved_in_both_languages_and_withdrawn(clinic: Clinic) -> None:
    caller = Caller(clinic.ito)
    said = {"client": clinic.maya.pk, "text_en": "Skip the evening pill.", "text_es": "Omita la pastilla."}
    refused = caller.post("hold-instructions", said | {"text_es": " "})
    assert (refused.status_code, pointers(refused)) == (400, {"/text_es"})
    hold = caller.post("hold-instructions", said).json()
    assert hold["approved_by"] == clinic.ito.pk
    assert medications.hold_instruction(clinic.maya.pk, "es") == "Omita la pastilla."
    assert medications.hold_instruction(clinic.maya.pk, "en") == "Skip the evening pill."
    for change in (
        lambda: HoldInstruction.objects.update(text_en="Stop all of it."),
        lambda: HoldInstruction.objects.all()._raw_delete("default"),
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()
    path = f"hold-instructions/{hold['id']}/withdraw"
    assert caller.post(path, {"reason": "changed"}).status_code == 200
    assert caller.post(path, {"reason": "changed"}).json()["code"] == "withdrawn_before"
    assert medications.hold_instruction(clinic.maya.pk, "en") == ""


def test_words_about_the_medicine_of_somebody_else_are_refused(clinic: Clinic) -> None:
    other = make_client("Lee Tan", clinic.location)
    values = {"name": "x", "source": "client"}
    theirs = medications.record(other, values, actor=clinic.nia, now=NOW)
    said = {"client": clinic.maya.pk, "medication": theirs.pk, "text_en": "a", "text_es": "b"}
    answer = Caller(clinic.ito).post("hold-instructions", said)
    assert (answer.status_code, pointers(answer)) == (404, {"/medication"})


def test_the_queue_tells_what_is_there_and_what_is_missing(clinic: Clinic, form: ScreeningForm) -> None:
    assert clinic.document.is_current
    caller = Caller(clinic.ito)
    referred = Caller(clinic.ana).post("evaluations", {"client": clinic.maya.pk})
    assert referred.status_code == 201, referred.json()
    (row,) = caller.get("evaluations", is_open="true").json()["results"]
    assert (row["stage"], row["filled"], row["needed"], row["referred_by_name"]) == ("new", 0, 2, "Ana")
    assert [each["kind"] for each in row["missing"]] == ["form", "consent"]
    again = Caller(clinic.ana).post("evaluations", {"client": clinic.maya.pk})
    assert (again.status_code, again.json()["code"]) == (409, "referred_before")

    assert Caller(clinic.kim).post(f"evaluations/{row['id']}/ask").json()["stage"] == "waiting_on_client"
    fill(clinic, clinic.maya, form, heart="yes")
    clinic.consent(clinic.maya)
    row = caller.get(f"evaluations/{row['id']}").json()
    assert (row["stage"], row["filled"], row["needed"]) == ("waiting_on_client", 2, 3)
    assert row["missing"] == [{"kind": "result", "code": "ecg", "title": "ECG"}]
    assert [(each["rule"], each["fact"]) for each in row["flags"]] == [
        ("heart", "Heart disease, or not sure.")
    ]
    assert row["flags"][0]["filled_at"] == "2026-11-23T18:00:00Z"

    ecg = {"client": clinic.maya.pk, "kind": "ecg", "values": {"finding": "normal"}, "taken_on": "2026-11-20"}
    Caller(clinic.nia).post("clinical-results", ecg)
    assert caller.get(f"evaluations/{row['id']}").json()["stage"] == "ready_to_decide"
    flag = {"flag": ScreeningFlag.objects.get().pk, "decision": "accepted", "reason": "Letter."}
    said = {"client": clinic.maya.pk, "decision": "cleared", "valid_from_on": "2026-11-23", "flags": [flag]}
    granted = caller.post("clearances", said | {"valid_through_on": "2027-05-31"})
    assert granted.status_code == 201, granted.json()
    assert caller.get("evaluations", is_open="true").json()["results"] == []


def test_who_needs_more_waits_on_the_client(clinic: Clinic, form: ScreeningForm) -> None:
    Caller(clinic.ana).post("evaluations", {"client": clinic.maya.pk})
    said = {"client": clinic.maya.pk, "decision": "needs_more", "valid_from_on": "2026-11-23"}
    assert Caller(clinic.ito).post("clearances", said).status_code == 201
    evaluation = Evaluation.objects.get()
    assert (evaluation.asked_at, evaluation.closed_at) == (NOW, None)


def test_the_desk_reads_how_far_it_is_and_nothing_of_what_was_found(
    clinic: Clinic, form: ScreeningForm
) -> None:
    Caller(clinic.ana).post("evaluations", {"client": clinic.maya.pk})
    fill(clinic, clinic.maya, form, heart="yes")
    (row,) = Caller(clinic.kim).get("evaluations").json()["results"]
    assert {"stage", "filled", "needed"} < row.keys()
    assert row.keys().isdisjoint({"missing", "flags", "interactions", "unclassified"})
    assert Caller(clinic.odo).get("evaluations").json()["results"] == [
        {"id": row["id"], "client": clinic.maya.pk}
    ]


def test_the_queue_takes_the_same_queries_for_one_as_for_many(clinic: Clinic, form: ScreeningForm) -> None:
    caller, counts = Caller(clinic.ito), []
    for client in (clinic.maya, *(make_client(n, clinic.location, team=(clinic.ito,)) for n in ("A", "B"))):
        Caller(clinic.kim).post("evaluations", {"client": client.pk})
        fill(clinic, client, form, heart="yes", lungs="yes")
        takes(clinic, client=client.pk, medicine_class="maoi")
        with CaptureQueriesContext(connection) as seen:
            assert caller.get("evaluations").status_code == 200
        counts.append(len(seen))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 13


def test_what_ends_and_whose_it_is(clinic: Clinic, form: ScreeningForm) -> None:
    clearance = clinic.clear(clinic.maya)
    consent = clinic.consent(clinic.maya)
    Consent.objects.filter(pk=consent.pk).update(valid_through_on=date(2027, 1, 31))
    ecg = {"client": clinic.maya.pk, "kind": "ecg", "values": {"finding": "normal"}, "taken_on": "2026-11-20"}
    caller = Caller(clinic.nia)
    caller.post("clinical-results", ecg | {"valid_through_on": "2027-02-28"})
    latest = caller.post("clinical-results", ecg | {"valid_through_on": "2027-03-31"}).json()
    fill(clinic, clinic.maya, form, heart="yes")
    flag = ScreeningFlag.objects.get()
    said = {"decision": "accepted", "reason": "x", "valid_through_on": "2026-12-31"}
    Caller(clinic.ito).post(f"screening-flags/{flag.pk}/dispose", said)
    found = [
        (each.kind, each.record_id, str(each.valid_through_on), each.owner)
        for each in lifetimes.load([clinic.maya.pk])
    ]
    assert found == [
        ("flag", flag.pk, "2026-12-31", "psychiatrist"),
        ("consent", consent.pk, "2027-01-31", "front_desk"),
        ("result", latest["id"], "2027-03-31", "nurse"),
        ("clearance", clearance.pk, "2027-10-31", "psychiatrist"),
    ]
    Clearance.objects.update(superseded_at=NOW)
    assert "clearance" not in {each.kind for each in lifetimes.load([clinic.maya.pk])}
    assert lifetimes.load([]) == ()


def test_a_referral_reaches_who_is_to_decide(clinic: Clinic) -> None:
    """Whoever is not on the care team sees nobody in the queue, so a referral puts a psychiatrist there."""
    jordan = make_client("Jordan Pell", clinic.location)
    kim, ito = Caller(clinic.kim), Caller(clinic.ito)
    assert kim.post("evaluations", {"client": jordan.pk}).status_code == 201
    assert [row["client"] for row in ito.get("evaluations").json()["results"]] == [jordan.pk]

    second = make_clinician("Oda", "psychiatrist", clinic.location, user=make_user("oda", Role.PSYCHIATRIST))
    rae = make_client("Rae Moss", clinic.location)
    unnamed = kim.post("evaluations", {"client": rae.pk})
    assert (unnamed.status_code, unnamed.json()["code"]) == (400, "nobody_to_decide")
    wrong = kim.post("evaluations", {"client": rae.pk, "prescriber": clinic.ana.pk})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "not_a_prescriber")
    assert Caller(second).get("evaluations").json()["results"] == []
    assert kim.post("evaluations", {"client": rae.pk, "prescriber": second.pk}).status_code == 201
    assert [row["client"] for row in Caller(second).get("evaluations").json()["results"]] == [rae.pk]
