"""Claim, check once more, begin, send, mark.

What may go wrong, and what then: a worker that dies after its claim leaves rows in `sending`. When their
lease is over, those whose message was never begun are planned again. The others become `unknown` and are
never simply sent again: `notifications.resolve` asks the provider, and where it can't tell, a person
decides. So each reminder is accepted by a provider at most
once, and none is claimed after the booking's cancellation has committed: the claim holds the booking's lock
when it looks. What was claimed just before may still arrive, and the news of the cancellation follows it.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from notifications import facts, wording
from notifications.channels import Channel, DeliveryError, OutcomeUnknown, Outgoing, Receipt, channel_for
from notifications.crash import crash_here
from notifications.facts import Loaded
from notifications.lint import problems
from notifications.models import Message, Reminder, ReminderEvent
from notifications.reconcile import RELATED, judged, reconcile_these, reminders_of, skip, why_skipped
from notifications.rules import Wanted
from practice import phones
from practice.doors import door
from scheduling.models import AppointmentType, Booking

State = Reminder.State
logger = logging.getLogger(__name__)

PROVIDER_TIMEOUT = timedelta(seconds=settings.REMINDER_PROVIDER_SECONDS)
LEASE = timedelta(seconds=settings.REMINDER_LEASE_SECONDS)  # longer, or a living worker would lose its row
BATCH = 20
MOST_ATTEMPTS = 8
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=30), timedelta(minutes=30)


@dataclass(frozen=True)
class Claimed:
    reminder: Reminder
    outgoing: Outgoing
    lease_until: datetime


def deliver_due(*, clock: Callable[[], datetime], stop_at: datetime | None = None, limit: int = BATCH) -> int:
    """Send what is due, at most `limit`; returns how many rows were dealt with, 0 when there is no work.

    No send begins after `stop_at`, or so late in the lease that the provider's answer could miss its end.
    """
    handled, claimed = claim(now=clock(), limit=limit)
    crash_here("after_claim")
    with ExitStack() as open_until_done:
        names = {one.reminder.channel for one in claimed}
        channels = {name: open_until_done.enter_context(channel_for(name)) for name in names}
        for one in claimed:
            last_start = one.lease_until - PROVIDER_TIMEOUT
            try:
                if clock() > min(last_start, stop_at or last_start):
                    _give_back(one, now=clock())
                else:
                    _send(one, channels[one.reminder.channel], clock=clock)
            except Exception:  # its lease will end, and `resolve` finds out; the others can still go
                logger.exception("reminder %s: what became of it could not be noted", one.reminder.pk)
    _look_for_another_way(claimed, now=clock())
    return handled


def _look_for_another_way(claimed: Iterable[Claimed], *, now: datetime) -> None:
    """What was refused for good on one channel may be wanted on the next."""
    failed = Reminder.objects.filter(pk__in=[one.reminder.pk for one in claimed], state=State.FAILED)
    if booking_ids := list(failed.values_list("booking", flat=True)):
        reconcile_these(booking_ids, now=now)


@door
def claim(*, now: datetime, limit: int) -> tuple[int, list[Claimed]]:
    """Take due rows for sending, in one short transaction that ends before any provider is called.

    Returns how many rows were dealt with, and those that were taken.
    Never waits: a reminder that another worker has, or whose booking is being changed, is left for the next
    round. Each row is judged again by the rules, with the facts of now.
    """
    rows = list(
        Reminder.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(state=State.PLANNED, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "pk")[:limit]
    )
    bookings = (
        Booking.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk__in={row.booking_id for row in rows})
        .select_related(*RELATED)
        .order_by("pk")
    )
    loaded = facts.load(bookings)
    stored = reminders_of(loaded)
    rows = [row for row in rows if row.booking_id in loaded]
    claimed = []
    for row in rows:
        one = loaded[row.booking_id]
        try:
            wanted, why_not = _judged_again(row, one, stored[row.booking_id], now=now)
            rendered = render(row, one) if wanted and wanted.due_at <= now else None
        except Exception:  # one broken record must not keep the others waiting
            logger.exception("reminder %s can not be judged or worded", row.pk)
            _give_up(row, now=now)
            continue
        if wanted is None:
            skip(row, why_not, now=now)
        elif rendered is None:
            _postpone(row, wanted)
        elif (taken := _take(row, one, rendered, now=now)) is not None:
            claimed.append(taken)
    return len(rows), claimed


def _judged_again(
    row: Reminder, loaded: Loaded, stored: Iterable[Reminder], *, now: datetime
) -> tuple[Wanted | None, str]:
    """What the rules want of this row now; or None, and why it is not wanted any more."""
    if row.booking_version != loaded.booking.version or now >= row.expires_at:
        return None, why_skipped(loaded, row, None, now=now)
    plan, key = judged(loaded, stored, now=now), (row.kind, row.channel)
    due = next((item for item in plan.due if (item.kind, item.channel) == key), None)
    missed = next((item for item in plan.missed if (item.kind, item.channel) == key), None)
    return due, "" if due else why_skipped(loaded, row, missed, now=now)


def _give_up(row: Reminder, *, now: datetime) -> None:
    """planned → dead: on the desk's list."""
    row.state, row.last_error_code = State.DEAD, Reminder.BROKEN
    row.save(update_fields=["state", "last_error_code"])
    _record(row, State.PLANNED, State.DEAD, now=now, detail=Reminder.BROKEN)


