"""What a worker writes about the reminders that it holds: several at once, each only with its own token.

Whoever lost a row meanwhile writes nothing about it, however late they come back.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, Value, When

from notifications.channels import Outgoing, Receipt
from notifications.crash import crash_here
from notifications.links import Draft
from notifications.models import Message, Reminder, ReminderEvent
from notifications.redaction import redacted
from practice.doors import door, step

State = Reminder.State
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    reminder: Reminder
    outgoing: Outgoing
    lease_until: datetime
    link: Draft | None = None

    @property
    def token(self) -> uuid.UUID:
        return uuid.UUID(self.outgoing.token)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one call of a provider, `at` the time of its answer."""

    claimed: Claimed
    state: str
    outcome: str
    at: datetime
    receipt: Receipt | None = None
    error_code: str = ""
    next_attempt_at: datetime | None = None

    def written_to(self, message: Message) -> Message:
        message.outcome, message.ended_at, message.error_code = self.outcome, self.at, self.error_code
        if self.receipt is not None:
            message.provider, message.provider_ref = self.receipt
        return message


@step
def take(batch: Sequence[Claimed], *, now: datetime) -> None:
    """planned → sending, in the claim that holds the rows."""
    if not batch:
        return
    Reminder.objects.filter(pk__in=[one.reminder.pk for one in batch]).update(
        state=State.SENDING,
        lease_token=Case(*[When(pk=one.reminder.pk, then=Value(one.token)) for one in batch]),
        lease_until=batch[0].lease_until,
        attempt_count=F("attempt_count") + 1,
    )
    Message.objects.bulk_create(
        Message(
            reminder=one.reminder,
            token=one.token,
            recipient=one.outgoing.to,
            subject=one.outgoing.subject,
            body=redacted(one.outgoing.body),
            started_at=now,
        )
        for one in batch
    )
    ReminderEvent.objects.bulk_create(
        _event(one.reminder, State.PLANNED, State.SENDING, now=now) for one in batch
    )


@door
def begin(batch: Sequence[Claimed], *, now: datetime) -> list[Claimed]:
    """Note that the provider is called now for each of these; return those that are still ours."""
    held = Reminder.objects.select_for_update(no_key=True).filter(
        pk__in=[one.reminder.pk for one in batch],
        lease_token__in=[one.token for one in batch],
        state=State.SENDING,
    )
    tokens = {token for token in held.order_by("pk").values_list("lease_token", flat=True) if token}
    open_ones = Message.objects.filter(token__in=tokens, outcome=Message.Outcome.OPEN)
    if open_ones.update(begun_at=now) != len(tokens):
        tokens &= set(open_ones.filter(begun_at=now).values_list("token", flat=True))
    return [one for one in batch if one.token in tokens]


def mark(results: Sequence[Result], *, now: datetime) -> None:
    """Write what the provider said. A result that can't be written keeps no other from being so."""
    if not results:
        return
    crash_here("before_mark")
    try:
        _mark(results, now=now)
    except Exception:
        if len(results) > 1:
            for result in results:
                mark([result], now=now)
            return
        pk = results[0].claimed.reminder.pk  # its lease will end, and `resolve` finds out
        logger.exception("reminder %s: what became of it could not be noted", pk)
    crash_here("after_mark")


@door
def _mark(results: Sequence[Result], *, now: datetime) -> None:
    """Only for rows that nobody settled without us.

    A lease that ran out meanwhile made a row unknown: an answer that comes after all is better than a
    question.
    """
    before = dict(
        Reminder.objects.select_for_update(no_key=True)
        .filter(
            pk__in=[result.claimed.reminder.pk for result in results],
            lease_token__in=[result.claimed.token for result in results],
            state__in=(State.SENDING, State.UNKNOWN),
        )
        .order_by("pk")
        .values_list("lease_token", "state")
    )
    ours = [
        result for result in results if (before.get(result.claimed.token), result.state) in Reminder.EDGES
    ]
    _write_reminders(ours, now=now)
    _write_messages(ours)
    ReminderEvent.objects.bulk_create(
        _event(
            result.claimed.reminder,
            before[result.claimed.token],
            result.state,
            now=now,
            detail=result.error_code,
        )
        for result in ours
    )


def _write_reminders(results: Iterable[Result], *, now: datetime) -> None:
    sent = [result for result in results if result.state == State.SENT]
    if sent:
        Reminder.objects.filter(pk__in=[result.claimed.reminder.pk for result in sent]).update(
            state=State.SENT, last_error_code="", lease_until=None, lease_token=None, sent_at=now
        )
    for result in results:
        if result.state == State.SENT:
            continue
        is_unknown = result.state == State.UNKNOWN
        Reminder.objects.filter(pk=result.claimed.reminder.pk).update(
            state=result.state,
            last_error_code=result.error_code,
            next_attempt_at=result.next_attempt_at or F("next_attempt_at"),
            lease_until=result.claimed.lease_until if is_unknown else None,
            lease_token=result.claimed.token if is_unknown else None,
            sent_at=None,
        )


def _write_messages(results: Sequence[Result]) -> None:
    by_token = {result.claimed.token: result for result in results}
    not_settled = Message.objects.filter(
        token__in=by_token, outcome__in=[Message.Outcome.OPEN, Message.Outcome.UNKNOWN]
    )
    fields = ["outcome", "ended_at", "provider", "provider_ref", "error_code"]
    Message.objects.bulk_update(
        [by_token[message.token].written_to(message) for message in not_settled.order_by("pk")], fields
    )


@door
def give_back(batch: Sequence[Claimed], *, now: datetime) -> None:
    """The provider was certainly not called for these, and will not be: another round may have them."""
    held = Reminder.objects.select_for_update(no_key=True).filter(
        pk__in=[one.reminder.pk for one in batch],
        lease_token__in=[one.token for one in batch],
        state__in=(State.SENDING, State.UNKNOWN),
    )
    rows = list(held.order_by("pk"))
    Message.objects.filter(token__in=[row.lease_token for row in rows if row.lease_token]).delete()
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.PLANNED, lease_token=None, lease_until=None, attempt_count=F("attempt_count") - 1
    )
    ReminderEvent.objects.bulk_create(
        _event(row, row.state, State.PLANNED, now=now, detail="given_back") for row in rows
    )


def _event(row: Reminder, before: str, after: str, *, now: datetime, detail: str = "") -> ReminderEvent:
    return ReminderEvent(reminder=row, at=now, from_state=before, to_state=after, detail=detail)
