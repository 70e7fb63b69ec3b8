"""Screening on the clinic's pages: filled in with the client, shown to clinicians, decided on in one act."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from notifications.models import PageMessage
from tests.cast import NOW, Clinic
from tests.treatment_plans.test_screening_rules import WELL
from tests.web.pages import reasons_of
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import (
    Clearance,
    FlagDisposition,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningSheet,
)

pytestmark = pytest.mark.django_db


def browser_of(user: object) -> Browser:
    browser = Browser()
    browser.force_login(user)  # type: ignore[arg-type]
    return browser


@pytest.fixture
def form(clinic: Clinic) -> ScreeningForm:
    first_screening_form.add_missing()
    form = ScreeningForm.objects.get()
    ito = browser_of(clinic.ito.user)
    page = ito.get(f"/admin/treatment_plans/screeningform/{form.pk}/change/").content.decode()
    address = f"/admin/screening-forms/{form.pk}/approve/"
    assert address in page
    assert ito.post(address, {"key": "a"}).status_code == 302
    assert address not in ito.get(f"/admin/treatment_plans/screeningform/{form.pk}/change/").content.decode()
    form.refresh_from_db()
    assert form.approved_by == clinic.ito
    return form


def fields(**answers: Any) -> dict[str, Any]:
    said = {key: str(value) for key, value in (WELL | answers).items() if key != "blood_pressure"}
    reading = {"blood_pressure_systolic": "120", "blood_pressure_diastolic": "80"}
    return said | reading | {"source": "with_staff", "key": "k"}


def test_it_is_filled_in_shown_and_decided_on(clinic: Clinic, form: ScreeningForm) -> None:
    ana = browser_of(clinic.ana.user)
    address = f"/admin/clients/{clinic.maya.pk}/screening/intake/"
    assert "How old are you?" in ana.get(address).content.decode()
    wrong = ana.post(address, fields(age=200, key="w"))
    assert any("implausible" in reason or "plausible" in reason for reason in reasons_of(wrong))
    assert ana.post(address, fields(heart="yes", lungs="yes")).status_code == 302
    ana.post(address, fields(heart="yes", lungs="yes"))  # a second click
    screening = Screening.objects.get()
    assert screening.answers["age"] == 40
    assert screening.answers["blood_pressure"] == {"systolic": 120, "diastolic": 80}
    client_page = f"/admin/practice/client/{clinic.maya.pk}/change/"
    assert "Heart disease, or not sure." in ana.get(client_page).content.decode()
    assert "Heart disease" not in browser_of(clinic.kim).get(client_page).content.decode()

    ito, decide = browser_of(clinic.ito.user), f"/admin/clients/{clinic.maya.pk}/clearance/"
    heart, lungs = ScreeningFlag.objects.order_by("pk")
    assert "Heart disease, or not sure. (yes)" in ito.get(decide).content.decode()
    said = {"decision": "cleared", "valid_from_on": "2026-11-23", "valid_through_on": "2027-05-31"}
    one = {f"flag_{heart.pk}": "accepted", f"flag_{heart.pk}_reason": "Letter."}
    refused = ito.post(decide, said | one | {"key": "d1"})
    assert any("Severe lung disease" in reason for reason in reasons_of(refused))
    assert not Clearance.objects.exists()
    unsaid = ito.post(decide, said | {f"flag_{heart.pk}": "accepted", "key": "d2"})
    assert any("Say why" in reason for reason in reasons_of(unsaid))
    both = one | {f"flag_{lungs.pk}": "mistake", f"flag_{lungs.pk}_reason": "Bronchitis."}
    assert ito.post(decide, said | both | {"key": "d3"}).status_code == 302
    assert Clearance.objects.get().decided_by == clinic.ito
    assert FlagDisposition.objects.filter(clearance=Clearance.objects.get()).count() == 2


def test_the_desk_sends_it_and_sees_how_far_it_is_but_no_answer(clinic: Clinic, form: ScreeningForm) -> None:
    client, kim = clinic.ready_client(), browser_of(clinic.kim)
    page = f"/admin/practice/client/{client.pk}/change/"
    address = f"/admin/clients/{client.pk}/screening/intake/send/"
    assert "the client was not asked to fill it alone" in kim.get(page).content.decode()
    assert "names no health matter" in kim.get(address).content.decode()
    assert kim.post(address, {"key": "k"}).status_code == 302
    kim.post(address, {"key": "k"})  # a second click
    assert PageMessage.objects.get().sheet == ScreeningSheet.objects.get()
    assert "Intake: to be sent" in kim.get(page).content.decode()
    ScreeningSheet.objects.update(answers={"heart": "yes"}, answered_at=NOW)
    shown = kim.get(page).content.decode()
    assert "Intake: begun" in shown
    assert "heart" not in shown.lower()
    client.channel_consents.update(withdrawn_at=NOW)
    refused = kim.post(address, {"key": "l"})
    assert any("no number or address" in reason for reason in reasons_of(refused))
