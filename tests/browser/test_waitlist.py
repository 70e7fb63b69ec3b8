"""The waitlist in a browser: three clicks from a cancelled session to questions, at every width."""

from __future__ import annotations

from datetime import timedelta

import pytest

from practice.models import Client
from scheduling import booking, lifecycle, waitlist
from scheduling.booking import Request
from scheduling.models import Booking, FreedTime, WaitlistOffer
from tests.browser.conftest import Desk
from tests.browser.test_pages import check_every_width
from tests.cast import NOW, Clinic, at
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions


@pytest.fixture
def freed(clinic: Clinic) -> FreedTime:
    maya = clinic.ready_client()
    kind = clinic.appointment_type()
    wishes = {
        "Noor Aziz": {},
        "Kai West": {"weekdays": [1, 3]},
        "Ola Sand": {},
        "Ivy Kahn": {"weekdays": [4]},
    }
    for number, (name, wished) in enumerate(wishes.items()):
        client = clinic.ready_client(name)
        waitlist.add(
            client,
            kind,
            planned_session=clinic.dose(client),
            wishes=wished,
            actor=clinic.kim,
            now=NOW - timedelta(days=9 - number),
        )
    ola = Client.objects.get(legal_name="Ola Sand")
    prescriptions.revoke(Prescription.objects.get(client=ola).pk, reason="x", actor=clinic.ada, now=NOW)
    request = Request(maya, kind, clinic.location, clinic.dose(maya))
    row = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    lifecycle.cancel(row.pk, party="client", reason="a cold", actor=clinic.kim, now=NOW)
    return FreedTime.objects.get()


def test_a_cancelled_time_is_offered_in_three_clicks_and_booked_by_the_first_yes(
    desk: Desk, clinic: Clinic, freed: FreedTime
) -> None:
    desk.sign_in(clinic.kim)
    page = desk.page
    page.keyboard.press("w")
    page.get_by_role("heading", name="Times that are free").wait_for()
    check_every_width(desk, "waitlist")
    page.get_by_role("link", name="Who fits?").click()
    page.get_by_role("checkbox", name="Noor A.").wait_for()
    assert page.get_by_role("checkbox", checked=True).count() == 2
    page.get_by_text("2 others wait, and why not").click()
    assert page.get_by_text("They want another day of the week.").is_visible()
    check_every_width(desk, "who-fits")
    page.get_by_role("button", name="Offer it to those ticked").click()
    page.get_by_text("Asked, and the first yes gets it: Noor A., Kai W.").wait_for()
    check_every_width(desk, "offered")
    page.get_by_role("row", name="Kai W.").get_by_role("button", name="Yes").click()
    page.get_by_text("Kai W. has the time: Tuesday, December 1, 9:30 a.m.").wait_for()
    assert Booking.objects.get(client__legal_name="Kai West").starts_at == at("2026-12-01 09:30")
    assert WaitlistOffer.objects.get(client__legal_name="Noor Aziz").status == WaitlistOffer.Status.LOST
    desk.open(f"/admin/clients/{freed.booking.client_id if freed.booking else 0}/waitlist/add/")
    page.get_by_role("heading", name="Put on the waitlist").wait_for()
    check_every_width(desk, "join-the-waitlist")
    assert desk.errors == []
