"""Each check finds what it is for. The constraints that would refuse such rows are dropped first."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from notifications import invariants as of_messages
from notifications.models import Message, Reminder
from practice import present
from scheduling import booking, lifecycle
from scheduling import invariants as of_bookings
from scheduling.booking import Request
from scheduling.models import Booking, Occupancy
from tests.cast import NOW, Clinic, at
from treatment_plans.models import PlannedSession, Prescription

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
LATER = NOW + timedelta(hours=1)
ALL = (*of_bookings.CHECKS, *of_messages.CHECKS)


@pytest.fixture
def booked(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Booking:
    monkeypatch.setattr(present, "now", lambda: LATER)
    clinic.ready_client()
    request = Request(
        client=clinic.maya,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(clinic.maya),
    )
    made = booking.book(request, START, actor=clinic.kim, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return made


def drop(table: str, *constraints: str) -> None:
    """Without the guard, as after a restore that went wrong. The test's transaction brings it back."""
    with connection.cursor() as cursor:
        for name in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def found() -> dict[str, list[int]]:
    return {check.name: ids for check in ALL if (ids := check.find(LATER))}


def again(row: Occupancy) -> Occupancy:
    row.pk = None
    row.save(force_insert=True)
    return row


def test_a_practice_in_order_has_no_finding(booked: Booking) -> None:
    assert found() == {}


def test_checks_have_names_of_their_own() -> None:
    assert len({check.name for check in ALL}) == len(ALL)


@pytest.mark.parametrize(
    ("constraint", "takes", "name"),
    [
        ("scheduling_clinician_no_overlap", {"clinician__isnull": False}, "clinician_overlap"),
        ("scheduling_room_no_overlap", {"room__isnull": False}, "room_overlap"),
        ("scheduling_client_no_overlap", {"client__isnull": False}, "client_overlap"),
    ],
)
def test_it_finds_what_is_taken_twice(
    booked: Booking, constraint: str, takes: dict[str, bool], name: str
) -> None:
    drop("scheduling_occupancy", constraint)
    row = Occupancy.objects.filter(**takes).first()
    assert row is not None
    second = again(row)
    assert found() == {name: [second.pk]}


def test_one_place_of_a_room_is_not_another(booked: Booking) -> None:
    row = Occupancy.objects.get(room__isnull=False)
    Occupancy.objects.create(booking=booked, room=row.room, room_place=2, occupies=row.occupies)
    assert found() == {}


def lose_the_client(booked: Booking) -> None:
    Occupancy.objects.filter(client__isnull=False).delete()


def lose_the_room(booked: Booking) -> None:
    Occupancy.objects.filter(room__isnull=False).delete()


def lose_the_psychiatrist(booked: Booking) -> None:
    Occupancy.objects.filter(clinician=booked.psychiatrist).delete()


def move_without_occupancy(booked: Booking) -> None:
    hour = timedelta(hours=1)
    Booking.objects.filter(pk=booked.pk).update(
        starts_at=booked.starts_at + hour, ends_at=booked.ends_at + hour, starts_local="10:30"
    )


def end_without_freeing(booked: Booking) -> None:
    Booking.objects.filter(pk=booked.pk).update(status="cancelled", cancelled_at=NOW, touched_at=LATER)


def complete_by_hand(booked: Booking) -> None:
    Occupancy.objects.all().delete()
    PlannedSession.objects.filter(pk=booked.planned_session_id).update(completed_at=NOW)
    Booking.objects.filter(pk=booked.pk).update(status="completed", completed_at=NOW, touched_at=LATER)


def forget_the_session(booked: Booking) -> None:
    Occupancy.objects.all().delete()
    Booking.objects.filter(pk=booked.pk).update(
        status="completed", arrived_at=NOW, started_at=NOW, completed_at=NOW, touched_at=LATER
    )


def lose_the_prescription(booked: Booking) -> None:
    Prescription.objects.all().delete()


def change_the_zone(booked: Booking) -> None:
    Booking.objects.filter(pk=booked.pk).update(time_zone="America/Denver")


