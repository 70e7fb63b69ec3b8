"""The client's page about a visit: what is to be done, answered without an account and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from notifications.models import ClientLink, DeskTask
from practice.models import SupportPerson
from scheduling import readiness
from scheduling.models import Acknowledgement, Booking
from tests.cast import NOW, Clinic
from tests.web.pages import text_of
from tests.web.portal.conftest import Clock
from treatment_plans.models import Protocol
from treatment_plans.screening import medications

pytestmark = pytest.mark.django_db

Issue = Callable[..., str]
RIDE, SUPPORT, FASTING, MEDICINE = "q/1", "q/2", "q/3", "q/4"


@pytest.fixture
def phone() -> Browser:
    """A client's phone: it has no session, and is as strict about forgeries as a browser can be made."""
    return Browser(enforce_csrf_checks=True, headers={"Origin": "null"})


def light(visit: Booking, name: str) -> str:
    visit = Booking.objects.select_related(
        "appointment_type", "location", "client", "planned_session__plan__protocol"
    ).get(pk=visit.pk)
    return {each.name: each.state for each in readiness.judge([visit], now=NOW)[visit.pk].lights}[name]


def test_it_says_when_and_where_and_what_is_open(visit: Booking, issue: Issue, phone: Browser) -> None:
    words = text_of(phone.get(issue(visit)))
    assert "Get ready for your visit" in words
    assert "Tuesday, December 1 at 9:30 am" in words
    assert "1 River Road" in words
    assert "3 things to do" in words
    assert "Who will take you home?" in words
    assert "988" in words
    assert "(555) 555-0100" in words
    assert "Maya" not in words


def test_every_answer_turns_its_light_at_once(visit: Booking, issue: Issue, phone: Browser) -> None:
    link = issue(visit)
    assert light(visit, "ride") == "waiting"
    answers = {
        RIDE: {"choice": "friend", "name": "Joel", "phone": "555 010 0199"},
        SUPPORT: {"choice": "yes", "name": "Rosa", "phone": "+1 303 555 0101", "may_call": "on"},
        FASTING: {"choice": "read"},
    }
    for place, answer in answers.items():
        response = phone.post(f"{link}/{place}", answer)
        assert (response.status_code, response["Location"]) == (303, f"{link}#next")
    assert {name: light(visit, name) for name in ("ride", "support_person", "fasting")} == {
        "ride": "ready",
        "support_person": "ready",
        "fasting": "ready",
    }
    ride = Acknowledgement.objects.get(item="ride")
    assert (ride.said_by, ride.source, ride.recorded_by) == ("client", "link", None)
    assert ride.detail == "A friend or family, Joel, 555 010 0199"
    rosa = SupportPerson.objects.get()
    assert (rosa.name, rosa.phone, rosa.may_be_contacted) == ("Rosa", "+13035550101", True)
    assert "Thank you. You are ready" in text_of(phone.get(link))
    opened = ClientLink.objects.get()
    assert (opened.opened_at, opened.used_at) == (NOW, NOW)


def test_an_answer_can_be_changed_until_the_session(
    clock: Clock, visit: Booking, issue: Issue, phone: Browser
) -> None:
    link = issue(visit)
    phone.post(f"{link}/{RIDE}", {"choice": "friend"})
    clock.now += timedelta(minutes=1)
    phone.post(f"{link}/{RIDE}", {"choice": "none"})
    assert light(visit, "ride") == "blocked"
    task = DeskTask.objects.get()
    assert (task.kind, task.item, task.booking) == ("not_ready", "ride", visit)
    words = text_of(phone.get(link))
    assert "Thanks for telling us. We will call you." in words
    Booking.objects.filter(pk=visit.pk).update(status="in_session", started_at=NOW)
    assert phone.post(f"{link}/{RIDE}", {"choice": "friend"})["Location"] == link
    assert light(visit, "ride") == "blocked"


def test_a_machine_that_presses_every_button_says_nothing(
    visit: Booking, issue: Issue, phone: Browser
) -> None:
    """Buttons without a choice: the page asks again, and nothing was said, cancelled or asked for."""
    link = issue(visit)
    for place in (RIDE, SUPPORT, FASTING, "move", "cancel", "call", "intention"):
        response = phone.post(f"{link}/{place}", {})
        assert response.status_code == 422
        assert "Something is missing" in text_of(response)
    assert not Acknowledgement.objects.exists()
    assert not DeskTask.objects.exists()
    visit.refresh_from_db()
    assert visit.is_live
    assert ClientLink.objects.get().opened_at is None


