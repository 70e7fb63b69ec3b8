"""Maya lives in New York and is treated in Los Angeles. What reaches her phone while her plans change.

Over HTTP, through real processes and both providers; only the clock is turned by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from practice.models import Client
from scheduling.models import Booking
from tests.cast import NOW, at
from tests.faults.programs import programs
from tests.faults.stage import HOUR, MINUTE
from tests.journeys.town import Person, Town, smtp_here, town, twilio, twilio_environment

__all__ = ["programs", "smtp_here", "town", "twilio", "twilio_environment"]
pytestmark = pytest.mark.django_db(transaction=True)

SETTLED = 3.5 * MINUTE  # the quiet period after a change, and the moment that the change took
NEW_YORK = ZoneInfo("America/New_York")


def home(text: str) -> datetime:
    """On Maya's clock, three hours ahead of the clinic's."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def say(desk: Person, booking: int, *items: str) -> None:
    for item in items:
        said = {"item": item, "answer": "confirmed", "said_by": "client", "source": "phone"}
        desk.post(f"bookings/{booking}/acknowledgements", status=201, **said)


def lights(desk: Person, booking: int) -> dict[str, str]:
    shown = desk.get(f"bookings/{booking}/readiness")["lights"]
    return {light["name"]: light["state"] for light in shown}


def test_what_reaches_her_phone(town: Town) -> None:
    clinic = town.clinic
    maya = clinic.ready_client()
    Client.objects.filter(pk=maya.pk).update(time_zone="America/New_York")
    dose, kind = clinic.dose(maya).pk, clinic.appointment_type()
    assert kind.is_active
    desk, ana = town.person(clinic.kim), town.person(clinic.ana)

    # Booked, by a program that sends the request twice.
    town.until(NOW)
    wanted: dict[str, Any] = {"planned_session": dose, "starts_local": "2026-12-01T09:30", "once": "first"}
    booked = desk.post("bookings", status=201, **wanted)["id"]
    assert desk.post("bookings", status=201, **wanted)["id"] == booked
    town.until(NOW + SETTLED)
    assert town.texts == [
        "Riverbend: You are booked Tue Dec 1 at 12:30 pm Eastern time. "
        "See your plan: (link) Reply STOP to end texts."
    ]

    # She says who takes her home, so she is only asked who stays.
    say(desk, booked, "ride")
    town.until(home("2026-11-28 11:00"))
    assert town.texts[1:] == [
        "Riverbend: For Tue Dec 1 at 12:30 pm Eastern time: Who stays with you after? Answer: (link)"
    ]
    say(desk, booked, "support_person")
    assert lights(desk, booked)["support_person"] == "ready"

    # Moved to the next day: what was said about Tuesday does not count for Wednesday.
    moving = home("2026-11-29 09:00")
    town.until(moving)
    desk.post(f"bookings/{booked}/reschedule", starts_local="2026-12-02T13:00")
    assert lights(desk, booked)["ride"] == "waiting"
    town.until(moving + SETTLED)
    town.until(home("2026-11-29 11:00"))
    assert town.texts[2:] == [
        "Riverbend: Your visit is now Wed Dec 2 at 4 pm Eastern time. "
        "New plan: (link) Reply STOP to end texts.",
        "Riverbend: For Wed Dec 2 at 4 pm Eastern time: Who takes you home? Who stays with you after? "
        "Answer: (link)",
    ]

    # The afternoon before Tuesday passes in silence; the one before Wednesday does not.
    town.until(home("2026-11-30 16:00"))
    assert (len(town.texts), town.mails) == (4, [])
    town.until(home("2026-12-01 16:00"))
    assert town.texts[4:] == [
        "Riverbend: Visit Wed 4 pm Eastern time. No food after 10 am Wed. Water until 2 pm, then nothing. "
        "See (link)"
    ]
    (mail,) = town.mails
    assert mail["subject"].endswith("before your visit on Wednesday, December 2 at 4 pm Eastern time")
    assert mail["to"] == [f"client{maya.pk}@example.org"]
    assert "10 am" in mail["body"]

    # Cancelled: she is told so, and nothing else ever again about that day.
    cancelled = home("2026-12-01 17:00")
    town.until(cancelled)
    desk.post(f"bookings/{booked}/cancel", party="client", reason="has a cold")
    for moment in (cancelled + SETTLED, home("2026-12-02 14:00"), home("2026-12-02 20:00")):
        town.until(moment)
    assert town.texts[5:] == [
        "Riverbend: Your visit Wed Dec 2 at 4 pm Eastern time is cancelled. "
        "To find a new time, call (555) 555-0100."
    ]
    assert len(town.mails) == 1

    # A week later it takes place. All is said by then, so nobody asks, and only the fast is written about.
    town.until(home("2026-12-03 10:00"))
    booked = desk.post("bookings", status=201, planned_session=dose, starts_local="2026-12-08T09:30")["id"]
    say(desk, booked, "fasting", "ride", "support_person")
    for moment in ("2026-12-03 10:04", "2026-12-05 11:00", "2026-12-07 16:00", "2026-12-08 10:30"):
        town.until(home(moment))
    assert [text.partition(".")[0] for text in town.texts[6:]] == [
        "Riverbend: You are booked Tue Dec 8 at 12:30 pm Eastern time",
        "Riverbend: Visit Tue 12:30 pm Eastern time",
    ]
    assert len(town.mails) == 2

    starts_at = at("2026-12-08 09:30")
    town.until(starts_at)
    desk.post(f"bookings/{booked}/arrive")
    ana.post(f"bookings/{booked}/start")
    town.until(starts_at + 150 * MINUTE)
    clinic.discharged(Booking.objects.get(pk=booked), dosed_at=starts_at, left_at=starts_at + 140 * MINUTE)
    assert ana.post(f"bookings/{booked}/complete")["status"] == "completed"
    owed = ana.get("follow-ups", client=maya.pk)["results"]
    assert [follow_up["kind"] for follow_up in owed].count("check_in") == 3
    assert [follow_up["kind"] for follow_up in owed].count("integration") == 1

    town.until(starts_at + 150 * MINUTE + 4 * HOUR + SETTLED)
    town.until(home("2026-12-09 10:00"))
    assert town.texts[8:] == [
        "Riverbend: Rest today. No driving or alcohol until tomorrow. Feel worse? Call (555) 555-0100. "
        "Emergency: call 911. Crisis: call or text 988.",
        "Riverbend: How are you today? A small thing to write or draw: (link) "
        "If today feels hard, call (555) 555-0100.",
    ]
    assert len(town.mails) == 2
    assert {entry["to"] for entry in town.twilio.accepted()} == {maya.contact_points.get(channel="sms").value}

    # None of the processes has written down whom it was about.
    said = "".join(town.programs.said(name) for name in ("web", "worker", "beat"))
    for secret in ("Maya", "Rivera", "ketamine", "has a cold", f"client{maya.pk}@", "+1555555"):
        assert secret not in said
