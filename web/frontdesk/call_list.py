"""Whom to call this evening: who has not opened the page for the day before a dosing session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef

from notifications import rule_book
from notifications.models import ClientLink
from practice import phones
from practice.access import visible_to
from practice.models import User
from scheduling import readiness
from scheduling.models import Booking
from scheduling.readiness_rules import FASTING
from scheduling.requests import BOOKINGS
from web.frontdesk.clinic import Clinic
from web.frontdesk.roles import READS_BOOKINGS
from web.frontdesk.words import short_name


@dataclass(frozen=True)
class Call:
    booking: Booking
    name: str
    numbers: tuple[tuple[str, str], ...]


def to_call(user: User, clinic: Clinic) -> list[Call]:
    """Those with a session tomorrow, or today and not begun, whose page nobody has answered on.

    Empty before the practice's hour; the session of today is listed at any time. Who told us on the phone,
    so that the light is ready, is not called again.
    """
    hour = rule_book.load().call_list_local
    days = [clinic.today]
    if clinic.now.astimezone(clinic.zone).time() >= hour:
        days.append(clinic.today + timedelta(days=1))
    links = ClientLink.objects.filter(
        booking=OuterRef("pk"), booking_version=OuterRef("version"), purpose=ClientLink.Purpose.VISIT
    )
    bookings = list(
        visible_to(user, BOOKINGS, client="client", roles=READS_BOOKINGS)
        .filter(status__in=Booking.UPCOMING, starts_on__in=days, starts_at__gt=clinic.now)
        .filter(Exists(links), ~Exists(links.filter(opened_at__isnull=False)))
        .prefetch_related("client__contact_points")
        .order_by("starts_at", "pk")
    )
    open_items = readiness.open_items(bookings)
    return [_call(booking) for booking in bookings if FASTING in open_items[booking.pk]]


def _call(booking: Booking) -> Call:
    points = booking.client.contact_points.all()
    numbers = tuple((point.value, phones.display(point.value)) for point in points if point.channel == "sms")
    return Call(booking, short_name(booking.client), numbers)
