from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from notifications.models import Reminder
from practice.api.authentication import issue_token
from practice.models import Role, Room
from scheduling.models import Booking
from tests.api.calls import Caller, codes
from tests.cast import NOW, Clinic, make_clinician, make_user
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

START = "2026-12-01T09:30:00-08:00"
MOST_BOOKING_QUERIES = 16
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
LIST_QUERIES = 2 + 2 + 3  # session and user, the page and its rows, the lights


def book(ready: Clinic, number: int = 1, start: str = START, who: Any = None, **also: Any) -> Any:
    body = {"planned_session": ready.dose(ready.maya, number).pk, "starts_at": start, **also}
    return Caller(who or ready.kim).post("bookings", body)


def test_it_books_a_planned_session_and_shows_it(ready: Clinic) -> None:
    answer = book(ready)
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert answer["Location"] == f"/api/v1/bookings/{body['id']}"
    assert answer["ETag"] == '"1"'
    assert body["client"] == {"id": ready.maya.pk, "name": "Maya Rivera"}
    assert body["therapist"] == {"id": ready.ana.pk, "name": "Ana"}
    assert body["room"] == {"id": ready.dosing_room.pk, "name": "Room 1"}
    assert (body["starts_at"], body["ends_at"]) == (START, "2026-12-01T12:00:00-08:00")
    assert (body["time_zone"], body["starts_local"]) == ("America/Los_Angeles", "2026-12-01T09:30")
    assert (body["status"], body["on_hold"], body["blockers"]) == ("booked", False, [])
    assert {light["name"]: light["state"] for light in body["lights"]} == {
        "consent": "ready",
        "clearance": "ready",
        "prescription": "ready",
        "fasting": "waiting",
        "ride": "waiting",
        "support_person": "waiting",
        "medicine": "not_needed",
    }
    assert Caller(ready.ana).get(f"bookings/{body['id']}").json() == body


def test_it_takes_the_time_on_the_clinics_clock_too(ready: Clinic) -> None:
    session = ready.dose(ready.maya).pk
    answer = Caller(ready.kim).post(
        "bookings", {"planned_session": session, "starts_local": "2026-12-01T09:30"}
    )
    assert answer.json()["starts_at"] == START


def test_it_books_a_client_without_a_plan_by_appointment_type(clinic: Clinic) -> None:
    kind = clinic.appointment_type("consult")
    body = {"client": clinic.maya.pk, "appointment_type": kind.pk, "starts_at": START}
    answer = Caller(clinic.kim).post("bookings", body)
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["planned_session"], answer.json()["appointment_type"]["code"]) == (None, "consult")


