"""Tell those who wait of a sooner time, as long as it is theirs to take."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from notifications import page_messages, rule_book
from notifications.models import PageMessage
from practice.doors import step
from scheduling.models import WaitlistOffer

State = PageMessage.State
logger = logging.getLogger(__name__)

LAST_CALL = timedelta(minutes=5)  # before the offer ends: nobody could answer


@step
def offers_changed(offer_ids: Sequence[int], now: datetime) -> None:
    """Listens to `scheduling.changes`: runs in the transaction that made or closed the offers."""
    offers = list(WaitlistOffer.objects.filter(pk__in=offer_ids).select_related("client").order_by("pk"))
    policy = rule_book.policy()
    for offer in offers:
        if not offer.is_open or offer.expires_at <= now:
            PageMessage.objects.filter(offer=offer, state=State.WAITING).update(state=State.NOT_SENT)
        elif not PageMessage.objects.filter(offer=offer).exists():
            row = PageMessage(offer=offer, client=offer.client, expires_at=offer.expires_at - LAST_CALL)
            if page_messages.plan(row, page_messages.addresses_of(offer.client), policy, now=now) is None:
                logger.warning("offer %s: its client can't be reached", offer.pk)
