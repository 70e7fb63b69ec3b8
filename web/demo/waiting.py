"""Some of the demo's clients wait for a time: for a dose, for a first talk, or for something sooner."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from practice import clock
from practice.models import Client
from scheduling import offering, waitlist
from scheduling.engine.types import Span
from scheduling.models import AppointmentType, Booking
from scheduling.requests import default_type
from treatment_plans.models import PlannedSession, TreatmentPlan
from web.demo.clinic import ZONE, Clinic

FOR_A_DOSE, FOR_A_TALK = 5, 3
OPENED_DAYS_AHEAD, SWAP_DAYS_AHEAD = 3, 4
DAY = timedelta(days=1)
WISHES: tuple[dict[str, Any], ...] = (
    {},
    {"times": [[time(12), time(17)]]},
    {"weekdays": [1, 3]},
    {"notice_minutes": 24 * 60},
    {"times": [[time(0), time(12)]], "weekdays": [0, 2, 4]},
)


def put_some_on_the_waitlist(clinic: Clinic, *, today: date, now: datetime) -> None:
    """Then a time is opened and whoever fits is asked, unless it is night for them."""
    desk = clinic.desk[0]
    for number, session in enumerate(_doses_without_a_time(now)[:FOR_A_DOSE]):
        waitlist.add(
            session.plan.client,
            default_type(session),
            planned_session=session,
            wishes=WISHES[number % len(WISHES)],
            actor=desk,
            now=now - (number + 2) * DAY,
        )
    consult = AppointmentType.objects.get(code="consult")
    new = Client.objects.filter(~Exists(Booking.objects.filter(client=OuterRef("pk"))), is_active=True)
    for number, client in enumerate(new.order_by("pk")[:FOR_A_TALK]):
        waitlist.add(client, consult, actor=desk, now=now - (3 * number + 1) * DAY)
    upcoming = Booking.objects.filter(
        status__in=Booking.UPCOMING, starts_at__gt=now + SWAP_DAYS_AHEAD * DAY, planned_session__isnull=False
    ).select_related("client", "appointment_type", "planned_session")
    had = upcoming.order_by("-starts_at", "pk").first()
    if had is not None:
        waitlist.add(
            had.client,
            had.appointment_type,
            planned_session=had.planned_session,
            instead_of=had,
            actor=desk,
            now=now - DAY,
        )
    tz = clock.zone(ZONE)
    opens_at, closes_at = (
        clock.first_instant(datetime.combine(today + OPENED_DAYS_AHEAD * DAY, local), tz)
        for local in (time(10), time(17))
    )
    waitlist.open_time(clinic.location, Span(opens_at, closes_at), actor=desk, now=now)
    offering.offer_due(now=now)


def _doses_without_a_time(now: datetime) -> list[PlannedSession]:
    """The next one of each plan."""
    booked = Booking.objects.filter(Booking.in_force(now, or_done=True), planned_session=OuterRef("pk"))
    doses = PlannedSession.objects.filter(
        ~Exists(booked),
        kind=PlannedSession.Kind.DOSING,
        plan__status=TreatmentPlan.Status.ACTIVE,
        completed_at=None,
        withdrawn_at=None,
    ).select_related("plan__client__location", "plan__protocol")
    first: dict[int, PlannedSession] = {}
    for dose in doses.order_by("plan", "position"):
        first.setdefault(dose.plan_id, dose)
    return list(first.values())
