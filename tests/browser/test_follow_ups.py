"""The list of what is due and a client's page: worked in, at three widths, under the strict policy."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from scheduling.models import Booking, SessionNote
from tests.browser.conftest import Desk
from tests.browser.test_pages import book, check_every_width
from tests.cast import NOW, Clinic
from treatment_plans import sessions
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import CourseHold, FollowUp, FollowUpAttempt


@pytest.fixture
def dosed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Maya's first dose was two days ago: a check-in is overdue, integration is due, a note is missing."""
    monkeypatch.setattr("tests.cast.NOW", NOW - timedelta(days=10))
    client, ended_at = clinic.ready_client(), NOW - timedelta(days=2)
    clinic.ask_questionnaires()
    row = book(clinic, client, "2026-11-23 11:00")
    Booking.objects.filter(pk=row.pk).update(status="completed", completed_at=ended_at, therapist=clinic.ana)
    with transaction.atomic():
        sessions.complete(clinic.dose(client).pk, completed_at=ended_at, actor=clinic.ada)
    for days, points in ((9, 3), (1, 1)):
        answered = Answered(
            "gad7", dict.fromkeys("1234567", points), "with_staff", None, NOW - timedelta(days=days)
        )
        measures.record(client, answered, actor=clinic.ada, now=NOW)
    return clinic


def test_what_is_due_is_worked_off(desk: Desk, dosed: Clinic) -> None:
    assert dosed.ana.user
    desk.sign_in(dosed.ana.user, "/dashboard/follow-ups/")
    page = desk.page
    due = page.get_by_label("Due for your clients")
    check_in = due.get_by_role("article").filter(has_text="Check-in").filter(has_text="overdue")
    check_in.get_by_text("Called or texted").click()
    check_in.get_by_label("Note").fill("Rings, nobody there")
    check_every_width(desk, "follow-ups")
    check_in.get_by_label("Result").select_option("no_answer")
    check_in.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    assert FollowUpAttempt.objects.get().reached == "no_answer"
    check_in.get_by_label("What came of it").fill("Sleeps well")
    check_in.get_by_role("button", name="Close").click()
    page.get_by_role("status").get_by_text("Closed.").wait_for()
    assert FollowUp.objects.exclude(outcome="").get().outcome == "Sleeps well"
    note = due.get_by_role("article").filter(has_text="Note to sign")
    note.get_by_text("Write the note").click()
    note.get_by_label("Note", exact=True).fill("Calm, talked of the river.")
    note.get_by_role("button", name="Save the draft").click()
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    SessionNote.objects.update(text="From my phone", revision=7)
    note.get_by_label("Note", exact=True).fill("Calm, talked of the river and of home.")
    note.get_by_role("button", name="Sign").click()
    expect(note.get_by_label("Saved elsewhere meanwhile")).to_have_value("From my phone")
    desk.errors.clear()  # the browser reports the refusal
    note.get_by_role("button", name="Sign").click()
    page.get_by_role("status").get_by_text("Signed.").wait_for()
    signed = SessionNote.objects.get()
    assert (signed.text, signed.signed_at is not None) == ("Calm, talked of the river and of home.", True)
    assert desk.errors == []


def test_a_prescriber_lets_a_held_course_go_on(desk: Desk, dosed: Clinic) -> None:
    row, at = Booking.objects.get(), NOW - timedelta(hours=47)
    record = dosed.discharged(row, dosed_at=NOW - timedelta(hours=50), left_at=NOW - timedelta(hours=48))
    dosed.one_of_each_entry(record, at)
    CourseHold.objects.update(released_at=None, released_by=None, disposition="", note="")
    assert dosed.ito.user
    desk.sign_in(dosed.ito.user, "/dashboard/follow-ups/")
    page = desk.page
    held = page.get_by_role("article").filter(has_text="Course on hold after an adverse event: Dizziness")
    held.get_by_label("Decision").select_option("continue_changed")
    held.get_by_label("What was found").fill("Gone within the hour; half the dose next time.")
    check_every_width(desk, "follow-ups-hold")
    held.get_by_role("button", name="Let the course go on").click()
    page.get_by_role("status").get_by_text("Closed.").wait_for()
    hold = CourseHold.objects.get()
    assert (hold.disposition, hold.released_by) == ("continue_changed", dosed.ito)
    assert desk.errors == []


def test_a_clients_scores_and_timeline(desk: Desk, dosed: Clinic) -> None:
    assert dosed.ana.user
    desk.sign_in(dosed.ana.user, f"/dashboard/clients/{dosed.maya.pk}/")
    page = desk.page
    timeline = page.get_by_label("Timeline")
    timeline.get_by_text("Dosing 1").wait_for()
    assert page.get_by_role("img", name="GAD-7 over time").is_visible()
    check_every_width(desk, "client")
    page.emulate_media(media="print")
    assert not page.get_by_role("link", name="The client's record").is_visible()
    desk.open(f"/dashboard/clients/{dosed.maya.pk + 1}/")
    assert "404" in " ".join(desk.errors)
