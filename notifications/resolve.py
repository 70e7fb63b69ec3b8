"""Reminders of which nobody knows whether they were sent: find out, or hand them to a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from notifications.channels import DeliveryError, Outgoing, Receipt, channel_for
from notifications.models import Message, Reminder, ReminderEvent
from practice.doors import door

State = Reminder.State

# A provider may show a message this much later than it took it.
ACCEPT_LATENCY = timedelta(seconds=settings.REMINDER_ACCEPT_SECONDS)
LOOKUP_LEASE = timedelta(seconds=settings.REMINDER_LEASE_SECONDS)
BATCH = 50


@dataclass(frozen=True)
class Doubt:
    reminder: Reminder
    message: Message


@door
def expire_leases(*, now: datetime, limit: int = 200) -> int:
    """Take back what a worker held for too long: it died, or finds the row taken.

    What it had not begun goes sending → planned, what it had begun sending → unknown and never → planned.
    """
    rows = list(
        Reminder.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(state=State.SENDING, lease_until__lt=now)
        .order_by("pk")[:limit]
    )
    open_messages = Message.objects.filter(outcome=Message.Outcome.OPEN, begun_at=None)
    never_begun = set(open_messages.filter(reminder__in=rows).values_list("reminder", flat=True))
    for row in rows:
        if row.pk in never_begun:
            _take_back(row, now=now)
            continue
        Reminder.objects.filter(pk=row.pk).update(state=State.UNKNOWN, last_error_code="lease_expired")
        Message.objects.filter(reminder=row, outcome=Message.Outcome.OPEN).update(
            outcome=Message.Outcome.UNKNOWN, ended_at=now, error_code="lease_expired"
        )
        _record(row, State.SENDING, State.UNKNOWN, "lease_expired", now=now)
    return len(rows)


def _take_back(row: Reminder, *, now: datetime) -> None:
    """sending → planned, as if it had not been claimed. A worker that comes back finds nothing to begin."""
    Reminder.objects.filter(pk=row.pk).update(
        state=State.PLANNED, lease_token=None, lease_until=None, attempt_count=F("attempt_count") - 1
    )
    Message.objects.filter(reminder=row, outcome=Message.Outcome.OPEN).delete()
    _record(row, State.SENDING, State.PLANNED, "never_begun", now=now)


def resolve_unknown(*, clock: Callable[[], datetime]) -> int:
    """Ask the provider about unknown rows; returns how many were settled.

    Found there: sent. Certainly not there: planned again, to be judged anew. The provider can't tell: dead,
    and on the desk's list.
    """
    settled = 0
    for doubt in _lease_doubts(now=clock()):
        message = doubt.message
        outgoing = Outgoing(
            token=str(message.token),
            to=message.recipient,
            subject=message.subject,
            body=message.body,
            expires_at=doubt.reminder.expires_at,
            language=doubt.reminder.client.language,
        )
        try:
            receipts = channel_for(doubt.reminder.channel).find(outgoing, sent_after=message.started_at)
        except DeliveryError:
            continue  # no answer: asked again when the lookup's lease is over
        settled += _settle(doubt, receipts, now=clock())
    return settled


@door
def _lease_doubts(*, now: datetime) -> list[Doubt]:
    rows = list(
        Reminder.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("client")
        .filter(state=State.UNKNOWN, lease_until__lt=now - ACCEPT_LATENCY)
        .order_by("pk")[:BATCH]
    )
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(lease_until=now + LOOKUP_LEASE)
    messages = {message.token: message for message in Message.objects.filter(reminder__in=rows)}
    return [Doubt(row, messages[row.lease_token]) for row in rows if row.lease_token]


def _settle(doubt: Doubt, receipts: list[Receipt] | None, *, now: datetime) -> int:
    if receipts is None:
        return _to(doubt, State.DEAD, now=now, detail="provider_cannot_tell")
    for receipt in receipts:
        if Message.objects.filter(provider=receipt.provider, provider_ref=receipt.provider_ref).exists():
            continue  # the trace of another message with the same words to the same person
        try:
            return _to(doubt, State.SENT, now=now, receipt=receipt)
        except IntegrityError:
            continue
    return _to(doubt, State.PLANNED, now=now, detail="not_at_provider")


def _to(doubt: Doubt, state: str, *, now: datetime, detail: str = "", receipt: Receipt | None = None) -> int:
    row = doubt.reminder
    with transaction.atomic(durable=True):
        changed = Reminder.objects.filter(
            pk=row.pk, state=State.UNKNOWN, lease_token=doubt.message.token
        ).update(
            state=state,
            lease_token=None,
            lease_until=None,
            next_attempt_at=now,
            sent_at=doubt.message.started_at if state == State.SENT else None,
        )
        if changed:
            if receipt is not None:
                Message.objects.filter(pk=doubt.message.pk).update(
                    outcome=Message.Outcome.ACCEPTED,
                    provider=receipt.provider,
                    provider_ref=receipt.provider_ref,
                )
            elif state == State.PLANNED:
                Message.objects.filter(pk=doubt.message.pk).update(outcome=Message.Outcome.REFUSED)
            _record(row, State.UNKNOWN, state, detail, now=now)
    return changed


def _record(row: Reminder, before: str, after: str, detail: str, *, now: datetime) -> None:
    ReminderEvent.objects.create(reminder=row, at=now, from_state=before, to_state=after, detail=detail)
