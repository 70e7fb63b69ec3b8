from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.api.calls import Caller, codes
from tests.cast import Clinic
from treatment_plans.models import Clearance

pytestmark = pytest.mark.django_db

DAY = {"from": "2026-12-01T00:00:00-08:00", "until": "2026-12-02T00:00:00-08:00"}
WINDOW_QUERIES = 2 + 3 + 3 + 4 + 2  # session and user, what is wanted, calendars, gate, names


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
        "therapist": {"id": ready.ana.pk, "name": "Ana"},
        "psychiatrist": {"id": ready.ito.pk, "name": "Ito"},
        "room": {"id": ready.dosing_room.pk, "name": "Room 1"},
        "room_place": 1,
    }


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
    assert (len(body["openings"]), body["is_cut"]) == (20, True)


def test_it_says_so_when_it_looked_less_far_than_it_was_asked_to(ready: Clinic) -> None:
    body = found(ready, **{"from": "2026-12-05T00:00:00Z", "until": "2027-12-05T00:00:00Z", "limit": 1})
    assert (body["until_at"], body["is_cut"]) == ("2027-02-04T16:00:00-08:00", True)


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
        ({"starting": "now"}, "/query/starting"),
    ],
)
def test_it_points_at_the_parameter_that_is_wrong(ready: Clinic, query: dict[str, str], pointer: str) -> None:
    if pointer in {"/query/limit", "/query/until", "/query/from", "/query/starting"}:
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
