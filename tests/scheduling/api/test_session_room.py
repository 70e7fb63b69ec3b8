"""The session room over the API: what a page gets in one call, and what nobody gets past."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from practice.models import Clinician
from scheduling import booking, lifecycle, readiness
from scheduling.care import session_room
from scheduling.models import Booking
from tests.api.calls import Caller, codes
from tests.cast import NOW, Clinic, at
from treatment_plans.models import (
    Dose,
    DosingRecord,
    Mark,
    PlannedSession,
    Prescription,
    Protocol,
    RemsEnrollment,
    RemsForm,
    TreatmentPlan,
    Vitals,
)

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
MINUTE = timedelta(minutes=1)
WELL = {"systolic": 120, "diastolic": 78, "heart_rate": 70, "spo2": 98}
FINE = {
    "sedation_score": 5,
    "is_oriented": True,
    "walks_steadily": True,
    "nausea": "none",
    "pain": "none",
    "taken_over_by": "Joel",
    "aftercare_given": True,
}


def entry(**values: Any) -> dict[str, Any]:
    return {"key": str(uuid.uuid4()), **values}


class Clock:
    """Moves the time of the test to minutes after the booked start."""

    def __init__(self, traveller: Any) -> None:
        self.traveller = traveller

    def at(self, minutes: float) -> None:
        self.traveller.move_to(START + minutes * MINUTE)


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(START - 10 * MINUTE, tick=False) as traveller:
        yield Clock(traveller)


def make_spravato(clinic: Clinic) -> None:
    """Maya's plan is one of Spravato, for which she is enrolled."""
    protocol = Protocol.objects.get(route="spravato")
    protocol.approved_by, protocol.approved_at = clinic.ito, NOW
    protocol.outcome_measures = []
    protocol.save()
    TreatmentPlan.objects.update(protocol=protocol)
    Prescription.objects.update(route="spravato", drug="esketamine", dose_amount=56)
    RemsEnrollment.objects.create(client=clinic.maya, enrolled_on=NOW.date(), reference="R-1")


@pytest.fixture(params=["im"])
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(clinic: Clinic, route: str, clock: Clock) -> str:
    """The address of the record of Maya, who has arrived."""
    client = clinic.ready_client()
    if route == "spravato":
        make_spravato(clinic)
    made = booking.book(
        booking.Request(
            client, clinic.appointment_type(f"dosing-{route}"), clinic.location, clinic.dose(client)
        ),
        START,
        actor=clinic.kim,
        now=NOW,
    )
    for item in ("fasting", "ride", "support_person"):
        if getattr(readiness.requirements(booking.load_booking(made.pk)), item):
            readiness.acknowledge(
                made.pk,
                item=item,
                answer="confirmed",
                said_by="client",
                source="phone",
                actor=clinic.kim,
                now=NOW,
            )
    lifecycle.arrive(made.pk, actor=clinic.kim, now=START - 10 * MINUTE)
    opened = Caller(clinic.ana).post(f"bookings/{made.pk}/dosing-record")
    assert opened.status_code == 200, opened.json()
    return f"dosing-records/{opened.json()['id']}"


def prepare(clinic: Clinic, here: str, clock: Clock) -> None:
    """All that comes before the dose, over the API."""
    ana, ito = Caller(clinic.ana), Caller(clinic.ito)
    said = ana.post(f"{here}/check-in", entry(identified_by=["name", "birth_date"]))
    assert said.status_code == 201, said.json()
    clock.at(0)
    started = ana.post(f"bookings/{Booking.objects.get().pk}/start")
    assert started.status_code == 200, started.json()
    clock.at(2)
    for caller, path, body in (
        (ana, "vitals", WELL),
        (ana, "signatures/fit", {}),
        (ito, "signatures/cleared", {}),
    ):
        saved = caller.post(f"{here}/{path}", entry(**body))
        assert saved.status_code == 201, saved.json()


def dose(clinic: Clinic, here: str, who: Clinician | None = None, **values: Any) -> Any:
    order = Prescription.objects.get()
    given = {"amount": str(order.dose_amount), "route": order.route, "prescription": order.pk}
    return Caller(who or clinic.ana).post(f"{here}/doses", entry(**(given | values)))


