"""Tell those who wait of a sooner time, as long as it is theirs to take.

Begun at most once for each offer and channel. An offer lasts for hours, and the next one goes to the next
client: what became of a message whose answer was lost is not looked up.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from notifications import facts, links, lint, rule_book, switches, template_editing, wording
from notifications.channels import DeliveryError, OutcomeUnknown, Outgoing, channel_for
from notifications.models import OfferMessage, UnreachableAddress
from notifications.rules import WAITLIST_OFFER, Policy
from practice import clock as clocks
from practice import phones
from practice.doors import door, step
from practice.models import ChannelConsent, Client, ContactPoint
from scheduling.models import WaitlistOffer

State = OfferMessage.State
logger = logging.getLogger(__name__)

BATCH = 20
AGAIN_AFTER = timedelta(minutes=1)
MOST_ATTEMPTS = 5
LAST_CALL = timedelta(minutes=5)  # before the offer ends: nobody could answer


@step
def offers_changed(offer_ids: Sequence[int], now: datetime) -> None:
    """Listens to `scheduling.changes`: runs in the transaction that made or closed the offers."""
    offers = list(WaitlistOffer.objects.filter(pk__in=offer_ids).select_related("client").order_by("pk"))
    policy = rule_book.policy()
    for offer in offers:
        if not offer.is_open or offer.expires_at <= now:
            OfferMessage.objects.filter(offer=offer, state=State.WAITING).update(state=State.NOT_SENT)
        elif not OfferMessage.objects.filter(offer=offer).exists():
            _plan(offer, _addresses(offer.client), policy, now=now)


def _plan(offer: WaitlistOffer, addresses: dict[str, str], policy: Policy, *, now: datetime) -> None:
    """On the first channel that works; at night it waits for the morning, if the offer lasts so long."""
    channel = next((name for name in facts.ORDER_OF_CHANNELS if name in addresses), None)
    if channel is None:
        logger.warning("offer %s: its client can't be reached", offer.pk)
        return
    due_at = daytime(offer.client.time_zone, policy, now)
    last_at = offer.expires_at - LAST_CALL
    OfferMessage.objects.create(
        offer=offer,
        client=offer.client,
        channel=channel,
        due_at=due_at,
        expires_at=last_at,
        state=State.WAITING if due_at < last_at else State.NOT_SENT,
    )


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
    if stopped.everything or WAITLIST_OFFER in stopped.kinds:
        return []
    rows = list(_due(stopped, now=now)[:limit])
    texts = template_editing.in_use([WAITLIST_OFFER]) if rows else {}
    policy = rule_book.policy()
    begun = []
    for row in rows:
        address = _addresses(row.client).get(row.channel)
        waits_until = daytime(row.client.time_zone, policy, now)
        if not row.offer.is_open or now >= row.expires_at or address is None:
            OfferMessage.objects.filter(pk=row.pk).update(state=State.NOT_SENT)
        elif waits_until > now:
            is_of_use = waits_until < row.expires_at
            OfferMessage.objects.filter(pk=row.pk).update(
                due_at=waits_until if is_of_use else row.due_at,
                state=State.WAITING if is_of_use else State.NOT_SENT,
            )
        elif (one := _worded(row, address, texts, now=now)) is not None:
            begun.append(one)
    return begun


def _due(stopped: switches.Stopped, *, now: datetime) -> QuerySet[OfferMessage]:
    channels = set(stopped.channels)
    if stopped.providers:
        channels |= {
            name for name in facts.ORDER_OF_CHANNELS if channel_for(name).provider in stopped.providers
        }
    return (
        OfferMessage.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("client", "offer__location", "offer__entry__appointment_type")
        .filter(state=State.WAITING, due_at__lte=now)
        .exclude(channel__in=channels)
        .order_by("due_at", "pk")
    )


def _worded(
    row: OfferMessage,
    address: str,
    texts: Mapping[template_editing.Key, wording.Words],
    *,
    now: datetime,
) -> Begun | None:
    offer, client = row.offer, row.client
    link = links.draft_for_offer(offer, channel=row.channel, sent_to=address, now=now)
    own = texts.get((WAITLIST_OFFER, client.language, row.channel, client.message_detail))
    text = wording.render(
        WAITLIST_OFFER,
        channel=row.channel,
        language=client.language,
        detail=client.message_detail,
        own=own,
        facts=wording.MessageFacts(
            display_name=offer.location.display_name,
            phone=phones.display(offer.location.phone),
            starts_at=offer.starts_at,
            client_zone=client.time_zone,
            clinic_zone=offer.location.time_zone,
            first_name=client.display_name.split()[0],
            visit_minutes=offer.entry.appointment_type.duration_minutes,
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
        logger.error("offer %s not told: wording %s", offer.pk, ",".join(wrong))
        OfferMessage.objects.filter(pk=row.pk).update(state=State.NOT_SENT, error_code=wrong[0])
        return None
    token = uuid.uuid4()
    OfferMessage.objects.filter(pk=row.pk).update(
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
        sender_name=offer.location.display_name,
    )
    return Begun(row.pk, row.channel, outgoing)


@door
def _ended(pk: int, *, now: datetime, provider: str = "", ref: str = "", error_code: str = "") -> None:
    """begun → taken; what nobody knows stays begun, with its error."""
    OfferMessage.objects.filter(pk=pk, state=State.BEGUN).update(
        state=State.BEGUN if error_code else State.TAKEN,
        ended_at=now,
        provider=provider,
        provider_ref=ref,
        error_code=error_code,
    )


@door
def _refused(pk: int, error: DeliveryError, *, now: datetime) -> None:
    """Certainly not taken: once more in a minute, or on the next channel when it never will be."""
    row = OfferMessage.objects.select_for_update(no_key=True).select_related("offer__client").get(pk=pk)
    next_at = now + max(AGAIN_AFTER, timedelta(seconds=error.retry_after or 0))
    again = not error.permanent and row.attempt_count < MOST_ATTEMPTS and next_at < row.expires_at
    OfferMessage.objects.filter(pk=pk, state=State.BEGUN).update(
        state=State.WAITING if again else State.REFUSED,
        due_at=next_at if again else row.due_at,
        token=None,
        ended_at=now,
        error_code=error.code,
    )
    if again or OfferMessage.objects.filter(offer=row.offer).exclude(pk=pk).exists():
        return
    others = {name: to for name, to in _addresses(row.offer.client).items() if name != row.channel}
    if row.offer.is_open:
        _plan(row.offer, others, rule_book.policy(), now=now)


def _addresses(client: Client) -> dict[str, str]:
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
