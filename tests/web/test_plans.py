"""How a plan goes on and ends over the pages of the admin: what it would mean comes first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser

from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.web.pages import get, post, reasons_of, text_of
from treatment_plans.models import Clearance, PlanReview, TreatmentPlan

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    wanted = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def sent_again(response: Any) -> dict[str, str]:
    """What the first look carries along."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def test_closing_shows_what_it_cancels_before_it_is_done(
    clinic: Clinic, booked: Booking, ana: Browser
) -> None:
    plan = TreatmentPlan.objects.get()
    look = post(ana, "close_plan", plan.pk, reason="moved away")
    assert "Cancelled: the session on Tue Dec 1, 9:30 a.m." in text_of(look)
    plan.refresh_from_db()
    assert plan.status == "active"
    post(ana, "close_plan", plan.pk, **sent_again(look))
    plan.refresh_from_db()
    booked.refresh_from_db()
    assert (plan.status, plan.close_reason, booked.status) == ("closed", "moved away", "cancelled")


def test_what_changed_since_the_look_is_looked_at_again(
    clinic: Clinic, booked: Booking, ana: Browser
) -> None:
    plan = TreatmentPlan.objects.get()
    look = post(ana, "close_plan", plan.pk, reason="moved away")
    TreatmentPlan.objects.update(revision=plan.revision + 1)
    assert reasons_of(post(ana, "close_plan", plan.pk, **sent_again(look))) == [
        "Someone changed this record since you read it."
    ]
    assert TreatmentPlan.objects.get().status == "active"


def test_a_review_is_recorded_at_once_unless_it_stops(clinic: Clinic, booked: Booking, ito: Browser) -> None:
    plan = TreatmentPlan.objects.get()
    post(ito, "review_plan", plan.pk, decision="pause", note="Blood pressure")
    assert PlanReview.objects.get().decision == "pause"
    look = post(ito, "review_plan", plan.pk, decision="stop", note="Not helping")
    assert "Cancelled: the session on Tue Dec 1, 9:30 a.m." in text_of(look)
    assert PlanReview.objects.count() == 1
    post(ito, "review_plan", plan.pk, **sent_again(look))
    assert TreatmentPlan.objects.get().close_reason == "Not helping"


def test_what_changed_since_the_look_is_decided_anew(clinic: Clinic, booked: Booking, ito: Browser) -> None:
    plan = TreatmentPlan.objects.get()
    look = post(ito, "review_plan", plan.pk, decision="stop", note="Not helping")
    TreatmentPlan.objects.update(revision=plan.revision + 1)
    assert reasons_of(post(ito, "review_plan", plan.pk, **sent_again(look))) == [
        "Someone changed this record since you read it."
    ]
    assert TreatmentPlan.objects.get().status == "active"
    assert not PlanReview.objects.exists()


def test_a_review_says_why(clinic: Clinic, booked: Booking, ito: Browser) -> None:
    plan = TreatmentPlan.objects.get()
    refused = post(ito, "review_plan", plan.pk, decision="change", note="")
    assert reasons_of(refused) == ["What was decided and why: Say what was decided and why."]


def test_a_clearance_shows_what_it_blocks_before_it_is_decided(
    clinic: Clinic, booked: Booking, ito: Browser
) -> None:
    client = clinic.maya.pk
    values = {"decision": "not_now", "conditions": "Ablation first", "valid_from_on": "2026-11-23"}
    look = post(ito, "decide_clearance", client, **values)
    assert "Sessions it blocks: 1" in text_of(look)
    assert "Tue Dec 1, 9:30 a.m." in text_of(look)
    assert Clearance.objects.get().decision == "cleared"
    post(ito, "decide_clearance", client, **sent_again(look))
    assert Clearance.objects.get(superseded_at=None).decision == "not_now"


def test_the_record_leads_to_both(clinic: Clinic, booked: Booking, ito: Browser, ana: Browser) -> None:
    plan = TreatmentPlan.objects.get()
    addresses = [f"/admin/plans/{plan.pk}/review/", f"/admin/plans/{plan.pk}/close/"]
    shown = [
        [address in get(browser, "client", clinic.maya.pk).content.decode() for address in addresses]
        for browser in (ito, ana)
    ]
    assert shown == [[True, True], [False, True]]
