"""Send what clients are told of pages, one message after the other: begin, send, note what became of it.

Begun at most once for each attempt: what became of a message whose answer was lost is not looked up, and is
shown as not known.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Model, QuerySet

from notifications import (
    facts,
    links,
    lint,
    page_messages,
    rule_book,
    switches,
    template_editing,
    unreachable,
    wording,
)
from notifications.channels import DeliveryError, OutcomeUnknown, Outgoing, channel_for
from notifications.channels.codes import FOR_GOOD
from notifications.models import PageMessage
from notifications.page_messages import ABOUT, Subject
from notifications.rules import FORM_TO_FILL, WAITLIST_OFFER
from practice import phones
from practice.doors import door, step
from practice.models import Client
from scheduling.models import WaitlistOffer
from treatment_plans.models import ScreeningSheet

State = PageMessage.State
logger = logging.getLogger(__name__)

BATCH = 20
LEASE = timedelta(seconds=settings.REMINDER_LEASE_SECONDS)  # what was looked at is good for so long
AGAIN_AFTER = timedelta(minutes=1)
MOST_ATTEMPTS = 5
BROKEN = "broken"


@dataclass(frozen=True)
class Begun:
    pk: int
    channel: str
    outgoing: Outgoing


def tell_due(*, clock: Callable[[], datetime], stop_at: datetime | None = None, limit: int = BATCH) -> int:
    """Send what is due; returns how many messages were begun. None begins from `stop_at` on."""
    count = 0
    for pk in _next(now=clock(), limit=limit):
        if stop_at is not None and clock() >= stop_at:
            break
        try:
            one = _begin(pk, now=clock())
        except Exception:  # one broken record must not keep the others waiting
            logger.exception("page message %s can not be judged or worded", pk)
            _put_off(pk, now=clock())
            continue
        if one is not None:
            count += 1
            _send(one, clock=clock)
    return count


@door
def _next(*, now: datetime, limit: int) -> list[int]:
    return list(_due(now=now).values_list("pk", flat=True)[:limit])


@step
def _due(*, now: datetime) -> QuerySet[PageMessage]:
    """Those whose time has come, oldest first, less what a switch stops; none is flipped before this ends."""
    stopped = switches.read()
    if stopped.everything:
        return PageMessage.objects.none()
    channels = set(stopped.channels)
    if stopped.providers:
        channels |= {
            name for name in facts.ORDER_OF_CHANNELS if channel_for(name).provider in stopped.providers
        }
    rows = PageMessage.objects.filter(state=State.WAITING, due_at__lte=now).exclude(channel__in=channels)
    if WAITLIST_OFFER in stopped.kinds:
        rows = rows.filter(offer=None)
    if FORM_TO_FILL in stopped.kinds:
        rows = rows.filter(sheet=None)
    return rows.order_by("due_at", "pk")


@door
def _begin(pk: int, *, now: datetime) -> Begun | None:
    """waiting → begun, if it may go out now. After this commit it is never begun again.

    Never waits: what another worker has, or whose client, offer or sheet is being changed, is left for the
    next round. Judged with the facts of now.
    """
    row = _held(pk, now=now)
    if row is None:
        return None
    subject = page_messages.subject_of(row, now=now)
    address = page_messages.addresses_of(row.client).get(row.channel)
    waits_until = page_messages.daytime(row.client.time_zone, rule_book.policy(), now)
    if not subject.is_open or waits_until >= row.expires_at or address is None:
        PageMessage.objects.filter(pk=pk).update(state=State.NOT_SENT)
        return None
    if waits_until > now:
        PageMessage.objects.filter(pk=pk).update(due_at=waits_until)
        return None
    return _worded(row, subject, address, now=now)


def _held(pk: int, *, now: datetime) -> PageMessage | None:
    """With its client and what it is about, all locked and as they are now; None if others have one."""
    row = _due(now=now).filter(pk=pk).select_for_update(no_key=True, skip_locked=True).first()
    if row is None or not (
        _is_held(Client, row.client_id)
        and _is_held(WaitlistOffer, row.offer_id)
        and _is_held(ScreeningSheet, row.sheet_id)
    ):
        return None
    return PageMessage.objects.select_related(*ABOUT).get(pk=pk)


def _is_held(model: type[Model], pk: int | None) -> bool:
    rows = model._default_manager.select_for_update(no_key=True, skip_locked=True)
    return pk is None or rows.filter(pk=pk).first() is not None


def _worded(row: PageMessage, subject: Subject, address: str, *, now: datetime) -> Begun | None:
    """Begun with the words of now; None, and not sent, if they break a rule."""
    client, location = row.client, subject.location
    texts = template_editing.in_use([subject.kind])
    link = subject.draft(channel=row.channel, sent_to=address, now=now)
    own = texts.get((subject.kind, client.language, row.channel, client.message_detail))
    text = wording.render(
        subject.kind,
        channel=row.channel,
        language=client.language,
        detail=client.message_detail,
        own=own,
        facts=wording.MessageFacts(
            display_name=location.display_name,
            phone=phones.display(location.phone),
            starts_at=subject.starts_at,
            client_zone=client.time_zone,
            clinic_zone=location.time_zone,
            first_name=client.display_name.split()[0],
            visit_minutes=subject.visit_minutes,
            link=link.address,
        ),
    )
    wrong = lint.problems(
        text,
        channel=row.channel,
        level=client.message_detail,
        language=client.language,
        forbidden=(client.legal_name, *filter(None, [client.birth_date])),
    )
    if wrong:
        logger.error("page message %s not sent: wording %s", row.pk, ",".join(wrong))
        PageMessage.objects.filter(pk=row.pk).update(state=State.NOT_SENT, error_code=wrong[0])
        return None
    token = uuid.uuid4()
    PageMessage.objects.filter(pk=row.pk).update(
        state=State.BEGUN,
        token=token,
        recipient=address,
        begun_at=now,
        attempt_count=row.attempt_count + 1,
    )
    links.keep([link])
    outgoing = Outgoing(
        token=str(token),
        to=address,
        subject=text.subject,
        body=text.body,
        expires_at=row.expires_at,
        language=client.language,
        sender_name=location.display_name,
        hand_over_by=now + LEASE,
    )
    return Begun(row.pk, row.channel, outgoing)


@door
def _put_off(pk: int, *, now: datetime) -> None:
    """Once more in a minute; after some of them it is not sent."""
    row = PageMessage.objects.select_for_update(no_key=True).get(pk=pk)
    if row.state != State.WAITING:
        return
    row.attempt_count, next_at = row.attempt_count + 1, now + AGAIN_AFTER
    if row.attempt_count < MOST_ATTEMPTS and next_at < row.expires_at:
        row.due_at = next_at
    else:
        row.state, row.error_code = State.NOT_SENT, BROKEN
    row.save(update_fields=["attempt_count", "due_at", "state", "error_code"])


def _send(one: Begun, *, clock: Callable[[], datetime]) -> None:
    """One provider call, and what became of it. What can't be noted stays begun."""
    note: Callable[..., None]
    try:
        with channel_for(one.channel) as channel:
            provider, ref = channel.send(one.outgoing)
        note = partial(_ended, one.pk, provider=provider, ref=ref)
    except DeliveryError as error:
        note = partial(_refused, one.pk, error)
    except OutcomeUnknown as lost:
        note = partial(_ended, one.pk, error_code=lost.code)
    except Exception:
        logger.exception("page message %s: sending broke", one.pk)
        note = partial(_ended, one.pk, error_code="exception")
    try:
        note(now=clock())
    except Exception:
        logger.exception("page message %s: what became of it could not be noted", one.pk)


