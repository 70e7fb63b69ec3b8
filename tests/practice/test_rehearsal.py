"""A rehearsal is the door itself, undone."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from practice.doors import door, rehearse, step
from practice.errors import Refused
from practice.idempotency import Answer, Claim, claiming, hash_request
from practice.models import Heartbeat, IdempotencyKey
from tests.cast import NOW, Clinic
from tests.traces import traces

pytestmark = pytest.mark.django_db

ran: list[str] = []


@step
def beat(name: str) -> None:
    Heartbeat.objects.create(name=name, beat_at=NOW)
    transaction.on_commit(lambda: ran.append(name))


@door
def work(name: str = "x") -> str:
    beat(name)
    return name.upper()


def test_it_sees_what_the_door_returns_and_wrote_and_leaves_no_trace() -> None:
    before = traces()
    seen = rehearse(work, lambda result: (result, Heartbeat.objects.count()))
    assert (seen, traces()) == (("X", 1), before)


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_commit_never_runs() -> None:
    ran.clear()
    rehearse(work, lambda result: result)
    work()
    assert ran == ["x"]


def test_a_refusal_is_raised_as_ever() -> None:
    @door
    def refuse() -> None:
        beat("x")
        raise Refused(code="no")

    with pytest.raises(Refused):
        rehearse(refuse, lambda result: result)
    assert not Heartbeat.objects.exists()


def test_what_a_commit_would_refuse_is_refused() -> None:
    """Foreign keys are checked at the commit, which a rehearsal never reaches."""

    @door
    def orphan() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO practice_room (location_id, name, kind, capacity, is_active, revision)"
                " VALUES (987654, 'x', 'therapy', 1, true, 1)"
            )

    with pytest.raises(IntegrityError):
        rehearse(orphan, lambda result: result)


def test_the_next_door_is_real_again() -> None:
    rehearse(work, lambda result: result)
    with pytest.raises(LookupError):
        rehearse(work, lambda result: [][0] if result else None)
    assert work() == "X"
    assert Heartbeat.objects.count() == 1


def test_no_answer_is_kept_and_none_is_taken(clinic: Clinic) -> None:
    """Neither does the rehearsal use up the key, nor does it answer with what the key stands for."""
    claim = Claim(
        clinic.kim.pk, "key-1", hash_request("POST", "/x", b""), lambda made: Answer(200, {"id": made}), NOW
    )
    with claiming(claim):
        rehearse(work, lambda result: result)
        assert not IdempotencyKey.objects.exists()
        work()
        assert rehearse(lambda: work("y"), lambda result: result) == "Y"


def test_something_must_be_rehearsed() -> None:
    with pytest.raises(AssertionError, match="no door"):
        rehearse(lambda: None, lambda result: result)
