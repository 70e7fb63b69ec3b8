"""Booking and moving on the desk's page: openings, refusals with every reason, and what was shown is kept."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pytest
from django.test import Client as Browser

from practice.models import TimeOff
from scheduling.models import AppointmentType, Booking
from tests.cast import Clinic, at, make_client
from tests.web.conftest import SignIn
from tests.web.pages import get, messages_of, post, reasons_of, text_of
from treatment_plans.models import Prescription, TreatmentPlan

pytestmark = pytest.mark.django_db

TUESDAY = at("2026-12-01 09:30")


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    clinic.ready_client()
    clinic.appointment_type()
    return clinic


def values_of(response: Any) -> list[str]:
    return [offer.value for day in response.context["offers"].days for offer in day.offers]


def pick(clinic: Clinic, start: datetime = TUESDAY) -> str:
    """An opening as the page offers it: with the people who were shown."""
    return f"{start.isoformat()}/therapist={clinic.ana.pk}/psychiatrist={clinic.ito.pk}"


def test_it_offers_the_next_session_of_the_plan_with_people_and_room(ready: Clinic, kim: Browser) -> None:
    response = get(kim, "book_for", ready.maya.pk)
    [first, *_others] = response.context["offers"].days
    assert first.on.isoformat() == "2026-11-24"
    assert first.usual == "Ana · Ito · Room 1"
    assert values_of(response)[0] == pick(ready, at("2026-11-24 10:00"))
    assert "Dosing 1 of 3" in text_of(response)
    assert 'value="2026-11-24T18:00:00+00:00' in response.content.decode()


def test_what_was_picked_is_booked(ready: Clinic, kim: Browser) -> None:
    response = post(kim, "book_for", ready.maya.pk, start=pick(ready))
    booked = Booking.objects.get()
    assert (booked.starts_at, booked.starts_local, booked.planned_session) == (
        TUESDAY,
        time(9, 30),
        ready.dose(ready.maya),
    )
    assert messages_of(response) == ["Booked: Dosing 1 on Tuesday, December 1, 9:30 a.m."]
    assert response.redirect_chain[-1][0] == f"/admin/scheduling/booking/{booked.pk}/change/"


def test_a_double_click_books_one_session(ready: Clinic, kim: Browser) -> None:
    address = f"/admin/clients/{ready.maya.pk}/book/?session={ready.dose(ready.maya).pk}"
    form = {"key": "one form", "start": pick(ready)}
    first, again = kim.post(address, form), kim.post(address, form)
    assert first["Location"] == again["Location"]
    assert Booking.objects.count() == 1


def test_a_session_that_was_booked_meanwhile_is_not_replaced_by_the_next(ready: Clinic, kim: Browser) -> None:
    address = f"/admin/clients/{ready.maya.pk}/book/?session={ready.dose(ready.maya).pk}"
    kim.post(address, {"key": "one", "start": pick(ready)})
    response = kim.post(address, {"key": "two", "start": pick(ready, at("2026-12-08 09:30"))})
    assert reasons_of(response) == ["This planned session has a booking already."]
    assert Booking.objects.count() == 1


def test_whom_the_opening_showed_is_booked_or_nobody(ready: Clinic, kim: Browser) -> None:
    TimeOff.objects.create(
        clinician=ready.ana, starts_at=at("2026-12-01 08:00"), ends_at=at("2026-12-01 18:00")
    )
    response = post(kim, "book_for", ready.maya.pk, start=pick(ready))
    assert any("Ana is away" in reason for reason in reasons_of(response))
    assert Booking.objects.count() == 0


def test_a_refusal_lists_every_reason_and_the_nearest_openings(ready: Clinic, kim: Browser) -> None:
    response = post(
        kim, "book_for", ready.maya.pk, start="other", other_local="2026-12-05T09:40"
    )  # a Saturday, off the grid
    reasons = reasons_of(response)
    assert any("Starts are every 30 minutes" in reason for reason in reasons)
    assert any("does not work at this time" in reason for reason in reasons)
    nearest = response.context["nearest"]
    assert 1 <= len(nearest) <= 3
    assert "Nearest openings" in text_of(response)
    assert response.context["checked"] == nearest[0].value
    assert Booking.objects.count() == 0
    post(kim, "book_for", ready.maya.pk, start=nearest[0].value)
    assert Booking.objects.get().starts_at == nearest[0].starts


def test_a_time_of_ones_own_is_on_the_clinics_clock(ready: Clinic, kim: Browser) -> None:
    post(kim, "book_for", ready.maya.pk, start="other", other_local="2026-12-01T13:00")
    assert Booking.objects.get().starts_at == at("2026-12-01 13:00")


@pytest.mark.parametrize("typed", ["", "soon"])
def test_another_time_must_be_a_time(ready: Clinic, kim: Browser, typed: str) -> None:
    response = post(kim, "book_for", ready.maya.pk, start="other", other_local=typed)
    assert reasons_of(response) == ["Another time: Say on which day and at what time."]


@pytest.mark.parametrize("start", ["", "nonsense", "2026-12-01T09:30", f"{TUESDAY.isoformat()}/therapist=x"])
def test_a_start_that_was_never_offered_is_refused(ready: Clinic, kim: Browser, start: str) -> None:
    response = post(kim, "book_for", ready.maya.pk, start=start)
    assert reasons_of(response) == ["Time: Choose one of the times."]


def test_the_desk_learns_which_light_is_closed_but_not_why(ready: Clinic, kim: Browser) -> None:
    Prescription.objects.all().delete()
    response = get(kim, "book_for", ready.maya.pk)
    assert values_of(response) == []
    assert response.context["why_none"] == ["Prescription: not in order. The prescriber knows why."]


def test_a_clinician_learns_why(ready: Clinic, ana: Browser) -> None:
    Prescription.objects.all().delete()
    [reason] = get(ana, "book_for", ready.maya.pk).context["why_none"]
    assert "The prescriber knows why" not in reason


def test_one_therapist_can_be_asked_for(ready: Clinic, kim: Browser) -> None:
    response = get(kim, "book_for", ready.maya.pk, therapist=ready.ben.pk)
    assert {value.split("/")[1] for value in values_of(response)} == {f"therapist={ready.ben.pk}"}


def test_what_an_appointment_has_no_use_for_is_not_asked(ready: Clinic, kim: Browser) -> None:
    jordan = make_client("Jordan Pell", ready.location)
    evaluation = AppointmentType.objects.get(code="evaluation")
    response = get(kim, "book_for", jordan.pk, appointment_type=evaluation.pk, therapist=ready.ana.pk)
    assert "therapist" not in response.context["search"].fields
    assert "room" not in response.context["search"].fields
    assert values_of(response)


def test_a_client_without_a_plan_books_something_outside_it(ready: Clinic, kim: Browser) -> None:
    jordan = make_client("Jordan Pell", ready.location)
    consult = AppointmentType.objects.get(code="consult")
    address = f"/admin/clients/{jordan.pk}/book/?appointment_type={consult.pk}"
    offered = kim.get(address)
    kim.post(address, {"key": "k", "start": values_of(offered)[0]})
    booked = Booking.objects.get()
    assert (booked.client, booked.appointment_type, booked.planned_session) == (jordan, consult, None)


def test_later_days_are_one_step_away(ready: Clinic, kim: Browser) -> None:
    response = get(kim, "book_for", ready.maya.pk, from_on="2026-12-07")
    assert response.context["offers"].days[0].on.isoformat() == "2026-12-07"
    assert "from_on=2026-12-11" in response.content.decode()


def test_it_takes_the_same_queries_for_one_free_day_and_for_many(
    ready: Clinic, kim: Browser, django_assert_max_num_queries: Any
) -> None:
    get(kim, "book_for", ready.maya.pk)
    with django_assert_max_num_queries(40) as many:
        get(kim, "book_for", ready.maya.pk)
    TimeOff.objects.create(
        clinician=ready.ana, starts_at=at("2026-11-24 00:00"), ends_at=at("2026-12-12 00:00")
    )
    TimeOff.objects.create(
        clinician=ready.ben, starts_at=at("2026-11-25 00:00"), ends_at=at("2026-12-13 00:00")
    )
    with django_assert_max_num_queries(40) as few:
        get(kim, "book_for", ready.maya.pk)
    assert abs(len(many) - len(few)) <= 1


def test_a_move_keeps_the_people_and_asks_again(ready: Clinic, kim: Browser) -> None:
    post(kim, "book_for", ready.maya.pk, start=pick(ready))
    booked = Booking.objects.get()
    page = get(kim, "move", booked.pk)
    assert "What the client said about the old time no longer counts" in text_of(page)
    start = pick(ready, at("2026-12-02 09:30"))
    look = text_of(post(kim, "move", booked.pk, start=start))
    assert "Dosing 1 moves from Tue Dec 1, 9:30 a.m. to Wed Dec 2, 9:30 a.m." in look
    booked.refresh_from_db()
    assert (booked.starts_at, booked.version) == (TUESDAY, 1)
    post(kim, "move", booked.pk, start=start, revision=1)
    booked.refresh_from_db()
    assert (booked.starts_at, booked.version, booked.therapist) == (at("2026-12-02 09:30"), 2, ready.ana)


def test_a_move_that_is_refused_leaves_the_booking_alone(ready: Clinic, kim: Browser) -> None:
    post(kim, "book_for", ready.maya.pk, start=pick(ready))
    booked = Booking.objects.get()
    response = post(kim, "move", booked.pk, start="other", other_local="2026-12-05T09:30")
    assert any("does not work at this time" in reason for reason in reasons_of(response))
    booked.refresh_from_db()
    assert (booked.starts_at, booked.version) == (TUESDAY, 1)


def test_a_time_that_the_clocks_skip_is_explained(clinic: Clinic, kim: Browser) -> None:
    client = make_client("Jordan Pell", clinic.location)
    consult = clinic.appointment_type("consult")
    address = f"/admin/clients/{client.pk}/book/?appointment_type={consult.pk}"
    form = {"key": "k", "start": "other", "other_local": "2027-03-14T02:30"}
    response = kim.post(address, form)
    assert reasons_of(response) == ["The clocks skip this time on that day."]
    assert [offer.starts.hour for offer in response.context["nearest"]] == [1, 3]


def test_a_plan_that_is_a_draft_is_booked_up_to_its_evaluation(clinic: Clinic, kim: Browser) -> None:
    clinic.ready_client()
    clinic.appointment_type()
    TreatmentPlan.objects.update(status="draft", activated_at=None)
    response = get(kim, "book_for", clinic.maya.pk)
    assert response.context["why_none"] == ["The treatment plan is not active."]


def test_finding_whom_to_book_for_leads_straight_on(ready: Clinic, kim: Browser) -> None:
    last_four = ready.maya.contact_points.get(channel="sms").value[-4:]
    response = kim.post("/admin/find/", {"search": last_four, "purpose": "book"})
    assert response["Location"] == f"/admin/clients/{ready.maya.pk}/book/"


def test_a_therapist_books_her_own_clients_only(ready: Clinic, sign_in: SignIn) -> None:
    assert ready.ben.user
    assert get(sign_in(ready.ben.user), "book_for", ready.maya.pk).status_code == 404
