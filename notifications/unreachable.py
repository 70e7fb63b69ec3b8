"""Numbers and addresses at which nothing arrives, for good: a channel that a client has and is not used."""

from __future__ import annotations

from datetime import datetime

from notifications.models import UnreachableAddress
from practice import activity
from practice.doors import door, step
from practice.models import User


@step
def mark(client_id: int, channel: str, value: str, reason: str, *, now: datetime) -> None:
    """Stop a channel for a client as long as this is their number or address there."""
    address, is_new = UnreachableAddress.objects.get_or_create(
        client_id=client_id,
        channel=channel,
        value=value,
        defaults={"reason": reason, "since_at": now},
    )
    if is_new:
        data = {"channel": channel, "reason": str(reason)}
        activity.record("contact.unreachable", address, actor=None, at=now, client=client_id, data=data)


@door
def works_again(address: UnreachableAddress, *, actor: User | None, now: datetime) -> None:
    """Somebody knows that messages arrive there: the channel is used again."""
    activity.record("contact.reachable", address, actor=actor, at=now, client=address.client_id)
    UnreachableAddress.objects.filter(pk=address.pk).delete()
