"""The waitlist on the desk's pages: in three clicks from a cancelled session to questions, and to a yes."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from scheduling import booking, lifecycle, offering, waitlist
from scheduling.booking import Request
from scheduling.models import Booking, FreedTime, WaitlistEntry, WaitlistOffer
from tests.cast import NOW, Clinic, at, make_client
from tests.web.pages import get, messages_of, post, reasons_of, text_of
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")


@pytest.fixture
def freed(clinic: Clinic) -> FreedTime:
    """Maya has cancelled; Ivy, Noor and Kai wait, Kai for Fridays only, and Ola's prescription is revoked."""
    maya = clinic.ready_client()
    kind = clinic.appointment_type()
    for number, (name, wishes) in enumerate(
        (("Ivy Kahn", {}), ("Noor Aziz", {}), ("Kai West", {"weekdays": [4]}), ("Ola Sand", {}))
    ):
        client = clinic.ready_client(name)
        waitlist.add(
            client,
            kind,
            planned_session=clinic.dose(client),
            wishes=wishes,
            actor=clinic.kim,
            now=NOW - timedelta(days=number),
        )
    ola = Prescription.objects.get(client__legal_name="Ola Sand")
    prescriptions.revoke(ola.pk, reason="reaction", actor=clinic.ada, now=NOW)
    request = Request(maya, kind, clinic.location, clinic.dose(maya))
    row = booking.book(request, START, actor=clinic.kim, now=NOW)
    lifecycle.cancel(row.pk, party="client", reason="a cold", actor=clinic.kim, now=NOW)
    return FreedTime.objects.get()


def test_the_page_shows_what_is_free_and_who_waits_in_turn(freed: FreedTime, kim: Browser) -> None:
    page = text_of(get(kim, "waitlist"))
    assert "Tue Dec 1, 9:30 a.m. – noon" in page
    assert "Cancelled Mon 10 a.m. Ana · Ito · Room 1" in page
    names = ("Ola S.", "Kai W.", "Noor A.", "Ivy K.")
    assert sorted(names, key=page.index) == list(names)
    assert "Kai W. Dosing 1 Fri 2 days never waits" in page


def test_it_is_shown_for_one_kind_of_session_alone(freed: FreedTime, clinic: Clinic, kim: Browser) -> None:
    consult = clinic.appointment_type("consult")
    waitlist.add(make_client("Lee Tan", clinic.location), consult, actor=clinic.kim, now=NOW)
    page = text_of(kim.get(f"/admin/waitlist/?type={consult.pk}"))
    assert "Lee T." in page
    assert "Ivy K." not in page


def test_who_fits_is_ticked_and_who_does_not_has_reasons(freed: FreedTime, kim: Browser) -> None:
    response = get(kim, "offer_time", freed.pk)
    fitting = [one.waits.name for one in response.context["fitting"]]
    others = {one.waits.name: one.reasons for one in response.context["others"]}
    assert (fitting, len(response.context["ticked"])) == (["Noor A.", "Ivy K."], 2)
    assert others == {
        "Kai W.": ["They want another day of the week."],
        "Ola S.": ["Prescription: not in order. The prescriber knows why."],
    }


def test_a_clinician_reads_the_clinical_reason(freed: FreedTime, ana: Browser) -> None:
    others = {one.waits.name: one.reasons for one in get(ana, "offer_time", freed.pk).context["others"]}
    assert "revoked" in others["Ola S."][0]


def test_three_clicks_ask_and_the_first_yes_books(freed: FreedTime, kim: Browser) -> None:
    ticked = get(kim, "offer_time", freed.pk).context["ticked"]
    response = post(kim, "offer_time", freed.pk, entries=ticked)
    assert messages_of(response) == ["Asked, and the first yes gets it: Noor A., Ivy K."]
    noor, ivy = WaitlistOffer.objects.order_by("pk")
    page = text_of(response)
    assert "Noor A. Mon 10 a.m. Mon noon … Asked Yes , Noor A. No , Noor A." in page
    response = post(kim, "accept_offer", noor.pk)
    assert messages_of(response) == ["Noor A. has the time: Tuesday, December 1, 9:30 a.m."]
    assert Booking.objects.get(client=noor.client).starts_at == START
    late = post(kim, "accept_offer", ivy.pk)
    assert reasons_of(late) == ["This time has just gone to someone else. They keep their place on the list."]
    assert "Filled from the waitlist" in text_of(get(kim, "offer_time", freed.pk))


