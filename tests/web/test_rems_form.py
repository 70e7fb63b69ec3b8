"""The REMS form's sheet: what it shows, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser

from scheduling import booking
from tests.cast import NOW, Clinic, at
from tests.web.conftest import SignIn
from tests.web.pages import text_of
from treatment_plans.models import RemsForm

pytestmark = pytest.mark.django_db


def test_it_shows_what_is_there_and_what_is_missing(clinic: Clinic, ana: Browser, sign_in: SignIn) -> None:
    client = clinic.ready_client()
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    booked = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    record = clinic.discharged(booked, dosed_at=NOW - timedelta(hours=2), left_at=NOW)
    form = RemsForm.objects.create(
        record=record, treated_on=NOW.date(), due_on=NOW.date() + timedelta(days=7)
    )
    address = f"/dashboard/rems-forms/{form.pk}/"
    shown = text_of(ana.get(address))
    assert "Maya Rivera" in shown
    assert "Minutes from the first device to the end 120" in shown
    assert "Lot number missing" in shown
    for user, status in ((clinic.kim, 403), (clinic.ada, 403), (clinic.ben.user, 404), (clinic.nia, 200)):
        assert sign_in(user).get(address).status_code == status  # type: ignore[arg-type]
