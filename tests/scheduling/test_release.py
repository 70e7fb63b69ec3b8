"""Reviews of plans and the end of plans, with the bookings that hang on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from practice.errors import Invalid
from scheduling import booking, readiness
from scheduling.booking import Request
from scheduling.care import release
from scheduling.models import Booking, Occupancy
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at
from treatment_plans import plan_reviews
from treatment_plans.closing import AlreadyClosed
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import PlannedSession, PlanReview, TreatmentPlan

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    wanted = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def review(clinic: Clinic, decision: str, note: str = "As we agreed.", **more: Any) -> PlanReview:
    plan = TreatmentPlan.objects.get(client=clinic.maya)
    return release.review_plan(
        plan.pk, decision=decision, note=note, decided_by=clinic.ito, actor=clinic.ada, now=NOW, **more
    )


def test_closing_cancels_what_is_booked_and_withdraws_what_is_planned(
    clinic: Clinic, booked: Booking
) -> None:
    plan = TreatmentPlan.objects.get()
    closed = release.close_plan(plan.pk, reason="moved away", actor=clinic.ada, now=NOW)
    booked.refresh_from_db()
    assert (closed.status, closed.close_reason) == ("closed", "moved away")
    assert (booked.status, booked.cancelled_by_party) == ("cancelled", "clinic")
    assert "moved" not in booked.cancel_reason  # the desk reads it
    assert not Occupancy.objects.exists()
    assert not PlannedSession.objects.filter(withdrawn_at=None).exists()
    with pytest.raises(AlreadyClosed):
        release.close_plan(plan.pk, reason="again", actor=clinic.ada, now=NOW)


def test_a_rehearsal_says_so_and_changes_nothing(clinic: Clinic, booked: Booking) -> None:
    plan = TreatmentPlan.objects.get()
    answer = Caller(clinic.ana.user).post(
        f"treatment-plans/{plan.pk}/close", {"reason": "moved away", "dry_run": True}
    )
    effects = answer.json()["effects"]
    assert effects[0]["detail"] == "Cancelled: the session on Tue Dec 1, 9:30 a.m."
    assert {effect["booking"] for effect in effects} == {booked.pk}
    assert answer.json()["revision"] == plan.revision
    booked.refresh_from_db()
    plan.refresh_from_db()
    assert (booked.status, plan.status) == ("booked", "active")


def test_nothing_is_closed_over_a_session_under_way(clinic: Clinic, booked: Booking) -> None:
    Booking.objects.update(status="arrived", arrived_at=NOW)
    plan = TreatmentPlan.objects.get()
    with pytest.raises(release.SessionUnderWay):
        release.close_plan(plan.pk, reason="moved away", actor=clinic.ada, now=NOW)
    plan.refresh_from_db()
    assert plan.status == "active"


def test_a_pause_closes_the_gate_and_to_continue_opens_it(clinic: Clinic, booked: Booking) -> None:
    def codes() -> set[str]:
        row = Booking.objects.select_related(
            "client", "location", "appointment_type", "planned_session__plan__protocol"
        ).get()
        return {one.code for one in readiness.gate_blockers(row, now=NOW)}

    review(clinic, "pause")
    assert codes() == {"plan_paused"}
    review(clinic, "continue", "")
    assert codes() == set()


def test_all_but_to_continue_say_why(clinic: Clinic, booked: Booking) -> None:
    for decision in ("change", "pause", "maintenance", "stop"):
        with pytest.raises(Invalid):
            review(clinic, decision, " ")
    assert not PlanReview.objects.exists()


def test_to_stop_closes_the_plan_with_its_bookings(clinic: Clinic, booked: Booking) -> None:
    review(clinic, "stop", "Blood pressure.")
    booked.refresh_from_db()
    assert booked.status == "cancelled"
    assert TreatmentPlan.objects.get().close_reason == "Blood pressure."
    with pytest.raises(AlreadyClosed):
        review(clinic, "continue")


def test_the_scores_then_stand_beside_the_decision(clinic: Clinic, booked: Booking) -> None:
    for days, points in ((20, 2), (1, 0)):
        answered = Answered(
            "gad7", dict.fromkeys("1234567", points), "with_staff", None, NOW - timedelta(days=days)
        )
        measures.record(clinic.maya, answered, actor=clinic.ada, now=NOW)
    (trend,) = review(clinic, "continue", "").outcomes
    assert (trend["instrument"], trend["first"], trend["last"], trend["points"]) == ("gad7", 14, 0, 14)
    assert trend["is_response"]
    assert trend["is_remission"]
    assert trend["is_reliable"]


def test_a_review_session_closes_with_one_decision(clinic: Clinic, booked: Booking) -> None:
    plan = TreatmentPlan.objects.get()
    session = PlannedSession.objects.create(plan=plan, kind="review", position=90)
    review(clinic, "continue", planned_session=session)
    session.refresh_from_db()
    assert session.completed_at == NOW
    with pytest.raises(plan_reviews.ReviewedBefore):
        review(clinic, "continue", planned_session=session)
    with pytest.raises(plan_reviews.NotAReview):
        review(clinic, "continue", planned_session=clinic.dose(clinic.maya))


def test_maintenance_adds_one_dose_at_a_time_at_its_own_interval(clinic: Clinic, booked: Booking) -> None:
    plan = TreatmentPlan.objects.get()
    with pytest.raises(plan_reviews.NotInMaintenance):
        plan_reviews.add_maintenance_dose(plan.pk, actor=clinic.ada, now=NOW)
    review(clinic, "maintenance")
    with pytest.raises(plan_reviews.DoseStillOpen):
        plan_reviews.add_maintenance_dose(plan.pk, actor=clinic.ada, now=NOW)
    PlannedSession.objects.filter(plan=plan).update(completed_at=NOW)
    dose = plan_reviews.add_maintenance_dose(plan.pk, actor=clinic.ada, now=NOW)
    assert (dose.dose_number, dose.due_from_at) == (4, NOW + timedelta(days=35))
    assert PlannedSession.objects.filter(after_session=dose, kind="integration").count() == 1


def test_a_review_that_stops_is_rehearsed_with_what_it_cancels(clinic: Clinic, booked: Booking) -> None:
    plan = TreatmentPlan.objects.get()
    caller, path = Caller(clinic.ito.user), f"treatment-plans/{plan.pk}/review"
    tried = caller.post(path, {"decision": "stop", "note": "Not helping.", "dry_run": True})
    assert tried.status_code == 200
    assert tried.json()["effects"][0]["detail"] == "Cancelled: the session on Tue Dec 1, 9:30 a.m."
    assert tried.json()["revision"] == plan.revision
    going_on = caller.post(path, {"decision": "continue", "dry_run": True})
    assert going_on.json()["effects"] == []
    booked.refresh_from_db()
    assert (booked.status, PlanReview.objects.count()) == ("booked", 0)
    refused = caller.post(path, {"decision": "stop", "dry_run": True})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/note")


def test_a_decision_is_made_about_the_plan_that_was_looked_at(clinic: Clinic, booked: Booking) -> None:
    plan = TreatmentPlan.objects.get()
    caller, path = Caller(clinic.ito.user), f"treatment-plans/{plan.pk}/review"
    asked = {"decision": "stop", "note": "Not helping."}
    seen = caller.post(path, {**asked, "dry_run": True}).json()["revision"]
    review(clinic, "pause")  # somebody else was faster
    stale = caller.post(path, asked, **{"If-Match": f'"{seen}"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert TreatmentPlan.objects.get().status == "active"
    again = caller.post(path, {**asked, "dry_run": True}).json()["revision"]
    assert caller.post(path, asked, **{"If-Match": f'"{again}"'}).status_code == 201
    assert TreatmentPlan.objects.get().status == "closed"
