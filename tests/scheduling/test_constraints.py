"""What the database itself says about occupied time, whatever code asks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from practice.doors import domain_error, door
from scheduling import booking, lifecycle
from scheduling.errors import ClientTaken, ClinicianTaken, RoomTaken
from scheduling.models import Booking, Occupancy
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
END = at("2026-12-01 12:00")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def booked(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    return booking.book(
        booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client)),
        START,
        actor=clinic.kim,
        now=NOW,
    )


def occupy(booked: Booking, start: datetime, end: datetime, bounds: str = "[)", **thing: object) -> None:
    with transaction.atomic():
        Occupancy.objects.create(booking=booked, occupies=DateTimeTZRange(start, end, bounds), **thing)


@pytest.mark.parametrize(
    ("start", "end", "is_free"),
    [
        (START - MINUTE, START, True),  # touching is free on both sides
        (END, END + MINUTE, True),
        (START - MINUTE, START + MINUTE, False),
        (END - MINUTE, END + MINUTE, False),
        (START + MINUTE, END - MINUTE, False),  # inside
        (START - MINUTE, END + MINUTE, False),  # around
        (START, END, False),
    ],
)
@pytest.mark.parametrize("thing", ["clinician", "client"])
def test_spans_may_touch_but_not_overlap(
    booked: Booking, thing: str, start: datetime, end: datetime, is_free: bool
) -> None:
    taken, error = {
        "clinician": (booked.therapist, ClinicianTaken),
        "client": (booked.client, ClientTaken),
    }[thing]
    if is_free:
        occupy(booked, start, end, **{thing: taken})
        return
    with pytest.raises(IntegrityError) as refused:
        occupy(booked, start, end, **{thing: taken})
    assert isinstance(domain_error(refused.value), error)


def test_a_room_is_taken_while_it_is_set_up_and_cleaned(booked: Booking) -> None:
    for start, end in ((START - 15 * MINUTE, START), (END, END + 15 * MINUTE)):
        with pytest.raises(IntegrityError) as refused:
            occupy(booked, start, end, room=booked.room, room_place=1)
        assert isinstance(domain_error(refused.value), RoomTaken)
    occupy(booked, START - 16 * MINUTE, START - 15 * MINUTE, room=booked.room, room_place=1)


def test_another_place_of_the_same_room_is_free(booked: Booking) -> None:
    occupy(booked, START, END, room=booked.room, room_place=2)


@pytest.mark.parametrize("bounds", ["[]", "(]", "()"])
def test_a_span_has_its_start_and_not_its_end(booked: Booking, clinic: Clinic, bounds: str) -> None:
    with pytest.raises(IntegrityError, match="scheduling_occupancy_half_open"):
        occupy(booked, START, END, bounds, clinician=clinic.ben)


@pytest.mark.parametrize("span", ["empty", "[2026-12-01,)", "(,2026-12-01)", "(,)"])
def test_a_span_is_bounded_and_not_empty(booked: Booking, clinic: Clinic, span: str) -> None:
    """An empty span overlaps nothing, so it would slip past the exclusion constraints."""
    with pytest.raises(IntegrityError, match="scheduling_occupancy_half_open"), transaction.atomic():
        Occupancy.objects.create(booking=booked, occupies=span, clinician=clinic.ben)


@pytest.mark.parametrize("things", [(), ("clinician", "client"), ("room",), ("room_place",)])
def test_a_row_takes_exactly_one_thing(booked: Booking, clinic: Clinic, things: tuple[str, ...]) -> None:
    all_things = {
        "clinician": clinic.ben,
        "client": booked.client,
        "room": clinic.therapy_room,
        "room_place": 1,
    }
    with pytest.raises(IntegrityError, match="scheduling_occupancy_takes_one_thing"):
        occupy(booked, END, END + MINUTE, **{thing: all_things[thing] for thing in things})


def test_a_cancelled_booking_occupies_nothing(booked: Booking, clinic: Clinic) -> None:
    lifecycle.cancel(booked.pk, party="client", reason="ill", actor=clinic.kim, now=NOW)
    assert Occupancy.objects.count() == 0
    other = clinic.ready_client("Ivy Kahn")
    request = booking.Request(other, clinic.appointment_type(), clinic.location, clinic.dose(other))
    assert booking.book(request, START, actor=clinic.kim, now=NOW).therapist == booked.therapist


def test_a_violation_that_nobody_named_is_not_mistaken_for_a_taken_time(booked: Booking) -> None:
    @door
    def break_something(*, now: datetime) -> None:
        Booking.objects.filter(pk=booked.pk).update(ends_at=START)

    with pytest.raises(IntegrityError, match="scheduling_booking_order"):
        break_something.__wrapped__(now=NOW)  # type: ignore[attr-defined]
