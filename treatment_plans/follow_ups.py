"""What a client is owed: integration and check-ins after a dose, and what was agreed with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_noop as _

from practice import access, activity, clock
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import Client, Role, User
from treatment_plans.models import FollowUp, FollowUpAttempt, PlannedSession, Protocol

Kind = FollowUp.Kind
Result = FollowUp.Result

LASTS = timedelta(hours=24)  # a check-in, and the question how a practice went
LONGEST_SNOOZE = timedelta(days=60)
FURTHEST = timedelta(days=730)


class AlreadyDone(Refused):
    code = "already_done"
    message = _("This follow-up is done already.")


def closed_by(kind: str) -> frozenset[Role]:
    """Who may put a follow-up of this kind off, or say what came of it."""
    return access.CALLS_BACK if kind == Kind.CHECK_IN else access.FOLLOWS_UP


@step
def plan_follow_ups(session: PlannedSession, *, completed_at: datetime) -> list[FollowUp]:
    """Create the follow-ups of a completed dosing session; a repeat creates none.

    All windows come from the plan's protocol, in real hours from the completion. The integration session
    after this dose gets its window too.
    """
    integration = PlannedSession.objects.filter(
        plan_id=session.plan_id,
        after_session=session,
        kind=PlannedSession.Kind.INTEGRATION,
        completed_at=None,
        withdrawn_at=None,
    ).first()
    wanted = list(_owed(session.plan.protocol, completed_at))
    for position, follow_up in enumerate(wanted, start=1):
        follow_up.client_id = session.plan.client_id
        follow_up.source_session = session
        follow_up.position = position
        if follow_up.kind == Kind.INTEGRATION and integration is not None:
            follow_up.planned_session = integration
            window = {"due_from_at": follow_up.due_from_at, "due_until_at": follow_up.due_until_at}
            save_changes(integration, window)
    FollowUp.objects.bulk_create(wanted, ignore_conflicts=True)
    return list(FollowUp.objects.filter(source_session=session))


def _owed(protocol: Protocol, completed_at: datetime) -> Iterator[FollowUp]:
    if protocol.integration_until_hours:
        yield FollowUp(
            kind=Kind.INTEGRATION,
            due_from_at=completed_at + timedelta(hours=protocol.integration_from_hours or 0),
            due_until_at=completed_at + timedelta(hours=protocol.integration_until_hours),
        )
    prompts = [(Kind.CHECK_IN, hours) for hours in protocol.check_in_hours]
    if protocol.journaling_prompt_hours is not None:
        prompts.append((Kind.JOURNALING, protocol.journaling_prompt_hours))
    for kind, hours in prompts:
        due_at = completed_at + timedelta(hours=hours)
        yield FollowUp(kind=kind, due_from_at=due_at, due_until_at=due_at + LASTS)


@step
def fulfil(session: PlannedSession, *, completed_at: datetime, actor: User | None) -> None:
    """A completed integration session is the end of the follow-up that asked for it."""
    for follow_up in FollowUp.objects.filter(planned_session=session, done_at=None):
        save_changes(follow_up, _ended(Result.DONE, "session", actor, completed_at))


@door
def agree_on_practice(
    client: Client,
    *,
    practice: str,
    agreed: str,
    how_often: str,
    until_on: date,
    source_session: PlannedSession | None = None,
    actor: User,
    now: datetime,
) -> FollowUp:
    """Put on record what the client means to do, and how often, through `until_on`; after it somebody asks.

    Raises Invalid for a day that is over or two years away, OutOfScope for a session of somebody else.
    """
    if not agreed.strip():
        raise Invalid(_("Say what was agreed."), code="required", pointer="/agreed")
    zone = clock.zone(client.location.time_zone)
    if not clock.local_day(now, zone) <= until_on <= clock.local_day(now + FURTHEST, zone):
        raise Invalid(_("Choose a day from today on, within two years."), pointer="/until_on")
    _check_own(source_session, client)
    _from_at, due_at = clock.day_span(until_on, zone)
    follow_up = save_new(
        FollowUp(
            client=client,
            source_session=source_session,
            kind=Kind.PRACTICE,
            practice=practice,
            agreed=agreed.strip(),
            how_often=how_often,
            created_by=actor,
            due_from_at=due_at,
            due_until_at=due_at + LASTS,
        )
    )
    return _recorded("follow_up.agreed", follow_up, actor, now, practice=practice)


@door
def plan_one(
    client: Client, *, kind: str, due_from_at: datetime, due_until_at: datetime, actor: User, now: datetime
) -> FollowUp:
    """Owe the client a check-in or a review beside those of a dose. Raises Invalid for the window."""
    if kind not in (Kind.CHECK_IN, Kind.REVIEW):
        raise Invalid(_("Only check-ins and reviews are planned one by one."), pointer="/kind")
    _check_window(due_from_at, due_until_at, now=now)
    follow_up = save_new(
        FollowUp(
            client=client, kind=kind, created_by=actor, due_from_at=due_from_at, due_until_at=due_until_at
        )
    )
    return _recorded("follow_up.planned", follow_up, actor, now, kind=kind)


@door
def attempt(
    follow_up_id: int, *, how: str, reached: str, note: str = "", actor: User, now: datetime
) -> FollowUpAttempt:
    """Somebody called, texted or emailed. Raises AlreadyDone."""
    follow_up = _lock_open(follow_up_id)
    made = save_new(
        FollowUpAttempt(
            follow_up=follow_up, how=how, reached=reached, note=note.strip(), made_at=now, made_by=actor
        )
    )
    _recorded("follow_up.attempted", follow_up, actor, now, how=how, reached=reached)
    return made


@door
def snooze(follow_up_id: int, *, until_on: date, actor: User, now: datetime) -> FollowUp:
    """Not shown as due before that day on the clinic's clock; it stays due. Raises AlreadyDone, Invalid."""
    follow_up = _lock_open(follow_up_id)
    today = clock.local_day(now, clock.zone(follow_up.client.location.time_zone))
    if not today < until_on <= today + LONGEST_SNOOZE:
        raise Invalid(_("Choose a day from tomorrow on, within 60 days."), pointer="/until_on")
    save_changes(follow_up, {"snoozed_until_on": until_on})
    return _recorded("follow_up.snoozed", follow_up, actor, now, until_on=until_on.isoformat())


