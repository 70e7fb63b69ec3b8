"""One list of what is due: what is on it, in which order, for whom, and with how many queries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import User
from scheduling import booking
from scheduling.booking import Request
from scheduling.care import follow_ups_due, measures_due, notes
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from treatment_plans import follow_ups, sessions
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import CourseHold, FollowUp, PlannedSession

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def kinds(user: Any, now: Any = NOW) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.kind, one.pressing, one.codes) for one in follow_ups_due.due(user, now=now)]


@pytest.fixture
def dosed(clinic: Clinic) -> Booking:
    """Maya's first dose was two days ago; Ana led it."""
    client = clinic.ready_client()
    wanted = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    row = booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    ended_at = NOW - 48 * HOUR
    Booking.objects.filter(pk=row.pk).update(
        status="completed", completed_at=ended_at, therapist=clinic.ana.pk
    )
    sessions.complete(clinic.dose(client).pk, completed_at=ended_at, actor=clinic.ada)
    return row


def test_safety_comes_first_then_what_is_overdue(clinic: Clinic, dosed: Booking) -> None:
    answers = dict.fromkeys("123456789", 1)
    measures.record(clinic.maya, Answered("phq9", answers, "with_staff"), actor=clinic.ada, now=NOW)
    assert kinds(clinic.ana.user) == [
        ("safety_alert", "safety", ("item_9",)),
        ("note", "overdue", ("session",)),
        ("follow_up", "overdue", ("check_in",)),
        ("follow_up", "due", ("integration",)),
        ("follow_up", "soon", ("check_in",)),
    ]


def test_an_integration_that_is_booked_in_time_is_not_due(clinic: Clinic, dosed: Booking) -> None:
    integration = PlannedSession.objects.get(after_session=clinic.dose(clinic.maya))
    (owed,) = [one for one in follow_ups_due.due(clinic.ana.user, now=NOW) if "integration" in one.codes]  # type: ignore[arg-type]
    assert owed.hours_left(NOW) == 24
    row = Booking.objects.get()
    row.pk, row.planned_session, row.status, row.completed_at = None, integration, "booked", None
    row.starts_at, row.ends_at = NOW + 2 * HOUR, NOW + 3 * HOUR
    row.save()
    assert "integration" not in {code for one in kinds(clinic.ana.user) for code in one[2]}
    Booking.objects.filter(pk=row.pk).update(starts_at=NOW + 30 * HOUR, ends_at=NOW + 31 * HOUR)
    (late,) = [one for one in follow_ups_due.due(clinic.ana.user, now=NOW) if "integration" in one.codes]  # type: ignore[arg-type]
    assert late.booked_at == NOW + 30 * HOUR


def test_what_is_put_off_comes_back_on_its_day(clinic: Clinic, dosed: Booking) -> None:
    check_in = FollowUp.objects.filter(kind="check_in").order_by("position")[0]
    follow_ups.attempt(check_in.pk, how="called", reached="no_answer", actor=clinic.ada, now=NOW)
    follow_ups.snooze(check_in.pk, until_on=date(2026, 11, 24), actor=clinic.ada, now=NOW)
    ids = {one.id for one in follow_ups_due.due(clinic.ana.user, now=NOW) if one.kind == "follow_up"}  # type: ignore[arg-type]
    assert check_in.pk not in ids
    later = follow_ups_due.due(clinic.ana.user, now=at("2026-11-24 00:00"))  # type: ignore[arg-type]
    (back,) = [one for one in later if one.kind == "follow_up" and one.id == check_in.pk]
    assert (back.attempt_count, back.last_attempt_how) == (1, "called")


def test_a_note_is_owed_until_it_is_signed(clinic: Clinic, dosed: Booking) -> None:
    ana = clinic.ana.user
    assert ana
    draft = notes.begin(dosed.pk, text="calm", author=clinic.ana, actor=ana, now=NOW)
    assert [one.note_id for one in follow_ups_due.due(ana, now=NOW) if one.kind == "note"] == [draft.pk]
    notes.sign(draft.pk, revision=1, actor=ana, now=NOW)
    assert "note" not in {one[0] for one in kinds(ana)}


def test_a_review_without_a_decision_is_the_prescribers(clinic: Clinic, dosed: Booking) -> None:
    PlannedSession.objects.create(
        plan=clinic.dose(clinic.maya).plan, kind="review", position=90, completed_at=NOW
    )
    assert "review" in {one[0] for one in kinds(clinic.ito.user)}
    assert "review" not in {one[0] for one in kinds(clinic.ana.user)}


def test_a_held_course_is_the_prescribers_until_it_is_released(clinic: Clinic, dosed: Booking) -> None:
    record = clinic.discharged(dosed, dosed_at=NOW - 49 * HOUR, left_at=NOW - 48 * HOUR)
    clinic.one_of_each_entry(record, NOW - 48 * HOUR)
    assert "course_hold" not in {one[0] for one in kinds(clinic.ito.user)}
    CourseHold.objects.update(
        raised_at=NOW - HOUR, released_at=None, released_by=None, disposition="", note=""
    )
    assert ("course_hold", "due", ("dizziness",)) in kinds(clinic.ito.user)
    assert ("course_hold", "overdue", ("dizziness",)) in kinds(clinic.ito.user, NOW + 24 * HOUR)
    assert "course_hold" not in {one[0] for one in kinds(clinic.ana.user)}


def test_questionnaires_follow_the_doses(clinic: Clinic, dosed: Booking) -> None:
    clinic.ask_questionnaires()
    assert "measures" not in {one[0] for one in kinds(clinic.ana.user)}
    week_after = NOW + 5 * 24 * HOUR
    assert ("measures", "due", ("phq9", "gad7")) in kinds(clinic.ana.user, week_after)
    owed = measures_due.load([clinic.maya.pk], now=week_after)[clinic.maya.pk]
    assert {(one.occasion, one.dose_number) for one in owed} == {("week_after_dose", 1)}


def test_who_does_not_treat_the_client_sees_nothing(clinic: Clinic, dosed: Booking) -> None:
    assert kinds(clinic.ben.user) == []
    assert kinds(clinic.kim) == []


def test_more_clients_take_no_more_queries(
    clinic: Clinic, dosed: Booking, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    clinic.ask_questionnaires()
    ito: User | None = clinic.ito.user
    assert ito
    counts = []
    for name in ("", "Ivy Kim", "Tess Lopez"):
        if name:
            client = clinic.ready_client(name)
            sessions.complete(clinic.dose(client).pk, completed_at=NOW - 48 * HOUR, actor=clinic.ada)
        with django_assert_num_queries(11) as seen:
            counts.append(len(follow_ups_due.due(ito, now=NOW)))
        assert len(seen) == 11
    assert counts == sorted(set(counts))
