"""Many clients with one message each that is due now, at any time of day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from notifications import reconcile
from notifications.models import Reminder
from practice import present
from practice.models import ChannelConsent, Client, ContactPoint
from scheduling.models import Booking
from tests.cast import Clinic
from tests.fakes.twilio import FakeTwilio

ZONES = ("America/Los_Angeles", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland")


def daytime_zone(now: datetime) -> str:
    """A zone whose clocks stand well inside the day, so that no quiet hours come between."""
    return min(ZONES, key=lambda name: abs(minutes_from_two(now.astimezone(ZoneInfo(name)).time())))


def minutes_from_two(local: time) -> int:
    return local.hour * 60 + local.minute - 14 * 60


def due_texts(clinic: Clinic, count: int) -> list[Booking]:
    """One text for each; their numbers are their own."""
    booked = due_now(clinic, ["sms"] * count)
    assert Reminder.objects.filter(state="planned", next_attempt_at__lte=timezone.now()).count() == count
    return booked


def due_now(
    clinic: Clinic, channels: Sequence[str], *, first: int = 0, reconcile_them: bool = True
) -> list[Booking]:
    """Booked ten minutes ago for next month, one client each, on that channel. Rows only, for speed.

    `first` is the number of the first client, and with it their phone number or address.
    """
    now = present.now()
    zone, kind = daytime_zone(now), clinic.appointment_type("consult")
    clients = Client.objects.bulk_create(
        Client(
            legal_name=f"Client {first + number}",
            birth_date="1988-04-02",
            time_zone=zone,
            state="CA",
            location=clinic.location,
        )
        for number in range(len(channels))
    )
    people = list(zip(clients, channels, strict=True))
    ContactPoint.objects.bulk_create(
        ContactPoint(client=client, channel=channel, value=address(channel, first + number))
        for number, (client, channel) in enumerate(people)
    )
    ChannelConsent.objects.bulk_create(
        ChannelConsent(client=client, channel=channel, granted_at=now) for client, channel in people
    )
    start = (now + timedelta(days=30)).replace(hour=18, minute=0, second=0, microsecond=0)
    booked = Booking.objects.bulk_create(
        Booking(
            client=client,
            appointment_type=kind,
            location=clinic.location,
            starts_at=start + timedelta(hours=number % 4, days=number // 4 % 100),
            ends_at=start + timedelta(hours=number % 4 + 1, days=number // 4 % 100),
            starts_on=start.date(),
            starts_local=start.time(),
            time_zone=clinic.location.time_zone,
            status=Booking.Status.BOOKED,
            created_at=now - timedelta(minutes=10),
            booked_by=clinic.kim,
            booked_at=now - timedelta(minutes=10),
            touched_at=now - timedelta(minutes=10),
        )
        for number, client in enumerate(clients)
    )
    if reconcile_them:
        reconcile.reconcile_these([booking.pk for booking in booked], now=now)
    return booked


def address(channel: str, number: int) -> str:
    return f"+1202{5550000 + number}" if channel == "sms" else f"client{number}@example.org"


def by_number(twilio: FakeTwilio) -> Counter[str]:
    """How many messages each number got, by the provider's own log."""
    return Counter(entry["to"] for entry in twilio.accepted())