def test_one_call_has_all_that_the_room_shows(clinic: Clinic, here: str, clock: Clock) -> None:
    prepare(clinic, here, clock)
    clock.at(5)
    assert dose(clinic, here).status_code == 201
    clock.at(46)
    ana = Caller(clinic.ana)
    high = ana.post(f"{here}/vitals", entry(**WELL | {"systolic": 170, "diastolic": 101}))
    assert [each["detail"] for each in high.json()["remarks"]] == [
        "170/101 is above the limit set in the protocol, 160/100. Repeat in 15 min; call the prescriber."
    ]
    assert high.json()["minutes"] == 41
    ana.post(f"{here}/marks", entry(kind="nausea", seen_at=(START + 25 * MINUTE).isoformat()))
    room = ana.get(f"{here}/room").json()
    assert (room["step"], room["dose_number"], room["planned_doses"]) == ("monitoring", 1, 3)
    assert (room["now"], room["dosed_at"], room["observed_until"]) == (
        "2026-12-01T18:16:00Z",
        "2026-12-01T17:35:00Z",
        "2026-12-01T18:35:00Z",
    )
    assert [point["state"] for point in room["vitals_schedule"]] == ["done", "missed", "done", "upcoming"]
    assert room["next_vitals"]["due_at"] == "2026-12-01T18:35:00Z"
    assert [light["state"] for light in room["lights"]][:3] == ["ready"] * 3
    assert [blocker["code"] for blocker in room["missing"]] == ["observation_not_over"]
    assert room["client"]["name"] == "Maya Rivera"
    assert [mark["words"] for mark in room["marks"]] == ["nausea"]
    assert room["note_draft"].startswith("Before the dose, at 09:32: 120/78, 70, 98 %.")


def test_the_last_session_is_remembered(clinic: Clinic, here: str, clock: Clock) -> None:
    record = DosingRecord.objects.get()
    before = DosingRecord.objects.create(
        client=record.client,
        planned_session=clinic.dose(record.client, 2),
        protocol=record.protocol,
        location=record.location,
        state="CA",
        starts_at=START - timedelta(days=7),
        opened_at=START - timedelta(days=7),
        opened_by=clinic.kim,
    )
    given = START - timedelta(days=7)
    row = {"record": before, "recorded_by": clinic.kim, "recorded_at": given + 30 * MINUTE}
    Dose.objects.create(
        **row,
        key=uuid.uuid4(),
        given_at=given,
        amount=40,
        unit="mg",
        route="im",
        prescription=Prescription.objects.get(),
    )
    Mark.objects.create(**row, key=uuid.uuid4(), kind="nausea", seen_at=given + 20 * MINUTE)
    last = Caller(clinic.ana).get(f"{here}/room").json()["last_session"]
    assert (last["dose"], last["side_effects"]) == (
        "40 mg",
        [{"what": "nausea", "minutes": 20, "severity": ""}],
    )


def test_the_room_costs_the_same_whatever_it_holds(clinic: Clinic, here: str, clock: Clock) -> None:
    prepare(clinic, here, clock)
    ana = Caller(clinic.ana)
    clock.at(3)
    with CaptureQueriesContext(
        connection,
    ) as few:
        ana.get(f"{here}/room")
    for number in range(8):
        ana.post(f"{here}/vitals", entry(**WELL | {"systolic": 121 + number}))
        ana.post(f"{here}/marks", entry(kind="calm"))
    with CaptureQueriesContext(connection) as many:
        ana.get(f"{here}/room")
    assert len(many) == len(few) <= 30


def test_unchanged_is_304_until_something_is_written(clinic: Clinic, here: str, clock: Clock) -> None:
    ana = Caller(clinic.ana)
    tag = ana.get(f"{here}/room")["ETag"]
    clock.at(-9)
    again = ana.http.get(f"/api/v1/{here}/room", headers={"If-None-Match": tag})
    assert (again.status_code, again["ETag"], again.content) == (304, tag, b"")
    ana.post(f"{here}/check-in", entry(identified_by=["name", "birth_date"]))
    assert ana.http.get(f"/api/v1/{here}/room", headers={"If-None-Match": tag}).status_code == 200