def _postpone(row: Reminder, wanted: Wanted) -> None:
    """The rules want it later by now, for example because quiet hours have begun."""
    Reminder.objects.filter(pk=row.pk).update(
        due_at=wanted.due_at, next_attempt_at=wanted.due_at, expires_at=wanted.expires_at
    )


def _take(row: Reminder, loaded: Loaded, rendered: wording.Rendered, *, now: datetime) -> Claimed | None:
    found = problems(
        rendered,
        channel=row.channel,
        level=loaded.client.message_detail,
        language=loaded.client.language,
        forbidden=(loaded.client.legal_name, *filter(None, [loaded.client.birth_date])),
    )
    if found:
        logger.error("reminder %s not sent: wording %s", row.pk, ",".join(found))
        skip(row, Reminder.Skip.WORDING, now=now)
        return None
    token, recipient = uuid.uuid4(), loaded.addresses[row.channel]
    row.state, row.lease_token, row.lease_until = State.SENDING, token, now + LEASE
    row.attempt_count += 1
    row.save(update_fields=["state", "lease_token", "lease_until", "attempt_count"])
    _record(row, State.PLANNED, State.SENDING, now=now)
    Message.objects.create(
        reminder=row,
        token=token,
        recipient=recipient,
        subject=rendered.subject,
        body=rendered.body,
        started_at=now,
    )
    outgoing = Outgoing(
        token=str(token),
        to=recipient,
        subject=rendered.subject,
        body=rendered.body,
        expires_at=row.expires_at,
        language=loaded.client.language,
        sender_name=loaded.booking.location.display_name,
    )
    return Claimed(row, outgoing, row.lease_until)


def render(row: Reminder, loaded: Loaded) -> wording.Rendered:
    """The text of a reminder from the facts of now."""
    booking, client = loaded.booking, loaded.client
    is_here = booking.appointment_type.modality == AppointmentType.Modality.IN_PERSON
    return wording.render(
        row.kind,
        channel=row.channel,
        language=client.language,
        detail=client.message_detail,
        facts=wording.MessageFacts(
            display_name=booking.location.display_name,
            phone=phones.display(booking.location.phone),
            starts_at=booking.starts_at,
            client_zone=client.time_zone,
            clinic_zone=booking.location.time_zone,
            first_name=client.display_name.split()[0],
            visit_minutes=booking.appointment_type.duration_minutes,
            address=booking.location.address if is_here else "",
            stop_eating_at=loaded.facts.stop_eating_at,
            stop_drinking_at=loaded.facts.stop_drinking_at,
            asks=loaded.facts.missing,
            escort_required=loaded.facts.escort_required,
            by_email_too=row.kind == Reminder.Kind.FASTING and "email" in loaded.addresses,
        ),
    )


