"""What clients are told of pages that are about no booking: a sooner time, a form to fill. By day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from notifications import facts, links, rule_book
from notifications.models import PageMessage, UnreachableAddress
from notifications.rules import FORM_TO_FILL, WAITLIST_OFFER, Policy
from practice import clock as clocks
from practice.doors import step
from practice.models import ChannelConsent, Client, ContactPoint, Location

State = PageMessage.State

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


def subject_of(row: PageMessage, *, now: datetime) -> Subject:
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


@step
def plan_another_way(row: PageMessage, *, now: datetime) -> None:
    """On the next channel, if nothing else tells the client and it is still of use. Its sheet is locked."""
    if was_told_elsewhere(row) or not subject_of(row, now=now).is_open:
        return
    others = {name: to for name, to in addresses_of(row.client).items() if name != row.channel}
    other = PageMessage(offer=row.offer, sheet=row.sheet, client=row.client, expires_at=row.expires_at)
    plan(other, others, rule_book.policy(), now=now)


def was_told_elsewhere(row: PageMessage) -> bool:
    """Or will be. Of an offer another row is enough; of a sheet one that waits, or came after this one."""
    others = PageMessage.objects.exclude(pk=row.pk)
    if row.offer_id is not None:
        return others.filter(offer=row.offer_id).exists()
    return others.filter(Q(pk__gt=row.pk) | Q(state=State.WAITING), sheet=row.sheet_id).exists()


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