def lose_the_reminders(booked: Booking) -> None:
    Reminder.objects.all().delete()


def lose_one_reminder(booked: Booking) -> None:
    Reminder.objects.filter(kind="fasting", channel="email").delete()


def leave_the_reminders_behind(booked: Booking) -> None:
    Booking.objects.filter(pk=booked.pk).update(version=2, touched_at=LATER)


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        (lose_the_client, {"live_without_client"}),
        (lose_the_room, {"live_without_people_or_room"}),
        (lose_the_psychiatrist, {"live_without_people_or_room"}),
        (move_without_occupancy, {"live_without_client"}),
        (end_without_freeing, {"occupancy_without_live_booking"}),
        (complete_by_hand, {"status_without_its_time"}),
        (forget_the_session, {"completed_but_still_planned"}),
        (lose_the_prescription, {"more_doses_than_prescribed"}),
        (change_the_zone, {"wall_time_differs"}),
        (lose_the_reminders, {"reminder_missing"}),
        (lose_one_reminder, {"reminder_missing"}),
        (leave_the_reminders_behind, {"reminder_for_another_time"}),
    ],
)
def test_it_finds_the_harm_and_nothing_else(
    booked: Booking, harm: Callable[[Booking], None], names: set[str]
) -> None:
    harm(booked)
    assert set(found()) == names


def test_it_finds_two_bookings_for_one_session(booked: Booking) -> None:
    with connection.cursor() as cursor:
        cursor.execute('DROP INDEX "scheduling_one_booking_per_planned_session"')
    fields = {field.attname: getattr(booked, field.attname) for field in Booking._meta.concrete_fields}
    second = Booking(
        **{**fields, "id": None, "status": "completed", "completed_at": NOW, "touched_at": LATER}
    )
    second.arrived_at = second.started_at = NOW
    second.save(force_insert=True)
    PlannedSession.objects.filter(pk=booked.planned_session_id).update(completed_at=NOW)
    assert found() == {"two_bookings_for_a_session": [second.pk]}


def sent(booked: Booking, *, accepted: int) -> Reminder:
    reminder = Reminder.objects.create(
        booking=booked,
        booking_version=booked.version,
        client=booked.client,
        kind=Reminder.Kind.MOVED,
        channel="sms",
        due_at=NOW,
        next_attempt_at=NOW,
        expires_at=LATER,
        state=Reminder.State.SENT,
        created_at=NOW,
        sent_at=NOW,
    )
    for _each in range(accepted):
        Message.objects.create(
            reminder=reminder,
            token=uuid4(),
            recipient="+14155550101",
            body="Hello",
            started_at=NOW,
            ended_at=NOW,
            outcome=Message.Outcome.ACCEPTED,
        )
    return reminder


@pytest.mark.parametrize(
    ("accepted", "names"), [(0, {"sent_without_a_message"}), (1, set()), (2, {"accepted_twice"})]
)
def test_a_message_is_taken_exactly_once(booked: Booking, accepted: int, names: set[str]) -> None:
    reminder = sent(booked, accepted=accepted)
    assert found() == {name: [reminder.pk] for name in names}


def test_the_command_says_what_it_found_and_fails(booked: Booking) -> None:
    out = StringIO()
    call_command("check_invariants", stdout=out)
    assert out.getvalue().count("      0  ") == len(ALL)
    change_the_zone(booked)
    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants", stdout=(out := StringIO()), no_color=True)
    assert ended.value.code == 1
    assert "      1  wall_time_differs: a booking's time" in out.getvalue()
    assert f"(scheduling.booking {booked.pk})" in out.getvalue()
    with pytest.raises(SystemExit):
        call_command("check_invariants", "--json", stdout=(out := StringIO()))
    assert json.loads(out.getvalue())["wall_time_differs"] == {"count": 1, "ids": [booked.pk]}


def test_a_session_that_is_over_leaves_nothing(booked: Booking, clinic: Clinic) -> None:
    lifecycle.cancel(booked.pk, party="client", reason="a cold", actor=clinic.kim, now=LATER)
    assert found() == {}