def _send(one: Claimed, channel: Channel, *, clock: Callable[[], datetime]) -> None:
    """One provider call, outside any transaction."""
    if not _begin(one, now=clock()):
        return  # the lease was over and somebody else has it
    try:
        crash_here("before_send")
        receipt = channel.send(one.outgoing)
        crash_here("after_accept")
    except OutcomeUnknown as lost:
        _mark(one, State.UNKNOWN, Message.Outcome.UNKNOWN, now=clock(), error_code=lost.code)
    except DeliveryError as error:
        _refused(one, error, now=clock())
    except Exception:
        logger.exception("reminder %s: sending broke", one.reminder.pk)
        _mark(one, State.UNKNOWN, Message.Outcome.UNKNOWN, now=clock(), error_code="exception")
    else:
        _mark(one, State.SENT, Message.Outcome.ACCEPTED, now=clock(), receipt=receipt)


def _begin(one: Claimed, *, now: datetime) -> bool:
    """Note that the provider is called now; False if the row is not ours any more."""
    with transaction.atomic(durable=True):
        held = Reminder.objects.select_for_update(no_key=True).filter(
            pk=one.reminder.pk, lease_token=one.outgoing.token, state=State.SENDING
        )
        message = Message.objects.filter(token=one.outgoing.token, outcome=Message.Outcome.OPEN)
        return bool(held) and bool(message.update(begun_at=now))


def _refused(one: Claimed, error: DeliveryError, *, now: datetime) -> None:
    reminder = one.reminder
    next_attempt_at = now + backoff(reminder.attempt_count, retry_after=error.retry_after)
    may_retry = reminder.attempt_count < MOST_ATTEMPTS and next_attempt_at < reminder.expires_at
    state = State.PLANNED if may_retry and not error.permanent else State.FAILED
    _mark(
        one, state, Message.Outcome.REFUSED, now=now, error_code=error.code, next_attempt_at=next_attempt_at
    )


def backoff(attempt: int, *, retry_after: float | None = None) -> timedelta:
    """Exponential with full jitter, at least what the provider asked for."""
    ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(attempt - 1, 10))
    jittered = ceiling * random.uniform(0.5, 1)  # noqa: S311  jitter, not a secret
    return max(jittered, timedelta(seconds=retry_after or 0))


def _mark(
    one: Claimed,
    state: str,
    outcome: str,
    *,
    now: datetime,
    receipt: Receipt | None = None,
    error_code: str = "",
    next_attempt_at: datetime | None = None,
) -> None:
    """Write the result if nobody settled the row without us.

    A lease that ran out meanwhile made it unknown: an answer that comes after all is better than a question.
    """
    crash_here("before_mark")
    with transaction.atomic(durable=True):
        held = Reminder.objects.select_for_update(no_key=True).filter(
            pk=one.reminder.pk,
            lease_token=one.outgoing.token,
            state__in=[each for each in (State.SENDING, State.UNKNOWN) if (each, state) in Reminder.EDGES],
        )
        before = held.values_list("state", flat=True).first()
        if before is None:
            return
        Reminder.objects.filter(pk=one.reminder.pk).update(
            state=state,
            last_error_code=error_code,
            next_attempt_at=next_attempt_at or F("next_attempt_at"),
            lease_until=one.lease_until if state == State.UNKNOWN else None,
            lease_token=one.outgoing.token if state == State.UNKNOWN else None,
            sent_at=now if state == State.SENT else None,
        )
        Message.objects.filter(
            token=one.outgoing.token, outcome__in=[Message.Outcome.OPEN, Message.Outcome.UNKNOWN]
        ).update(
            outcome=outcome,
            ended_at=now,
            provider=receipt.provider if receipt else "",
            provider_ref=receipt.provider_ref if receipt else "",
            error_code=error_code,
        )
        _record(one.reminder, before, state, now=now, detail=error_code)
    crash_here("after_mark")


def _give_back(one: Claimed, *, now: datetime) -> None:
    """Our lease is nearly over and this row was not begun: another round may have it."""
    with transaction.atomic(durable=True):
        if Reminder.objects.filter(
            pk=one.reminder.pk, lease_token=one.outgoing.token, state=State.SENDING
        ).update(
            state=State.PLANNED, lease_token=None, lease_until=None, attempt_count=F("attempt_count") - 1
        ):
            Message.objects.filter(token=one.outgoing.token).delete()
            _record(one.reminder, State.SENDING, State.PLANNED, now=now, detail="given_back")


def _record(row: Reminder, before: str, after: str, *, now: datetime, detail: str = "") -> None:
    ReminderEvent.objects.create(reminder=row, at=now, from_state=before, to_state=after, detail=detail)
