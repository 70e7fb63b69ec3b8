"""What must not be possible, whatever the day and the hour."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from practice.models import Clinician, Location
from scheduling import booking, lifecycle, moves, readiness
from scheduling.engine.types import Span
from scheduling.errors import NotBookable, NotPossibleNow, NotReady
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.scheduling.test_booking import request_for
from treatment_plans.models import PlannedSession, Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
HOUR = timedelta(hours=1)


@pytest.fixture
def booked(clinic: Clinic) -> Booking:
    clinic.ready_client()
    return booking.book(request_for(clinic), START, actor=clinic.kim, now=NOW)


def settle(clinic: Clinic, pk: int) -> None:
    for item in ("fasting", "ride", "support_person"):
        readiness.acknowledge(
            pk, item=item, answer="confirmed", said_by="client", source="phone", actor=clinic.kim, now=NOW
        )


def codes(refusal: pytest.ExceptionInfo[NotReady] | pytest.ExceptionInfo[NotBookable]) -> set[str]:
    return {blocker.code for blocker in refusal.value.blockers}


@pytest.mark.parametrize("days", [-1, 1])
def test_a_session_starts_on_its_own_day_only(clinic: Clinic, booked: Booking, days: int) -> None:
    settle(clinic, booked.pk)
    with pytest.raises(NotReady) as refusal:
        lifecycle.arrive(booked.pk, actor=clinic.kim, now=START + timedelta(days=days))
    assert codes(refusal) == {"not_its_day"}
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    with pytest.raises(NotReady) as refusal:
        lifecycle.start(booked.pk, actor=clinic.ana.user, now=START + timedelta(days=days))
    assert "not_its_day" in codes(refusal)


def test_a_session_near_midnight_may_start_after_it(clinic: Clinic, booked: Booking) -> None:
    late = at("2026-12-01 23:00")
    Booking.objects.filter(pk=booked.pk).update(starts_at=late, ends_at=late + HOUR)
    assert lifecycle.arrive(booked.pk, actor=clinic.kim, now=late + 2 * HOUR)


def test_a_session_that_has_begun_can_not_be_undone(clinic: Clinic, booked: Booking) -> None:
    settle(clinic, booked.pk)
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    lifecycle.start(booked.pk, actor=clinic.ana.user, now=START)
    with pytest.raises(NotPossibleNow):
        lifecycle.cancel(booked.pk, party="clinic", reason="felt sick", actor=clinic.kim, now=START)


def test_a_hold_is_not_confirmed_when_the_gate_has_closed(clinic: Clinic) -> None:
    clinic.ready_client()
    held = booking.book(request_for(clinic), START, hold_for=HOUR, actor=clinic.kim, now=NOW)
    prescriptions.revoke(Prescription.objects.get().pk, reason="reaction", actor=clinic.ito.user, now=NOW)
    with pytest.raises(NotBookable) as refusal:
        booking.confirm(held.pk, actor=clinic.kim, now=NOW)
    assert codes(refusal) == {"prescription_revoked"}


def test_a_planned_session_that_is_booked_has_no_openings_and_says_so(
    clinic: Clinic, booked: Booking
) -> None:
    request = request_for(clinic)
    window = Span(at("2026-12-07 00:00"), at("2026-12-12 00:00"))
    assert booking.openings(request, window, limit=5, now=NOW) == ()
    assert "already_booked" in {
        each.code for each in booking.blockers(request, window.start + 17 * HOUR, now=NOW)
    }


def test_integration_comes_after_its_dose(clinic: Clinic, booked: Booking) -> None:
    integration = PlannedSession.objects.select_related("plan__protocol").get(
        after_session=booked.planned_session
    )
    request = booking.Request(
        client=clinic.maya,
        appointment_type=clinic.appointment_type("integration"),
        location=clinic.location,
        planned_session=integration,
    )
    assert [each.code for each in booking.blockers(request, at("2026-11-30 09:30"), now=NOW)] == [
        "before_its_dose"
    ]
    same_day = Span(at("2026-12-01 00:00"), at("2026-12-02 00:00"))
    offered = booking.openings(request, same_day, limit=50, now=NOW)
    assert offered
    assert offered[0].start >= booked.ends_at
    assert booking.blockers(request, at("2026-12-02 09:30"), now=NOW) == ()


@pytest.mark.parametrize(
    ("leave", "code"),
    [
        (lambda clinic: type(clinic.maya).objects.update(is_active=False), "client_inactive"),
        (lambda clinic: Location.objects.update(is_active=False), "location_inactive"),
        (lambda clinic: Clinician.objects.update(is_active=False), "therapist_not_licensed"),
    ],
)
def test_nobody_who_has_left_takes_part(clinic: Clinic, booked: Booking, leave, code: str) -> None:
    settle(clinic, booked.pk)
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    leave(clinic)
    with pytest.raises(NotReady) as refusal:
        lifecycle.start(booked.pk, actor=clinic.ada, now=START)
    assert code in codes(refusal)


def test_another_therapist_at_the_same_time_is_no_move(clinic: Clinic, booked: Booking) -> None:
    """On the day itself too: the notice is for new times."""
    changed = moves.reschedule(
        booked.pk, START, therapist_id=clinic.ben.pk, actor=clinic.kim, now=START - 2 * HOUR
    )
    assert (changed.therapist_id, changed.version, changed.moved_at) == (clinic.ben.pk, 1, None)
    with pytest.raises(NotBookable) as refusal:
        moves.reschedule(booked.pk, START + HOUR, actor=clinic.kim, now=START - 2 * HOUR)
    assert "too_soon" in codes(refusal)


def test_what_ends_by_the_day_of_the_start_counts_for_that_day(clinic: Clinic, booked: Booking) -> None:
    """The gate is asked about today at the door, not about the day it was booked for."""
    settle(clinic, booked.pk)
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    Prescription.objects.update(valid_through_on=date(2026, 11, 30))
    with pytest.raises(NotReady) as refusal:
        lifecycle.start(booked.pk, actor=clinic.ana.user, now=START)
    assert codes(refusal) == {"prescription_expired"}


def test_no_dose_is_booked_without_a_plan(clinic: Clinic) -> None:
    clinic.ready_client()
    request = booking.Request(clinic.maya, clinic.appointment_type(), clinic.location)
    with pytest.raises(NotBookable) as refusal:
        booking.book(request, START, actor=clinic.kim, now=NOW)
    assert codes(refusal) == {"plan_not_active"}
