"""Calendars in the admin: what a change hits is shown first, and kept only when it is confirmed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from practice.models import Activity, Closure, TimeOff, WorkingHours
from scheduling import booking, conflicts
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db

CLOSED = {"starts_at": "2026-12-01T00:00", "ends_at": "2026-12-02T00:00", "reason": "water"}


@pytest.fixture
def booked(clinic: Clinic) -> Booking:
    clinic.ready_client()
    wanted = booking.Request(
        clinic.maya, clinic.appointment_type(), clinic.location, clinic.dose(clinic.maya)
    )
    return booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def press_again(browser: Browser, page: Any) -> Any:
    sent = dict(page.context["sent"]) | {}
    return browser.post(
        page.context["address"], sent | {"confirmed_hits": [pk for _, pk in page.context["confirmed"]]}
    )


def test_a_closure_over_a_session_asks_first(clinic: Clinic, booked: Booking, kim: Browser) -> None:
    address = reverse("admin:practice_closure_add")
    page = kim.post(address, {"location": clinic.location.pk, **CLOSED})
    text = text_of(page)
    assert "One session is booked at that time" in text
    assert "Tue Dec 1, 9:30 a.m. · Maya Rivera · Dosing 1" in text
    assert reverse("admin:scheduling_booking_change", args=[booked.pk]) in page.content.decode()
    assert not Closure.objects.exists()
    assert not Activity.objects.filter(action="closure.added").exists()
    assert press_again(kim, page).status_code == 302
    assert Closure.objects.get().reason == "water"
    assert Activity.objects.filter(action="closure.added").count() == 1
    assert list(conflicts.find(Booking.objects.all())) == [booked.pk]


def test_what_hits_nothing_is_kept_at_once(clinic: Clinic, booked: Booking, kim: Browser) -> None:
    off = {"clinician": clinic.ben.pk, **CLOSED}
    assert kim.post(reverse("admin:practice_timeoff_add"), off).status_code == 302
    assert TimeOff.objects.get().clinician == clinic.ben


def test_changed_and_removed_hours_ask_too(clinic: Clinic, booked: Booking, ada: Browser) -> None:
    hours = WorkingHours.objects.get(clinician=clinic.ana, weekday=1)
    values = {
        "clinician": clinic.ana.pk,
        "location": clinic.location.pk,
        "weekday": 1,
        "starts_local": "10:00",
        "ends_local": "18:00",
        "effective_from_on": "2020-01-01",
        "read_revision": 1,
    }
    page = ada.post(reverse("admin:practice_workinghours_change", args=[hours.pk]), values)
    assert "Ana does not work at this time." in text_of(page)
    hours.refresh_from_db()
    assert (hours.revision, hours.starts_local.hour) == (1, 8)
    gone = ada.post(reverse("admin:practice_workinghours_delete", args=[hours.pk]), {"post": "yes"})
    assert "Ana does not work at this time." in text_of(gone)
    listed = reverse("admin:practice_workinghours_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [hours.pk], "post": "yes"}
    assert "Ana does not work at this time." in text_of(ada.post(listed, chosen))
    assert WorkingHours.objects.filter(pk=hours.pk).exists()
    assert press_again(ada, page).status_code == 302
    hours.refresh_from_db()
    assert (hours.starts_local.hour, hours.effective_from_on) == (10, date(2020, 1, 1))
