"""Moves that take others along, absences and calendars at once: nothing overlaps, nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from practice import calendars
from practice.doors import rehearse
from practice.errors import DomainError, Refused, Taken
from practice.models import Closure, Room, TimeOff
from scheduling import absences, booking, moves
from scheduling.absences import Choice
from scheduling.engine.types import Span
from scheduling.errors import NotBookable
from scheduling.models import Booking
from scheduling.moves import Follow
from tests.cast import NOW, Clinic, at, make_client
from tests.concurrency.racing import overlaps, settled_deadlocks, together
from treatment_plans.models import PlannedSession

pytestmark = pytest.mark.django_db(transaction=True)

DOSE_AT, TALK_AT = at("2026-12-01 09:30"), at("2026-12-02 14:00")
LATER, TALK_LATER = at("2026-12-07 09:30"), at("2026-12-08 14:00")
ROUNDS = 3


@pytest.fixture(autouse=True)
def _no_deadlock_and_no_overlap(transactional_db: None) -> Iterator[None]:
    before = settled_deadlocks()
    yield
    assert (settled_deadlocks() - before, overlaps()) == (0, 0)


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    client = clinic.ready_client()
    talk = PlannedSession.objects.select_related("plan__protocol").get(after_session__dose_number=1)
    for session, code, start in (
        (clinic.dose(client), "dosing-im", DOSE_AT),
        (talk, "integration", TALK_AT),
    ):
        kind = clinic.appointment_type(code)
        wanted = booking.Request(client, kind, clinic.location, session, therapist_id=clinic.ana.pk)
        booking.book(wanted, start, actor=clinic.kim, now=NOW)
    Room.objects.create(location=clinic.location, name="Room 3", kind=Room.Kind.THERAPY)
    return clinic


def dose() -> Booking:
    return Booking.objects.get(planned_session__dose_number=1)


def talk() -> Booking:
    return Booking.objects.get(planned_session__kind="integration")


def together_moved(clinic: Clinic) -> Callable[[], Booking]:
    first, kim = dose(), clinic.kim
    follow = [Follow(talk().pk, talk().revision, TALK_LATER, clinic.ana.pk)]
    return lambda: moves.reschedule(
        first.pk, LATER, follow=follow, revision=first.revision, actor=kim, now=NOW
    )


def consult(clinic: Clinic, start: Any, name: str = "Ivy Kahn") -> Callable[[], Booking]:
    kind, kim = clinic.appointment_type("consult"), clinic.kim
    client = make_client(name, clinic.location)
    wanted = booking.Request(client, kind, clinic.location, therapist_id=clinic.ana.pk)
    return lambda: booking.book(wanted, start, actor=kim, now=NOW)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_dose_with_its_session_against_a_move_of_that_session(course: Clinic, round_: int) -> None:
    both, pk, kim = together_moved(course), talk().pk, course.kim
    alone = lambda: moves.reschedule(pk, TALK_AT + timedelta(hours=1), actor=kim, now=NOW)  # noqa: E731
    results = together([both, alone])
    assert all(isinstance(each, Booking | Taken | Refused) for each in results), results
    assert talk().starts_at in (TALK_LATER, TALK_AT + timedelta(hours=1))
    assert (dose().starts_at == LATER) == isinstance(results[0], Booking)
    if isinstance(results[0], Booking) and isinstance(results[1], Booking):
        assert talk().version == 3  # the one after the other, each from what it had seen
    else:
        assert talk().version == 2


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_time_for_the_session_is_booked_meanwhile(course: Clinic, round_: int) -> None:
    """Either the dose moves with its session and the other is refused, or nothing moves."""
    both, other = together([together_moved(course), consult(course, TALK_LATER)])
    assert sorted(isinstance(each, Booking) for each in (both, other)) == [False, True]
    moved = isinstance(both, Booking)
    assert (dose().version, talk().version) == ((2, 2) if moved else (1, 1))
    assert isinstance(other if moved else both, NotBookable | Taken | moves.FollowNotPossible)


def test_two_who_are_away_do_not_take_each_others_sessions(course: Clinic) -> None:
    """Ben is to take Ana's session and Ana Ben's: whoever is second is refused, with all of it."""
    kind, kim = course.appointment_type("consult"), course.kim
    of_ben = booking.Request(
        make_client("Lou Day", course.location), kind, course.location, therapist_id=course.ben.pk
    )
    theirs = booking.book(of_ben, DOSE_AT + timedelta(hours=4), actor=kim, now=NOW)
    day = Span(at("2026-12-01 00:00"), at("2026-12-02 00:00"))

    def away(who: Any, row: Booking, by: Any) -> Callable[[], Any]:
        chosen = [Choice(row.pk, row.revision, "substitute", by.pk)]
        return lambda: absences.record(who.pk, day, reason="illness", choices=chosen, actor=kim, now=NOW)

    results = together([away(course.ana, dose(), course.ben), away(course.ben, theirs, course.ana)])
    assert sorted(isinstance(each, absences.Recorded) for each in results) == [False, True]
    assert TimeOff.objects.count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_previews_beside_the_deed_leave_one_deed(course: Clinic, round_: int) -> None:
    """A rehearsal holds the same locks, so it sees all of the move or nothing of it."""
    pk, kim = dose().pk, course.kim

    def look() -> Any:
        return moves.preview(pk, LATER, actor=kim, now=NOW, show=lambda seen: seen.booking.version)

    results = together([look, together_moved(course), look, look])
    assert isinstance(results[1], Booking)
    seen = [results[0], *results[2:]]
    assert all(each in (2, 3) or isinstance(each, DomainError) for each in seen), results
    assert (dose().version, talk().version) == (2, 2)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_closure_while_somebody_books_into_it(course: Clinic, round_: int) -> None:
    """Both may be first. A booking that the closure did not see is in conflict, and listed as such."""
    kim = course.kim
    closing = Closure(
        location=course.location, starts_at=at("2026-12-03 00:00"), ends_at=at("2026-12-04 00:00")
    )
    close = lambda: calendars.add(closing, confirmed=[], actor=kim, now=NOW)  # noqa: E731
    closed, booked = together([close, consult(course, at("2026-12-03 10:00"))])
    assert isinstance(closed, Closure | calendars.HitsBookings)
    assert isinstance(booked, Booking | NotBookable)
    assert not (isinstance(closed, calendars.HitsBookings) and isinstance(booked, NotBookable))


def test_a_rehearsal_lets_go_of_its_locks(course: Clinic) -> None:
    move = together_moved(course)
    rehearse(move, lambda moved: moved.pk)
    assert isinstance(together([move])[0], Booking)
