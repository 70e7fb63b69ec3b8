"""Group sessions: two therapists, a room, and members who each are ready or not, come or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from practice.errors import Stale
from practice.models import Client, Clinician, TimeOff
from scheduling import booking, invariants, lifecycle, moves
from scheduling.booking import Request
from scheduling.errors import NotBookable, NotPossibleNow
from scheduling.groups import GroupNotMovable, Wanted, cancel, join, move, open_session
from scheduling.models import Booking, FreedTime, GroupSession, Occupancy
from tests.cast import NOW, Clinic, at, make_client

pytestmark = pytest.mark.django_db

START = at("2026-12-01 10:00")
LATER = at("2026-12-02 13:00")


@pytest.fixture
def circle(clinic: Clinic) -> GroupSession:
    return open_session(Wanted(clinic.circle, clinic.location, seats=3), START, actor=clinic.kim, now=NOW)


def wish(clinic: Clinic, client: Client) -> Request:
    return Request(client=client, appointment_type=clinic.circle, location=clinic.location)


def joined(clinic: Clinic, circle: GroupSession, name: str) -> Booking:
    client = make_client(name, clinic.location)
    return join(circle.pk, wish(clinic, client), actor=clinic.kim, now=NOW)


def codes(refusal: pytest.ExceptionInfo[NotBookable]) -> set[str]:
    return {blocker.code for blocker in refusal.value.blockers}


def all_is_well() -> bool:
    return not any(check.find(NOW) for check in invariants.CHECKS)


def test_it_takes_two_therapists_and_the_room_once(clinic: Clinic, circle: GroupSession) -> None:
    assert {circle.therapist, circle.second_therapist} == {clinic.ana, clinic.ben}
    for name in ("Abe", "Bea", "Cal"):
        joined(clinic, circle, name)
    assert Occupancy.objects.filter(clinician__isnull=False).count() == 2
    assert Occupancy.objects.filter(room__isnull=False).count() == 1
    assert Occupancy.objects.filter(client__isnull=False).count() == 3
    assert all_is_well()


def test_it_needs_both_therapists_and_says_who_is_not_there(clinic: Clinic) -> None:
    TimeOff.objects.create(clinician=clinic.ben, starts_at=START, ends_at=START + timedelta(hours=1))
    with pytest.raises(NotBookable) as refusal:
        open_session(Wanted(clinic.circle, clinic.location), START, actor=clinic.kim, now=NOW)
    assert [(one.code, one.params["who"]) for one in refusal.value.blockers] == [("away", "Ben")]
    assert len(refusal.value.alternatives) == 3
    Clinician.objects.filter(pk=clinic.ben.pk).update(is_active=False)
    with pytest.raises(NotBookable) as refusal:
        open_session(Wanted(clinic.circle, clinic.location), LATER, actor=clinic.kim, now=NOW)
    assert codes(refusal) == {"no_candidate"}


def test_a_seat_is_refused_when_the_group_is_full_or_the_client_busy(
    clinic: Clinic, circle: GroupSession
) -> None:
    first = joined(clinic, circle, "Abe")
    with pytest.raises(NotBookable) as refusal:
        join(circle.pk, wish(clinic, first.client), actor=clinic.kim, now=NOW)
    assert codes(refusal) == {"client_busy"}
    joined(clinic, circle, "Bea")
    joined(clinic, circle, "Cal")
    with pytest.raises(NotBookable) as refusal:
        joined(clinic, circle, "Dee")
    assert codes(refusal) == {"group_full"}
    lifecycle.cancel(first.pk, party="client", reason="a cold", actor=clinic.kim, now=NOW)
    joined(clinic, circle, "Eve")
    assert all_is_well()


def test_the_gate_judges_each_member(clinic: Clinic, circle: GroupSession) -> None:
    client = clinic.ready_client()
    client.is_active = False
    client.save()
    with pytest.raises(NotBookable) as refusal:
        join(circle.pk, wish(clinic, client), actor=clinic.kim, now=NOW)
    assert codes(refusal) == {"client_inactive"}


def test_who_leaves_leaves_the_others_and_frees_only_a_seat(clinic: Clinic, circle: GroupSession) -> None:
    first, second = joined(clinic, circle, "Abe"), joined(clinic, circle, "Bea")
    lifecycle.cancel(first.pk, party="client", reason="a cold", actor=clinic.kim, now=NOW)
    second.refresh_from_db()
    assert second.is_live
    assert not FreedTime.objects.exists()
    assert Occupancy.objects.filter(group_session=circle).count() == 3


def test_each_member_is_there_or_not(clinic: Clinic, circle: GroupSession) -> None:
    came, stayed_away = joined(clinic, circle, "Abe"), joined(clinic, circle, "Bea")
    lifecycle.arrive(came.pk, actor=clinic.kim, now=START)
    lifecycle.mark_no_show(stayed_away.pk, actor=clinic.kim, now=START + timedelta(minutes=20))
    lifecycle.start(came.pk, actor=clinic.ada, now=START)
    lifecycle.complete(came.pk, actor=clinic.ada, now=START + timedelta(minutes=90))
    assert all_is_well()


def test_it_moves_with_all_its_members(clinic: Clinic, circle: GroupSession) -> None:
    members = [joined(clinic, circle, name) for name in ("Abe", "Bea")]
    moved = move(circle.pk, LATER, revision=1, actor=clinic.kim, now=NOW)
    assert (moved.starts_at, moved.revision) == (LATER, 2)
    for one in members:
        one.refresh_from_db()
        assert (one.starts_at, one.version) == (LATER, 2)
    assert all_is_well()
    with pytest.raises(Stale):
        move(circle.pk, START, revision=1, actor=clinic.kim, now=NOW)
    # An hour on, into the time that it has itself.
    move(circle.pk, LATER + timedelta(hours=1), revision=None, actor=clinic.kim, now=NOW)


def test_it_stays_when_one_member_can_not_move_and_says_who(clinic: Clinic, circle: GroupSession) -> None:
    joined(clinic, circle, "Abe")
    held_up = joined(clinic, circle, "Bea")
    other = Request(held_up.client, clinic.appointment_type("review"), clinic.location)
    booking.book(other, LATER, actor=clinic.kim, now=NOW)
    with pytest.raises(GroupNotMovable) as refusal:
        move(circle.pk, LATER, revision=None, actor=clinic.kim, now=NOW)
    assert [(one.code, one.params.get("booking")) for one in refusal.value.blockers] == [
        ("client_busy", held_up.pk)
    ]
    circle.refresh_from_db()
    assert circle.starts_at == START
    assert all_is_well()


def test_a_seat_does_not_move_alone(clinic: Clinic, circle: GroupSession) -> None:
    member = joined(clinic, circle, "Abe")
    with pytest.raises(NotBookable) as refusal:
        moves.reschedule(member.pk, LATER, actor=clinic.kim, now=NOW)
    assert "in_group" in codes(refusal)


def test_it_is_cancelled_with_all_its_members(clinic: Clinic, circle: GroupSession) -> None:
    member = joined(clinic, circle, "Abe")
    cancel(circle.pk, party="clinic", reason="ill", revision=None, actor=clinic.kim, now=NOW)
    member.refresh_from_db()
    assert (member.is_live, member.cancel_reason) == (False, "ill")
    assert not Occupancy.objects.exists()
    with pytest.raises(NotBookable):
        joined(clinic, circle, "Bea")
    assert all_is_well()


def test_a_group_that_has_begun_is_not_cancelled(clinic: Clinic, circle: GroupSession) -> None:
    member = joined(clinic, circle, "Abe")
    lifecycle.arrive(member.pk, actor=clinic.kim, now=START)
    lifecycle.start(member.pk, actor=clinic.ada, now=START)
    with pytest.raises(NotPossibleNow):
        cancel(circle.pk, party="clinic", reason="ill", revision=None, actor=clinic.kim, now=START)
