"""From rows to openings: what each kind of row gives or takes away, and that many cost no more than one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from practice.models import Clinician, Closure, Licence, Location, Room, TimeOff, WorkingHours
from scheduling import availability, booking
from scheduling.availability import Wish
from scheduling.engine.types import Span
from scheduling.models import AppointmentType, Booking
from tests.cast import NOW, ZONE, Clinic, at, make_client, make_clinician

pytestmark = pytest.mark.django_db

DAY = Span(at("2026-12-01 00:00"), at("2026-12-02 00:00"))  # a Tuesday
HOURS = [f"{hour:02}:{minute}" for hour in range(8, 17) for minute in ("00", "30")]
FREE = [*HOURS, "17:00"]  # 45 minutes and ten for the notes, until 18:00
MORNING, AFTERNOON = (
    [start for start in FREE if start < "12:00"],
    [start for start in FREE if start >= "12:00"],
)


@pytest.fixture
def consult(clinic: Clinic) -> Wish:
    """45 minutes with Ana in the therapy room; her hours are 8 to 18."""
    return Wish(clinic.appointment_type("consult"), clinic.location, clinic.maya, therapist_id=clinic.ana.pk)


def starts(wish: Wish, window: Span = DAY, *, now: datetime = NOW) -> list[str]:
    found = availability.find(wish, window, limit=200, now=now)
    return [opening.start.astimezone(ZoneInfo(ZONE)).strftime("%H:%M") for opening in found]


def time_off(start: str, end: str) -> Callable[[Clinic], Any]:
    return lambda clinic: TimeOff.objects.create(clinician=clinic.ana, starts_at=at(start), ends_at=at(end))


def closure(start: str, end: str) -> Callable[[Clinic], Any]:
    return lambda clinic: Closure.objects.create(
        location=clinic.location, starts_at=at(start), ends_at=at(end)
    )


def hours(**changes: Any) -> Callable[[Clinic], Any]:
    return lambda clinic: WorkingHours.objects.filter(clinician=clinic.ana, weekday=1).update(**changes)


def licence(**changes: Any) -> Callable[[Clinic], Any]:
    return lambda clinic: Licence.objects.filter(clinician=clinic.ana).update(**changes)


CASES: list[tuple[str, Callable[[Clinic], Any], list[str]]] = [
    ("nothing", lambda clinic: None, FREE),
    (
        "an afternoon off",
        time_off("2026-12-01 12:00", "2026-12-01 18:00"),
        [s for s in MORNING if s < "11:30"],
    ),
    ("a vacation around it", time_off("2026-11-20 00:00", "2026-12-24 00:00"), []),
    ("time off until midnight before", time_off("2026-11-30 00:00", "2026-12-01 00:00"), FREE),
    ("a closed morning", closure("2026-12-01 00:00", "2026-12-01 12:00"), AFTERNOON),
    ("a closed other day", closure("2026-12-02 00:00", "2026-12-03 00:00"), FREE),
    ("shorter hours", hours(ends_local=time(12)), MORNING[:-1]),
    ("hours that begin tomorrow", hours(effective_from_on=date(2026, 12, 2)), []),
    ("hours that begin today", hours(effective_from_on=date(2026, 12, 1)), FREE),
    ("hours that ended yesterday", hours(effective_until_on=date(2026, 12, 1)), []),
    ("hours that end today", hours(effective_until_on=date(2026, 12, 2)), FREE),
    ("a licence for elsewhere", licence(state="NV"), []),
    ("a licence that ended yesterday", licence(valid_through_on=date(2026, 11, 30)), []),
    ("a licence's last day", licence(valid_through_on=date(2026, 12, 1)), FREE),
    ("a licence's first day", licence(valid_from_on=date(2026, 12, 1)), FREE),
    ("a room out of use", lambda c: Room.objects.filter(kind="therapy").update(is_active=False), []),
    ("who has left", lambda c: Clinician.objects.filter(pk=c.ana.pk).update(is_active=False), []),
]


@pytest.mark.parametrize(
    ("change", "expected"), [case[1:] for case in CASES], ids=[name for name, *_ in CASES]
)
def test_what_each_row_does_to_a_day(
    clinic: Clinic, consult: Wish, change: Callable[[Clinic], Any], expected: list[str]
) -> None:
    change(clinic)
    assert starts(consult) == expected


def test_another_locations_hours_do_not_count(clinic: Clinic, consult: Wish) -> None:
    elsewhere = Location.objects.create(
        name="Uptown", display_name="Uptown", time_zone=ZONE, state="CA", phone="+15555550101"
    )
    Room.objects.create(location=elsewhere, name="Room", kind=Room.Kind.THERAPY)
    assert starts(replace(consult, location=elsewhere)) == []
    WorkingHours.objects.filter(clinician=clinic.ana).update(location=elsewhere)
    assert (starts(consult), starts(replace(consult, location=elsewhere))) == ([], FREE)


def test_a_remote_session_needs_a_licence_where_the_client_is(clinic: Clinic) -> None:
    review = Wish(clinic.appointment_type("review"), clinic.location, clinic.maya)
    assert starts(review)
    clinic.maya.state = "NY"
    assert starts(review) == []
    licence = Licence.objects.get(clinician=clinic.ito)
    licence.pk, licence.state = None, "NY"
    licence.save()
    assert starts(review)


def test_what_is_booked_is_gone_for_all_whom_it_takes(clinic: Clinic, consult: Wish) -> None:
    """For the therapist with ten minutes for her notes, for the room and the client without."""
    request = booking.Request(
        clinic.maya, consult.appointment_type, clinic.location, therapist_id=clinic.ana.pk
    )
    booked = booking.book(request, at("2026-12-01 10:00"), actor=clinic.kim, now=NOW)
    around = [start for start in FREE if start not in ("09:30", "10:00", "10:30")]
    other = make_client("Ivy Kahn", clinic.location)
    assert starts(replace(consult, client=other)) == around
    assert starts(replace(consult, client=other, therapist_id=clinic.ben.pk)) == around  # there is one room
    Room.objects.create(location=clinic.location, name="Room 3", kind=Room.Kind.THERAPY)
    assert starts(replace(consult, client=other, therapist_id=clinic.ben.pk)) == FREE
    assert starts(replace(consult, therapist_id=clinic.ben.pk)) == around  # the client is with Ana
    assert starts(replace(consult, moving_booking_id=booked.pk)) == FREE


def test_a_room_for_three_is_full_with_three(clinic: Clinic, consult: Wish) -> None:
    Room.objects.filter(kind="therapy").update(capacity=3)
    taken = []
    for number in range(4):
        therapist = make_clinician(f"Therapist {number}", "therapist", clinic.location)
        client = make_client(f"Client {number}", clinic.location)
        wish = replace(consult, client=client, therapist_id=therapist.pk)
        assert ("10:00" in starts(wish)) is (number < 3)
        if number < 3:
            request = booking.Request(
                client, wish.appointment_type, clinic.location, therapist_id=therapist.pk
            )
            booked = booking.book(request, at("2026-12-01 10:00"), actor=clinic.kim, now=NOW)
            taken.append(booked.room_place)
    assert taken == [1, 2, 3]


def test_a_hold_that_is_over_is_free_before_anybody_sweeps(clinic: Clinic, consult: Wish) -> None:
    request = booking.Request(
        clinic.maya, consult.appointment_type, clinic.location, therapist_id=clinic.ana.pk
    )
    booking.book(request, at("2026-12-01 10:00"), hold_for=timedelta(minutes=5), actor=clinic.kim, now=NOW)
    other = replace(consult, client=make_client("Ivy Kahn", clinic.location))
    assert "10:00" not in starts(other, now=NOW + timedelta(minutes=4))
    assert "10:00" in starts(other, now=NOW + timedelta(minutes=5))
    assert Booking.objects.get().status == Booking.Status.HELD


def test_notice_and_horizon_count_from_now(clinic: Clinic, consult: Wish) -> None:
    assert starts(consult, now=at("2026-12-01 09:59"))[0] == "12:00"  # two hours' notice
    AppointmentType.objects.filter(pk=consult.appointment_type.pk).update(horizon_days=8)
    wish = replace(consult, appointment_type=AppointmentType.objects.get(code="consult"))
    assert starts(wish)[-1] == "09:30"  # now is 10:00, eight days before
    assert starts(wish, now=NOW - timedelta(days=1)) == []


def test_any_clinician_means_any_and_the_plans_come_first(clinic: Clinic) -> None:
    client = clinic.ready_client()
    plan = clinic.dose(client).plan
    plan.therapist = clinic.ben
    plan.save()
    wish = Wish(clinic.appointment_type(), clinic.location, client, plan=plan)
    (opening, *_) = availability.find(wish, DAY, limit=5, now=NOW)
    assert opening.chosen["therapist"].id == clinic.ben.pk
    TimeOff.objects.create(clinician=clinic.ben, starts_at=DAY.start, ends_at=DAY.end)
    (opening, *_) = availability.find(wish, DAY, limit=5, now=NOW)
    assert opening.chosen["therapist"].id == clinic.ana.pk


@pytest.mark.parametrize(
    ("day", "count"),
    [("2027-03-14", 45), ("2027-11-07", 49), ("2026-12-01", 47)],
    ids=["23 h", "25 h", "24 h"],
)
def test_around_the_clock_there_are_as_many_starts_as_the_day_has_half_hours(
    clinic: Clinic, consult: Wish, day: str, count: int
) -> None:
    """The last one would not end before midnight."""
    tz = ZoneInfo(ZONE)
    midnight = datetime.fromisoformat(day).replace(tzinfo=tz)
    WorkingHours.objects.filter(clinician=clinic.ana).update(
        weekday=midnight.weekday(), starts_local=time(0), ends_local=time(0)
    )
    AppointmentType.objects.filter(code="consult").update(horizon_days=400)
    wish = replace(consult, appointment_type=AppointmentType.objects.get(code="consult"))
    end = datetime.combine(midnight.date() + timedelta(days=1), time(0), tz)
    assert len(starts(wish, Span(midnight, end))) == count


def queries(wish: Wish, window: Span) -> int:
    with CaptureQueriesContext(connection) as captured:
        availability.find(wish, window, limit=10_000, now=NOW)
    return len(captured)


def test_the_number_of_queries_does_not_grow(clinic: Clinic, consult: Wish) -> None:
    anyone = replace(consult, therapist_id=None)
    few = queries(anyone, DAY)
    for number in range(12):
        make_clinician(f"Therapist {number}", "therapist", clinic.location)
        Room.objects.create(location=clinic.location, name=f"Talk {number}", kind=Room.Kind.THERAPY)
        request = booking.Request(
            make_client(f"Client {number}", clinic.location), consult.appointment_type, clinic.location
        )
        booking.book(request, at("2026-12-01 10:00"), actor=clinic.kim, now=NOW)
    assert queries(anyone, Span(DAY.start, DAY.start + timedelta(days=60))) == few <= 4