def test_get_and_head_change_nothing_but_that_it_was_fetched(
    visit: Booking, issue: Issue, phone: Browser
) -> None:
    link = issue(visit)
    before = Booking.objects.values().get(pk=visit.pk)
    places = ["", f"/{RIDE}", f"/{SUPPORT}", f"/{FASTING}", f"/{MEDICINE}", "/move", "/cancel", "/call"]
    for place in [*places, "/intention", "/appointment.ics"]:
        assert phone.head(link + place).status_code in (200, 303)
    assert ClientLink.objects.get().viewed_at is None
    for place in [*places, "/intention", "/appointment.ics"]:
        phone.get(link + place)
    found = ClientLink.objects.get()
    assert (found.viewed_at, found.opened_at, found.used_at) == (NOW, None, None)
    assert Booking.objects.values().get(pk=visit.pk) == before
    assert not Acknowledgement.objects.exists()


def test_medicine_is_not_named_before_the_birth_date(
    clinic: Clinic, visit: Booking, issue: Issue, phone: Browser
) -> None:
    Protocol.objects.filter(pk=clinic.protocol.pk).update(client_brings_medication=True)
    link = issue(visit)
    for place in ("", f"/{RIDE}", f"/{FASTING}", f"/{MEDICINE}", "/move", "/cancel", "/intention"):
        page = phone.get(link + place).content.decode().lower()
        assert "medic" not in page
        assert "ketamin" not in page
    assert "One thing to bring" in text_of(phone.get(link))
    asked = phone.post(f"{link}/{MEDICINE}", {"choice": "have"})
    assert "birth date" in text_of(asked)
    assert light(visit, "medicine") == "waiting"

    proven = phone.post(f"{link}/{MEDICINE}", {"month": "4", "day": "2", "year": "1988"})
    assert (proven.status_code, proven["Location"]) == (303, f"{link}/{MEDICINE}")
    cookie = proven.cookies["link_proof"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (link, True, "Lax")
    assert "pick up your medicine" in text_of(phone.get(f"{link}/{MEDICINE}"))
    phone.post(f"{link}/{MEDICINE}", {"choice": "have"})
    assert light(visit, "medicine") == "ready"
    assert "medic" not in Browser().get(link).content.decode().lower()  # on another phone


def test_wrong_birth_dates_lock_the_link_and_tell_the_desk(
    clinic: Clinic, visit: Booking, issue: Issue, phone: Browser
) -> None:
    Protocol.objects.filter(pk=clinic.protocol.pk).update(client_brings_medication=True)
    link = issue(visit)
    for year in (1980, 1981, 1982, 1983):
        response = phone.post(f"{link}/{MEDICINE}", {"month": "4", "day": "2", "year": str(year)})
        assert "not the date that we have" in text_of(response)
    last = phone.post(f"{link}/cancel", {"month": "4", "day": "2", "year": "1984"})
    assert (last.status_code, "This link has ended" in text_of(last)) == (404, True)
    right = phone.post(f"{link}/cancel", {"month": "4", "day": "2", "year": "1988"})
    assert right.status_code == 404
    visit.refresh_from_db()
    assert visit.is_live
    assert DeskTask.objects.get().kind == "locked"


def test_cancelling_needs_the_birth_date(visit: Booking, issue: Issue, phone: Browser) -> None:
    link = issue(visit)
    page = text_of(phone.get(f"{link}/cancel"))
    assert "your time goes to someone else" in page
    response = phone.post(
        f"{link}/cancel", {"month": "4", "day": "2", "year": "1988", "reason": "a bad cold"}
    )
    assert "Your visit is cancelled" in text_of(response)
    visit.refresh_from_db()
    assert (visit.cancelled_by_party, visit.cancel_reason) == ("client", "a bad cold")
    assert phone.get(link).status_code == 404


def test_who_asks_to_move_keeps_the_visit(visit: Booking, issue: Issue, phone: Browser) -> None:
    link = issue(visit)
    wishes = {"days": ["Mon", "Thu"], "time": "morning", "note": "after school starts"}
    response = phone.post(f"{link}/move", wishes)
    assert "you are still booked for Tuesday, December 1 at 9:30 am" in text_of(response)
    phone.post(f"{link}/move", wishes)
    task = DeskTask.objects.get()  # asked twice, wanted once
    assert (task.kind, task.detail) == ("move", "Mon Thu · morning · after school starts")
    visit.refresh_from_db()
    assert visit.is_live


def test_a_move_ends_the_link(visit: Booking, issue: Issue, phone: Browser) -> None:
    link = issue(visit)
    Booking.objects.filter(pk=visit.pk).update(version=2)
    assert phone.get(link).status_code == 404
    assert phone.post(f"{link}/{RIDE}", {"choice": "friend"}).status_code == 404
    assert not Acknowledgement.objects.exists()


def test_what_is_written_for_the_team_is_heard_if_it_sounds_unsafe(
    visit: Booking, issue: Issue, phone: Browser
) -> None:
    link = issue(visit)
    phone.post(f"{link}/intention", {"text": "to let go of guilt"})
    assert not DeskTask.objects.exists()
    response = phone.post(f"{link}/intention", {"text": "I do not want to live any more"})
    assert "Your care team can read your note" in text_of(response)
    task = DeskTask.objects.get()
    assert (task.kind, task.next_alert_at) == ("unsafe", NOW)


def test_the_calendar_gets_a_neutral_event(visit: Booking, issue: Issue, phone: Browser) -> None:
    response = phone.get(f"{issue(visit)}/appointment.ics")
    text = response.content.decode()
    assert response["Content-Type"].startswith("text/calendar")
    assert "SUMMARY:Appointment\\, Riverbend" in text
    assert "Maya" not in text
    assert "osing" not in text


def test_a_visit_without_a_dose_asks_nothing(
    clinic: Clinic, visit: Booking, issue: Issue, phone: Browser
) -> None:
    Booking.objects.filter(pk=visit.pk).update(appointment_type=clinic.appointment_type("integration"))
    words = text_of(phone.get(issue(visit)))
    assert "Your visit" in words
    assert "to do" not in words
    assert "Ask to move this visit" in words


def test_in_spanish_for_who_speaks_it_and_by_a_tap_for_everybody(
    clinic: Clinic, visit: Booking, issue: Issue, phone: Browser
) -> None:
    link = issue(visit)
    assert "martes 1 de diciembre a las 9:30 am" in text_of(phone.get(link, {"lang": "es"}))
    assert "¿Quién le va a llevar a casa?" in text_of(phone.get(link))  # the cookie remembers
    clinic.maya.language = "es"
    clinic.maya.save()
    other = Browser().get(link)
    assert "Prepárese para su cita" in text_of(other)
    assert '<html lang="es">' in other.content.decode()


def test_late_means_please_call(clock: Clock, visit: Booking, issue: Issue, phone: Browser) -> None:
    link = issue(visit)
    assert "Your visit is soon" not in text_of(phone.get(f"{link}/move"))
    clock.now = visit.starts_at.replace(hour=0)
    assert "Your visit is soon" in text_of(phone.get(f"{link}/move"))
    assert "Your visit is soon" in text_of(phone.get(f"{link}/cancel"))


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_other_methods_are_not_for_pages(visit: Booking, issue: Issue, phone: Browser, method: str) -> None:
    response: Any = getattr(phone, method)(issue(visit))
    assert response.status_code == 405


def test_words_about_medicines_are_the_prescribers_and_come_after_the_birth_date(
    clinic: Clinic, visit: Booking, issue: Issue, phone: Browser
) -> None:
    words = {"text_en": "Skip the evening pill.", "text_es": "Omita la pastilla de la noche."}
    hold = medications.approve_hold(
        visit.client, **words, approved_by=clinic.ito, actor=clinic.ito.user or clinic.kim, now=NOW
    )
    link = issue(visit)
    before = phone.get(link).content.decode()
    assert "Something to read before your visit" in before
    assert "Skip" not in before
    assert "medic" not in before.lower()
    assert "birth date" in text_of(phone.get(f"{link}/more"))
    phone.post(f"{link}/more", {"month": "4", "day": "2", "year": "1988"})
    assert phone.get(f"{link}/more")["Location"] == link
    assert "Skip the evening pill." in text_of(phone.get(link))
    visit.client.language = "es"
    visit.client.save(update_fields=["language"])
    assert "Omita la pastilla de la noche." in text_of(phone.get(link))
    medications.withdraw_hold(
        hold.pk, reason="x", withdrawn_by=clinic.ito, actor=clinic.ito.user or clinic.kim, now=NOW
    )
    assert "pastilla" not in text_of(phone.get(link))
