"""What clients ask for or tell us that a person must settle: put on the desk's list, and taken off it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from notifications.models import DeskTask, InboundMessage
from practice import activity
from practice.access import DESK, visible_to
from practice.doors import door, step
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import Client, User
from scheduling.models import Booking
from treatment_plans import safety
from treatment_plans.models import SafetyAlert

Kind = DeskTask.Kind


class AlreadyDone(Refused):
    code = "task_already_done"
    message = _("Somebody settled this before.")


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
    """Put it on the list. Who asks the same again changes the words of what is there already."""
    same = DeskTask.objects.filter(done_at=None, kind=kind, client=client, booking=booking, item=item)
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
        task.save(update_fields=["detail", "reply"])
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
def finish(task_id: int, *, outcome: str, actor: User, now: datetime) -> DeskTask:
    """Take it off the list. Raises Invalid without an outcome, AlreadyDone."""
    task = DeskTask.objects.select_for_update(no_key=True).filter(pk=task_id).first()
    if task is None:
        raise OutOfScope
    if task.done_at is not None:
        raise AlreadyDone
    if not outcome.strip():
        raise Invalid(_("Say what came of it."), code="required", pointer="/outcome")
    task.done_at, task.done_by, task.outcome = now, actor, outcome.strip()[:200]
    task.next_alert_at = None
    task.save(update_fields=["done_at", "done_by", "outcome", "next_alert_at"])
    activity.record("task.done", task, actor=actor, at=now, client=task.client_id, data={"kind": task.kind})
    return task


def open_for(user: User) -> QuerySet[DeskTask]:
    """What is not settled, within what the user may see; what is nobody's is the desk's."""
    rows = DeskTask.objects.filter(done_at=None)
    seen = visible_to(user, rows, client="client")
    if user.has_role(*DESK):
        return seen
    return seen.filter(~Q(client=None))
