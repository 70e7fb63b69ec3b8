"""How a plan ends. Only `scheduling.care.release` calls this, for a plan may still have bookings."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext_noop as _

from practice.doors import step
from practice.editing import lock_for_edit, save_changes
from practice.errors import Invalid, Refused
from treatment_plans.models import PlannedSession, TreatmentPlan


class AlreadyClosed(Refused):
    code = "plan_closed_before"
    message = _("This plan was closed before.")


@step
def lock_open(plan_id: int, *, revision: int | None = None) -> TreatmentPlan:
    """The plan, locked. Raises AlreadyClosed, OutOfScope, Stale."""
    plan = lock_for_edit(TreatmentPlan.objects.select_related("protocol"), plan_id, revision=revision)
    if plan.status not in TreatmentPlan.OPEN:
        raise AlreadyClosed
    return plan


@step
def close_plan(plan: TreatmentPlan, *, reason: str, now: datetime) -> None:
    """Close the locked plan, and withdraw what was still planned. What a client is owed stays owed."""
    if not reason.strip():
        raise Invalid(_("Say why the plan is closed."), code="required", pointer="/reason")
    save_changes(
        plan,
        {
            "status": TreatmentPlan.Status.CLOSED,
            "closed_at": now,
            "close_reason": reason.strip(),
            "paused_at": None,
        },
    )
    open_sessions = PlannedSession.objects.filter(plan=plan, completed_at=None, withdrawn_at=None)
    open_sessions.update(withdrawn_at=now, revision=F("revision") + 1)
