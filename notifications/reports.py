"""What a provider says about a message later on: each report once, in any order, and never backwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from notifications import page_messages, page_sending, unreachable
from notifications.channels.codes import FOR_GOOD
from notifications.models import (
    Message,
    PageMessage,
    ProviderEvent,
    Reminder,
    ReminderEvent,
    UnreachableAddress,
)
from practice.doors import door, step

State, Status, Reason = Reminder.State, ProviderEvent.Status, UnreachableAddress.Reason

# How a report ends the way of a message; `accepted` only proves that it was taken.
ENDS = {
    Status.DELIVERED: State.DELIVERED,
    Status.UNDELIVERED: State.UNDELIVERED,
    Status.BOUNCED: State.UNDELIVERED,
}
STATES_OF_PAGE = {
    Status.ACCEPTED: PageMessage.State.TAKEN,
    Status.COMPLAINED: PageMessage.State.TAKEN,
    Status.DELIVERED: PageMessage.State.DELIVERED,
    Status.UNDELIVERED: PageMessage.State.UNDELIVERED,
    Status.BOUNCED: PageMessage.State.UNDELIVERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`event_key` is the same whenever the provider repeats itself. `token` is ours, where it comes back."""

    provider: str
    event_key: str
    status: str
    provider_ref: str = ""
    token: uuid.UUID | None = None
    error_code: str = ""


@door
def take(report: Report, *, now: datetime) -> int | None:
    """Note a report and what follows from it; return the booking whose reminders to look at again, if any.

    It may come before the answer to the send, or instead of it: a message of ours that a provider reports
    about was taken. A report that arrived before, or is about nobody's message, changes nothing.
    """
    message = _message(report)
    _event, is_new = ProviderEvent.objects.get_or_create(
        provider=report.provider,
        event_key=report.event_key,
        defaults={
            "message": message,
            "status": report.status,
            "error_code": report.error_code,
            "received_at": now,
        },
    )
    if not is_new:
        return None
    if message is None:
        _take_of_page(report, now=now)
        return None
    row = Reminder.objects.select_for_update(no_key=True).get(pk=message.reminder_id)
    message.refresh_from_db()
    _taken(row, message, report, now=now)
    end = ENDS.get(Status(report.status))
    if end and row.state == State.SENT and message.outcome == Message.Outcome.ACCEPTED:
        error_code = report.error_code if end == State.UNDELIVERED else ""
        _to(row, end, now=now, detail=error_code, last_error_code=error_code)
    reason = _unreachable_for(report)
    if reason:
        unreachable.mark(row.client_id, row.channel, message.recipient, reason, now=now)
    return row.booking_id if reason or row.state == State.UNDELIVERED else None


@door
def refused(reminder_ids: Iterable[int], *, now: datetime) -> None:
    """What a provider refused because of its number or address: nothing else is sent there either."""
    messages = Message.objects.filter(
        reminder__in=list(reminder_ids), outcome=Message.Outcome.REFUSED, error_code__in=FOR_GOOD
    )
    for message in messages.select_related("reminder").order_by("pk"):
        row, reason = message.reminder, FOR_GOOD[message.error_code]
        unreachable.mark(row.client_id, row.channel, message.recipient, reason, now=now)


def _message(report: Report) -> Message | None:
    if report.token is not None:
        return Message.objects.filter(token=report.token).first()
    if not report.provider_ref:
        return None
    return Message.objects.filter(provider=report.provider, provider_ref=report.provider_ref).first()


@step
def _take_of_page(report: Report, *, now: datetime) -> None:
    """The same for what tells of a page, which has no booking."""
    row_id = _page_message(report)
    if row_id is None:
        return
    row = page_sending.reported(
        row_id,
        STATES_OF_PAGE[Status(report.status)],
        provider=report.provider,
        ref=report.provider_ref,
        error_code=report.error_code,
        now=now,
    )
    if reason := _unreachable_for(report):
        unreachable.mark(row.client_id, row.channel, row.recipient, reason, now=now)
    if row.state == PageMessage.State.UNDELIVERED:
        page_messages.plan_another_way(row, now=now)


def _page_message(report: Report) -> int | None:
    rows = PageMessage.objects.values_list("pk", flat=True)
    if report.token is not None:
        return rows.filter(token=report.token).first()
    if not report.provider_ref:
        return None
    return rows.filter(provider=report.provider, provider_ref=report.provider_ref).first()


def _taken(row: Reminder, message: Message, report: Report, *, now: datetime) -> None:
    """sending or unknown → sent, if we still wondered. The worker's own mark then finds it done."""
    if row.lease_token != message.token or row.state not in (State.SENDING, State.UNKNOWN):
        return
    message.outcome, message.ended_at, message.error_code = Message.Outcome.ACCEPTED, now, ""
    message.provider, message.provider_ref = report.provider, report.provider_ref
    message.save(update_fields=["outcome", "ended_at", "provider", "provider_ref", "error_code"])
    _to(row, State.SENT, now=now, detail="reported", lease_token=None, lease_until=None, sent_at=now)


def _to(row: Reminder, state: str, *, now: datetime, detail: str, **changes: object) -> None:
    before, row.state = row.state, state
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=["state", *changes])
    ReminderEvent.objects.create(reminder=row, at=now, from_state=before, to_state=state, detail=detail)


def _unreachable_for(report: Report) -> str | None:
    if report.status == Status.BOUNCED:
        return Reason.BOUNCED
    if report.status == Status.COMPLAINED:
        return Reason.COMPLAINED
    return FOR_GOOD.get(report.error_code) if report.status == Status.UNDELIVERED else None
