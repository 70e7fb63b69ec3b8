"""Maya's course, from the first call to maintenance: each step is a request of whoever takes it in a clinic.

Over HTTP through the real web process; only the clock is turned by hand. What is refused on the way is
refused with all its reasons.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from practice import clock
from practice.models import Clinician
from tests.cast import NOW, ZONE
from tests.faults.stage import MINUTE
from tests.journeys.town import Office, Person, office
from treatment_plans.first_rows import screening_form as first_screening_form

__all__ = ["office"]
pytestmark = pytest.mark.django_db(transaction=True)

HEALTHY = {
    "age": 38,
    **dict.fromkeys(
        (
            "ketamine_allergy",
            "ketamine_misuse",
            "breastfeeding",
            "aneurysm",
            "avm",
            "brain_bleed",
            "stroke",
            "heart",
            "dissociative",
            "bladder",
            "eyes",
            "head",
            "seizures",
            "liver",
            "lungs",
            "sleep_apnoea",
        ),
        "no",
    ),
    **dict.fromkeys(("mania", "psychosis", "suicidality", "substance_use"), "never"),
    "can_abstain": "yes",
    "pregnancy": "not_applicable",
    "thyroid": "no",
    "hypertension": "no",
}
ORDER = {
    "client_address": "4 Elm Street, Riverbend",
    "strength_amount": "50",
    "strength_unit": "mg_per_ml",
    "form": "solution",
    "quantity": "4.8",
    "quantity_unit": "ml",
    "units_per_dose": "0.8",
    "directions": "One injection in each session",
    "valid_through_on": "2027-03-01",
}
CALM = {"systolic": 120, "diastolic": 78, "heart_rate": 70, "spo2": 98}
HIGH = CALM | {"systolic": 166, "diastolic": 102}
WELL = {
    "sedation_score": 5,
    "is_oriented": True,
    "walks_steadily": True,
    "nausea": "none",
    "pain": "none",
    "taken_over_by": "Rosa Rivera",
    "aftercare_given": True,
}


TOLD = [  # in the order in which each kind is first met
    "unplanned_session",
    "screening",
    "clearance",
    "prescription",
    "supply",
    "measure",
    "session",
    "dose",
    "discharge",
    "follow_up",
    "note",
    "alert",
    "alert_disposed",
    "review",
    "plan_closed",
    "cancelled",
]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Course:
    """Of one client; `maya` is the id that the desk gave her."""

    def __init__(self, office: Office) -> None:
        clinic = self.clinic = office.clinic
        self.office = office
        self.ada, self.kim, self.nia = (office.person(who) for who in (clinic.ada, clinic.kim, clinic.nia))
        self.ana, self.ben, self.ito = (office.person(who) for who in (clinic.ana, clinic.ben, clinic.ito))
        self.maya, self.order, self.plan = 0, 0, 0

    def talk(self, code: str, starts_local: str, who: Person, clinician: Clinician) -> None:
        """A session beside the plan, booked by the desk and held."""
        (kind,) = (row for row in self.kim.get("appointment-types")["results"] if row["code"] == code)
        names = {"therapist": "therapist", "psychiatrist": "psychiatrist"}
        booked = self.kim.add(
            "bookings",
            client=self.maya,
            appointment_type=kind["id"],
            starts_local=starts_local,
            **{names[clinician.kind]: clinician.pk},
        )
        self.hold(booked, who)

    def hold(self, booked: dict[str, Any], who: Person) -> None:
        self.office.turn_to(moment(booked["starts_at"]))
        self.kim.post(f"bookings/{booked['id']}/arrive")
        who.post(f"bookings/{booked['id']}/start")
        self.office.turn_to(moment(booked["ends_at"]))
        who.post(f"bookings/{booked['id']}/complete")

    def score(self, each: int, item_9: int = 0, **about: Any) -> dict[str, Any]:
        answers = {str(item): each for item in range(1, 9)} | {"9": item_9}
        saved: dict[str, Any] = self.nia.add(
            "measures", client=self.maya, instrument="phq9", answers=answers, source="with_staff", **about
        )
        return saved


def inquiry(course: Course) -> None:
    """She calls; the consult brings her therapist, who refers her; the evaluation brings the prescriber."""
    kim, ana, ito = course.kim, course.ana, course.ito
    called = {
        "legal_name": "Maya Rivera",
        "birth_date": "1988-04-02",
        "time_zone": ZONE,
        "state": "CA",
        "location": course.clinic.location.pk,
        "contact_points": [{"channel": "sms", "value": "+1 503 555 0142"}],
        "channels": ["sms"],
        "consent_source": "on the phone",
    }
    assert ana.refused("clients", 403, **called) == ["not_allowed"]
    course.maya = kim.add("clients", **called)["id"]
    ana.sees_none_of(f"clients/{course.maya}", 404)
    course.talk("consult", "2026-11-24T09:00", ana, course.clinic.ana)
    assert ana.get(f"clients/{course.maya}")["display_name"] == "Maya Rivera"
    course.ben.sees_none_of(f"clients/{course.maya}", 404)
    ana.add("evaluations", client=course.maya)
    assert kim.refused("evaluations", 409, client=course.maya) == ["referred_before"]
    kim.add("consents", client=course.maya, document=course.clinic.document.pk)
    course.talk("evaluation", "2026-11-25T13:00", ito, course.clinic.ito)


def screening(course: Course) -> None:
    """A nurse asks; the finding waits with its source for the prescriber, who has to speak about it."""
    nia, ito = course.nia, course.ito
    (form,) = ito.get("screening-forms")["results"]
    filled = {"client": course.maya, "form": form["id"], "source": "with_staff"}
    answers = HEALTHY | {"hypertension": "controlled"}
    assert nia.refused("screenings", 409, **filled, answers=answers) == ["form_not_usable"]
    ito.post(f"screening-forms/{form['id']}/approve")
    assert course.kim.refused("screenings", 403, **filled, answers=answers) == ["not_allowed"]
    some = {key: answer for key, answer in answers.items() if key not in ("heart", "liver")}
    assert nia.refused("screenings", 400, **filled, answers=some | {"age": 180}) == [
        "not_answers",
        "implausible",
        "not_answered",
        "not_answered",
    ]
    nia.add("screenings", **filled, answers=answers)

    (waiting,) = ito.get("evaluations", is_open="true")["results"]
    (flag,) = waiting["flags"]
    assert (flag["fact"], flag["source"], flag["answer"]) == (
        "High blood pressure, or not sure.",
        "ketamine injection US labelling",
        "controlled",
    )
    assert [each["code"] for each in waiting["missing"]] == ["blood_pressure"]
    (shown,) = course.kim.get("evaluations")["results"]
    assert shown["stage"] == "new"
    assert "flags" not in shown
    readings = {"readings": [{"systolic": 128, "diastolic": 82}]}
    nia.add(
        "clinical-results",
        client=course.maya,
        kind="blood_pressure",
        values=readings,
        taken_on="2026-11-25",
    )
    assert ito.get(f"evaluations/{waiting['id']}")["stage"] == "ready_to_decide"

    granted = {
        "client": course.maya,
        "decision": "cleared",
        "valid_from_on": "2026-11-25",
        "valid_through_on": "2027-11-24",
    }
    assert course.ana.refused("clearances", 403, **granted) == ["not_allowed"]
    assert ito.refused("clearances", 409, **granted) == ["flags_not_covered", "screening_flag_open"]
    said = [{"flag": flag["id"], "decision": "accepted", "reason": "Treated, and 128/82 at rest."}]
    ito.add("clearances", **granted, flags=said)
    assert ito.get("evaluations", is_open="true")["results"] == []


def prescription(course: Course) -> None:
    ito, itos = course.ito, course.clinic.ito
    drafted = ito.add(
        "prescriptions/draft",
        client=course.maya,
        route="im",
        drug="ketamine 50 mg/mL",
        dose_amount="40",
        doses_per_fill=6,
    )
    course.order, path = drafted["id"], f"prescriptions/{drafted['id']}"
    assert course.nia.refused(f"{path}/sign", 403, reference="EPCS-1") == ["not_allowed"]
    assert ito.refused(f"{path}/sign", 409, reference="EPCS-1") == [
        "not_signable",
        "missing_client_address",
        "missing_dea_number",
        "missing_directions",
        "missing_form",
        "missing_quantity",
        "missing_strength_amount",
        "missing_strength_unit",
        "missing_units_per_dose",
        "missing_valid_through_on",
    ]
    revision = course.ada.get(f"clinicians/{itos.pk}")["revision"]
    course.ada.patch(f"clinicians/{itos.pk}", revision=revision, dea_number="BI1234563")
    ito.patch(path, revision=drafted["revision"], **ORDER)
    assert ito.refused(f"{path}/send", 409, pharmacy="Elm Pharmacy")
    ito.post(f"{path}/sign", reference="EPCS-1")
    ito.post(f"{path}/send", pharmacy="Elm Pharmacy")
    filled = course.nia.post(f"{path}/dispense", key=str(uuid4()))
    assert filled["status"] == "dispensed"


def planning(course: Course) -> list[dict[str, Any]]:
    """The plan with its first scores, and the sessions up to the review, booked together."""
    kim, ana, clinic = course.kim, course.ana, course.clinic
    drafted = {
        "client": course.maya,
        "protocol": clinic.protocol.pk,
        "therapist": clinic.ana.pk,
        "prescriber": clinic.ito.pk,
        "doses": 3,
        "with_intake": False,
    }
    assert kim.refused("treatment-plans", 403, **drafted) == ["not_allowed"]
    course.plan = ana.add("treatment-plans", **drafted)["id"]
    assert course.score(2)["total"] == 16
    series = f"treatment-plans/{course.plan}/series"
    (draft,) = kim.post(f"{series}:propose", limit=1)["proposals"]
    reasons = {blocker["code"] for each in draft["unplaced"] for blocker in each["blockers"]}
    assert (draft["items"], "plan_not_active" in reasons) == ([], True)
    ana.post(f"treatment-plans/{course.plan}/activate")
    (proposal,) = kim.post(f"{series}:propose", limit=1)["proposals"]
    items = [
        {"planned_session": item["planned_session"]["id"], "starts_at": item["starts_at"]}
        for item in proposal["items"]
    ]
    sessions = kim.get("planned-sessions", plan=course.plan)["results"]
    review = next(row for row in sessions if row["kind"] == "review")
    early = {row["id"] for row in sessions if row["position"] < review["position"]}
    items = [item for item in items if item["planned_session"] in early]
    booked = kim.add(series, items=items)["bookings"]
    in_order: list[dict[str, Any]] = sorted(booked, key=lambda each: str(each["starts_at"]))
    assert [each["planned_session"]["kind"] for each in in_order] == [
        "preparation",
        "dosing",
        "integration",
        "dosing",
        "integration",
    ]
    return in_order


def dosing(course: Course, booked: dict[str, Any], *, first: bool) -> None:
    """What every dosing session goes through; the `first` with what should not be done on the way."""
    nia, ana, ito = course.nia, course.ana, course.ito
    starts_at, path = moment(booked["starts_at"]), f"bookings/{booked['id']}"
    course.office.turn_to(starts_at - 10 * MINUTE)
    course.kim.post(f"{path}/arrive")
    room = f"dosing-records/{ana.post(f'{path}/dosing-record')['id']}"
    checked = nia.add(
        f"{room}/check-in",
        key=str(uuid4()),
        identified_by=["name", "birth_date"],
        last_food_at=(starts_at - timedelta(hours=9)).isoformat(),
        ride_name="Rosa Rivera",
        ride_phone="+1 503 555 0143",
    )
    assert checked["remarks"] == []
    course.office.turn_to(starts_at)
    if first:
        course.kim.sees_none_of(f"{room}/room", 403)
        course.ben.sees_none_of(f"{room}/room", 404)
        assert ana.refused(f"{path}/start", 409) == [
            "not_ready",
            "fasting_not_confirmed",
            "ride_not_confirmed",
            "support_person_not_confirmed",
        ]
    for item in ("fasting", "ride", "support_person"):
        said = {"item": item, "answer": "confirmed", "said_by": "client", "source": "in_person"}
        course.kim.add(f"{path}/acknowledgements", **said)
    ana.post(f"{path}/start")
    given = {"amount": "40", "route": "im", "prescription": course.order, "lot_number": "23K114"}
    if first:
        too_high(course, room, given)
        course.office.turn_to(starts_at + 20 * MINUTE)
    nia.add(f"{room}/vitals", key=str(uuid4()), **CALM)
    ana.add(f"{room}/signatures/fit", key=str(uuid4()))
    ito.add(f"{room}/signatures/cleared", key=str(uuid4()))
    dosed_at = starts_at + 22 * MINUTE
    course.office.turn_to(dosed_at)
    too_much = given | {"amount": "50", "key": str(uuid4())}
    assert nia.refused(f"{room}/doses", 409, **too_much) == ["dose_refused", "above_the_order"]
    given["key"] = str(uuid4())
    assert nia.add(f"{room}/doses", **given)["id"] == nia.add(f"{room}/doses", **given)["id"]
    course.office.turn_to(dosed_at + 40 * MINUTE)
    nia.add(f"{room}/marks", key=str(uuid4()), kind="calm")
    if first:
        assert course.nia.refused(f"{room}/discharge", 403, key=str(uuid4()), **WELL) == ["not_allowed"]
        assert ana.refused(f"{room}/discharge", 409, key=str(uuid4()), **WELL | {"nausea": "severe"}) == [
            "not_discharged",
            "nausea",
            "observation_not_over",
            "vitals_missing",
        ]
        assert ana.refused(f"{path}/complete", 409) == ["record_not_finished", "discharge_missing"]
    course.office.turn_to(dosed_at + 95 * MINUTE)
    nia.add(f"{room}/vitals", key=str(uuid4()), **CALM)
    ana.add(f"{room}/discharge", key=str(uuid4()), **WELL)
    assert ana.post(f"{path}/complete")["status"] == "completed"


def too_high(course: Course, room: str, given: dict[str, Any]) -> None:
    """A reading above the limit is saved and explained; no dose with it, nor with the wrong signatures."""
    nia, ana = course.nia, course.ana
    sent = {"key": str(uuid4()), **HIGH}
    saved = nia.add(f"{room}/vitals", **sent)
    assert [each["code"] for each in saved["remarks"]] == ["bp_above_hold"]
    assert nia.add(f"{room}/vitals", **sent)["id"] == saved["id"]
    assert nia.refused(f"{room}/signatures/fit", 403, key=str(uuid4())) == ["not_allowed"]
    assert ana.refused(f"{room}/signatures/cleared", 403, key=str(uuid4())) == ["not_allowed"]
    too_much = given | {"amount": "50", "key": str(uuid4())}
    assert nia.refused(f"{room}/doses", 409, **too_much) == [
        "dose_refused",
        "above_the_order",
        "bp_on_hold",
        "cleared_missing",
        "fit_missing",
    ]


def after_the_dose(course: Course, integration: dict[str, Any]) -> None:
    """The desk sees nothing of what is owed; a check-in has its outcome, and integration its signed note."""
    ana = course.ana
    course.kim.sees_none_of("follow-ups", 403)
    owed = ana.get("follow-ups", client=course.maya, is_done="false")["results"]
    assert [each["kind"] for each in owed].count("integration") == 1
    check_in = next(each for each in owed if each["kind"] == "check_in")
    course.office.turn_to(moment(check_in["due_from_at"]) + 30 * MINUTE)
    path = f"follow-ups/{check_in['id']}/done"
    assert course.kim.refused(path, 403, outcome="Slept well.") == ["not_allowed"]
    assert course.nia.post(path, outcome="Slept well, a little tearful.")["done_at"]
    assert ana.refused(path, 409, outcome="Slept well.") == ["already_done"]
    course.hold(integration, ana)
    note = ana.add("session-notes", booking=integration["id"], text="The river again, and her father.")
    course.ito.sees_none_of(f"session-notes/{note['id']}", 404)
    assert course.ito.refused(f"session-notes/{note['id']}/sign", 404, revision=note["revision"])
    ana.post(f"session-notes/{note['id']}/sign", revision=note["revision"])
    assert course.ito.get(f"session-notes/{note['id']}")["text"] == "The river again, and her father."
    course.kim.sees_none_of(f"session-notes/{note['id']}", 403)
    open_kinds = [
        each["kind"] for each in ana.get("follow-ups", client=course.maya, is_done="false")["results"]
    ]
    assert "integration" not in open_kinds


def a_worrying_answer(course: Course, second: dict[str, Any]) -> None:
    """The evening before her second dose; until somebody has looked, it does not begin."""
    course.office.turn_to(moment(second["starts_at"]) - timedelta(hours=16))
    assert course.score(1, item_9=1)["flags"] == ["item_9"]
    (alert,) = course.ana.get("safety-alerts", client=course.maya, is_open="true")["results"]
    course.kim.sees_none_of("safety-alerts", 403)
    blocked = course.ana.get(f"bookings/{second['id']}/readiness")
    assert "safety_alert_open" in [each["code"] for each in blocked["blockers"]]
    seen_by_desk = course.kim.get(f"bookings/{second['id']}/readiness")
    assert seen_by_desk["on_hold"] is True
    assert "safety" not in str(seen_by_desk)
    done = {"disposition": "safety_plan", "note": "Talked for half an hour; the plan is renewed."}
    assert course.nia.refused(f"safety-alerts/{alert['id']}/dispose", 403, **done) == ["not_allowed"]
    course.ana.post(f"safety-alerts/{alert['id']}/acknowledge")
    course.ana.post(f"safety-alerts/{alert['id']}/dispose", **done)
    assert course.ana.get(f"bookings/{second['id']}/readiness")["blockers"] == []


def third_dose(course: Course) -> dict[str, Any]:
    """How the desk would book it; refused while nobody has reviewed the course."""
    sessions = course.kim.get("planned-sessions", plan=course.plan)["results"]
    (third,) = (row for row in sessions if row["dose_number"] == 3)
    later = clock.local_day(NOW, clock.zone(ZONE)) + timedelta(days=35)  # a Monday, after everything
    wanted = {"planned_session": third["id"], "starts_local": f"{later}T09:30"}
    refused = course.kim.refused("bookings", 409, **wanted)
    assert refused[1:] == ["review_missing"]
    return wanted


def maintenance(course: Course, third: dict[str, Any]) -> dict[str, Any]:
    """The prescriber reviews the course with its scores; the desk then books the dose that waited for it."""
    kim, ito, plan = course.kim, course.ito, f"treatment-plans/{course.plan}"
    sessions = kim.get("planned-sessions", plan=course.plan)["results"]
    session = next(row for row in sessions if row["kind"] == "review")["id"]
    day = moment(third["starts_local"]).date() - timedelta(days=4)
    booked = kim.add("bookings", planned_session=session, starts_local=f"{day}T14:00")
    course.office.turn_to(moment(booked["starts_at"]) - timedelta(hours=1))
    assert course.score(1)["total"] == 8
    course.hold(booked, ito)
    decided = {"decision": "maintenance", "planned_session": session}
    assert course.ana.refused(f"{plan}/review", 403, **decided, note="-") == ["not_allowed"]
    assert ito.refused(f"{plan}/review", 400, **decided) == ["required"]
    review = ito.add(f"{plan}/review", **decided, note="Half of what it was: a dose each month.")
    (phq9,) = review["outcomes"]
    assert (phq9["first"], phq9["last"], phq9["is_response"]) == (16, 8, True)
    kept: dict[str, Any] = kim.add("bookings", **third)
    assert course.ana.refused(f"{plan}/doses", 409) == ["dose_still_open"]
    return kept


def the_end(course: Course, kept: dict[str, Any]) -> None:
    """All of it on one timeline, for those who treat her; then the plan is closed, and her time is free."""
    kim, ana, plan = course.kim, course.ana, f"treatment-plans/{course.plan}"
    ana.post(f"{plan}/close", reason="Moves to Oregon", dry_run=True)
    assert kim.get(f"bookings/{kept['id']}")["status"] == "booked"
    assert kim.refused(f"{plan}/close", 403, reason="Moves to Oregon") == ["not_allowed"]
    assert ana.post(f"{plan}/close", reason="Moves to Oregon")["status"] == "closed"
    released = kim.get(f"bookings/{kept['id']}")
    assert released["status"] == "cancelled"
    assert "Oregon" not in str(released)
    path = f"clients/{course.maya}/timeline"
    kim.sees_none_of(path, 403)
    course.ben.sees_none_of(path, 404)
    told = ana.get(path)["results"]
    assert [each["at"] for each in told] == sorted((each["at"] for each in told), reverse=True)
    sources = [each["source"] for each in reversed(told)]
    assert list(dict.fromkeys(sources)) == TOLD


def test_a_course_of_care(office: Office) -> None:
    first_screening_form.add_missing()
    clinic = office.clinic
    clinic.protocol.preparation_sessions, clinic.protocol.review_after_doses = 1, 2
    clinic.protocol.save()
    clinic.appointment_type()
    assert clinic.document
    course = Course(office)
    inquiry(course)
    screening(course)
    prescription(course)
    preparation, first, integration, second, last_integration = planning(course)
    course.hold(preparation, course.ana)
    dosing(course, first, first=True)
    after_the_dose(course, integration)
    a_worrying_answer(course, second)
    dosing(course, second, first=False)
    after_the_dose(course, last_integration)
    third = third_dose(course)
    kept = maintenance(course, third)
    the_end(course, kept)
