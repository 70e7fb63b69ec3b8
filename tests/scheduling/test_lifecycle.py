"""The one table of transitions: what it has works, everything else is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from practice.errors import Invalid, NotAllowed, OutOfScope
from practice.models import Activity
from scheduling import booking, lifecycle, moves, readiness
from scheduling.errors import NotPossibleNow
from scheduling.lifecycle import STAMPS, TRANSITIONS
from scheduling.models import Acknowledgement, Booking, Occupancy
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db

Status = Booking.Status
START = at("2026-12-01 09:30")
MINUTE = timedelta(minutes=1)
END_STAMPS = ("completed_at", "cancelled_at", "no_show_at", "expired_at")


@pytest.fixture
def booked(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    made = booking.book(
        booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client)),
        START,
        actor=clinic.kim,
        now=NOW,
    )
    for item in ("fasting", "ride", "support_person"):
        say(made, item, clinic)
    return made


def say(booked: Booking, item: str, clinic: Clinic, **changes: object) -> Acknowledgement:
    said: dict[str, object] = {
        "answer": "confirmed",
        "said_by": "client",
        "source": "phone",
        "actor": clinic.kim,
        "now": NOW,
    }
    return readiness.acknowledge(booked.pk, item=item, **(said | changes))  # type: ignore[arg-type]


def put(booked: Booking, status: str) -> None:
    """Set a status past the table, with what the constraints want of it."""
    ends = dict.fromkeys(END_STAMPS) | ({STAMPS[status]: START} if STAMPS.get(status) in END_STAMPS else {})
    Booking.objects.filter(pk=booked.pk).update(status=status, held_until=START, **ends)


DOORS: dict[str, Callable[[Booking, Clinic, datetime], Booking]] = {
    Status.ARRIVED: lambda b, c, now: lifecycle.arrive(b.pk, actor=c.kim, now=now),
    Status.IN_SESSION: lambda b, c, now: lifecycle.start(b.pk, actor=c.ana.user, now=now),
    Status.COMPLETED: lambda b, c, now: lifecycle.complete(b.pk, actor=c.ana.user, now=now),
    Status.CANCELLED: lambda b, c, now: lifecycle.cancel(
        b.pk, party="clinic", reason="ill", actor=c.kim, now=now
    ),
    Status.NO_SHOW: lambda b, c, now: lifecycle.mark_no_show(b.pk, actor=c.kim, now=now),
}
# By the docs, written out: a table compared with itself would prove nothing.
ALLOWED = {
    ("held", "booked"), ("held", "expired"), ("held", "cancelled"),
    ("booked", "arrived"), ("booked", "cancelled"), ("booked", "no_show"),
    ("arrived", "in_session"), ("arrived", "cancelled"), ("arrived", "no_show"),
    ("in_session", "completed"), ("in_session", "cancelled"),
}  # fmt: skip

# `session_room.end_without_dose` walks it, which knows that no dose was given.
OF_THE_SESSION_ROOM = {("in_session", "cancelled")}


def test_the_table_is_the_documented_one() -> None:
    assert {(before, after) for before, afters in TRANSITIONS.items() for after in afters} == ALLOWED
    assert set(TRANSITIONS) == set(Status.values)
    assert {status for status, afters in TRANSITIONS.items() if not afters} == set(Booking.FINAL)


def test_the_full_square_of_steps(booked: Booking, clinic: Clinic) -> None:
    """Every status to every status: the table's steps work, the others raise and write nothing."""
    wrong = []
    for before in Status.values:
        for after in Status.values:
            with transaction.atomic():
                put(booked, before)
                row = lifecycle.lock(booked.pk)
                events = Activity.objects.count()
                try:
                    lifecycle.move_to(row, after, actor=clinic.kim, now=START)
                    outcome = True
                except NotPossibleNow:
                    outcome = False
                stored = Booking.objects.get(pk=booked.pk)
                as_told = stored.status == (after if outcome else before)
                on_record = Activity.objects.count() - events == outcome
                stamped = not outcome or getattr(stored, STAMPS[after]) == START
                freed = Occupancy.objects.exists() == (not outcome or after in Booking.LIVE)
                if outcome != ((before, after) in ALLOWED) or not (
                    as_told and on_record and stamped and freed
                ):
                    wrong.append((before, after, outcome, as_told, on_record, stamped, freed))
                transaction.set_rollback(True)
    assert wrong == []