def test_the_front_desk_gets_none_of_it(clinic: Clinic, here: str) -> None:
    for caller in (Caller(clinic.kim), Caller(clinic.ada)):
        assert caller.get(f"{here}/room").status_code == 403
        assert caller.get("dosing-records").status_code == 403
        assert caller.post(f"{here}/vitals", entry(**WELL)).status_code == 403
    assert Caller(clinic.ben).get(f"{here}/room").status_code == 404


def test_vitals_sent_twenty_times_are_there_once(clinic: Clinic, here: str, clock: Clock) -> None:
    ana = Caller(clinic.ana)
    ana.post(f"{here}/check-in", entry(identified_by=["name", "birth_date"]))
    body = entry(**WELL)
    answers = [ana.post(f"{here}/vitals", body) for _ in range(20)]
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {
        (201, Vitals.objects.get().pk)
    }
    other = ana.post(f"{here}/vitals", body | {"systolic": 121})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_correction_is_shown_with_what_it_corrects(clinic: Clinic, here: str, clock: Clock) -> None:
    ana = Caller(clinic.ana)
    ana.post(f"{here}/check-in", entry(identified_by=["name", "birth_date"]))
    first = ana.post(f"{here}/vitals", entry(**WELL | {"systolic": 182})).json()["id"]
    right = ana.post(f"{here}/vitals/{first}/correct", entry(systolic=128, reason="the wrong row")).json()[
        "id"
    ]
    shown = ana.get(f"{here}/room").json()["vitals"]
    assert [(row["id"], row["systolic"], row["corrects"], row["corrected_by"]) for row in shown] == [
        (first, 182, None, right),
        (right, 128, first, None),
    ]


def test_a_dose_needs_two_people_and_the_right_ones(clinic: Clinic, here: str, clock: Clock) -> None:
    ana, ito = Caller(clinic.ana), Caller(clinic.ito)
    assert ana.post(f"{here}/signatures/cleared", entry()).status_code == 403
    assert ito.post(f"{here}/signatures/fit", entry()).status_code == 403
    assert Caller(clinic.nia).post(f"{here}/signatures/cleared", entry()).status_code == 403
    refused = dose(clinic, here)
    assert (refused.status_code, refused.json()["code"]) == (409, "dose_refused")
    assert codes(refused) == {
        "not_in_session",
        "check_in_missing",
        "fit_missing",
        "cleared_missing",
        "vitals_missing",
    }


def test_another_clients_order_is_not_there(clinic: Clinic, here: str, clock: Clock) -> None:
    clinic.ready_client("Ivy Kahn")
    theirs = Prescription.objects.exclude(client=clinic.maya).get()
    own = Prescription.objects.get(client=clinic.maya)
    body = entry(amount="40", route=own.route, prescription=theirs.pk)
    assert Caller(clinic.ana).post(f"{here}/doses", body).status_code == 404


@pytest.mark.parametrize("route", ["spravato"], indirect=True)
def test_two_hours_of_spravato_are_locked(clinic: Clinic, here: str, clock: Clock) -> None:
    prepare(clinic, here, clock)
    clock.at(5)
    given = dose(clinic, here, lot_number="23K114")
    assert given.status_code == 201, given.json()
    Protocol.objects.filter(route="im").update(min_observation_minutes=1)
    ana, ito = Caller(clinic.ana), Caller(clinic.ito)
    clock.at(124)
    ana.post(f"{here}/vitals", entry(**WELL))
    for caller in (ana, ito):
        early = caller.post(f"{here}/discharge", entry(**FINE, override_reason="feels well"))
        assert (early.status_code, codes(early)) == (409, {"observation_locked"})
    clock.at(124.99)
    assert ito.post(f"{here}/discharge", entry(**FINE, override_reason="x")).status_code == 409
    clock.at(125)
    assert ana.post(f"{here}/discharge", entry(**FINE)).status_code == 201
    form = RemsForm.objects.get()
    assert (form.due_on - form.treated_on).days == 7


