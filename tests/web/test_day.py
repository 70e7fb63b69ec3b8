from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from practice.models import Location, Role
from scheduling import booking, lifecycle, readiness
from scheduling.booking import Request
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at, make_user
from tests.web.conftest import SignIn
from tests.web.pages import get, text_of
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

EARLY = NOW - timedelta(days=10)
MORNING = at("2026-11-23 11:00")


def dose(clinic: Clinic, name: str = "Maya Rivera", start: Any = MORNING) -> Booking:
    client = clinic.ready_client(name)
    request = Request(
        client=client,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(client),
    )
    clinic.consent(client)
    return booking.book(request, start, actor=clinic.kim, now=EARLY)


def say(booked: Booking, clinic: Clinic, *items: str, answer: str = "confirmed") -> None:
    for item in items:
        readiness.acknowledge(
            booked.pk, item=item, answer=answer, said_by="client", source="phone", actor=clinic.kim, now=NOW
        )


@pytest.fixture(autouse=True)
def _signed_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cast signs and decides now; these bookings were made ten days ago."""
    monkeypatch.setattr("tests.cast.NOW", EARLY - timedelta(days=1))


def row_of(response: Any) -> Any:
    [place] = response.context["day"].places
    [visit] = place.visits
    return visit


def test_it_spells_out_what_is_outstanding_and_nothing_else(clinic: Clinic, kim: Browser) -> None:
    booked = dose(clinic)
    say(booked, clinic, "fasting", "support_person")
    response = get(kim, "index")
    assert [(chip.word, chip.state) for chip in row_of(response).outstanding] == [("Ride home", "waiting")]
    text = text_of(response)
    assert "11 a.m. until 1:30 p.m. Maya R. Dosing 1 of 3" in text
    assert "Fasting" not in text
    assert "1 waiting" in text


def test_a_visit_without_open_lights_is_ready_in_one_word(clinic: Clinic, kim: Browser) -> None:
    say(dose(clinic), clinic, "fasting", "support_person", "ride")
    response = get(kim, "index")
    assert row_of(response).is_ready
    assert "✓ Ready" in text_of(response)
    assert "edge-ready" in response.content.decode()


def test_a_revoked_prescription_blocks_the_visit_at_once(clinic: Clinic, kim: Browser) -> None:
    booked = dose(clinic)
    prescription = Prescription.objects.get(client=booked.client)
    prescriptions.revoke(prescription.pk, reason="Interaction", actor=clinic.ada, now=NOW)
    response = get(kim, "index")
    assert ("Prescription", "blocked") in [(one.word, one.state) for one in row_of(response).outstanding]
    assert "1 blocked" in text_of(response)
    assert "edge-blocked" in response.content.decode()
    assert "Interaction" not in text_of(response)


def test_it_names_the_clinics_clock(clinic: Clinic, kim: Browser) -> None:
    assert "All times Los Angeles time (PST)" in text_of(get(kim, "index"))


def test_other_days_are_one_step_away(clinic: Clinic, kim: Browser) -> None:
    dose(clinic)
    tomorrow = get(kim, "index", date="2026-11-24")
    assert "Tomorrow Tuesday, November 24" in text_of(tomorrow)
    assert "No visits on this day." in text_of(tomorrow)
    assert '?date=2026-11-23" rel="prev"' in tomorrow.content.decode()
    assert '?date=2026-11-25" rel="next"' in tomorrow.content.decode()


@pytest.mark.parametrize("date", ["", "yesterday", "2026-13-01", "0001-01-01", "9999-12-31"])
def test_a_date_that_is_none_means_today(clinic: Clinic, kim: Browser, date: str) -> None:
    assert "Today Monday, November 23" in text_of(get(kim, "index", date=date))


def test_arrivals_are_one_press(clinic: Clinic, kim: Browser) -> None:
    booked = dose(clinic)
    home = reverse("admin:index")
    response = kim.post(
        reverse("admin:arrive", args=[booked.pk]), {"key": "k" * 32, "next": home}, follow=True
    )
    assert response.redirect_chain == [(home, 302)]
    assert "Maya R. is here." in text_of(response)
    booked.refresh_from_db()
    assert booked.arrived_at == NOW


def test_cancelled_visits_are_folded_away_and_not_counted(clinic: Clinic, kim: Browser) -> None:
    booked = dose(clinic)
    lifecycle.cancel(booked.pk, party="client", reason="Ill", actor=clinic.kim, now=NOW)
    response = get(kim, "index")
    assert response.context["day"].visits_count == 0
    assert "1 cancelled or missed" in text_of(response)


def test_it_takes_the_same_queries_for_one_visit_and_for_many(
    clinic: Clinic, kim: Browser, django_assert_max_num_queries: Any
) -> None:
    dose(clinic)
    with django_assert_max_num_queries(12) as one:
        get(kim, "index")
    for hour, name in ((8, "Ivy Kim"), (14, "Tess Lopez")):
        dose(clinic, name, at(f"2026-11-23 {hour:02d}:00"))
    with django_assert_max_num_queries(12) as many:
        response = get(kim, "index")
    assert response.context["day"].visits_count == 3
    assert len(one) == len(many)


def test_a_therapist_sees_the_visits_of_her_own_clients(clinic: Clinic, sign_in: SignIn) -> None:
    dose(clinic)
    assert clinic.ana.user
    assert clinic.ben.user
    assert "Maya R." in text_of(get(sign_in(clinic.ana.user), "index"))
    stranger = text_of(get(sign_in(clinic.ben.user), "index"))
    assert "Maya" not in stranger
    assert "0 visits" in stranger


def test_an_auditor_is_shown_the_log_instead(clinic: Clinic, sign_in: SignIn) -> None:
    response = get(sign_in(clinic.odo), "index")
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:practice_activity_changelist")


def test_two_clients_with_one_short_name_are_told_apart(clinic: Clinic, kim: Browser) -> None:
    dose(clinic)
    dose(clinic, "Maya Roth", at("2026-11-23 14:00"))
    text = text_of(get(kim, "index"))
    assert "Maya Rivera" in text
    assert "Maya Roth" in text


def test_each_location_has_its_own_clock(clinic: Clinic, kim: Browser) -> None:
    Location.objects.create(
        name="Westside", display_name="West", time_zone="America/New_York", state="NY", phone="+15555550101"
    )
    text = text_of(get(kim, "index"))
    assert "Westside New York time (EST)" in text


def test_a_new_practice_is_told_what_to_do_first(sign_in: SignIn) -> None:
    browser = sign_in(make_user("ada", Role.PRACTICE_ADMIN))
    assert "Add the first location" in text_of(get(browser, "index"))


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.FRONT_DESK, "/admin/"),
        (Role.PRACTICE_ADMIN, "/admin/"),
        (Role.AUDITOR, "/admin/"),
        (Role.THERAPIST, "/dashboard/"),
        (Role.PSYCHIATRIST, "/dashboard/"),
    ],
)
def test_everybody_has_a_home(sign_in: SignIn, role: str, home: str) -> None:
    assert sign_in(make_user("zoe", role)).get("/")["Location"] == home


def test_who_is_not_signed_in_is_asked_to_and_then_brought_home(client: Browser) -> None:
    assert client.get("/")["Location"] == "/admin/login/?next=/"


def test_a_person_without_a_role_gets_nowhere(sign_in: SignIn) -> None:
    response = get(sign_in(make_user("zed")), "index")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")
