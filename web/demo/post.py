"""Sends the messages of the past, on a clock of its own, to nobody but the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import mock

from django.db import connection

from notifications import deliver, page_sending
from notifications.channels import Channel, DeliveryError, Outgoing, Receipt
from notifications.channels.outbox import OutboxChannel
from practice import present

SWEEP, BATCH = timedelta(minutes=1), 100
NUMBER_NOT_IN_SERVICE = "30005"


class Past:
    """What time it is in the story."""

    def __init__(self) -> None:
        self.at = present.now()

    def now(self) -> datetime:
        return self.at


class DemoChannel(OutboxChannel):
    """The outbox, which refuses numbers from the time on at which they went out of service."""

    def __init__(self, channel: str, out_of_service: Mapping[str, datetime]) -> None:
        super().__init__(channel)
        self.out_of_service = out_of_service

    def send(self, outgoing: Outgoing) -> Receipt:
        since = self.out_of_service.get(outgoing.to)
        if since is not None and since <= present.now():
            raise DeliveryError(NUMBER_NOT_IN_SERVICE, permanent=True)
        return super().send(outgoing)


@contextmanager
def living_in(past: Past, out_of_service: Mapping[str, datetime]) -> Iterator[None]:
    """Whoever asks for the time is told that of the story, and no message of it leaves this machine."""

    def channel_for(name: str) -> Channel:
        return DemoChannel(name, out_of_service)

    with (
        mock.patch("django.utils.timezone.now", past.now),  # for fields that fill themselves
        mock.patch.object(present, "now", past.now),
        mock.patch.object(deliver, "channel_for", channel_for),
        mock.patch.object(page_sending, "channel_for", channel_for),
    ):
        yield


def deliver_until(past: Past, end: datetime) -> None:
    """Let the sweeps run that find something to send before `end`."""
    while (due_at := _next_due_at()) is not None and due_at + SWEEP <= end:
        past.at = due_at + SWEEP
        deliver.deliver_due(clock=past.now, limit=BATCH)


def _next_due_at() -> datetime | None:
    """Plain SQL: it is asked before every step."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(next_attempt_at) FROM notifications_reminder WHERE state = 'planned'")
        row = cursor.fetchone()
    return row[0] if row else None