@door
def _ended(pk: int, *, now: datetime, provider: str = "", ref: str = "", error_code: str = "") -> None:
    """begun → taken; what nobody knows stays begun, with its error."""
    PageMessage.objects.filter(pk=pk, state=State.BEGUN).update(
        state=State.BEGUN if error_code else State.TAKEN,
        ended_at=now,
        provider=provider,
        provider_ref=ref,
        error_code=error_code,
    )


@door
def _refused(pk: int, error: DeliveryError, *, now: datetime) -> None:
    """Certainly not taken: once more in a minute, or on the next channel when it never will be.

    Neither if the client is told by another message: somebody may have sent the form again meanwhile.
    """
    row = lock(pk)
    if row.state != State.BEGUN:
        return
    next_at = now + max(AGAIN_AFTER, timedelta(seconds=error.retry_after or 0))
    again = (
        not error.permanent
        and row.attempt_count < MOST_ATTEMPTS
        and next_at < row.expires_at
        and not page_messages.was_told_elsewhere(row)
    )
    PageMessage.objects.filter(pk=pk).update(
        state=State.WAITING if again else State.REFUSED,
        due_at=next_at if again else row.due_at,
        token=None,
        ended_at=now,
        error_code=error.code,
    )
    if error.code in FOR_GOOD:
        unreachable.mark(row.client_id, row.channel, row.recipient, FOR_GOOD[error.code], now=now)
    if not again:
        page_messages.plan_another_way(row, now=now)


@step
def reported(pk: int, state: str, *, provider: str, ref: str, error_code: str, now: datetime) -> PageMessage:
    """What the provider says later, or before its answer to us: never backwards. Returns the row, locked.

    It is told on no other channel here: the number may first have to be marked.
    """
    row = lock(pk)
    if (row.state, state) not in PageMessage.REPORTED:
        return row
    if row.state == State.BEGUN:
        row.provider, row.provider_ref, row.ended_at = provider, ref, now
    row.state, row.error_code = state, error_code if state == State.UNDELIVERED else ""
    row.save(update_fields=["state", "provider", "provider_ref", "ended_at", "error_code"])
    return row


@step
def lock(pk: int) -> PageMessage:
    """The sheet that it is about, then the message."""
    rows = PageMessage.objects.filter(pk=pk)
    for sheet in rows.values_list("sheet", flat=True):
        ScreeningSheet.objects.select_for_update(no_key=True).filter(pk=sheet).first()
    return rows.select_for_update(no_key=True, of=("self",)).select_related(*ABOUT).get()
