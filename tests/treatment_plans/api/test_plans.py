from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Clinician
from tests.api.calls import Caller, codes, pointers
from tests.cast import NOW, Clinic, make_client
from tests.practice.api.edits import edit
from treatment_plans.models import FollowUp, PlannedSession, Protocol, TreatmentPlan

pytestmark = pytest.mark.django_db


def drafted(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    return {
        "client": clinic.maya.pk,
        "protocol": clinic.protocol.pk,
        "therapist": clinic.ana.pk,
        "prescriber": clinic.ito.pk,
        "doses": 2,
    } | changes


# Plans


def test_a_therapist_drafts_a_plan_and_activates_it(clinic: Clinic) -> None:
    answer = Caller(clinic.ana).post("treatment-plans", drafted(clinic))
    assert answer.status_code == 201, answer.json()
    plan = answer.json()
    assert (plan["status"], plan["activated_at"]) == ("draft", None)
    sessions = Caller(clinic.kim).get("planned-sessions", plan=plan["id"]).json()["results"]
    assert [session["position"] for session in sessions] == list(range(1, len(sessions) + 1))
    assert [session["dose_number"] for session in sessions if session["kind"] == "dosing"] == [1, 2]

    active = Caller(clinic.ana).post(f"treatment-plans/{plan['id']}/activate")
    assert (active.status_code, active.json()["status"]) == (200, "active")
    assert active.json()["activated_at"] == "2026-11-23T18:00:00Z"
    again = Caller(clinic.ana).post(f"treatment-plans/{plan['id']}/activate")
    assert (again.status_code, again.json()["code"]) == (409, "plan_not_draft")


def test_the_intake_can_be_left_out(clinic: Clinic) -> None:
    plan = Caller(clinic.ana).post("treatment-plans", drafted(clinic, with_intake=False)).json()
    kinds = PlannedSession.objects.filter(plan=plan["id"]).values_list("kind", flat=True)
    assert "consult" not in set(kinds)


@pytest.mark.parametrize(
    ("changes", "status", "pointer", "code"),
    [
        (lambda c: {"doses": 0}, 400, "/doses", "min_value"),
        (lambda c: {"doses": 31}, 400, "/doses", "max_value"),
        (lambda c: {"doses": "2"}, 400, "/doses", "invalid"),
        (lambda c: {"status": "active"}, 400, "/status", "unknown_field"),
        (lambda c: {"therapist": c.ito.pk}, 400, "/therapist", "not_a_therapist"),
        (lambda c: {"prescriber": c.ana.pk}, 400, "/prescriber", "not_a_prescriber"),
        (lambda c: {"therapist": 99}, 404, "/therapist", "not_found"),
        (lambda c: {"prescriber": 99}, 404, "/prescriber", "not_found"),
        (lambda c: {"protocol": 99}, 404, "/protocol", "not_found"),
        (lambda c: {"client": 99}, 404, "/client", "not_found"),
        (lambda c: {"client": make_client("Ivy", c.location).pk}, 404, "/client", "not_found"),
        (
            lambda c: {"protocol": Protocol.objects.get(route="iv").pk},
            409,
            "/protocol",
            "protocol_not_usable",
        ),
    ],
)
def test_every_wrong_field_of_a_plan_is_named(
    clinic: Clinic, changes: Any, status: int, pointer: str, code: str
) -> None:
    body = drafted(clinic) | changes(clinic)
    answer = Caller(clinic.ana).post("treatment-plans", body)
    assert (answer.status_code, pointers(answer), codes(answer)) == (status, {pointer}, {code})
    assert not TreatmentPlan.objects.exists()


def test_nobody_plans_with_a_clinician_who_has_left(clinic: Clinic) -> None:
    Clinician.objects.filter(pk=clinic.ben.pk).update(is_active=False)
    answer = Caller(clinic.ana).post("treatment-plans", drafted(clinic, therapist=clinic.ben.pk))
    assert (answer.status_code, pointers(answer), codes(answer)) == (
        400,
        {"/therapist"},
        {"inactive_clinician"},
    )


def test_a_client_has_one_open_plan(clinic: Clinic) -> None:
    assert Caller(clinic.ana).post("treatment-plans", drafted(clinic)).status_code == 201
    answer = Caller(clinic.ana).post("treatment-plans", drafted(clinic))
    assert (answer.status_code, answer.json()["code"]) == (409, "has_an_open_plan")


def test_a_plan_is_not_edited(clinic: Clinic) -> None:
    plan = clinic.plan(clinic.maya)
    assert edit(clinic.ana, f"treatment-plans/{plan.pk}", {"status": "closed"}).status_code == 405


def test_plans_are_filtered_and_read_by_those_who_treat_or_book(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        clinic.plan(make_client(f"Client {number}", clinic.location), doses=1)
    plan = clinic.plan(clinic.maya)
    desk = Caller(clinic.kim)
    with django_assert_num_queries(3):
        listed = desk.get("treatment-plans", client=clinic.maya.pk, status="active").json()["results"]
    assert [each["id"] for each in listed] == [plan.pk]
    assert len(desk.get("treatment-plans").json()["results"]) == 11
    assert desk.get("treatment-plans", status="draft").json()["results"] == []
    assert desk.get("treatment-plans", status="open").status_code == 400
    assert [each["id"] for each in Caller(clinic.ana).get("treatment-plans").json()["results"]] == [plan.pk]
    assert Caller(clinic.ben).get(f"treatment-plans/{plan.pk}").status_code == 404
    assert Caller(clinic.ben).post(f"treatment-plans/{plan.pk}/activate").status_code == 404
    assert Caller(clinic.odo).get("treatment-plans", client=clinic.maya.pk).json()["results"] == [
        {"id": plan.pk, "client": clinic.maya.pk}
    ]


# Planned sessions


def test_planned_sessions_are_filtered(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ivy = make_client("Ivy Kahn", clinic.location)
    clinic.plan(ivy)
    plan = clinic.plan(clinic.maya, doses=2)
    first = clinic.dose(clinic.maya, 1)
    PlannedSession.objects.filter(pk=first.pk).update(completed_at=NOW)
    caller = Caller(clinic.kim)

    def found(**query: Any) -> list[tuple[str, int | None]]:
        listed = caller.get("planned-sessions", client=clinic.maya.pk, **query).json()["results"]
        return [(each["kind"], each["dose_number"]) for each in listed]

    assert found() == [("dosing", 1), ("integration", None), ("dosing", 2), ("integration", None)]
    assert found(kind="dosing") == [("dosing", 1), ("dosing", 2)]
    assert found(kind="dosing", is_open="true") == [("dosing", 2)]
    assert found(is_open="false", plan=plan.pk) == [("dosing", 1)]
    with django_assert_num_queries(4):
        assert len(caller.get("planned-sessions").json()["results"]) == 10
    body = Caller(clinic.ana).get(f"planned-sessions/{first.pk}").json()
    assert (body["client"], body["completed_at"]) == (clinic.maya.pk, "2026-11-23T18:00:00Z")
    assert Caller(clinic.ben).get(f"planned-sessions/{first.pk}").status_code == 404
    assert Caller(clinic.odo).get("planned-sessions", plan=plan.pk).json()["results"][0] == {
        "id": first.pk,
        "client": clinic.maya.pk,
    }


def test_pages_of_sessions_go_across_plans(clinic: Clinic) -> None:
    for name in ("Ivy", "Kay", "Lou"):
        clinic.plan(make_client(name, clinic.location), doses=2)
    http = Caller(clinic.kim).http
    seen: list[int] = []
    url = "/api/v1/planned-sessions?limit=5"
    while url:
        page = http.get(url).json()
        seen += [each["id"] for each in page["results"]]
        url = page["next"]
    assert seen == list(PlannedSession.objects.order_by("plan", "position").values_list("pk", flat=True))


# Follow-ups


@pytest.fixture
def check_ins(clinic: Clinic) -> list[FollowUp]:
    clinic.plan(clinic.maya)
    dose = clinic.dose(clinic.maya)
    return [
        FollowUp.objects.create(
            client=clinic.maya,
            source_session=dose,
            kind=FollowUp.Kind.CHECK_IN,
            position=day,
            due_from_at=NOW + timedelta(days=day),
            due_until_at=NOW + timedelta(days=day + 1),
        )
        for day in (3, 1, 2)
    ]


def test_follow_ups_come_in_the_order_they_are_due(
    clinic: Clinic, check_ins: list[FollowUp], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    caller = Caller(clinic.nia)

    def days(**query: Any) -> list[int]:
        return [each["position"] for each in caller.get("follow-ups", **query).json()["results"]]

    with django_assert_num_queries(3):
        assert days() == [1, 2, 3]
    FollowUp.objects.filter(position=1).update(done_at=NOW, result="done", outcome="well")
    assert days(is_done="false") == [2, 3]
    assert days(is_done="true") == days(due_before="2026-11-24T10:00:01-08:00") == [1]
    assert days(client=99) == days(kind="integration") == []
    assert caller.get("follow-ups", due_before="2026-11-24").status_code == 400


def test_a_follow_up_is_closed_once_with_words(clinic: Clinic, check_ins: list[FollowUp]) -> None:
    path = f"follow-ups/{check_ins[0].pk}/done"
    assert pointers(Caller(clinic.ana).post(path, {"outcome": "  "})) == {"/outcome"}
    answer = Caller(clinic.ana).post(path, {"outcome": "slept well"})
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert (body["outcome"], body["done_by"], body["done_at"]) == (
        "slept well",
        clinic.ana.user_id,
        "2026-11-23T18:00:00Z",
    )
    again = Caller(clinic.ana).post(path, {"outcome": "slept well"})
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    assert Caller(clinic.ben).post(path, {"outcome": "x"}).status_code == 404
    for who in (clinic.kim, clinic.odo):
        assert Caller(who).post(path, {"outcome": "x"}).status_code == 403
