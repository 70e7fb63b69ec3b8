"""Who may open a session room, and what its page and its print say; tests/browser works in it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from practice import present
from practice.models import Activity
from scheduling.care import notes
from tests.browser.sessions import Clock, Session, make_session
from tests.cast import Clinic
from tests.web.conftest import SignIn
from tests.web.pages import text_of
from treatment_plans.dosing import records as dosing
from treatment_plans.models import Vitals

pytestmark = pytest.mark.django_db
PAGES = ("", "live/", "print/")


@pytest.fixture
def session(clinic: Clinic, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> Session:
    clock = Clock()
    monkeypatch.setattr(present, "now", clock.now)
    made = make_session(clinic, clock)
    made.dose()
    clock.put(30)
    return made


@pytest.mark.parametrize("page", PAGES)
def test_it_is_for_clinicians_who_may_see_the_client(session: Session, sign_in: SignIn, page: str) -> None:
    clinic, path = session.clinic, session.path + page

    def status(user: Any) -> int:
        return sign_in(user).get(path).status_code

    assert [status(user) for user in (clinic.ana.user, clinic.ito.user, clinic.nia)] == [200, 200, 200]
    assert [status(user) for user in (clinic.kim, clinic.ada, clinic.odo)] == [403, 403, 403]
    assert status(clinic.ben.user) == 404  # not on her care team
    assert Browser().get(path).status_code == 302


def test_a_record_that_is_not_there(session: Session, ana: Browser) -> None:
    assert ana.get("/dashboard/sessions/99999999/").status_code == 404


def test_who_opened_or_printed_it_is_remembered_and_a_look_at_what_changed_is_not(
    session: Session, ana: Browser
) -> None:
    viewed = Activity.objects.filter(action="client.viewed", client_id=session.record.client_id)
    counts = []
    for page in ("", "print/", "live/"):
        ana.get(session.path + page)
        counts.append(viewed.count())
    assert counts == [1, 2, 2]


def test_nurses_neither_correct_doses_nor_let_her_leave(
    session: Session, ana: Browser, sign_in: SignIn
) -> None:
    nurse = sign_in(session.clinic.nia).get(session.path).content.decode()
    therapist = ana.get(session.path).content.decode()
    for form in ('data-to="discharge"', 'data-to="doses/'):
        assert form in therapist
        assert form not in nurse


def test_the_print_says_what_was_corrected_by_whom(session: Session, ana: Browser) -> None:
    first = Vitals.objects.latest("pk")
    dosing.correct_vitals(
        session.record.pk,
        first.pk,
        uuid.uuid4(),
        {"systolic": 134},
        reason="Slip of the finger",
        actor=session.clinic.ana.user,
        now=present.now(),
    )
    page = ana.get(session.path + "print/")
    assert "<del>124/78</del>" in page.content.decode()
    shown = text_of(page)
    for words in (
        "corrected by Ana at",
        "Slip of the finger",
        "134/78",
        "40 mg",
        "23K114",
        "Let go of guilt",
    ):
        assert words in shown
    assert "Maya Rivera" in shown


def test_more_entries_need_no_more_queries(session: Session, ana: Browser) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert ana.get(session.path + "live/").status_code == 200
        return len(found)

    few = queries()
    for minute in range(6, 16):
        session.measure(minute)
        session.mark(minute, "calm")
    assert queries() == few


def test_a_look_at_what_has_not_changed_is_cheap(session: Session, ana: Browser, sign_in: SignIn) -> None:
    path = session.path + "live/"
    first = ana.get(path)
    tag = {"If-None-Match": first["ETag"]}
    with CaptureQueriesContext(connection) as found:
        assert ana.get(path, headers=tag).status_code == 304
    assert len(found) <= 4  # who asks, and whether anything has changed
    assert sign_in(session.clinic.ben.user).get(path, headers=tag).status_code == 404
    assert Browser().get(path, headers=tag).status_code == 302
    session.mark(20, "calm")
    changed = ana.get(path, headers=tag)
    assert changed.status_code == 200
    tag = {"If-None-Match": changed["ETag"]}
    booking_id = session.booked.pk
    clinic = session.clinic
    assert clinic.ana.user
    note = notes.begin(booking_id, text="Calm.", author=clinic.ana, actor=clinic.ana.user, now=present.now())
    assert ana.get(path, headers=tag).status_code == 200
    tag = {"If-None-Match": ana.get(path)["ETag"]}
    notes.sign(note.pk, revision=1, actor=clinic.ana.user, now=present.now())
    assert ana.get(path, headers=tag).status_code == 200
    tag = {"If-None-Match": ana.get(path)["ETag"]}
    session.clock.put(31.5)  # what is late is known by the minute
    assert ana.get(path, headers=tag).status_code == 200


def test_a_draft_is_its_authors_and_what_is_signed_everybodys(
    session: Session, ana: Browser, sign_in: SignIn
) -> None:
    clinic = session.clinic
    assert clinic.ana.user
    page = text_of(ana.get(session.path))
    assert "40 mg given at 09:35" in page  # as the record says
    note = notes.begin(
        session.booked.pk, text="She cried.", author=clinic.ana, actor=clinic.ana.user, now=present.now()
    )
    assert "She cried." in text_of(ana.get(session.path))
    for other in (clinic.ito.user, clinic.nia):
        assert "She cried." not in text_of(sign_in(other).get(session.path))
    assert "Your note is not signed." in text_of(ana.get(session.path))
    notes.sign(note.pk, revision=1, actor=clinic.ana.user, now=present.now())
    notes.add(note.pk, "And laughed.", author=clinic.ana, actor=clinic.ana.user, now=present.now())
    read = sign_in(clinic.nia).get(session.path)
    assert "She cried." in text_of(read)
    assert "And laughed." in text_of(read)
    assert 'id="note-text"' not in read.content.decode()  # a nurse signs no note


def test_what_nobody_recorded_in_time_is_loud_in_the_room_on_the_board_and_in_the_day(
    session: Session, sign_in: SignIn, ana: Browser
) -> None:
    """Due at minute 20 with five minutes of grace. The desk reads that somebody is needed, not for what."""
    kim = sign_in(session.clinic.kim)
    loud = 'class="alarm" data-from="2026-12-01T09:55:00-08:00"'
    assert loud in ana.get(session.path).content.decode().replace("17:55:00+00:00", "09:55:00-08:00")
    session.clock.put(24)
    day = f"/admin/?date={session.booked.starts_on}"
    assert "Somebody is needed" not in text_of(kim.get(day))
    session.clock.put(26)
    board = text_of(kim.get(day))
    assert "Somebody is needed" in board
    assert "ital" not in board.split("Somebody is needed")[1][:200]
    assert "Somebody is needed" in text_of(kim.get(f"/admin/scheduling/booking/{session.booked.pk}/change/"))
    (found,) = ana.get("/api/v1/dosing-records?unattended=true").json()["results"]
    assert found["id"] == session.record.pk
    session.measure(25)
    assert "Somebody is needed" not in text_of(kim.get(day))
    assert ana.get("/api/v1/dosing-records?unattended=true").json()["results"] == []


def test_the_board_and_the_booking_lead_into_the_room(
    session: Session, ana: Browser, sign_in: SignIn
) -> None:
    enter = f"/admin/bookings/{session.booked.pk}/room/"
    for page in (
        f"/admin/?date={session.booked.starts_on}",
        f"/admin/scheduling/booking/{session.booked.pk}/change/",
    ):
        assert enter in ana.get(page).content.decode()
        assert enter not in sign_in(session.clinic.kim).get(page).content.decode()
    answer = ana.post(enter, {"key": "k", "next": "/admin/"})
    assert (answer.status_code, answer["Location"]) == (302, session.path)
    assert sign_in(session.clinic.kim).post(enter, {"key": "k"}).status_code == 403
