"""One order over many kinds of rows, page by page, with a fixed number of queries."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from notifications.timeline import SOURCES
from practice import timeline
from practice.timeline import Entry, Place
from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Booking, SessionNote
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at, make_client
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans import psychotherapy_notes, sessions
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import FollowUp, Prescription, ScreeningForm
from treatment_plans.screening import screenings
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    client = clinic.ready_client()
    for number in (1, 2, 3):
        sessions.complete(
            clinic.dose(client, number).pk, completed_at=NOW - (30 - number) * DAY, actor=clinic.ada
        )
    for days in (29, 28, 20, 20):  # some at the very instant of a dose
        answered = Answered("gad7", dict.fromkeys("1234567", 2), "with_staff", None, NOW - days * DAY)
        measures.record(client, answered, actor=clinic.ada, now=NOW)
    other = make_client("Ivy Kim", clinic.location)
    clinic.clear(other)
    return clinic


def read_all(clinic: Clinic, limit: int) -> list[Entry]:
    found: list[Entry] = []
    after: Place | None = None
    while True:
        shown, after = timeline.page(SOURCES, clinic.maya.pk, after=after, limit=limit)
        found += shown
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_any_length_are_the_whole_list_in_order(course: Clinic, limit: int) -> None:
    whole = read_all(course, 100)
    assert read_all(course, limit) == whole
    assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)
    assert {entry.source for entry in whole} == {"clearance", "prescription", "measure", "session"} - (
        set() if any(entry.source == "prescription" for entry in whole) else {"prescription"}
    )
    assert len(whole) == len({(entry.source, entry.id) for entry in whole}) >= 8


def test_a_page_takes_one_query_of_each_source(
    course: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    FollowUp.objects.update(done_at=NOW, result="done", outcome="well", done_by=course.ada)
    with django_assert_num_queries(len(SOURCES)):
        timeline.page(SOURCES, course.maya.pk, after=None, limit=50)


def test_notes_show_their_title_and_psychotherapy_notes_nothing(course: Clinic) -> None:
    assert course.ana.user
    psychotherapy_notes.write(course.maya, "silence", author=course.ana, actor=course.ana.user, now=NOW)
    for signed_at in (NOW, None):
        SessionNote.objects.create(
            client=course.maya,
            kind="relapse_plan" if signed_at else "discharge_summary",
            plan=course.dose(course.maya).plan,
            author=course.ana,
            text="walks by the river",
            begun_at=NOW,
            saved_at=NOW,
            signed_at=signed_at,
        )
    answer = Caller(course.ito.user).get(f"clients/{course.maya.pk}/timeline")
    (note,) = [one for one in answer.json()["results"] if one["source"] == "note"]
    assert (note["title"], note["by"]) == ("Relapse plan signed", "Ana")
    for hidden in ("river", "silence", "Discharge", "psychotherapy"):
        assert hidden not in answer.content.decode()


def test_the_api_goes_on_where_the_page_ended_and_refuses_what_is_no_cursor(
    course: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.api.timeline.ON_A_PAGE", 5)
    caller, address = Caller(course.ana.user), f"clients/{course.maya.pk}/timeline"
    first = caller.get(address).json()
    second = caller.get(address, cursor=first["next"].split("cursor=")[1]).json()
    assert not {(e["source"], e["id"]) for e in first["results"]} & {
        (e["source"], e["id"]) for e in second["results"]
    }
    for wrong in ("x", "W10", "bnVsbA"):
        assert caller.get(address, cursor=wrong).status_code == 400
    assert Booking.objects.count() == 0


def test_doses_screenings_and_supply_are_on_it(clinic: Clinic) -> None:
    client = clinic.ready_client()
    wanted = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    row = booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    record = clinic.discharged(row, dosed_at=at("2026-12-01 09:50"), left_at=at("2026-12-01 12:00"))
    clinic.one_of_each_entry(record, at("2026-12-01 10:20"))
    first_screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    filled = screenings.Filled(ScreeningForm.objects.get(), WELL, "with_staff")
    screenings.record(client, filled, actor=clinic.nia, now=NOW)
    order = Prescription.objects.get()
    prescriptions.dispense(order.pk, key=uuid4(), actor=clinic.nia, now=NOW)
    titles = {entry.source: entry.title for entry in read_all(clinic, 100)}
    assert titles["dose"] == "Dose given: 40 mg, intramuscular"
    assert titles["adverse_event"] == "Adverse event: dizziness, mild"
    assert titles["discharge"] == "Left the clinic after the dose"
    assert titles["screening"].startswith("Screening: ")
    assert titles["supply"] == "Dispensed to the client: 6 doses"
