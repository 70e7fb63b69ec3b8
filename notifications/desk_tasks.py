"""What clients ask for or tell us that a person must settle: put on the desk's list, and taken off it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_noop as _

from notifications.models import DeskTask, InboundMessage
from practice import activity
from practice.access import CLINICAL, DESK, check_role, visible_to
from practice.doors import door, step
from practice.errors import Invalid, OutOfScope, Refused, Stale
from practice.models import Client, User
from scheduling.models import Booking
from treatment_plans import safety
from treatment_plans.models import SafetyAlert

M = TypeVar("M", bound=Model)
Kind = DeskTask.Kind
READS, SETTLES = DESK | CLINICAL, DESK | CLINICAL  # what clients say, whoever of them is spoken to


class AlreadyDone(Refused):
    code = "task_already_done"
    message = _("Somebody settled this before.")


class TakenBySomebody(Refused):
    code = "task_taken"
    message = _("Somebody else is seeing to this.")


@step
def ask(
    kind: str,
    *,
    client: Client | None,
    booking: Booking | None = None,
    reply: InboundMessage | None = None,
    item: str = "",
    detail: str = "",
    now: datetime,
) -> DeskTask:
    """Put it on the list. Who asks the same again changes the words of what is there already.

    Locks what is there: who writes while somebody finishes it is not read any more, and asks anew.
    """
    same = DeskTask.objects.select_for_update(no_key=True).filter(
        done_at=None, kind=kind, client=client, booking=booking, item=item
    )
    task = same.order_by("pk").first() if client is not None else None
    if task is None:
        task = DeskTask.objects.create(
            kind=kind,
            client=client,
            booking=booking,
            reply=reply,
            item=item,
            detail=detail,
            created_at=now,
            next_alert_at=now if kind == Kind.UNSAFE else None,
        )
        activity.record("task.asked", task, actor=None, at=now, client=client, data={"kind": kind})
    elif detail and detail not in task.detail.split("\n"):
        task.detail, task.reply = f"{task.detail}\n{detail}".strip(), reply or task.reply
        _save(task, "detail", "reply")
    return task


@step
def alarm(
    *,
    client: Client | None,
    booking: Booking | None = None,
    reply: InboundMessage | None = None,
    detail: str,
    now: datetime,
) -> DeskTask:
    """Somebody may not be safe. Whoever is on call is told at once; no dose is given until it is settled.

    Each time anew: the second cry must not vanish in the first. We do not judge what was meant.
    """
    task = DeskTask.objects.create(
        kind=Kind.UNSAFE,
        client=client,
        booking=booking,
        reply=reply,
        detail=detail,
        created_at=now,
        next_alert_at=now,
    )
    activity.record("task.asked", task, actor=None, at=now, client=client, data={"kind": Kind.UNSAFE})
    if client is not None:
        safety.raise_alert(
            client.pk,
            reason=SafetyAlert.Reason.REPLY,
            severity=SafetyAlert.Severity.HIGH,
            is_told=True,
            actor=None,
            now=now,
        )
    return task


@door
def take(task_id: int, *, revision: int | None = None, actor: User, now: datetime) -> DeskTask:
    """Say that one sees to it, so that no two people call. Said twice, it counts once.

    Raises AlreadyDone, Stale, TakenBySomebody: who has it gives it back, or settles it.
    """
    task = _open(task_id, revision)
    if task.taken_by_id == actor.pk:
        return task
    if holder(task) is not None:
        raise TakenBySomebody
    return _give_to(task, actor, action="task.taken", actor=actor, now=now)


@door
def give_back(task_id: int, *, revision: int | None = None, actor: User, now: datetime) -> DeskTask:
    """Whoever sees it next may take it. Of somebody else's, only the desk does this.

    Raises AlreadyDone, Stale.
    """
    task = _open(task_id, revision)
    if task.taken_by_id is None:
        return task
    if task.taken_by_id != actor.pk:
        check_role(actor, DESK)
    return _give_to(task, None, action="task.given_back", actor=actor, now=now)


def holder(task: DeskTask) -> User | None:
    """Who sees to it. What somebody took who left since is anybody's."""
    return task.taken_by if task.taken_by and task.taken_by.is_active else None


@step
def _open(task_id: int, revision: int | None) -> DeskTask:
    """Locked. Raises OutOfScope, AlreadyDone, and Stale unless it still has `revision` (None: any)."""
    task = DeskTask.objects.select_for_update(no_key=True, of=("self",)).filter(pk=task_id)
    found = task.select_related("taken_by", "client", "reply").first()
    if found is None:
        raise OutOfScope
    if found.done_at is not None:
        raise AlreadyDone
    if revision not in (None, found.revision):
        raise Stale(pointer="/headers/If-Match")
    return found


@step
def _save(task: DeskTask, *fields: str) -> None:
    task.revision += 1
    task.save(update_fields=[*fields, "revision"])


@step
def _give_to(task: DeskTask, to: User | None, *, action: str, actor: User, now: datetime) -> DeskTask:
    task.taken_by, task.taken_at = to, now if to else None
    _save(task, "taken_by", "taken_at")
    activity.record(action, task, actor=actor, at=now, client=task.client_id, data={"kind": task.kind})
    return task


@door
def finish(
    task_id: int, *, outcome: str, revision: int | None = None, actor: User, now: datetime
) -> DeskTask:
    """Take it off the list, whoever has it. Raises AlreadyDone, Stale, Invalid without an outcome.

    Who read it before the client wrote more has not answered that: hence the revision.
    """
    task = _open(task_id, revision)
    if not outcome.strip():
        raise Invalid(_("Say what came of it."), code="required", pointer="/outcome")
    task.done_at, task.done_by, task.outcome = now, actor, outcome.strip()[:200]
    task.next_alert_at = None
    _save(task, "done_at", "done_by", "outcome", "next_alert_at")
    activity.record("task.done", task, actor=actor, at=now, client=task.client_id, data={"kind": task.kind})
    return task


def open_for(user: User) -> QuerySet[DeskTask]:
    """What is not settled, within what the user may see; what is nobody's is the desk's."""
    return seen_by(user, DeskTask.objects.filter(done_at=None))


def seen_by(user: User, rows: QuerySet[M]) -> QuerySet[M]:
    """Of tasks or replies: those of the clients whom the user may see, and to the desk those of nobody."""
    seen = visible_to(user, rows, client="client", roles=READS)
    return seen if user.has_role(*DESK) else seen.filter(~Q(client=None))