def test_a_dosing_session_is_never_booked_without_its_plan(ready: Clinic) -> None:
    kind = ready.appointment_type("dosing-im")
    body = {"client": ready.maya.pk, "appointment_type": kind.pk, "starts_at": START}
    answer = Caller(ready.kim).post("bookings", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/planned_session")
    assert Booking.objects.count() == 0


def test_a_refusal_has_every_reason_and_the_nearest_openings(ready: Clinic) -> None:
    Prescription.objects.update(valid_through_on="2026-12-02")
    answer = book(ready, start="2026-12-05T09:40:00-08:00")
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert {"off_grid", "outside_hours", "prescription_not_in_order"} <= codes(answer)
    assert "prescription ended" not in answer.json()["detail"]
    assert len(answer.json()["alternatives"]) == 3
    assert book(ready, start=answer.json()["alternatives"][0]["starts_at"]).status_code == 201


def test_it_moves_a_booking_and_asks_again(ready: Clinic) -> None:
    booked = book(ready).json()
    desk = Caller(ready.kim)
    said = {"item": "ride", "answer": "confirmed", "said_by": "client", "source": "phone"}
    assert desk.post(f"bookings/{booked['id']}/acknowledgements", said).status_code == 201
    moved = desk.post(f"bookings/{booked['id']}/reschedule", {"starts_local": "2026-12-02T13:00"})
    assert moved.status_code == 200, moved.json()
    body = moved.json()
    assert (body["starts_at"], body["version"], body["revision"]) == ("2026-12-02T13:00:00-08:00", 2, 2)
    assert moved["ETag"] == '"2"'
    assert {"name": "ride", "state": "waiting"} in body["lights"]


def test_a_session_is_lived_through(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    desk = Caller(ready.kim)
    for item in ("fasting", "ride", "support_person"):
        said = {"item": item, "answer": "confirmed", "said_by": "client", "source": "phone"}
        desk.post(f"bookings/{booked}/acknowledgements", said)
    with time_machine.travel(START, tick=False):
        desk, ana = Caller(ready.kim), Caller(ready.ana)  # signed in anew, a week later
        assert desk.post(f"bookings/{booked}/arrive").json()["status"] == "arrived"
        assert desk.post(f"bookings/{booked}/start").status_code == 403
        assert ana.post(f"bookings/{booked}/start").json()["status"] == "in_session"
        early = ana.post(f"bookings/{booked}/complete")
        assert (early.status_code, early.json()["code"]) == (409, "record_not_finished")
        ready.discharged(Booking.objects.get(), dosed_at=START, left_at=START)
        done = ana.post(f"bookings/{booked}/complete")
        assert (done.json()["status"], done.json()["lights"]) == ("completed", [])
        again = ana.post(f"bookings/{booked}/complete")
        assert (again.status_code, again.json()["code"]) == (409, "wrong_status")


def test_a_session_does_not_start_while_a_light_is_not_ready(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    with time_machine.travel(START, tick=False):
        ana = Caller(ready.ana)
        ana.post(f"bookings/{booked}/arrive")
        answer = ana.post(f"bookings/{booked}/start")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert codes(answer) == {"fasting_not_confirmed", "ride_not_confirmed", "support_person_not_confirmed"}


def test_it_cancels_with_a_party_and_a_reason(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    desk = Caller(ready.kim)
    assert desk.post(f"bookings/{booked}/cancel", {"party": "client"}).status_code == 400
    answer = desk.post(f"bookings/{booked}/cancel", {"party": "client", "reason": "has a cold"})
    body = answer.json()
    assert (body["status"], body["cancelled_by_party"], body["cancel_reason"]) == (
        "cancelled",
        "client",
        "has a cold",
    )
    assert book(ready).status_code == 201  # the time and the planned session are free again


def test_a_no_show_is_refused_before_the_start(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    answer = Caller(ready.kim).post(f"bookings/{booked}/no-show")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_started")


def test_a_closed_gate_puts_the_booking_on_hold_and_the_desk_is_not_told_why(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    prescriptions.revoke(Prescription.objects.get().pk, reason="reaction", actor=ready.ito.user, now=NOW)
    for_desk = Caller(ready.kim).get(f"bookings/{booked}").json()
    for_ana = Caller(ready.ana).get(f"bookings/{booked}").json()
    for body in (for_desk, for_ana):
        assert body["on_hold"] is True
        assert {"name": "prescription", "state": "blocked"} in body["lights"]
    assert [each["code"] for each in for_desk["blockers"]] == ["prescription_not_in_order"]
    assert [blocker["code"] for blocker in for_ana["blockers"]] == ["prescription_revoked"]
    lights = Caller(ready.kim).get(f"bookings/{booked}/readiness").json()["lights"]
    told = [each["code"] for light in lights for each in light["blockers"]]
    assert told == ["prescription_not_in_order"]


def test_readiness_says_who_said_so_how_and_when(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    said = {"item": "ride", "answer": "confirmed", "said_by": "support_person", "source": "phone"}
    Caller(ready.kim).post(f"bookings/{booked}/acknowledgements", said)
    body = Caller(ready.ana).get(f"bookings/{booked}/readiness").json()
    assert (body["is_ready"], len(body["lights"])) == (False, 7)
    ride = next(light for light in body["lights"] if light["name"] == "ride")
    assert (ride["state"], ride["said_by"], ride["source"], ride["said_at"]) == (
        "ready",
        "support_person",
        "phone",
        "2026-11-23T10:00:00-08:00",
    )


def test_only_therapists_and_psychiatrists_override_and_only_with_a_reason(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    said = {"item": "ride", "answer": "overridden", "said_by": "staff", "source": "in_person"}
    path = f"bookings/{booked}/acknowledgements"
    assert Caller(ready.kim).post(path, {**said, "detail": "lives next door"}).status_code == 403
    assert Caller(ready.nia).post(path, {**said, "detail": "lives next door"}).status_code == 403
    answer = Caller(ready.ana).post(path, said)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/detail")
    assert Caller(ready.ana).post(path, {**said, "detail": "lives next door"}).status_code == 201
    assert [row["answer"] for row in Caller(ready.kim).get(path).json()["results"]] == ["overridden"]


def test_an_answer_for_another_start_is_refused(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    said = {"item": "ride", "answer": "confirmed", "said_by": "client", "source": "sms"}
    answer = Caller(ready.kim).post(
        f"bookings/{booked}/acknowledgements", {**said, "for_starts_at": "2026-12-01T08:00:00-08:00"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "moved_since")


def test_lists_are_filtered_by_range_people_place_and_status(ready: Clinic) -> None:
    first, second = book(ready).json()["id"], book(ready, 2, "2026-12-08T09:30:00-08:00").json()["id"]
    desk = Caller(ready.kim)
    desk.post(f"bookings/{second}/cancel", {"party": "clinic", "reason": "flood"})

    def listed(**query: Any) -> list[int]:
        answer = desk.get("bookings", **query)
        assert answer.status_code == 200, answer.json()
        return [row["id"] for row in answer.json()["results"]]

    assert listed() == [first, second]
    assert listed(**{"from": "2026-12-02T00:00:00-08:00"}) == [second]
    assert listed(until="2026-12-02T00:00:00-08:00") == [first]
    assert listed(**{"from": "2026-12-01T17:30:00Z", "until": "2026-12-08T17:30:00Z"}) == [first]
    assert listed(status="booked") == [first]
    assert listed(status="booked,cancelled") == [first, second]
    assert listed(client=ready.maya.pk, therapist=ready.ana.pk, location=ready.location.pk) == [first, second]
    assert listed(therapist=ready.ben.pk) == []
    assert listed(planned_session=ready.dose(ready.maya, 2).pk) == [second]
    assert listed(limit=1) == [first]


def test_a_clinician_lists_their_own_clients_only(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    assert [row["id"] for row in Caller(ready.ana).get("bookings").json()["results"]] == [booked]
    assert Caller(ready.ben).get("bookings").json()["results"] == []
    assert Caller(ready.ben).get(f"bookings/{booked}").status_code == 404


def test_a_list_takes_the_same_number_of_queries_for_any_number(
    ready: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    desk = Caller(ready.kim)
    book(ready)
    desk.get("bookings")
    with django_assert_num_queries(LIST_QUERIES):
        assert len(desk.get("bookings").json()["results"]) == 1
    other = ready.ready_client("Ivy Kahn")
    for number, day in ((2, "08"), (3, "10")):
        assert book(ready, number, f"2026-12-{day}T09:30:00-08:00").status_code == 201
    session = ready.dose(other).pk
    desk.post("bookings", {"planned_session": session, "starts_at": "2026-12-02T09:30:00-08:00"})
    with django_assert_num_queries(LIST_QUERIES):
        assert len(desk.get("bookings").json()["results"]) == 4


@pytest.mark.parametrize("rooms_and_people", [0, 12])
def test_a_booking_with_all_its_rows_takes_sixteen_statements(ready: Clinic, rooms_and_people: int) -> None:
    """By token, once only: with occupancy, reminders, activity and the answer that is kept."""
    for number in range(rooms_and_people):
        make_clinician(f"Therapist {number}", "therapist", ready.location)
        Room.objects.create(location=ready.location, name=f"Dose {number}", kind=Room.Kind.DOSING)
    program = APIClient(headers={"Authorization": f"Bearer {issue_token(ready.kim, name='x', now=NOW)}"})
    session = ready.dose(ready.maya).pk
    with CaptureQueriesContext(connection) as captured:
        answer = program.post(
            "/api/v1/bookings",
            {"planned_session": session, "starts_at": START},
            headers={"Idempotency-Key": "once"},
        )
    assert answer.status_code == 201, answer.json()
    assert Reminder.objects.filter(booking=answer.json()["id"]).count() > 1
    asked = [each["sql"] for each in captured if not each["sql"].startswith(TRANSACTION_CONTROL)]
    assert len(asked) <= MOST_BOOKING_QUERIES, "\n".join(statement[:120] for statement in asked)


def test_somebody_without_a_role_sees_nothing(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    nobody = Caller(make_user("nobody"))
    assert nobody.get("bookings").status_code == 403
    assert nobody.get(f"bookings/{booked}").status_code == 403


def test_an_auditor_reads_ids_only(ready: Clinic) -> None:
    booked = book(ready).json()["id"]
    assert Caller(ready.odo).get("bookings").json()["results"] == [{"id": booked, "client": ready.maya.pk}]
    assert Caller(ready.odo).get(f"bookings/{booked}").status_code == 403
    assert Caller(ready.odo).get(f"bookings/{booked}/readiness").status_code == 403
    assert ready.odo.roles == [Role.AUDITOR]


def test_a_time_is_held_until_it_is_confirmed_or_over(ready: Clinic) -> None:
    held = book(ready, hold_minutes=10)
    body = held.json()
    assert (held.status_code, body["status"], body["held_until"]) == (
        201,
        "held",
        "2026-11-23T10:10:00-08:00",
    )
    confirm = f"bookings/{body['id']}/confirm"
    assert Caller(ready.kim).post(confirm).json()["status"] == "booked"
    late = book(ready, 2, "2026-12-08T09:30:00-08:00", hold_minutes=1).json()["id"]
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        answer = Caller(ready.kim).post(f"bookings/{late}/confirm")
    assert (answer.status_code, answer.json()["code"], len(answer.json()["alternatives"])) == (
        410,
        "hold_over",
        3,
    )


def test_the_wide_view_of_one_role_does_not_widen_another(ready: Clinic) -> None:
    """Ben works at the desk too: he sees Maya's booking, but not as her therapist."""
    booked = book(ready).json()["id"]
    ready.ben.user.roles = [Role.THERAPIST, Role.FRONT_DESK]
    ready.ben.user.save()
    prescriptions.revoke(Prescription.objects.get().pk, reason="reaction", actor=ready.ito.user, now=NOW)
    ben = Caller(ready.ben)
    body = ben.get(f"bookings/{booked}").json()
    assert body["on_hold"]
    assert [each["code"] for each in body["blockers"]] == ["prescription_not_in_order"]
    said = {"item": "ride", "answer": "overridden", "said_by": "staff", "source": "phone", "detail": "near"}
    assert ben.post(f"bookings/{booked}/acknowledgements", said).status_code == 404
    assert ben.post(f"bookings/{booked}/start").status_code == 404
