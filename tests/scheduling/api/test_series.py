from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from practice.models import Clinician, TimeOff
from scheduling.models import Booking, Occupancy
from tests.api.calls import Caller, codes, pointers
from tests.cast import Clinic, at, make_user
from treatment_plans.models import PlannedSession, Prescription, Protocol, TreatmentPlan

pytestmark = pytest.mark.django_db

# who, plan, length; sessions, bookings, types and phases; calendars of two types; gate; limits
PROPOSE_QUERIES = 2 + 1 + 1 + 2 + 2 * 1 + 4 + 1


def path(clinic: Clinic, what: str = "series") -> str:
    return f"treatment-plans/{TreatmentPlan.objects.get(client=clinic.maya).pk}/{what}"


def propose(clinic: Clinic, who: Any = None, **body: Any) -> Any:
    return Caller(who or clinic.kim).post(path(clinic, "series:propose"), body)


def items_of(proposal: dict[str, Any]) -> list[dict[str, Any]]:
    """What to send for a proposal."""
    return [
        {
            "planned_session": item["planned_session"]["id"],
            "starts_at": item["starts_at"],
            **{
                name: item[name]["id"]
                for name in ("therapist", "psychiatrist", "room")
                if item[name] is not None
            },
        }
        for item in proposal["items"]
    ]


def book(clinic: Clinic, items: Any, who: Any = None, **headers: str) -> Any:
    return Caller(who or clinic.kim).post(path(clinic), {"items": items}, **headers)


