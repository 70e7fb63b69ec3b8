"""Doors and steps: one transaction, named errors, deadlocks repeated, timeouts told."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from psycopg import errors as pg

from practice import doors
from practice.doors import domain_error, door, step
from practice.errors import Busy, DomainError
from practice.models import Heartbeat
from tests.cast import NOW

pytestmark = pytest.mark.django_db


def trouble(cause: type[pg.Error]) -> OperationalError:
    """What Django raises for it."""
    error = OperationalError("trouble")
    error.__cause__ = cause("trouble")
    return error


@step
def beat(name: str = "x") -> None:
    Heartbeat.objects.create(name=name, beat_at=NOW)


def test_a_door_opens_a_transaction_and_keeps_what_was_done() -> None:
    @door
    def work() -> bool:
        beat()
        return connection.in_atomic_block

    assert work() is True
    assert Heartbeat.objects.count() == 1


def test_a_door_that_fails_undoes_everything() -> None:
    @door
    def work() -> None:
        beat()
        raise LookupError

    with pytest.raises(LookupError):
        work()
    assert Heartbeat.objects.count() == 0


def test_a_door_keeps_its_name_and_words() -> None:
    @door
    def work() -> None:
        """Works."""

    assert (work.__name__, work.__doc__) == ("work", "Works.")


@pytest.mark.parametrize("cause", [pg.DeadlockDetected, pg.SerializationFailure])
def test_a_deadlock_is_repeated(cause: type[pg.Error]) -> None:
    tries = []

    @door
    def work() -> str:
        tries.append(1)
        beat()
        if len(tries) < 3:
            raise trouble(cause)
        return "done"

    assert (work(), len(tries)) == ("done", 3)
    assert Heartbeat.objects.count() == 1  # what the failed tries did is undone


def test_after_five_deadlocks_the_caller_is_told_to_come_back() -> None:
    tries = []

    @door
    def work() -> None:
        tries.append(1)
        raise trouble(pg.DeadlockDetected)

    with pytest.raises(Busy) as told:
        work()
    assert (len(tries), told.value.status) == (doors.ATTEMPTS, 503)


@pytest.mark.parametrize("cause", [pg.LockNotAvailable, pg.QueryCanceled])
def test_who_waited_too_long_is_told_at_once(cause: type[pg.Error]) -> None:
    tries = []

    @door
    def work() -> None:
        tries.append(1)
        raise trouble(cause)

    with pytest.raises(Busy):
        work()
    assert len(tries) == 1


def test_another_trouble_of_the_database_is_not_hidden() -> None:
    @door
    def work() -> None:
        raise trouble(pg.DiskFull)

    with pytest.raises(OperationalError):
        work()


def test_a_violated_constraint_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class TwoBeats(DomainError):
        code = "two_beats"

    monkeypatch.setitem(doors._constraint_errors, "practice_heartbeat_pkey", TwoBeats)

    @door
    def work() -> None:
        beat()
        beat()

    with pytest.raises(TwoBeats) as refusal:
        work()
    assert isinstance(refusal.value.__cause__, IntegrityError)
    assert Heartbeat.objects.count() == 0


def test_a_constraint_without_a_name_of_ours_is_a_fault() -> None:
    with pytest.raises(IntegrityError) as fault:
        door(lambda: [beat(), beat()])()
    assert domain_error(fault.value) is None


def test_an_error_without_a_cause_is_nobodys() -> None:
    assert domain_error(IntegrityError("no cause")) is None


def test_a_step_refuses_to_run_outside_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)
    with pytest.raises(transaction.TransactionManagementError, match="beat is a step: call it from a door"):
        beat()


def test_a_door_does_not_open_inside_another() -> None:
    with pytest.raises(RuntimeError, match="durable"):
        door(lambda: door(beat)())()