def test_no_on_the_telephone_keeps_the_place(freed: FreedTime, kim: Browser) -> None:
    offering.offer_due(now=NOW + timedelta(minutes=3))
    offer = WaitlistOffer.objects.order_by("pk")[0]
    response = post(kim, "decline_offer", offer.pk)
    assert messages_of(response) == ["Noor A. said no, and stays on the list."]
    assert WaitlistEntry.objects.get(pk=offer.entry_id).is_waiting


def test_a_hidden_time_is_off_the_page(freed: FreedTime, kim: Browser) -> None:
    post(kim, "hide_time", freed.pk)
    assert "Nothing is free that was booked." in text_of(get(kim, "waitlist"))


def test_a_client_is_put_on_the_list_with_wishes(clinic: Clinic, kim: Browser) -> None:
    maya = clinic.ready_client()
    clinic.appointment_type()
    session = clinic.dose(maya, 2)
    response: Any = kim.post(
        f"/admin/clients/{maya.pk}/waitlist/add/?session={session.pk}",
        {
            "key": "one",
            "weekdays": ["1", "3"],
            "times": ["00:00-12:00"],
            "earliest_on": "2026-12-01",
            "locations": [clinic.location.pk],
            "clinicians": [clinic.ana.pk],
            "notice_minutes": "1440",
        },
        follow=True,
    )
    entry = WaitlistEntry.objects.get()
    assert messages_of(response) == ["Maya R. is on the waitlist."]
    assert (entry.planned_session, entry.weekdays, entry.times) == (session, [1, 3], [[time(0), time(12)]])
    page = text_of(response)
    assert "Tue, Thu · Mornings, until noon · from Dec 1 · with Ana · 24 hours of notice" in page
    response = post(
        kim, "change_wishes", entry.pk, revision=1, locations=[clinic.location.pk], notice_minutes="0"
    )
    assert messages_of(response) == ["The wishes of Maya R. are changed."]
    entry.refresh_from_db()
    assert (entry.weekdays, entry.times, entry.earliest_on, entry.since_at) == ([], [], None, NOW)
    response = post(kim, "leave_waitlist", entry.pk)
    assert messages_of(response) == ["Maya R. is off the waitlist."]


def test_a_session_that_is_booked_is_put_on_the_list_to_be_exchanged(clinic: Clinic, kim: Browser) -> None:
    maya = clinic.ready_client()
    request = Request(maya, clinic.appointment_type(), clinic.location, clinic.dose(maya))
    had = booking.book(request, at("2026-12-10 09:30"), actor=clinic.kim, now=NOW)
    assert "Wants it sooner" in text_of(get(kim, "booking", had.pk))
    kim.post(
        f"/admin/clients/{maya.pk}/waitlist/add/?booking={had.pk}",
        {"key": "one", "locations": [clinic.location.pk], "notice_minutes": "0"},
    )
    assert WaitlistEntry.objects.get().instead_of == had
    assert "instead of Thu Dec 10, 9:30 a.m." in text_of(get(kim, "waitlist"))


def test_a_time_of_ones_own_is_offered(clinic: Clinic, kim: Browser) -> None:
    values = {"location": clinic.location.pk, "starts_local": "2026-12-01T09:00", "therapist": clinic.ana.pk}
    response = post(kim, "open_time", **values, ends_local="2026-12-01T12:00")
    freed = FreedTime.objects.get()
    assert (freed.starts_at, freed.therapist) == (at("2026-12-01 09:00"), clinic.ana)
    assert messages_of(response) == ["The time is offered to the waitlist."]
    response = post(kim, "open_time", **values, ends_local="2026-12-01T08:00")
    assert reasons_of(response) == ["Until: The end comes after the start, on the same day."]
    skipped = {**values, "starts_local": "2027-03-14T02:30", "ends_local": "2027-03-14T04:00"}
    assert reasons_of(post(kim, "open_time", **skipped))[0].startswith("From: ")


def test_a_past_wish_leaves_the_list_by_itself(freed: FreedTime) -> None:
    WaitlistEntry.objects.update(latest_on=date(2026, 11, 22))
    assert waitlist.end_over(now=NOW) == 4