def test_a_course_of_six_doses_is_proposed_and_booked(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pytest -s -k six_doses` shows what is asked and answered, and how long that takes."""
    clinic.appointment_type()
    clinic.ready_client(doses=6)
    Protocol.objects.update(review_after_days=42)  # this plan has no review
    caller, told = Caller(clinic.kim), []

    def timed(what: str, body: dict[str, Any], **headers: str) -> Any:
        address = path(clinic, what)
        with CaptureQueriesContext(connection) as queries:
            began = time.process_time()
            answer = caller.post(address, body, **headers)
            took = time.process_time() - began
        told.append(f"POST {address} -> {answer.status_code}, {len(queries)} queries, {took * 1000:.0f} ms")
        return answer

    asked = {
        "weeks": 10,
        "preferred_weekdays": [0, 3],
        "preferred_from_local": "08:00",
        "preferred_until_local": "12:00",
    }
    answer = timed("series:propose", asked)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert [(each["compromise_count"], each["unplaced"]) for each in body["proposals"]] == [(0, [])] * 3
    best = body["proposals"][0]
    assert [item["planned_session"]["kind"] for item in best["items"]] == ["dosing", "integration"] * 6
    assert best["items"][0] == {
        "planned_session": {
            "id": clinic.dose(clinic.maya).pk,
            "kind": "dosing",
            "position": 1,
            "dose_number": 1,
        },
        "appointment_type": best["items"][0]["appointment_type"],
        "starts_at": "2026-11-26T08:00:00-08:00",
        "ends_at": "2026-11-26T10:30:00-08:00",
        "time_zone": "America/Los_Angeles",
        "therapist": {"id": clinic.ana.pk, "name": "Ana"},
        "psychiatrist": {"id": clinic.ito.pk, "name": "Ito"},
        "room": {"id": clinic.dosing_room.pk, "name": "Room 1"},
        "compromises": [],
        "tentative": False,
    }
    assert best["finishes_at"] == best["items"][-1]["ends_at"]
    timed("series:propose", asked)  # once more, warm
    answer = timed("series", {"items": items_of(best)}, **{"Idempotency-Key": "maya-1"})
    assert answer.status_code == 201, answer.json()
    booked = answer.json()["bookings"]
    assert [each["starts_at"] for each in booked] == [item["starts_at"] for item in best["items"]]
    assert {each["status"] for each in booked} == {"booked"}
    again = timed("series", {"items": items_of(best)}, **{"Idempotency-Key": "maya-1"})
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == answer.json()
    assert Booking.objects.count() == 12
    assert propose(clinic).json()["proposals"] == []
    with capsys.disabled():
        print("\n" + "\n".join(told))


def test_compromises_and_reasons_come_with_words(ready: Clinic) -> None:
    Prescription.objects.update(doses_per_fill=2)
    Clinician.objects.filter(pk=ready.ana.pk).update(is_active=False)
    body = propose(ready, limit=1).json()["proposals"][0]
    assert [each["detail"] for each in body["items"][0]["compromises"]] == ["Ben instead of Ana."]
    assert body["compromise_count"] == 4
    third, behind = body["unplaced"]
    assert third["planned_session"]["dose_number"] == 3
    assert third["blockers"] == [
        {
            "code": "prescription_used_up",
            "detail": "No dose is left: 2 prescribed, 0 used, 2 booked.",
            "params": {"doses": 2, "used": 0, "booked": 2},
        }
    ]
    assert [each["detail"] for each in third["remedies"]] == ["Prescribe more than these 2 doses."]
    assert [each["code"] for each in behind["blockers"]] == ["waits_for"]


def test_a_proposal_takes_a_fixed_number_of_queries(
    ready: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    caller, address = Caller(ready.kim), path(ready, "series:propose")
    for body in ({}, {"limit": 1}):
        with django_assert_num_queries(PROPOSE_QUERIES):
            assert caller.post(address, body).status_code == 200


def test_all_or_nothing_with_every_failing_item(ready: Clinic) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    start = at("2026-12-01 09:00")
    TimeOff.objects.create(clinician=ready.ana, starts_at=start, ends_at=at("2026-12-01 10:00"))
    items[5]["starts_at"] = "2026-12-12T09:00:00-08:00"
    answer = book(ready, items)
    assert (answer.status_code, answer.json()["code"]) == (409, "series_not_bookable")
    assert [(each["code"], each["params"]["index"]) for each in answer.json()["blockers"]] == [
        ("away", 2),
        ("outside_hours", 5),
    ]
    assert answer.json()["blockers"][0]["detail"] == "Ana is away, or the location is closed."
    assert (Booking.objects.count(), Occupancy.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"weeks": 0}, "/weeks"),
        ({"weeks": 27}, "/weeks"),
        ({"weeks": 4, "until": "2026-12-24T00:00:00Z"}, "/weeks"),
        ({"until": "2026-11-23T10:00:00-08:00"}, "/until"),
        ({"until": "2026-11-20T10:00:00-08:00"}, "/until"),
        ({"from": "2026-12-24T00:00:00Z", "until": "2026-12-23T00:00:00Z"}, "/until"),
        ({"until": "2027-05-24T18:00:01Z"}, "/until"),
        ({"until": "2026-12-24T00:00:00"}, "/until"),
        ({"from": "2026-12-24"}, "/from"),
        ({"preferred_weekdays": [7]}, "/preferred_weekdays/0"),
        ({"preferred_weekdays": 0}, "/preferred_weekdays"),
        ({"preferred_from_local": "8:00"}, "/preferred_from_local"),
        ({"preferred_from_local": "24:00"}, "/preferred_from_local"),
        ({"preferred_from_local": "12:00", "preferred_until_local": "12:00"}, "/preferred_until_local"),
        ({"limit": 4}, "/limit"),
        ({"limit": 0}, "/limit"),
        ({"client": 1}, "/client"),
    ],
)
def test_a_wish_that_makes_no_sense_is_pointed_at(ready: Clinic, body: dict[str, Any], pointer: str) -> None:
    answer = propose(ready, **body)
    assert (answer.status_code, pointers(answer)) == (400, {pointer}), answer.json()


def test_the_window_is_told_and_as_long_as_asked(ready: Clinic) -> None:
    body = propose(ready, until="2027-05-24T18:00:00Z").json()
    assert (body["from_at"], body["until_at"]) == ("2026-11-23T10:00:00-08:00", "2027-05-24T11:00:00-07:00")
    body = propose(ready, **{"from": "2026-11-01T00:00:00Z"}, weeks=2).json()
    assert (body["from_at"], body["until_at"]) == ("2026-11-23T10:00:00-08:00", "2026-12-07T10:00:00-08:00")
    body = propose(ready, **{"from": "2026-12-07T00:00:00Z"}).json()
    assert body["until_at"] == "2027-02-14T16:00:00-08:00"  # three doses at half the pace, and four weeks
    assert body["proposals"][0]["items"][0]["starts_at"] == "2026-12-07T08:00:00-08:00"


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        (lambda items: [], 400, "/items"),
        (lambda items: None, 400, "/items"),
        (lambda items: "all", 400, "/items"),
        (lambda items: items * 20, 400, "/items"),
        (lambda items: [items[0], items[0]], 400, "/items/1/planned_session"),
        (
            lambda items: [items[0], {**items[1], "starts_at": "2026-12-02T09:00:00"}],
            400,
            "/items/1/starts_at",
        ),
        (lambda items: [{"planned_session": items[0]["planned_session"]}], 400, "/items/0/starts_at"),
        (lambda items: [{"starts_at": items[0]["starts_at"]}], 400, "/items/0/planned_session"),
        (lambda items: [{**items[0], "planned_session": 10**9}], 404, "/items/0/planned_session"),
        (lambda items: [{**items[0], "planned_session": "1"}], 400, "/items/0/planned_session"),
        (lambda items: [{**items[0], "therapist": 10**9}], 404, "/items/0/therapist"),
        (lambda items: [{**items[0], "room": 10**9}], 404, "/items/0/room"),
        (
            lambda items: [{**items[1], "psychiatrist": items[0]["psychiatrist"]}],
            400,
            "/items/0/psychiatrist",
        ),
        (lambda items: [{**items[0], "hold_minutes": 5}], 400, "/items/0/hold_minutes"),
    ],
)
def test_items_that_make_no_sense_are_pointed_at(
    ready: Clinic, change: Any, status: int, pointer: str
) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    answer = book(ready, change(items))
    assert (answer.status_code, pointers(answer)) == (status, {pointer}), answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert Booking.objects.count() == 0


def test_a_session_of_another_client_is_not_in_this_plan(ready: Clinic) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    items[0]["planned_session"] = ready.dose(ready.ready_client("Ivy Kahn")).pk
    answer = book(ready, items)
    assert (answer.status_code, pointers(answer)) == (404, {"/items/0/planned_session"})


def test_a_closed_plan_is_neither_proposed_nor_booked(ready: Clinic) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    TreatmentPlan.objects.update(status="closed", closed_at=at("2026-11-23 09:00"))
    for answer in (propose(ready), book(ready, items)):
        assert (answer.status_code, answer.json()["code"], pointers(answer)) == (
            409,
            "plan_closed",
            {"/path/id"},
        )


def test_a_key_for_another_series_is_refused(ready: Clinic) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    assert book(ready, items[:2], **{"Idempotency-Key": "k"}).status_code == 201
    assert book(ready, items[2:4], **{"Idempotency-Key": "k"}).status_code == 422
    assert Booking.objects.count() == 2


def test_the_rest_of_a_course_is_proposed_around_what_is_booked(ready: Clinic) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    assert book(ready, items[:2]).status_code == 201
    body = propose(ready, limit=1).json()["proposals"][0]
    assert items_of(body) == items[2:]


def test_those_who_may_book_may_book_series(ready: Clinic) -> None:
    items = items_of(propose(ready).json()["proposals"][0])
    expected = {
        ready.ana: (200, 201),
        ready.ben: (404, 404),
        ready.nia: (403, 403),
        ready.odo: (403, 403),
        make_user("nobody"): (403, 403),
        None: (401, 401),
    }
    for who, statuses in expected.items():
        caller = Caller(who)
        answers = (
            caller.post(path(ready, "series:propose")),
            caller.post(path(ready), {"items": items}),
        )
        assert tuple(answer.status_code for answer in answers) == statuses, who
    assert Booking.objects.count() == 6


def test_only_post(ready: Clinic) -> None:
    assert Caller(ready.kim).get(path(ready)).status_code == 405
    assert Caller(ready.kim).get(path(ready, "series:propose")).status_code == 405
    assert (
        Caller(ready.kim).post(path(ready).replace("/series", "0/series"), {"items": []}).status_code == 404
    )


def test_withdrawn_sessions_are_left_alone(ready: Clinic) -> None:
    PlannedSession.objects.filter(dose_number=3).update(withdrawn_at=at("2026-11-23 09:00"))
    PlannedSession.objects.filter(after_session__dose_number=3).update(withdrawn_at=at("2026-11-23 09:00"))
    answer = propose(ready, limit=1)
    assert len(answer.json()["proposals"][0]["items"]) == 4
    assert codes(answer) == set()