@door
def move(
    follow_up_id: int,
    *,
    due_from_at: datetime,
    due_until_at: datetime,
    reason: str,
    actor: User,
    now: datetime,
) -> FollowUp:
    """Give it another window, and say why. An integration session's window goes along.

    Raises AlreadyDone, Invalid.
    """
    if not reason.strip():
        raise Invalid(_("Say why it is moved."), code="required", pointer="/reason")
    _check_window(due_from_at, due_until_at, now=now)
    planned = PlannedSession.objects.filter(
        pk__in=FollowUp.objects.filter(pk=follow_up_id).values("planned_session")
    )
    session = planned.select_for_update(no_key=True).first()  # before its follow-up, as `sessions` does
    follow_up = _lock_open(follow_up_id)
    was = {"from": follow_up.due_from_at.isoformat(), "until": follow_up.due_until_at.isoformat()}
    window = {"due_from_at": due_from_at, "due_until_at": due_until_at}
    save_changes(follow_up, {**window, "move_reason": reason.strip(), "snoozed_until_on": None})
    if session is not None:
        save_changes(session, window)
    return _recorded("follow_up.moved", follow_up, actor, now, **was)


@door
def mark_done(
    follow_up_id: int, *, outcome: str, result: str = Result.DONE, actor: User, now: datetime
) -> FollowUp:
    """Close it as done, or as missed: it did not happen and won't. Either needs an outcome in words."""
    if not outcome.strip():
        raise Invalid(_("Say what came of it."), code="required", pointer="/outcome")
    follow_up = _lock_open(follow_up_id)
    save_changes(follow_up, _ended(result, outcome.strip(), actor, now))
    return _recorded(f"follow_up.{result}", follow_up, actor, now)


def _ended(result: str, outcome: str, actor: User | None, at: datetime) -> dict[str, object]:
    return {"done_at": at, "done_by": actor, "result": result, "outcome": outcome}


@step
def _lock_open(follow_up_id: int) -> FollowUp:
    rows = FollowUp.objects.select_related("client__location")
    follow_up = lock_for_edit(rows, follow_up_id, revision=None)
    if follow_up.done_at is not None:
        raise AlreadyDone
    return follow_up


def _check_own(session: PlannedSession | None, client: Client) -> None:
    if session is not None and session.plan.client_id != client.pk:
        raise OutOfScope(pointer="/source_session")


def _check_window(due_from_at: datetime, due_until_at: datetime, *, now: datetime) -> None:
    if due_until_at <= due_from_at:
        raise Invalid(_("The end lies after the begin."), pointer="/due_until_at")
    if due_until_at <= now:
        raise Invalid(_("This window is over already."), pointer="/due_until_at")
    if due_until_at > now + FURTHEST:
        raise Invalid(_("Choose a time within two years."), pointer="/due_until_at")


@step
def _recorded(action: str, follow_up: FollowUp, actor: User, at: datetime, **data: str) -> FollowUp:
    activity.record(action, follow_up, actor=actor, at=at, client=follow_up.client_id, data=data)
    return follow_up