def test_every_door_keeps_to_the_table(booked: Booking, clinic: Clinic) -> None:
    clinic.discharged(booked, dosed_at=START, left_at=START)
    wrong = []
    for before in Status.values:
        for after, walk in DOORS.items():
            put(booked, before)
            sid = transaction.savepoint()
            try:
                walk(booked, clinic, START)
                outcome = True
            except NotPossibleNow:
                outcome = False
            transaction.savepoint_rollback(sid)
            if outcome != ((before, after) in ALLOWED - OF_THE_SESSION_ROOM):
                wrong.append((before, after, outcome))
    assert wrong == []


def test_a_completed_session_is_completed_in_its_plan_too(booked: Booking, clinic: Clinic) -> None:
    clinic.discharged(booked, dosed_at=START, left_at=START)
    for status in (Status.ARRIVED, Status.IN_SESSION, Status.COMPLETED):
        DOORS[status](booked, clinic, START)
    booked.refresh_from_db()
    assert booked.planned_session is not None
    assert booked.planned_session.completed_at == booked.completed_at == START


def test_cancelling_says_who_and_why_and_frees_the_planned_session(booked: Booking, clinic: Clinic) -> None:
    cancelled = lifecycle.cancel(booked.pk, party="client", reason="  ill ", actor=clinic.kim, now=NOW)
    assert (cancelled.cancelled_by_party, cancelled.cancel_reason, cancelled.cancelled_at) == (
        "client",
        "ill",
        NOW,
    )
    request = booking.Request(
        booked.client, clinic.appointment_type(), clinic.location, clinic.dose(booked.client)
    )
    again = booking.book(request, START, actor=clinic.kim, now=NOW)
    assert (again.pk != booked.pk, again.status) == (True, Status.BOOKED)


@pytest.mark.parametrize("reason", ["", "   "])
def test_cancelling_needs_a_reason(booked: Booking, clinic: Clinic, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        lifecycle.cancel(booked.pk, party="client", reason=reason, actor=clinic.kim, now=NOW)
    assert refusal.value.pointer == "/reason"
    assert Booking.objects.get().status == Status.BOOKED


def test_nobody_is_a_no_show_before_the_start(booked: Booking, clinic: Clinic) -> None:
    with pytest.raises(Invalid) as refusal:
        lifecycle.mark_no_show(booked.pk, actor=clinic.kim, now=START - timedelta(seconds=1))
    assert refusal.value.code == "not_started"
    assert lifecycle.mark_no_show(booked.pk, actor=clinic.kim, now=START).status == Status.NO_SHOW


@pytest.mark.parametrize("walk", DOORS.values(), ids=DOORS)
def test_a_booking_that_is_not_there_is_out_of_scope(
    clinic: Clinic, walk: Callable[[Booking, Clinic, datetime], Booking]
) -> None:
    with pytest.raises(OutOfScope):
        walk(Booking(pk=0), clinic, START)


def test_a_booking_that_is_under_way_is_not_moved(booked: Booking, clinic: Clinic) -> None:
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    with pytest.raises(NotPossibleNow):
        moves.reschedule(booked.pk, at("2026-12-02 09:30"), actor=clinic.kim, now=NOW)
    assert Booking.objects.get().starts_at == START


def test_what_is_over_is_not_confirmed_any_more(booked: Booking, clinic: Clinic) -> None:
    lifecycle.cancel(booked.pk, party="client", reason="ill", actor=clinic.kim, now=NOW)
    with pytest.raises(NotPossibleNow):
        say(booked, "ride", clinic)


def test_an_answer_for_another_time_is_refused(booked: Booking, clinic: Clinic) -> None:
    with pytest.raises(NotPossibleNow) as refusal:
        say(booked, "ride", clinic, for_starts_at=START - timedelta(days=1))
    assert refusal.value.code == "moved_since"


def test_only_a_clinician_overrides_and_only_with_a_reason(booked: Booking, clinic: Clinic) -> None:
    with pytest.raises(NotAllowed):
        say(booked, "ride", clinic, answer="overridden", detail="walks home")
    with pytest.raises(Invalid) as refusal:
        say(booked, "ride", clinic, answer="overridden", actor=clinic.ana.user)
    assert refusal.value.pointer == "/detail"


def test_the_latest_answer_counts(booked: Booking, clinic: Clinic) -> None:
    say(booked, "ride", clinic, answer="problem", detail="cousin is ill", now=NOW + MINUTE)
    judged = readiness.judge([booking.load_booking(booked.pk)], now=NOW)[booked.pk]
    assert judged.missing == ("ride",)
    say(booked, "ride", clinic, now=NOW + 2 * MINUTE)
    judged = readiness.judge([booking.load_booking(booked.pk)], now=NOW)[booked.pk]
    assert judged.missing == ()
