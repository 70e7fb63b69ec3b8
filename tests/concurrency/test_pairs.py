"""Two things at the same moment: whatever the order, the outcome is one that some order explains."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from practice import directory
from practice.errors import Busy, Taken
from practice.idempotency import Answer, Claim, Replay, claiming, hash_request
from practice.models import Activity, Client, IdempotencyKey, Room, TimeOff
from scheduling import booking, lifecycle, moves, readiness
from scheduling.errors import NotBookable, NotPossibleNow, NotReady
from scheduling.models import Booking, Occupancy
from tests.cast import NOW, Clinic, at, make_client, make_clinician
from tests.concurrency.racing import overlaps, settled_deadlocks, together
from treatment_plans.models import FollowUp, PlannedSession, Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db(transaction=True)

START, OTHER, FREE = at("2026-12-01 09:30"), at("2026-12-02 09:30"), at("2026-12-03 09:30")
ROUNDS = 3


@pytest.fixture(autouse=True)
def _no_deadlock_and_no_overlap(transactional_db: None) -> Iterator[None]:
    before = settled_deadlocks()
    yield
    assert (settled_deadlocks() - before, overlaps()) == (0, 0)


def request_for(clinic: Clinic, client: Client, *, number: int = 1) -> booking.Request:
    return booking.Request(
        client,
        clinic.appointment_type(),
        clinic.location,
        clinic.dose(client, number),
        therapist_id=clinic.ana.pk,
    )


def booker(clinic: Clinic, client: Client, start: Any, *, number: int = 1) -> Callable[[], Booking]:
    request, kim = request_for(clinic, client, number=number), clinic.kim
    return lambda: booking.book(request, start, actor=kim, now=NOW)


def mover(booked: Booking, start: Any, clinic: Clinic) -> Callable[[], Booking]:
    return lambda: moves.reschedule(booked.pk, start, actor=clinic.kim, now=NOW)


def canceller(booked: Booking, clinic: Clinic) -> Callable[[], Booking]:
    return lambda: lifecycle.cancel(booked.pk, party="client", reason="ill", actor=clinic.kim, now=NOW)


def kinds(results: list[Any]) -> list[str]:
    return sorted("yes" if isinstance(result, Booking) else "no" for result in results)


@pytest.fixture
def two(clinic: Clinic) -> tuple[Client, Client]:
    return clinic.ready_client(), clinic.ready_client("Ivy Kahn")


def test_two_moves_to_the_same_time(clinic: Clinic, two: tuple[Client, Client]) -> None:
    """One arrives there, the other stays where it was."""
    first, second = booker(clinic, two[0], START)(), booker(clinic, two[1], OTHER)()
    results = together([mover(first, FREE, clinic), mover(second, FREE, clinic)])
    assert kinds(results) == ["no", "yes"]
    assert all(isinstance(result, Booking | NotBookable | Taken) for result in results)
    starts = dict(Booking.objects.values_list("pk", "starts_at"))
    assert sorted([starts[first.pk] == FREE, starts[second.pk] == FREE]) == [False, True]
    assert {starts[first.pk], starts[second.pk]} & {START, OTHER}
    assert Occupancy.objects.count() == 10


def test_two_moves_of_the_same_booking(clinic: Clinic) -> None:
    """The one that comes second has decided by what it saw before the first, and is told so."""
    booked = booker(clinic, clinic.ready_client(), START)()
    results = together([mover(booked, OTHER, clinic), mover(booked, FREE, clinic)])
    moved = Booking.objects.get()
    assert moved.version == 1 + kinds(results).count("yes")
    assert all(isinstance(result, Booking | Taken) for result in results)
    assert moved.starts_at in (OTHER, FREE)
    assert Occupancy.objects.count() == 5


def test_two_sessions_swap_their_times(clinic: Clinic, two: tuple[Client, Client]) -> None:
    """Neither time is free while the other is there, so neither moves; above all nobody waits for ever."""
    first, second = booker(clinic, two[0], START)(), booker(clinic, two[1], OTHER)()
    results = together([mover(first, OTHER, clinic), mover(second, START, clinic)])
    assert kinds(results) == ["no", "no"]
    assert set(Booking.objects.values_list("starts_at", flat=True)) == {START, OTHER}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_booking_for_a_time_that_is_being_cancelled(
    clinic: Clinic, two: tuple[Client, Client], round_: int
) -> None:
    """Free or not free yet; never both."""
    first = booker(clinic, two[0], START)()
    cancelled, booked = together([canceller(first, clinic), booker(clinic, two[1], START)])
    assert isinstance(cancelled, Booking)
    assert isinstance(booked, Booking | NotBookable)
    live = [row for row in Booking.objects.all() if row.is_live]
    assert [row.client_id for row in live] == ([two[1].pk] if isinstance(booked, Booking) else [])


def test_a_move_of_what_is_being_cancelled(clinic: Clinic) -> None:
    booked = booker(clinic, clinic.ready_client(), START)()
    moved, cancelled = together([mover(booked, OTHER, clinic), canceller(booked, clinic)])
    assert isinstance(cancelled, Booking)
    assert isinstance(moved, Booking | NotPossibleNow | Taken)
    assert (Booking.objects.get().is_live, Occupancy.objects.count()) == (False, 0)


def test_the_same_request_sixteen_times(clinic: Clinic) -> None:
    """One does the work; the others wait for its commit and get its answer."""
    client, kim = clinic.ready_client(), clinic.kim
    book = booker(clinic, client, START)

    def send() -> Booking:
        claim = Claim(
            kim.pk,
            "key-1",
            hash_request("POST", "/bookings", b"{}"),
            lambda made: Answer(201, {"id": made.pk}),
            NOW,
        )
        with claiming(claim):
            return book()

    results = together([send] * 16)
    (booked,) = [result for result in results if isinstance(result, Booking)]
    replays = [result.answer for result in results if isinstance(result, Replay)]
    assert replays == [Answer(201, {"id": booked.pk})] * 15, [repr(result) for result in results]
    assert (Booking.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert Activity.objects.filter(action="booking.booked").count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_last_dose_of_a_prescription_is_booked_once(clinic: Clinic, round_: int) -> None:
    """Different sessions, weeks apart: only the prescription is scarce."""
    client = make_client("Ivy Kahn", clinic.location, team=(clinic.ana, clinic.ito))
    for prepare in (clinic.consent, clinic.clear, clinic.plan):
        prepare(client)
    clinic.prescribe(client, doses=1)
    results = together(
        [booker(clinic, client, START), booker(clinic, client, START + timedelta(days=14), number=2)]
    )
    assert kinds(results) == ["no", "yes"]
    (refusal,) = [result for result in results if isinstance(result, NotBookable)]
    assert {blocker.code for blocker in refusal.blockers} == {"prescription_used_up"}


def test_one_planned_session_at_two_times(clinic: Clinic) -> None:
    client = clinic.ready_client()
    results = together([booker(clinic, client, START), booker(clinic, client, OTHER)])
    assert kinds(results) == ["no", "yes"]
    assert all(isinstance(result, Booking | NotBookable | Taken) for result in results)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_booking_while_the_prescription_is_revoked(clinic: Clinic, round_: int) -> None:
    """Booked just before, and on hold from then on, or refused. Either way the session does not start."""
    client = clinic.ready_client()
    prescription, ito = Prescription.objects.get(), clinic.ito.user
    assert ito is not None
    booked, revoked = together(
        [
            booker(clinic, client, START),
            lambda: prescriptions.revoke(prescription.pk, reason="rash", actor=ito, now=NOW),
        ]
    )
    assert isinstance(revoked, Prescription)
    if isinstance(booked, NotBookable):
        assert {blocker.code for blocker in booked.blockers} == {"prescription_revoked"}
        return
    judged = readiness.judge([booking.load_booking(booked.pk)], now=NOW)[booked.pk]
    assert {blocker.code for blocker in judged.blockers} == {"prescription_revoked"}
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    with pytest.raises(NotReady):
        lifecycle.start(booked.pk, actor=ito, now=START)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_booking_while_its_therapist_takes_the_day_off(clinic: Clinic, round_: int) -> None:
    """Time off asks no booking and a booking in it stays, for people to move: so both may succeed.

    From its commit on nobody is booked into it.
    """
    client, ada = clinic.ready_client(), clinic.ada
    away = TimeOff(clinician=clinic.ana, starts_at=START, ends_at=START + timedelta(hours=8))
    booked, off = together([booker(clinic, client, START), lambda: directory.add(away, actor=ada, now=NOW)])
    assert isinstance(off, TimeOff)
    if isinstance(booked, NotBookable):
        assert {blocker.code for blocker in booked.blockers} == {"away"}
    else:
        assert Booking.objects.get().is_live
    other = clinic.ready_client("Ivy Kahn")
    with pytest.raises(NotBookable):
        booker(clinic, other, START + timedelta(hours=3))()


def test_a_session_is_completed_once(clinic: Clinic) -> None:
    booked = booker(clinic, clinic.ready_client(), START)()
    Booking.objects.update(status=Booking.Status.IN_SESSION, arrived_at=START, started_at=START)
    ana = clinic.ana.user
    assert ana is not None
    clinic.discharged(booked, dosed_at=START, left_at=START)
    results = together([lambda: lifecycle.complete(booked.pk, actor=ana, now=START)] * 8)
    assert Counter(type(result) for result in results) == {Booking: 1, NotPossibleNow: 7}
    assert FollowUp.objects.count() == 4
    assert PlannedSession.objects.get(dose_number=1).completed_at == START


def test_a_client_is_not_booked_twice_at_once_by_two_clinicians(clinic: Clinic) -> None:
    """Consults with two therapists in two rooms: only the client is the same."""
    kind, kim, client = clinic.appointment_type("consult"), clinic.kim, clinic.maya
    clinic.dosing_room.kind = "therapy"
    clinic.dosing_room.save()

    def consult(therapist: int, room: int) -> Callable[[], Booking]:
        request = booking.Request(client, kind, clinic.location, therapist_id=therapist, room_id=room)
        return lambda: booking.book(request, START, actor=kim, now=NOW)

    results = together(
        [consult(clinic.ana.pk, clinic.dosing_room.pk), consult(clinic.ben.pk, clinic.therapy_room.pk)]
    )
    assert kinds(results) == ["no", "yes"]


def test_who_waits_for_a_lock_too_long_is_told_to_come_back(clinic: Clinic) -> None:
    """Somebody holds the therapist's row and never lets go."""
    book, held, done = booker(clinic, clinic.ready_client(), START), threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(type(clinic.ana).objects.select_for_update(no_key=True).filter(pk=clinic.ana.pk))
            held.set()
            done.wait(10)

    def hurry() -> Booking:
        held.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        try:
            return book()
        finally:
            done.set()

    _, result = together([hold, hurry])
    assert isinstance(result, Busy)
    assert Booking.objects.count() == 0


@pytest.mark.parametrize("count", [4, 12])
def test_as_many_people_as_rooms_all_get_one(clinic: Clinic, count: int) -> None:
    """All want any therapist at the same start, and there is one for each: nobody is refused."""
    for number in range(count - 2):
        make_clinician(f"Therapist {number}", "therapist", clinic.location)
    for number in range(count - 1):
        Room.objects.create(location=clinic.location, name=f"Talk {number}", kind=Room.Kind.THERAPY)
    clients = [make_client(f"Client {number}", clinic.location) for number in range(count)]
    kind, kim = clinic.appointment_type("consult"), clinic.kim

    def consult(client: Client) -> Booking:
        return booking.book(booking.Request(client, kind, clinic.location), START, actor=kim, now=NOW)

    results = together([lambda client=client: consult(client) for client in clients])  # type: ignore[misc]
    assert kinds(results) == ["yes"] * count, [repr(result) for result in results]
