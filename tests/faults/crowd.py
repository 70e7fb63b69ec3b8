"""Many clients with one text each that is due now, by the real clock and at any time of day."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from notifications import reconcile
from notifications.models import Reminder
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
    """Booked ten minutes ago for next month; each client's number is their own. Rows only, for speed."""
    now = timezone.now()
    zone, kind = daytime_zone(now), clinic.appointment_type("consult")
    clients = Client.objects.bulk_create(
        Client(
            legal_name=f"Client {number}",
            birth_date="1988-04-02",
            time_zone=zone,
            state="CA",
            location=clinic.location,
        )
        for number in range(count)
    )
    ContactPoint.objects.bulk_create(
        ContactPoint(client=client, channel="sms", value=f"+1202{5550000 + number}")
        for number, client in enumerate(clients)
    )
    ChannelConsent.objects.bulk_create(
        ChannelConsent(client=client, channel="sms", granted_at=now) for client in clients
    )
    start = (now + timedelta(days=30)).replace(hour=18, minute=0, second=0, microsecond=0)
    booked = Booking.objects.bulk_create(
        Booking(
            client=client,
            appointment_type=kind,
            location=clinic.location,
            starts_at=start + timedelta(hours=number % 4, days=number // 4),
            ends_at=start + timedelta(hours=number % 4 + 1, days=number // 4),
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
    reconcile.reconcile_upcoming(now=now, limit=count + 1)
    assert Reminder.objects.filter(state="planned", next_attempt_at__lte=now).count() == count
    return booked


def by_number(twilio: FakeTwilio) -> Counter[str]:
    """How many messages each number got, by the provider's own log."""
    return Counter(entry["to"] for entry in twilio.accepted())
