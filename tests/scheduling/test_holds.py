from __future__ import annotations

from datetime import timedelta

import pytest

from scheduling import booking, sweeps
from scheduling.errors import AlreadyBooked, HoldOver, NotBookable
from scheduling.models import Booking, Occupancy
from tests.cast import NOW, Clinic, at
from tests.scheduling.test_booking import request_for

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
HOLD = timedelta(minutes=10)
LATER = NOW + timedelta(minutes=10)  # the first instant at which the hold is over


@pytest.fixture
def held(clinic: Clinic) -> Booking:
    clinic.ready_client()
    return booking.book(request_for(clinic), START, hold_for=HOLD, actor=clinic.kim, now=NOW)


def test_a_held_time_is_taken(clinic: Clinic, held: Booking) -> None:
    ivy = clinic.ready_client("Ivy Kahn")
    with pytest.raises(NotBookable):
        booking.book(request_for(clinic, ivy, therapist_id=clinic.ana.pk), START, actor=clinic.kim, now=NOW)


def test_it_becomes_a_booking_in_one_step(clinic: Clinic, held: Booking) -> None:
    confirmed = booking.confirm(held.pk, actor=clinic.kim, now=LATER - timedelta(seconds=1))
    assert (confirmed.status, confirmed.booked_at) == (Booking.Status.BOOKED, LATER - timedelta(seconds=1))
    assert sweeps.expire_holds(now=LATER) == 0


def test_once_over_it_can_not_be_confirmed_and_the_nearest_openings_are_named(
    clinic: Clinic, held: Booking
) -> None:
    with pytest.raises(HoldOver) as over:
        booking.confirm(held.pk, actor=clinic.kim, now=LATER)
    assert over.value.status == 410
    assert over.value.alternatives[0] == {"starts_at": "2026-12-01T09:30:00-08:00"}


def test_once_over_it_stands_in_nobodys_way_although_nothing_swept_it(clinic: Clinic, held: Booking) -> None:
    ivy = clinic.ready_client("Ivy Kahn")
    booked = booking.book(
        request_for(clinic, ivy, therapist_id=clinic.ana.pk), START, actor=clinic.kim, now=LATER
    )
    held.refresh_from_db()
    assert (held.status, booked.status) == (Booking.Status.EXPIRED, Booking.Status.BOOKED)


def test_the_same_planned_session_can_be_held_again_only_once_it_is_over(
    clinic: Clinic, held: Booking
) -> None:
    again = at("2026-12-02 09:30")
    with pytest.raises((AlreadyBooked, NotBookable)):
        booking.book(request_for(clinic), again, hold_for=HOLD, actor=clinic.kim, now=NOW)
    assert booking.book(request_for(clinic), again, hold_for=HOLD, actor=clinic.kim, now=LATER)


def test_the_sweep_frees_it(clinic: Clinic, held: Booking) -> None:
    assert sweeps.expire_holds(now=LATER - timedelta(seconds=1)) == 0
    assert sweeps.expire_holds(now=LATER) == 1
    assert Occupancy.objects.count() == 0


def test_a_client_may_have_two_times_held(clinic: Clinic) -> None:
    clinic.ready_client(doses=3)
    for number, day in ((1, "01"), (2, "03")):
        start = at(f"2026-12-{day} 09:30")
        booking.book(request_for(clinic, number=number), start, hold_for=HOLD, actor=clinic.kim, now=NOW)
    with pytest.raises(NotBookable) as refusal:
        booking.book(
            request_for(clinic, number=3), at("2026-12-07 09:30"), hold_for=HOLD, actor=clinic.kim, now=NOW
        )
    assert [blocker.code for blocker in refusal.value.blockers] == ["too_many_holds_for_client"]
    assert Booking.objects.count() == 2
