"""What a client is owed after a dosing session: integration in its window, and check-ins."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes
from practice.errors import Invalid, Refused
from practice.models import User
from treatment_plans.models import FollowUp, PlannedSession

CHECK_INS = (timedelta(hours=24), timedelta(hours=72), timedelta(days=7))
CHECK_IN_LASTS = timedelta(hours=24)


class AlreadyDone(Refused):
    code = "already_done"
    message = _("This follow-up is done already.")


@step
def plan_follow_ups(session: PlannedSession, *, completed_at: datetime) -> list[FollowUp]:
    """Create the follow-ups of a completed dosing session; a repeat creates none.

    The integration session after this dose gets its window from the plan's protocol, in real hours from
    the completion. Check-ins are due 24 and 72 hours and 7 days after it, for a day each.
    """
    protocol = session.plan.protocol
    wanted: list[FollowUp] = []
    if protocol.integration_until_hours:
        window = (
            completed_at + timedelta(hours=protocol.integration_from_hours or 0),
            completed_at + timedelta(hours=protocol.integration_until_hours),
        )
        integration = PlannedSession.objects.filter(
            plan_id=session.plan_id,
            after_session=session,
            kind=PlannedSession.Kind.INTEGRATION,
            completed_at=None,
            withdrawn_at=None,
        ).first()
        if integration is not None:
            save_changes(integration, {"due_from_at": window[0], "due_until_at": window[1]})
        wanted.append(
            FollowUp(
                kind=FollowUp.Kind.INTEGRATION,
                planned_session=integration,
                due_from_at=window[0],
                due_until_at=window[1],
            )
        )
    wanted += [
        FollowUp(
            kind=FollowUp.Kind.CHECK_IN,
            due_from_at=completed_at + after,
            due_until_at=completed_at + after + CHECK_IN_LASTS,
        )
        for after in CHECK_INS
    ]
    for position, follow_up in enumerate(wanted, start=1):
        follow_up.client_id = session.plan.client_id
        follow_up.source_session = session
        follow_up.position = position
    FollowUp.objects.bulk_create(wanted, ignore_conflicts=True)
    return list(FollowUp.objects.filter(source_session=session))


@step
def fulfil(session: PlannedSession, *, completed_at: datetime, actor: User | None) -> None:
    """A completed integration session is the end of the follow-up that asked for it."""
    for follow_up in FollowUp.objects.filter(planned_session=session, done_at=None):
        save_changes(follow_up, {"done_at": completed_at, "done_by": actor, "outcome": "session"})


@door
def mark_done(follow_up_id: int, *, outcome: str, actor: User, now: datetime) -> FollowUp:
    """Close a follow-up. It needs an outcome in words."""
    if not outcome.strip():
        raise Invalid(_("Say what came of it."), code="required", pointer="/outcome")
    follow_up = lock_for_edit(FollowUp.objects.all(), follow_up_id, revision=None)
    if follow_up.done_at is not None:
        raise AlreadyDone
    save_changes(follow_up, {"done_at": now, "done_by": actor, "outcome": outcome.strip()})
    activity.record("follow_up.done", follow_up, actor=actor, at=now, client=follow_up.client_id)
    return follow_up
