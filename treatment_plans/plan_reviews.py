"""How a plan goes on: a prescriber's decision, with the scores beside it.

Only `scheduling.care.release` calls `decide`: to stop is to close the plan, and a plan may have bookings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, on_violation, step
from practice.editing import save_changes, save_new
from practice.errors import DomainError, Invalid, Refused, Taken
from practice.models import Clinician, User
from treatment_plans import closing, sessions
from treatment_plans.measuring import measures
from treatment_plans.models import Measure, PlannedSession, PlanReview, TreatmentPlan

Decision = PlanReview.Decision


class ReviewedBefore(Taken):
    code = "reviewed_before"
    message = _("This review session has its decision already.")


class NotAReview(DomainError):
    code = "not_a_review"
    message = _("This is no review session of this plan.")
    pointer = "/planned_session"


class NotActive(Refused):
    code = "plan_not_active"
    message = _("The treatment plan is not active.")


class NotInMaintenance(Refused):
    code = "not_in_maintenance"
    message = _("Further doses are added one at a time in maintenance only: decide so in a review first.")


class DoseStillOpen(Refused):
    code = "dose_still_open"
    message = _("A planned dose has not been given yet.")


on_violation("treatment_plans_one_review_per_session", ReviewedBefore)


@step
def decide(
    plan: TreatmentPlan,
    *,
    decision: str,
    note: str,
    planned_session: PlannedSession | None,
    decided_by: Clinician,
    actor: User,
    now: datetime,
) -> PlanReview:
    """Record the decision about the locked plan, and what follows from it except for the end of the plan.

    A review session that was not completed is, with its decision. Raises NotActive, NotAReview,
    ReviewedBefore, Invalid without a note where the decision is more than to continue.
    """
    if plan.status != TreatmentPlan.Status.ACTIVE:
        raise NotActive
    if decision != Decision.CONTINUE and not note.strip():
        raise Invalid(_("Say what was decided and why."), code="required", pointer="/note")
    if planned_session is not None:
        _complete(plan, planned_session, actor=actor, now=now)
    review = save_new(
        PlanReview(
            plan=plan,
            planned_session=planned_session,
            decision=decision,
            note=note.strip(),
            outcomes=trend(plan.client_id),
            decided_by=decided_by,
            decided_at=now,
        )
    )
    changes: dict[str, Any] = {"paused_at": now if decision == Decision.PAUSE else None}
    if decision == Decision.MAINTENANCE:
        changes["maintenance_at"] = plan.maintenance_at or now
    save_changes(plan, changes)
    return review


def trend(client_id: int) -> list[Mapping[str, Any]]:
    """First and last score of each instrument and what lies between, as it stands. One query."""
    rows = Measure.objects.filter(client=client_id, corrections=None).order_by("answered_at", "pk")
    return [_compared(code, points) for code, points in measures.series(rows).items()]


@door
def add_maintenance_dose(plan_id: int, *, actor: User, now: datetime) -> PlannedSession:
    """Plan one more dose, with its integration session, at the protocol's interval for maintenance.

    Raises NotActive, NotInMaintenance, DoseStillOpen while one is planned, AlreadyClosed.
    """
    plan = closing.lock_open(plan_id)
    if plan.status != TreatmentPlan.Status.ACTIVE:
        raise NotActive
    if plan.maintenance_at is None:
        raise NotInMaintenance
    doses = PlannedSession.objects.filter(plan=plan, kind=PlannedSession.Kind.DOSING, withdrawn_at=None)
    if doses.filter(completed_at=None).exists():
        raise DoseStillOpen
    last_at = doses.aggregate(last_at=Max("completed_at"))["last_at"]
    last = PlannedSession.objects.filter(plan=plan).aggregate(
        position=Max("position"), dose=Max("dose_number")
    )
    days = plan.protocol.maintenance_interval_days or plan.protocol.usual_interval_days
    dose = save_new(
        PlannedSession(
            plan=plan,
            kind=PlannedSession.Kind.DOSING,
            position=(last["position"] or 0) + 1,
            dose_number=(last["dose"] or 0) + 1,
            due_from_at=max(last_at + timedelta(days=days), now) if last_at else None,
        )
    )
    if plan.protocol.integration_until_hours:
        save_new(
            PlannedSession(
                plan=plan,
                kind=PlannedSession.Kind.INTEGRATION,
                position=dose.position + 1,
                after_session=dose,
            )
        )
    activity.record("plan.dose_added", dose, actor=actor, at=now, client=plan.client_id)
    return dose


@step
def _complete(plan: TreatmentPlan, session: PlannedSession, *, actor: User, now: datetime) -> None:
    is_review = session.plan_id == plan.pk and session.kind == PlannedSession.Kind.REVIEW
    if not is_review or session.withdrawn_at is not None:
        raise NotAReview
    if PlanReview.objects.filter(planned_session=session).exists():
        raise ReviewedBefore
    sessions.complete(session.pk, completed_at=now, actor=actor)


def _compared(code: str, points: Sequence[measures.Point]) -> Mapping[str, Any]:
    first, last = points[0].measure, points[-1]
    change = last.change
    return {
        "instrument": code,
        "first": first.total,
        "last": last.measure.total,
        "answered_at": last.measure.answered_at.isoformat(),
        "points": change.points if change else None,
        "is_response": change.is_response if change else None,
        "is_remission": change.is_remission if change else None,
        "is_reliable": change.is_reliable if change else None,
    }
