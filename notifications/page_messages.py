"""Tell clients of pages that are about no booking: a sooner time, a form to fill. By day, while it is of use.

Begun at most once for each row: what became of a message whose answer was lost is not looked up.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from notifications import facts, links, lint, rule_book, switches, template_editing, wording
from notifications.channels import DeliveryError, OutcomeUnknown, Outgoing, channel_for
from notifications.models import PageMessage, UnreachableAddress
from notifications.rules import FORM_TO_FILL, WAITLIST_OFFER, Policy
from practice import clock as clocks
from practice import phones
from practice.doors import door, step
from practice.models import ChannelConsent, Client, ContactPoint, Location

State = PageMessage.State
logger = logging.getLogger(__name__)

BATCH = 20
AGAIN_AFTER = timedelta(minutes=1)
MOST_ATTEMPTS = 5
ABOUT = (
    "client__location",
    "offer__location",
    "offer__entry__appointment_type",
    "sheet__form",
    "sheet__client",
)


@dataclass(frozen=True)
class Subject:
    """What a message tells of. `is_open`: it is still of use to who reads it now."""

    kind: str
    location: Location
    is_open: bool
    draft: Callable[..., links.Draft]
    starts_at: datetime
    visit_minutes: int | None = None


def _subject_of(row: PageMessage, *, now: datetime) -> Subject:
    if row.offer is not None:
        offer = row.offer
        return Subject(
            WAITLIST_OFFER,
            offer.location,
            offer.is_open,
            lambda **sent: links.draft_for_offer(offer, **sent),
            offer.starts_at,
            offer.entry.appointment_type.duration_minutes,
        )
    sheet = row.sheet
    assert sheet is not None
    return Subject(
        FORM_TO_FILL,
        row.client.location,
        sheet.form.is_usable and not sheet.is_over(now),
        lambda **sent: links.draft_for_sheet(sheet, **sent),
        sheet.expires_at,
    )


@step
def plan(
    row: PageMessage, addresses: Mapping[str, str], policy: Policy, *, now: datetime
) -> PageMessage | None:
    """Save `row` for the first channel that works, None if none does.

    At night it waits for the morning, if it is still of use by then.
    """
    channel = next((name for name in facts.ORDER_OF_CHANNELS if name in addresses), None)
    if channel is None:
        return None
    row.channel = channel
    row.due_at = daytime(row.client.time_zone, policy, now)
    row.state = State.WAITING if row.due_at < row.expires_at else State.NOT_SENT
    row.save(force_insert=True)
    return row


def daytime(zone_name: str, policy: Policy, now: datetime) -> datetime:
    """`now`, or the next morning of the client."""
    zone = clocks.zone(zone_name)
    local = now.astimezone(zone)
    if policy.day_starts_local <= local.time() < policy.day_ends_local:
        return now
    day = local.date() + timedelta(days=local.time() >= policy.day_ends_local)
    return clocks.first_instant(datetime.combine(day, policy.day_starts_local), zone)


@dataclass(frozen=True)
class Begun:
    pk: int
    channel: str
    outgoing: Outgoing


def tell_due(*, clock: Callable[[], datetime], limit: int = BATCH) -> int:
    """Send what is due; returns how many messages were begun."""
    begun = _begin(now=clock(), limit=limit)
    for one in begun:
        try:
            with channel_for(one.channel) as channel:
                receipt = channel.send(one.outgoing)
        except DeliveryError as error:
            _refused(one.pk, error, now=clock())
        except OutcomeUnknown as lost:
            _ended(one.pk, now=clock(), error_code=lost.code)
        else:
            _ended(one.pk, now=clock(), provider=receipt.provider, ref=receipt.provider_ref)
    return len(begun)


@door
def _begin(*, now: datetime, limit: int) -> list[Begun]:
    """waiting → begun for what may go out now. After this commit it is never begun again."""
    stopped = switches.read()
    if stopped.everything:
        return []
    rows = list(_due(stopped, now=now)[:limit])
    texts = template_editing.in_use([WAITLIST_OFFER, FORM_TO_FILL]) if rows else {}
    policy = rule_book.policy()
    begun = []
    for row in rows:
        subject = _subject_of(row, now=now)
        address = addresses_of(row.client).get(row.channel)
        waits_until = daytime(row.client.time_zone, policy, now)
        if not subject.is_open or now >= row.expires_at or address is None:
            PageMessage.objects.filter(pk=row.pk).update(state=State.NOT_SENT)
        elif waits_until > now:
            is_of_use = waits_until < row.expires_at
            PageMessage.objects.filter(pk=row.pk).update(
                due_at=waits_until if is_of_use else row.due_at,
                state=State.WAITING if is_of_use else State.NOT_SENT,
            )
        elif (one := _worded(row, subject, address, texts, now=now)) is not None:
            begun.append(one)
    return begun


def _due(stopped: switches.Stopped, *, now: datetime) -> QuerySet[PageMessage]:
    channels = set(stopped.channels)
    if stopped.providers:
        channels |= {
            name for name in facts.ORDER_OF_CHANNELS if channel_for(name).provider in stopped.providers
        }
    rows = (
        PageMessage.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related(*ABOUT)
        .filter(state=State.WAITING, due_at__lte=now)
        .exclude(channel__in=channels)
        .order_by("due_at", "pk")
    )
    if WAITLIST_OFFER in stopped.kinds:
        rows = rows.filter(offer=None)
    return rows.filter(sheet=None) if FORM_TO_FILL in stopped.kinds else rows


def _worded(
    row: PageMessage,
    subject: Subject,
    address: str,
    texts: Mapping[template_editing.Key, wording.Words],
    *,
    now: datetime,
) -> Begun | None:
    client, location = row.client, subject.location
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
    )
    return Begun(row.pk, row.channel, outgoing)


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
    """Certainly not taken: once more in a minute, or on the next channel when it never will be."""
    row = PageMessage.objects.select_for_update(no_key=True, of=("self",)).select_related(*ABOUT).get(pk=pk)
    next_at = now + max(AGAIN_AFTER, timedelta(seconds=error.retry_after or 0))
    again = not error.permanent and row.attempt_count < MOST_ATTEMPTS and next_at < row.expires_at
    PageMessage.objects.filter(pk=pk, state=State.BEGUN).update(
        state=State.WAITING if again else State.REFUSED,
        due_at=next_at if again else row.due_at,
        token=None,
        ended_at=now,
        error_code=error.code,
    )
    if again or _was_told_elsewhere(row) or not _subject_of(row, now=now).is_open:
        return
    others = {name: to for name, to in addresses_of(row.client).items() if name != row.channel}
    other = PageMessage(offer=row.offer, sheet=row.sheet, client=row.client, expires_at=row.expires_at)
    plan(other, others, rule_book.policy(), now=now)


def _was_told_elsewhere(row: PageMessage) -> bool:
    """Of an offer another row is enough; of a sheet one that came after this one."""
    others = PageMessage.objects.exclude(pk=row.pk)
    if row.offer_id is not None:
        return others.filter(offer=row.offer_id).exists()
    return others.filter(sheet=row.sheet_id, pk__gt=row.pk).exists()


def addresses_of(client: Client) -> dict[str, str]:
    """Those at which the client can and wants to be reached."""
    agreed = ChannelConsent.objects.filter(
        client=OuterRef("client"), channel=OuterRef("channel"), granted_at__isnull=False, withdrawn_at=None
    )
    nothing_arrives = UnreachableAddress.objects.filter(
        client=OuterRef("client"), channel=OuterRef("channel"), value=OuterRef("value")
    )
    points = ContactPoint.objects.filter(
        Exists(agreed), ~Exists(nothing_arrives), client=client, is_primary=True
    )
    return dict(points.values_list("channel", "value"))
