"""What a move means, before it is done; and somebody who is away, with one choice for each session."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from practice.models import TimeOff
from scheduling import booking
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.traces import traces
from tests.web.pages import get, messages_of, post, reasons_of, text_of
from treatment_plans.models import PlannedSession

pytestmark = pytest.mark.django_db

TUESDAY, WEDNESDAY = at("2026-12-01 09:30"), at("2026-12-02 14:00")
AWAY = {"from_on": "2026-12-01", "through_on": "2026-12-02", "reason": "illness"}


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    """Maya's first dose and its integration session, both with Ana."""
    client = clinic.ready_client()
    talk = PlannedSession.objects.select_related("plan__protocol").get(after_session__dose_number=1)
    for session, code, start in (
        (clinic.dose(client), "dosing-im", TUESDAY),
        (talk, "integration", WEDNESDAY),
    ):
        kind = clinic.appointment_type(code)
        wanted = booking.Request(client, kind, clinic.location, session, therapist_id=clinic.ana.pk)
        booking.book(wanted, start, actor=clinic.kim, now=NOW)
    return clinic


def dose() -> Booking:
    return Booking.objects.get(planned_session__dose_number=1)


def talk() -> Booking:
    return Booking.objects.get(planned_session__kind="integration")


def other(start: str) -> dict[str, str]:
    return {"start": "other", "other_local": start}


def test_the_page_shows_the_whole_move_before_it_is_done(course: Clinic, kim: Browser) -> None:
    before = traces()
    look = post(kim, "move", dose().pk, **other("2026-12-07T09:30"))
    assert traces() == before
    text = text_of(look)
    assert "What belongs to it moves along Integration moves from Wed Dec 2, 2 p.m. to" in text
    assert "Dosing 1: Not sent any more: booked (SMS), planned for Mon Nov 23, 10:03 a.m." in text
    [(value, _text)] = look.context["follows"]
    done = post(kim, "move", dose().pk, **other("2026-12-07T09:30"), revision=1, follow=value)
    assert messages_of(done) == ["Moved: Dosing 1 to Monday, December 7, 9:30 a.m."]
    assert (dose().starts_at, talk().version) == (at("2026-12-07 09:30"), 2)


def test_what_is_not_ticked_stays_and_what_changed_meanwhile_is_refused(course: Clinic, kim: Browser) -> None:
    look = post(kim, "move", dose().pk, **other("2026-12-07T09:30"))
    [(value, _text)] = look.context["follows"]
    Booking.objects.filter(pk=talk().pk).update(revision=5)
    refused = post(kim, "move", dose().pk, **other("2026-12-07T09:30"), revision=1, follow=value)
    assert reasons_of(refused) == ["This session has changed since the proposal was made."]
    post(kim, "move", dose().pk, **other("2026-12-07T09:30"), revision=1)
    assert (dose().version, talk().starts_at) == (2, WEDNESDAY)


@pytest.mark.parametrize(
    "sent",
    [
        {"revision": "x"},
        {"revision": "9" * 5000},
        {"revision": 1, "follow": "1/2"},
        {"revision": 1, "follow": "1/1/0001-01-01T00:00:00+00:00//"},
        {"revision": 1, "follow": f"1/1/2026-12-08T20:00:00+00:00/{10**30}/"},
    ],
)
def test_what_the_page_never_offered_is_no_server_error(
    course: Clinic, kim: Browser, sent: dict[str, Any]
) -> None:
    assert reasons_of(post(kim, "move", dose().pk, **other("2026-12-07T09:30"), **sent))
    assert dose().version == 1


def test_an_absence_is_seen_first_and_done_as_chosen(course: Clinic, kim: Browser) -> None:
    before = traces()
    look = post(kim, "record_absence", course.ana.pk, **AWAY)
    assert traces() == before
    text = text_of(look)
    assert "It hits 2 sessions. Nothing is done yet." in text
    assert "Ben takes it, same time" in text
    assert "(555) 555-" in text or "+1 555" in text or "555" in text
    chosen = {card.name: card.chosen for card in look.context["cards"]}
    done = post(kim, "record_absence", course.ana.pk, **AWAY, seen=1, **chosen)
    assert messages_of(done) == ["Ana is away: 2 sessions are seen to, 0 still need somebody."]
    assert {dose().therapist, talk().therapist} == {course.ben}
    assert TimeOff.objects.get().reason == "illness"


def test_what_is_left_shows_in_conflict_with_a_way_to_move_it(course: Clinic, kim: Browser) -> None:
    look = post(kim, "record_absence", course.ana.pk, **AWAY)
    leave = {card.name: card.options[-2][0] for card in look.context["cards"]}
    post(kim, "record_absence", course.ana.pk, **AWAY, seen=1, **leave)
    text = text_of(get(kim, "away"))
    assert "Tue Dec 1, 9:30 a.m. · Maya R. · Dosing 1 Ana is away." in text
    assert "In conflict with the calendar: Ana is away." in text_of(get(kim, "booking", dose().pk))
    assert f"/admin/bookings/{dose().pk}/move/" in get(kim, "away").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"through_on": "2026-11-30"},
        {"from_on": "2026-11-01", "through_on": "2026-11-02"},
        {"reason": "hangover"},
        {"seen": 1, "choice-1": "leave"},
        {"seen": 1, "choice-x": "leave/1//"},
        {"seen": 1, "choice-1": "move/1//0001-01-01T00:00:00+00:00"},
        {"seen": 1, "choice-1": f"substitute/1/{10**30}/"},
        {"seen": 1, "choice-987654": "leave/1//"},
    ],
)
def test_a_wrong_absence_says_why(course: Clinic, kim: Browser, wrong: dict[str, Any]) -> None:
    assert reasons_of(post(kim, "record_absence", course.ana.pk, **{**AWAY, **wrong}))
    assert not TimeOff.objects.exists()
