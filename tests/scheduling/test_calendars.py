"""What the rules of a practice make of the openings: extra hours, holidays, limits, peaks."""

from __future__ import annotations

from datetime import date, time

import pytest

from practice.models import ExtraHours, Holiday, Room
from scheduling import booking
from scheduling.engine.types import Span
from scheduling.models import Phase
from tests.cast import NOW, Clinic, at
from tests.scheduling.test_booking import request_for

pytestmark = pytest.mark.django_db

TUESDAY = Span(at("2026-12-01 00:00"), at("2026-12-02 00:00"))
SATURDAY = Span(at("2026-12-05 00:00"), at("2026-12-06 00:00"))


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    clinic.ready_client()
    return clinic


def starts(clinic: Clinic, window: Span) -> list[str]:
    found = booking.openings(request_for(clinic), window, limit=100, now=NOW)
    return [opening.start.astimezone(at("2026-12-01 00:00").tzinfo).isoformat()[11:16] for opening in found]


def test_extra_hours_open_a_saturday(ready: Clinic) -> None:
    assert starts(ready, SATURDAY) == []
    for clinician in (ready.ana, ready.ito):
        ExtraHours.objects.create(
            clinician=clinician,
            location=ready.location,
            on=date(2026, 12, 5),
            starts_local=time(9),
            ends_local=time(12),
        )
    assert starts(ready, SATURDAY) == ["17:00", "17:30"]  # 9:00 and 9:30 in Los Angeles


def test_a_holiday_closes_the_whole_day(ready: Clinic) -> None:
    assert starts(ready, TUESDAY)
    Holiday.objects.create(location=ready.location, on=date(2026, 12, 1), name="Founders' day")
    assert starts(ready, TUESDAY) == []
    against = booking.blockers(request_for(ready), at("2026-12-01 09:30"), now=NOW)
    assert {blocker.code for blocker in against} == {"away"}


@pytest.mark.parametrize(
    ("limit", "minutes", "is_offered"),
    [
        ("most_minutes_per_day", 300, True),  # two doses of 150 minutes fit exactly
        ("most_minutes_per_day", 299, False),
        ("most_minutes_per_week", 300, True),
        ("most_minutes_per_week", 299, False),
    ],
)
def test_a_clinician_is_not_booked_beyond_a_limit(
    ready: Clinic, limit: str, minutes: int, is_offered: bool
) -> None:
    booking.book(request_for(ready), at("2026-12-01 08:00"), actor=ready.kim, now=NOW)
    setattr(ready.ana, limit, minutes)
    ready.ana.save()
    ivy = ready.ready_client("Ivy Kahn")
    against = booking.blockers(
        request_for(ready, ivy, therapist_id=ready.ana.pk), at("2026-12-01 13:00"), now=NOW
    )
    assert [blocker.code for blocker in against] == ([] if is_offered else ["limit_reached"])


def test_a_limit_per_week_counts_from_monday_to_sunday(ready: Clinic) -> None:
    booking.book(request_for(ready), at("2026-12-04 09:00"), actor=ready.kim, now=NOW)
    ready.ana.most_minutes_per_week = 200
    ready.ana.save()
    ivy = ready.ready_client("Ivy Kahn")
    request = request_for(ready, ivy, therapist_id=ready.ana.pk)
    assert booking.blockers(request, at("2026-11-30 09:00"), now=NOW)  # Monday of the same week
    assert booking.blockers(request, at("2026-12-07 09:00"), now=NOW) == ()


def test_only_so_many_clients_are_in_onset_at_once(ready: Clinic) -> None:
    """A peak is a place that the onset of a session takes: with one place, onsets do not overlap."""
    Room.objects.create(location=ready.location, name="Room 3", kind=Room.Kind.DOSING)
    Room.objects.create(location=ready.location, name="Onset", kind=Room.Kind.ONSET, capacity=1)
    Phase.objects.create(
        appointment_type=ready.appointment_type(), room_kind=Room.Kind.ONSET, from_minutes=0, until_minutes=60
    )
    booked = booking.book(request_for(ready), at("2026-12-01 09:00"), actor=ready.kim, now=NOW)
    assert booked.room == ready.dosing_room
    ivy = ready.ready_client("Ivy Kahn")
    request = request_for(ready, ivy, therapist_id=ready.ben.pk)
    against = booking.blockers(request, at("2026-12-01 09:30"), now=NOW)
    assert [(blocker.code, blocker.params["who"]) for blocker in against] == [("busy", "Onset")]
    assert booking.blockers(request, at("2026-12-01 10:00"), now=NOW) == ()
