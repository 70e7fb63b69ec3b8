"""A clinic with both providers on this machine, and a clock that the test turns.

Use it by importing the fixtures that a test names: `from tests.faults.stage import smtp, stage, twilio`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from notifications import deliver, reconcile, resolve
from notifications.deliver import LEASE
from notifications.models import Reminder
from notifications.resolve import ACCEPT_LATENCY
from practice import present
from practice.models import Client
from scheduling import booking, readiness
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.fakes.smtp import FakeSmtp
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio

START = at("2026-12-01 09:30")  # in eight days
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86_400))
TOLD = NOW + 3 * MINUTE  # the quiet period after a booking at NOW is over
RESOLVABLE = LEASE + ACCEPT_LATENCY + SECOND

State, Skip = Reminder.State, Reminder.Skip
Row = tuple[str, str, int, str, str]  # kind, channel, version, state, reason


def clock_at(moment: datetime) -> AbstractContextManager[Any]:
    """For the whole process, providers included; waiting still takes its time."""
    return time_machine.travel(moment, tick=False)


@pytest.fixture
def twilio(tmp_path: Path, settings: Any) -> Iterator[FakeTwilio]:
    with FakeTwilio(tmp_path / "twilio.jsonl") as fake:
        settings.TWILIO_BASE_URL = fake.base_url
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT_SID, AUTH_TOKEN
        settings.TWILIO_FROM = "+12025550100"
        yield fake


@pytest.fixture
def smtp(tmp_path: Path, settings: Any) -> Iterator[FakeSmtp]:
    with FakeSmtp(tmp_path / "mail.jsonl") as fake:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = fake.host, fake.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield fake


@dataclass
class Stage:
    clinic: Clinic
    twilio: FakeTwilio
    smtp: FakeSmtp

    def book(
        self,
        client: Client | None = None,
        start: datetime = START,
        *,
        number: int = 1,
        now: datetime = NOW,
        **choice: Any,
    ) -> Booking:
        client = client or self.clinic.ready_client()
        request = booking.Request(
            client,
            self.clinic.appointment_type(),
            self.clinic.location,
            self.clinic.dose(client, number),
            **choice,
        )
        return booking.book(request, start, actor=self.clinic.kim, now=now)

    def say(self, booked: Booking, *items: str, answer: str = "confirmed", now: datetime = NOW) -> None:
        for item in items:
            readiness.acknowledge(
                booked.pk,
                item=item,
                answer=answer,
                said_by="client",
                source="phone",
                actor=self.clinic.kim,
                now=now,
            )

    def deliver(self, moment: datetime, *, limit: int = deliver.BATCH) -> int:
        with clock_at(moment):
            return deliver.deliver_due(clock=present.now, limit=limit)

    def resolve(self, moment: datetime) -> int:
        with clock_at(moment):
            resolve.expire_leases(now=moment)
            return resolve.resolve_unknown(clock=present.now)

    def reconcile(self, moment: datetime) -> None:
        reconcile.reconcile_upcoming(now=moment)

    def rows(self, **wanted: Any) -> set[Row]:
        rows = Reminder.objects.filter(**wanted)
        return set(rows.values_list("kind", "channel", "booking_version", "state", "skip_reason"))

    def only(self, kind: str = "booked", channel: str = "sms") -> Reminder:
        return Reminder.objects.get(kind=kind, channel=channel)

    @property
    def texts(self) -> list[str]:
        """What the text messages say that the provider took, in their order."""
        return [entry["body"] for entry in self.twilio.accepted()]

    @property
    def mails(self) -> list[str]:
        return [entry["body"] for entry in self.smtp.accepted()]


@pytest.fixture
def stage(clinic: Clinic, twilio: FakeTwilio, smtp: FakeSmtp) -> Stage:
    return Stage(clinic, twilio, smtp)


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