@pytest.mark.parametrize("route", ["spravato"], indirect=True)
def test_who_is_not_enrolled_any_more_gets_no_dose(clinic: Clinic, here: str, clock: Clock) -> None:
    prepare(clinic, here, clock)
    clock.at(5)
    RemsEnrollment.objects.update(ended_on=START.date())
    refused = dose(clinic, here)
    assert (refused.status_code, codes(refused)) == (409, {"rems_not_enrolled"})


@pytest.mark.parametrize("route", ["spravato"], indirect=True)
def test_the_rems_form_is_read_off_the_record(clinic: Clinic, here: str, clock: Clock) -> None:
    prepare(clinic, here, clock)
    clock.at(5)
    dose(clinic, here, lot_number="23K114")
    ana = Caller(clinic.ana)
    for minutes in (44, 124):
        clock.at(minutes)
        ana.post(f"{here}/vitals", entry(**WELL | {"systolic": 100 + minutes // 4}))
    clock.at(126)
    ana.post(f"{here}/discharge", entry(**FINE))
    (row,) = ana.get("rems-forms", is_submitted="false").json()["results"]
    address = f"rems-forms/{row['id']}"
    shown = ana.get(address)
    lines = shown.json()["lines"]
    assert (lines["dose_mg"], lines["lot_number"], lines["minutes_observed"]) == ("56", "23K114", 121)
    assert (lines["pressure_before"], lines["pressure_at_40"], lines["pressure_before_leaving"]) == (
        "120/78",
        "111/78",
        "131/78",
    )
    refused = ana.post(f"{address}/submitted", {"confirmation_number": "C-77"})
    assert (refused.status_code, refused.json()["code"]) == (409, "form_not_complete")
    answers = {
        "sex": "female",
        "is_first_treatment": True,
        **dict.fromkeys(
            (
                "takes_benzodiazepine",
                "takes_hypnotic",
                "takes_psychostimulant",
                "takes_maoi",
                "takes_opioid",
                "had_sedation",
                "had_dissociation",
                "had_respiratory_depression",
            ),
            False,
        ),
        "ready_after_minutes": 95,
    }
    answered = ana.send("PATCH", address, answers, **{"If-Match": shown["ETag"]})
    assert (answered.status_code, answered.json()["missing"]) == (200, [])
    done = ana.post(f"{address}/submitted", {"confirmation_number": "C-77"}).json()
    assert (done["confirmation_number"], done["is_overdue"]) == ("C-77", False)


@pytest.mark.parametrize("route", ["spravato"], indirect=True)
def test_a_form_is_overdue_on_the_eighth_day(clinic: Clinic, here: str, clock: Clock) -> None:
    prepare(clinic, here, clock)
    clock.at(5)
    dose(clinic, here)
    for days, overdue in ((7, 0), (8, 1)):
        clock.at(days * 24 * 60)
        ana = Caller(clinic.ana)
        assert len(ana.get("rems-forms", is_overdue="true").json()["results"]) == overdue


def test_nobody_writes_it_in_the_admin(clinic: Clinic, here: str, clock: Clock, client: Any) -> None:
    prepare(clinic, here, clock)
    row = Vitals.objects.get()
    for who in (clinic.ada, clinic.ito.user):
        client.force_login(who)
        for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
            answer = client.post(f"/admin/treatment_plans/vitals/{path}", {"systolic": 1})
            assert answer.status_code in {403, 404, 405}, (path, answer.status_code)
    row.refresh_from_db()
    assert row.systolic == 120


def test_ending_without_a_dose_frees_the_planned_session(clinic: Clinic, here: str, clock: Clock) -> None:
    ended = Caller(clinic.ana).post(f"{here}/end-without-dose", {"reason": "a cold"})
    assert (ended.status_code, ended.json()["end_reason"]) == (200, "a cold")
    assert PlannedSession.objects.get(dose_number=1).completed_at is None
    assert session_room.booking_of(DosingRecord.objects.get()).is_live is False  # type: ignore[union-attr]
