"""Planned sessions as they are completed."""

from __future__ import annotations

from datetime import datetime

from practice.doors import step
from practice.models import User
from treatment_plans import follow_ups
from treatment_plans.models import PlannedSession


@step
def complete(session_id: int, *, completed_at: datetime, actor: User | None) -> None:
    """Mark the session, close the follow-up it fulfils, and plan those that a dose brings. Idempotent."""
    session = (
        PlannedSession.objects.select_related("plan__protocol")
        .select_for_update(no_key=True, of=("self",))
        .get(pk=session_id)
    )
    if session.completed_at is None:
        session.completed_at = completed_at
        session.revision += 1
        session.save(update_fields=["completed_at", "revision"])
    follow_ups.fulfil(session, completed_at=session.completed_at, actor=actor)
    if session.kind == PlannedSession.Kind.DOSING:
        follow_ups.plan_follow_ups(session, completed_at=session.completed_at)
