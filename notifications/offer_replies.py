"""A yes or no by text to the offer of a sooner time, which the text before it made."""

from __future__ import annotations

from datetime import datetime, timedelta

from notifications.answers import Answer
from notifications.models import Message, PageMessage
from notifications.replies import Meaning
from practice.errors import DomainError
from practice.models import Channel, Client
from scheduling import waitlist
from scheduling.errors import OfferClosed, OfferLost, OfferOver

STANDS = timedelta(days=7)
GONE = (OfferLost, OfferOver, OfferClosed)


def last_offer(client: Client, sender: str, *, now: datetime) -> PageMessage | None:
    """The offer that the last text to this number made, over or not; None if another came after it."""
    last = last_page(client, sender, now=now)
    return last if last is not None and last.offer_id is not None else None


def last_page(client: Client, sender: str, *, now: datetime) -> PageMessage | None:
    """The last text to this number, if it told of a page that is about no booking."""
    told = (
        PageMessage.objects.filter(
            client=client, channel=Channel.SMS, recipient=sender, begun_at__gt=now - STANDS
        )
        .exclude(state__in=(PageMessage.State.REFUSED, PageMessage.State.UNDELIVERED))
        .order_by("-begun_at", "-pk")
        .first()
    )
    if told is None:
        return None
    told_since = Message.objects.filter(
        recipient=sender, begun_at__gte=told.begun_at, reminder__client=client
    )
    return None if told_since.exclude(outcome=Message.Outcome.REFUSED).exists() else told


def answer(meaning: Meaning, offered: PageMessage, *, now: datetime) -> Answer | None:
    """Take or decline it by the waitlist's own doors; said twice, it counts once.

    None for what a person must look at: it can't be booked this way.
    """
    assert offered.offer_id is not None
    try:
        if meaning == "no":
            waitlist.decline(offered.offer_id, actor=None, now=now)
            return "kept"
        waitlist.accept(offered.offer_id, actor=None, now=now)
    except GONE:
        return "gone"
    except DomainError:
        return None
    return "yours"
