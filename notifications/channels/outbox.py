from __future__ import annotations

from datetime import datetime

from notifications.channels import Channel, Outgoing, Receipt, refuse_if_expired
from notifications.models import OutboxMessage
from practice import present


class OutboxChannel(Channel):
    """Keeps messages in the database, where the demo shows them. The same token twice is one message."""

    provider = "outbox"
    begins_at_once = 20

    def __init__(self, channel: str) -> None:
        self.channel = channel

    def send(self, outgoing: Outgoing) -> Receipt:
        refuse_if_expired(outgoing)
        message, _ = OutboxMessage.objects.get_or_create(
            token=outgoing.token,
            defaults={
                "channel": self.channel,
                "recipient": outgoing.to,
                "subject": outgoing.subject,
                "body": outgoing.body,
                "created_at": present.now(),
            },
        )
        return Receipt(self.provider, str(message.pk))

    def find(self, outgoing: Outgoing, *, sent_after: datetime) -> list[Receipt]:
        keys = OutboxMessage.objects.filter(token=outgoing.token).values_list("pk", flat=True)
        return [Receipt(self.provider, str(key)) for key in keys]
