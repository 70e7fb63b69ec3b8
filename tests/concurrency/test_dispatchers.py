"""Many senders beside each other, and people who change bookings under their hands."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from notifications import deliver, reconcile, resolve
from notifications.models import Reminder, ReminderEvent
from practice import clients
from practice.errors import Busy, DomainError, StillRunning
from practice.models import User
from scheduling import lifecycle, moves
from scheduling.models import Booking
from tests.cast import Clinic
from tests.concurrency.racing import overlaps, settled_deadlocks, together
from tests.fakes.twilio import FakeTwilio
from tests.faults.crowd import by_number, due_texts
from tests.faults.stage import twilio

__all__ = ["twilio"]
pytestmark = pytest.mark.django_db(transaction=True)

SENDERS = 6


def the_due() -> QuerySet[Reminder]:
    return Reminder.objects.filter(kind="booked")


def send_all() -> None:
    """As the worker's task does, until nothing is due."""
    while deliver.deliver_due(clock=timezone.now, limit=5):
        continue


def test_many_senders_send_each_message_once(clinic: Clinic, twilio: FakeTwilio) -> None:
    due_texts(clinic, 60)
    results = together([send_all] * SENDERS)
    assert [result for result in results if result is not None] == []
    assert Counter(by_number(twilio).values()) == {1: 60}
    assert set(the_due().values_list("state", "attempt_count")) == {("sent", 1)}


def test_many_sweeps_settle_each_doubt_once(clinic: Clinic, twilio: FakeTwilio) -> None:
    """Half were taken without an answer, half never arrived; all are sent once in the end."""
    due_texts(clinic, 20)
    twilio.script.misbehave("drop_reply", times=10)
    twilio.script.misbehave("drop_request", times=10)
    send_all()
    assert the_due().filter(state="unknown").count() == 20
    long_ago = timezone.now() - resolve.ACCEPT_LATENCY - timedelta(seconds=1)
    the_due().update(lease_until=long_ago)
    together([lambda: resolve.resolve_unknown(clock=timezone.now)] * 4)
    assert Counter(the_due().values_list("state", flat=True)) == {"sent": 10, "planned": 10}
    together([send_all] * SENDERS)
    assert Counter(by_number(twilio).values()) == {1: 20}


def test_people_and_senders_do_not_get_in_each_others_way(clinic: Clinic, twilio: FakeTwilio) -> None:
    """Moves, answers, cancellations, sends and sweeps at once: no deadlock, nothing twice, nothing after."""
    booked = due_texts(clinic, 24)
    before, stop_at = settled_deadlocks(), time.monotonic() + 2.5
    kim, cancelled = clinic.kim, {}

    def until_the_end(work: Callable[[], Any]) -> Callable[[], int]:
        def run() -> int:
            count = 0
            while time.monotonic() < stop_at:
                work()
                count += 1
            return count

        return run

    people = [until_the_end(lambda seed=seed: change_one(booked, kim, cancelled, seed)) for seed in range(3)]
    machines = [
        until_the_end(lambda: deliver.deliver_due(clock=timezone.now, limit=5)),
        until_the_end(lambda: deliver.deliver_due(clock=timezone.now, limit=5)),
        until_the_end(lambda: reconcile.reconcile_upcoming(now=timezone.now())),
        until_the_end(lambda: reconcile.reconcile_upcoming(now=timezone.now())),
        until_the_end(lambda: resolve.expire_leases(now=timezone.now())),
    ]
    results = together([*people, *machines])
    assert all(isinstance(result, int) and result > 0 for result in results), results
    assert (settled_deadlocks() - before, overlaps()) == (0, 0)

    reconcile.reconcile_upcoming(now=timezone.now())
    send_all()
    sent = Reminder.objects.filter(state="sent").values_list("booking", "booking_version", "kind")
    assert len(sent) == len(set(sent)) == len(twilio.accepted())
    claims_after = [
        event
        for event in ReminderEvent.objects.filter(to_state="sending").select_related("reminder")
        if event.reminder.kind != "cancelled"
        and event.reminder.booking_id in cancelled
        and event.at > cancelled[event.reminder.booking_id]
    ]
    assert claims_after == []
    assert cancelled
    assert Booking.objects.filter(version__gt=1).exists()
    assert {row.status for row in Booking.objects.filter(pk__in=cancelled)} == {"cancelled"}


CHANCE = random.Random(7)  # which change comes when is up to the threads anyway


def change_one(booked: list[Booking], kim: User, cancelled: dict[int, Any], seed: int) -> None:
    one = booked[CHANCE.randrange(len(booked))]
    now = timezone.now()
    try:
        match CHANCE.randrange(8):
            case 0:
                lifecycle.cancel(one.pk, party="client", reason="x", actor=kim, now=now)
                cancelled[one.pk] = timezone.now()  # it has committed by now
            case 1 | 2 | 3:
                start = one.starts_at + timedelta(days=CHANCE.randrange(1, 5))
                moves.reschedule(one.pk, start, actor=kim, now=now)
            case 4 | 5:
                channels = ["sms"] * CHANCE.randrange(2)
                clients.change(one.client_id, {}, channels=channels, revision=None, actor=kim, now=now)
            case _:
                reconcile.reconcile_touched(since=now - timedelta(seconds=5), now=now)
    except (Busy, StillRunning):
        raise
    except DomainError:
        return  # a rule said no
