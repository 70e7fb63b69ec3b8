from __future__ import annotations

from datetime import date

import pytest

from practice.models import Activity
from scheduling import booking, lifecycle, moves, readiness
from scheduling.booking import Request
from scheduling.errors import NotBookable, NotReady
from scheduling.models import Booking, Occupancy
from tests.cast import NOW, Clinic, at
from treatment_plans.models import Clearance, FollowUp, Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")


def request_for(clinic: Clinic, client=None, *, number: int = 1, **choice) -> Request:
    client = client or clinic.maya
    return Request(
        client=client,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(client, number),
        **choice,
    )


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    clinic.ready_client()
    return clinic


def test_it_books_a_dosing_session_with_its_people_and_its_room(ready: Clinic) -> None:
    booked = booking.book(request_for(ready), START, actor=ready.kim, now=NOW)
    assert (booked.status, booked.therapist, booked.psychiatrist, booked.room) == (
        Booking.Status.BOOKED,
        ready.ana,
        ready.ito,
        ready.dosing_room,
    )
    assert (str(booked.starts_on), str(booked.starts_local), booked.time_zone) == (
        "2026-12-01",
        "09:30:00",
        "America/Los_Angeles",
    )
    spans = {
        (row.clinician_id, row.room_id, row.client_id, row.occupies.lower, row.occupies.upper)
        for row in Occupancy.objects.all()
    }
    assert spans == {
        (ready.ana.pk, None, None, START, at("2026-12-01 12:00")),
        (ready.ito.pk, None, None, START, at("2026-12-01 09:45")),
        (ready.ito.pk, None, None, at("2026-12-01 11:50"), at("2026-12-01 12:00")),
        (None, ready.dosing_room.pk, None, at("2026-12-01 09:15"), at("2026-12-01 12:15")),
        (None, None, ready.maya.pk, START, at("2026-12-01 12:00")),
    }
    assert Activity.objects.filter(action="booking.booked", actor=ready.kim, client=ready.maya).count() == 1


def test_it_lists_every_reason_against_a_start(clinic: Clinic) -> None:
    clinic.plan(clinic.maya)
    assert clinic.document
    with pytest.raises(NotBookable) as refusal:
        booking.book(request_for(clinic), at("2026-12-05 09:40"), actor=clinic.kim, now=NOW)
    codes = [blocker.code for blocker in refusal.value.blockers]
    assert {
        "off_grid",
        "outside_hours",
        "consent_missing",
        "clearance_missing",
        "prescription_missing",
    } <= set(codes)
    assert Booking.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda clinic: Clearance.objects.update(valid_through_on=date(2026, 11, 30)), "clearance_expired"),
        (
            lambda clinic: Prescription.objects.update(valid_through_on=date(2026, 11, 30)),
            "prescription_expired",
        ),
        (lambda clinic: Prescription.objects.update(route="iv"), "prescription_wrong_route"),
        (lambda clinic: clinic.ito.licences.update(state="NV"), "prescriber_not_licensed"),
    ],
)
def test_it_refuses_what_has_run_out_by_that_day(ready: Clinic, change, code: str) -> None:
    request = request_for(ready)
    assert booking.blockers(request, START, now=NOW) == ()
    change(ready)
    with pytest.raises(NotBookable) as refusal:
        booking.book(request, START, actor=ready.kim, now=NOW)
    assert code in {blocker.code for blocker in refusal.value.blockers}


def test_a_clinician_is_not_booked_twice_and_the_nearest_openings_are_offered(ready: Clinic) -> None:
    booking.book(request_for(ready), START, actor=ready.kim, now=NOW)
    other = ready.ready_client("Ivy Kahn")
    with pytest.raises(NotBookable) as refusal:
        booking.book(request_for(ready, other, therapist_id=ready.ana.pk), START, actor=ready.kim, now=NOW)
    assert {blocker.code for blocker in refusal.value.blockers} == {"busy"}
    assert len(refusal.value.alternatives) == 3


def test_what_openings_offer_is_what_booking_accepts(ready: Clinic) -> None:
    from scheduling.engine.types import Span

    request = request_for(ready)
    offered = booking.openings(
        request, Span(at("2026-12-01 00:00"), at("2026-12-02 00:00")), limit=50, now=NOW
    )
    assert offered[0].start == at("2026-12-01 08:00")  # the therapist's hours; the room is set up before
    for opening in offered:
        assert booking.blockers(request, opening.start, now=NOW) == ()
    assert booking.blockers(request, at("2026-12-01 15:45"), now=NOW)


def test_a_move_keeps_one_booking_and_asks_again(ready: Clinic) -> None:
    booked = booking.book(request_for(ready), START, actor=ready.kim, now=NOW)
    readiness.acknowledge(
        booked.pk, item="ride", answer="confirmed", said_by="client", source="phone", actor=ready.kim, now=NOW
    )
    moved = moves.reschedule(booked.pk, at("2026-12-02 13:00"), actor=ready.kim, now=NOW)
    assert (moved.pk, moved.version, moved.ends_at) == (booked.pk, 2, at("2026-12-02 15:30"))
    lights = readiness.judge([booking.load_booking(moved.pk)], now=NOW)[moved.pk]
    assert "ride" in lights.missing
    assert Occupancy.objects.filter(occupies__contains=START).count() == 0


def test_a_revoked_prescription_keeps_the_booking_but_the_session_does_not_start(ready: Clinic) -> None:
    booked = booking.book(request_for(ready), START, actor=ready.kim, now=NOW)
    prescriptions.revoke(Prescription.objects.get().pk, reason="reaction", actor=ready.ito.user, now=NOW)
    lifecycle.arrive(booked.pk, actor=ready.kim, now=START)
    with pytest.raises(NotReady) as refusal:
        lifecycle.start(booked.pk, actor=ready.ana.user, now=START)
    codes = {blocker.code for blocker in refusal.value.blockers}
    assert {"prescription_revoked", "ride_not_confirmed", "fasting_not_confirmed"} <= codes


def test_a_completed_dose_brings_its_follow_ups_once(ready: Clinic) -> None:
    booked = booking.book(request_for(ready), START, actor=ready.kim, now=NOW)
    for item in ("fasting", "ride", "support_person"):
        readiness.acknowledge(
            booked.pk,
            item=item,
            answer="confirmed",
            said_by="client",
            source="phone",
            actor=ready.kim,
            now=NOW,
        )
    lifecycle.arrive(booked.pk, actor=ready.kim, now=START)
    lifecycle.start(booked.pk, actor=ready.ana.user, now=START)
    ready.discharged(booked, dosed_at=START, left_at=at("2026-12-01 12:00"))
    lifecycle.complete(booked.pk, actor=ready.ana.user, now=at("2026-12-01 12:00"))
    kinds = list(FollowUp.objects.values_list("kind", flat=True))
    assert kinds == ["integration", "check_in", "check_in", "check_in"]
    assert Occupancy.objects.count() == 0
