from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Clinician, Location, Room, WorkingHours
from scheduling.models import AppointmentType
from tests.api.calls import Caller, codes
from tests.cast import Clinic
from treatment_plans.models import Clearance

pytestmark = pytest.mark.django_db

DAY = {"from": "2026-12-01T00:00:00-08:00", "until": "2026-12-02T00:00:00-08:00"}
WINDOW_QUERIES = 2 + 2 + 1 + 2  # session and user, what is wanted, calendars, gate


def found(ready: Clinic, **query: Any) -> Any:
    answer = Caller(ready.kim).get("openings", planned_session=ready.dose(ready.maya).pk, **query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_it_says_when_with_whom_and_where(ready: Clinic) -> None:
    body = found(ready, **DAY)
    assert (body["time_zone"], body["is_cut"]) == ("America/Los_Angeles", False)
    assert (body["from_at"], body["until_at"]) == (DAY["from"], DAY["until"])
    assert body["openings"][0] == {
        "starts_at": "2026-12-01T08:00:00-08:00",
        "ends_at": "2026-12-01T10:30:00-08:00",
        "starts_local": "2026-12-01T08:00",
        "fold": 0,
        "time_zone": "America/Los_Angeles",
        "location": {"id": ready.location.pk, "name": "Riverbend Clinic"},
        "therapist": {"id": ready.ana.pk, "name": "Ana"},
        "psychiatrist": {"id": ready.ito.pk, "name": "Ito"},
        "room": {"id": ready.dosing_room.pk, "name": "Room 1"},
        "room_place": 1,
        "phases": body["openings"][0]["phases"],
        "reasons": [
            {"code": "same_therapist", "detail": "The same therapist as before."},
            {"code": "earliest", "detail": "The earliest."},
        ],
    }
    assert [
        (phase["role"] or phase["room_kind"], phase["from_at"][11:16], phase["until_at"][11:16])
        for phase in body["openings"][0]["phases"]
    ] == [
        ("dosing", "07:45", "10:45"),
        ("therapist", "08:00", "10:30"),
        ("psychiatrist", "08:00", "08:15"),
        ("psychiatrist", "10:20", "10:30"),
    ]
    assert (body["order"], body["cut_by"], body["searched_until"]) == ("time", None, DAY["until"])


def test_every_opening_can_be_booked_as_it_is_offered(ready: Clinic) -> None:
    offer = found(ready, **DAY)["openings"][-1]
    body = {
        "planned_session": ready.dose(ready.maya).pk,
        "starts_at": offer["starts_at"],
        **{name: offer[name]["id"] for name in ("therapist", "psychiatrist", "room")},
    }
    assert Caller(ready.kim).post("openings/explain", body).json()["blockers"] == []
    assert Caller(ready.kim).post("bookings", body).status_code == 201


def test_it_looks_two_weeks_ahead_by_itself(ready: Clinic) -> None:
    body = found(ready)
    assert (body["from_at"], body["until_at"]) == ("2026-11-23T10:00:00-08:00", "2026-12-07T10:00:00-08:00")
    assert (len(body["openings"]), body["is_cut"], body["cut_by"]) == (20, True, "limit")
    assert body["openings"][-1]["starts_at"] < body["searched_until"]
    rest = found(ready, **{"from": body["searched_until"]})
    assert body["searched_until"] == rest["openings"][0]["starts_at"]  # nothing is lost between the two


def test_it_says_so_when_it_looked_less_far_than_it_was_asked_to(ready: Clinic) -> None:
    body = found(ready, **{"from": "2026-12-05T00:00:00Z", "until": "2027-12-05T00:00:00Z", "limit": 1})
    assert (body["until_at"], body["is_cut"]) == ("2027-02-04T16:00:00-08:00", True)


def test_what_is_preferred_comes_first_and_says_so(ready: Clinic) -> None:
    body = found(ready, weekdays="thu", times="12:00-15:00", **{"from": DAY["from"]})
    best = body["openings"][0]
    assert (body["order"], best["starts_local"]) == ("rank", "2026-12-03T12:00")
    assert {reason["code"] for reason in best["reasons"]} == {
        "same_therapist",
        "preferred_weekday",
        "preferred_time",
    }
    worst = found(ready, weekdays="thu", times="12:00-15:00", limit=100, **DAY)["openings"][-1]
    assert {"outside_preferred_weekdays", "outside_preferred_times"} <= {
        reason["code"] for reason in worst["reasons"]
    }


def test_a_preferred_clinician_is_offered_before_the_one_of_the_plan(ready: Clinic) -> None:
    body = found(ready, clinicians=str(ready.ben.pk), **DAY)
    best = body["openings"][0]
    assert (best["therapist"]["name"], best["reasons"][0]["detail"]) == ("Ben", "With Ben, who is preferred.")
    assert {"code": "another_therapist", "detail": "Another therapist than before."} in best["reasons"]
    ordered = found(ready, clinicians=str(ready.ben.pk), order="time", **DAY)["openings"]
    assert ordered == sorted(ordered, key=lambda offer: str(offer["starts_at"]))


def test_a_day_is_kept_compact(ready: Clinic) -> None:
    kind = ready.appointment_type("consult").pk
    desk, about = Caller(ready.kim), {"client": ready.maya.pk, "appointment_type": kind}
    desk.post("bookings", {**about, "starts_at": "2026-12-01T12:00:00-08:00", "therapist": ready.ana.pk})
    other = {"client": ready.ready_client("Noa Lind").pk, "appointment_type": kind, "therapist": ready.ana.pk}
    best = desk.get("openings", **other, order="rank", **DAY).json()["openings"][:3]
    # Consults take the therapist for 55 minutes: 11:00 to 11:55, and from 12:55 on.
    assert {"2026-12-01T11:00", "2026-12-01T13:00"} <= {offer["starts_local"] for offer in best}
    assert "compact_day" in {reason["code"] for reason in best[0]["reasons"]}


def test_several_locations_are_searched_in_the_order_of_preference(ready: Clinic) -> None:
    there = Location.objects.create(
        name="Hillside", display_name="Hillside", time_zone="America/Denver", state="CA", phone="+15555550101"
    )
    Room.objects.create(location=there, name="Upstairs", kind=Room.Kind.THERAPY)
    WorkingHours.objects.create(
        clinician=ready.ben,
        location=there,
        weekday=1,
        starts_local=time(9),
        ends_local=time(11),
        effective_from_on=date(2020, 1, 1),
    )
    about = {"client": ready.maya.pk, "appointment_type": ready.appointment_type("consult").pk}
    places = f"{there.pk},{ready.location.pk}"
    body = Caller(ready.kim).get("openings", **about, locations=places, limit=100, **DAY).json()
    best = body["openings"][0]
    assert (best["location"]["name"], best["starts_at"]) == ("Hillside", "2026-12-01T09:00:00-07:00")
    assert "preferred_location" in {reason["code"] for reason in best["reasons"]}
    assert {offer["location"]["name"] for offer in body["openings"]} == {"Hillside", "Riverbend Clinic"}
    assert Caller(ready.kim).get("openings", **about, locations=f"{there.pk},999").status_code == 404
    clash = Caller(ready.kim).get("openings", **about, locations=places, location=there.pk)
    assert (clash.status_code, clash.json()["errors"][0]["pointer"]) == (400, "/query/locations")


def test_five_hundred_candidates_take_as_many_queries_as_one(
    ready: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Clinician.objects.bulk_create(Clinician(name=f"T{n}", kind="therapist") for n in range(500))
    every = Clinician.objects.filter(name__startswith="T")
    common = {"starts_local": time(8), "ends_local": time(18), "effective_from_on": date(2020, 1, 1)}
    WorkingHours.objects.bulk_create(
        WorkingHours(clinician=one, location=ready.location, weekday=day, **common)
        for one in every
        for day in range(5)
    )
    session, desk = ready.dose(ready.maya).pk, Caller(ready.kim)
    with django_assert_num_queries(WINDOW_QUERIES + 1):  # and what was last time
        answer = desk.get("openings", planned_session=session, order="rank")
    assert len(answer.json()["openings"]) == 20


def test_a_clinician_without_hours_has_no_openings_and_explain_says_so(ready: Clinic) -> None:
    WorkingHours.objects.filter(clinician=ready.ben).delete()
    assert found(ready, therapist=ready.ben.pk, **DAY)["openings"] == []
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": "2026-12-01T10:00:00-08:00"}
    answer = Caller(ready.ana).post("openings/explain", {**body, "therapist": ready.ben.pk})
    assert codes(answer) == {"outside_hours"}


def test_a_type_without_phases_is_refused(ready: Clinic) -> None:
    kind = AppointmentType.objects.create(code="empty", name="Empty", kind="consult", duration_minutes=30)
    about = {"client": ready.maya.pk, "appointment_type": kind.pk}
    answer = Caller(ready.kim).get("openings", **about)
    assert (answer.status_code, codes(answer)) == (400, {"no_phases"})
    answer = Caller(ready.kim).post("bookings", {**about, "starts_at": "2026-12-01T10:00:00-08:00"})
    assert (answer.status_code, codes(answer)) == (400, {"no_phases"})


def test_a_named_therapist_is_the_only_one(ready: Clinic) -> None:
    body = found(ready, therapist=ready.ben.pk, **DAY)
    assert {offer["therapist"]["name"] for offer in body["openings"]} == {"Ben"}


def test_where_a_booking_could_be_moved_to_ignores_its_own_time(ready: Clinic) -> None:
    desk = Caller(ready.kim)
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": "2026-12-01T09:30:00-08:00"}
    booked = desk.post("bookings", body).json()["id"]
    offers = desk.get("openings", booking=booked, **DAY).json()["openings"]
    assert "2026-12-01T10:00" in {offer["starts_local"] for offer in offers}
    assert desk.post("openings/explain", {"booking": booked, "starts_local": "2026-12-01T10:00"}).json() == {
        "starts_at": "2026-12-01T10:00:00-08:00",
        "time_zone": "America/Los_Angeles",
        "is_bookable": True,
        "blockers": [],
    }


def test_nothing_is_open_while_the_gate_is_closed_and_explain_says_why(ready: Clinic) -> None:
    Clearance.objects.update(valid_through_on="2026-11-30")
    assert found(ready, **DAY)["openings"] == []
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": "2026-12-01T07:40:00-08:00"}
    answer = Caller(ready.ana).post("openings/explain", body)
    assert answer.status_code == 200
    assert {"off_grid", "outside_hours", "clearance_expired"} <= codes(answer)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({}, "/query/planned_session"),
        ({"client": "1"}, "/query/planned_session"),
        ({"planned_session": "0"}, "/query/planned_session"),
        ({"planned_session": "x"}, "/query/planned_session"),
        ({"limit": "101"}, "/query/limit"),
        ({"until": "2026-11-20T00:00:00Z"}, "/query/until"),
        ({"from": "2026-12-01T00:00:00"}, "/query/from"),
        ({"from": "tomorrow"}, "/query/from"),
        ({"from": "2028-01-01T00:00:00Z"}, "/query/from"),  # beyond the horizon
        ({"from": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}, "/query/until"),  # past
        ({"order": "worst"}, "/query/order"),
        ({"weekdays": "mon,mon"}, "/query/weekdays"),
        ({"weekdays": "someday"}, "/query/weekdays"),
        ({"times": "9-12"}, "/query/times"),
        ({"times": "12:00-09:00"}, "/query/times"),
        ({"clinicians": "1,x"}, "/query/clinicians"),
        ({"clinicians": ",".join(map(str, range(1, 23)))}, "/query/clinicians"),
        ({"locations": "1,2,3,4,5,6"}, "/query/locations"),
        ({"starting": "now"}, "/query/starting"),
    ],
)
def test_it_points_at_the_parameter_that_is_wrong(ready: Clinic, query: dict[str, str], pointer: str) -> None:
    if pointer != "/query/planned_session":
        query = {"planned_session": str(ready.dose(ready.maya).pk), **query}
    answer = Caller(ready.kim).get("openings", **query)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def test_ids_outside_of_scope_look_missing_wherever_they_are_named(ready: Clinic) -> None:
    session = ready.dose(ready.maya).pk
    ben = Caller(ready.ben)
    assert ben.get("openings", planned_session=session).status_code == 404
    body = {"planned_session": session, "starts_at": "2026-12-01T09:30:00-08:00"}
    assert ben.post("openings/explain", body).status_code == 404
    assert ben.post("bookings", body).status_code == 404
    kind = ready.appointment_type("consult").pk
    answer = ben.get("openings", client=ready.maya.pk, appointment_type=kind)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "/query/client")
    for name in ("therapist", "room", "location", "appointment_type"):
        answer = Caller(ready.kim).get("openings", planned_session=session, **{name: 10**12})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, f"/query/{name}")


def test_a_choice_for_which_the_session_has_no_use_is_refused(ready: Clinic) -> None:
    kind = ready.appointment_type("evaluation").pk
    query = {"client": ready.maya.pk, "appointment_type": kind, "therapist": ready.ana.pk}
    answer = Caller(ready.kim).get("openings", **query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "not_needed")


def test_the_number_of_queries_does_not_depend_on_the_window(
    ready: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session, desk = ready.dose(ready.maya).pk, Caller(ready.kim)
    for until, limit in (("2026-12-02T00:00:00Z", 1), ("2027-01-20T00:00:00Z", 100)):
        with django_assert_num_queries(WINDOW_QUERIES):
            answer = desk.get("openings", planned_session=session, until=until, limit=limit)
        assert len(answer.json()["openings"]) == limit
