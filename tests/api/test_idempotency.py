"""One key, one outcome: repeats at the same instant, over real transactions, each on its own connection."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from notifications.models import Reminder
from practice.models import Activity, IdempotencyKey
from scheduling.models import Acknowledgement, Booking, Occupancy
from tests.api.calls import Caller
from tests.cast import Clinic, make_clinic

CALLERS = 20
START = "2026-12-01T09:30:00-08:00"


@pytest.fixture
def ready(transactional_db: None, at_now: None) -> Clinic:
    clinic = make_clinic()
    clinic.appointment_type()
    clinic.ready_client()
    return clinic


def at_once(who: Any, path: str, body: dict[str, Any], keys: list[str]) -> list[Any]:
    """The answers of as many requests as there are keys, all begun at the same moment.

    On a slow machine the last in the queue may be told to repeat, and do so.
    """
    callers, start = [Caller(who) for _key in keys], threading.Barrier(len(keys))

    def ask(caller: Caller, key: str) -> Any:
        try:
            start.wait(30)
            for _try in range(5):
                answer = caller.post(path, body, **{"Idempotency-Key": key})
                if answer.status_code != 503 and answer.json().get("code") != "idempotency_key_in_use":
                    break
            return answer
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(ask, callers, keys))


def test_a_key_sent_twenty_times_at_once_gives_one_booking(ready: Clinic) -> None:
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START}
    answers = at_once(ready.kim, "bookings", body, ["monday-1"] * CALLERS)
    assert [answer.status_code for answer in answers] == [201] * CALLERS
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert Booking.objects.count() == 1
    assert Occupancy.objects.count() == 5
    assert Activity.objects.filter(action="booking.booked").count() == 1
    reminders = Reminder.objects.values_list("kind", "channel")
    assert len(reminders) == len(set(reminders))
    assert IdempotencyKey.objects.count() == 1


def test_twenty_keys_at_once_for_one_planned_session_give_one_booking(ready: Clinic) -> None:
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START}
    answers = at_once(ready.kim, "bookings", body, [f"key-{number}" for number in range(CALLERS)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CALLERS - 1}
    assert Booking.objects.count() == 1
    assert IdempotencyKey.objects.count() == 1  # a refusal is not kept: a repeat is judged anew


def test_a_command_sent_twenty_times_at_once_is_done_once(ready: Clinic) -> None:
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START}
    booked = Caller(ready.kim).post("bookings", body).json()["id"]
    said = {"item": "ride", "answer": "confirmed", "said_by": "client", "source": "phone"}
    answers = at_once(ready.kim, f"bookings/{booked}/acknowledgements", said, ["said-1"] * CALLERS)
    assert {answer.status_code for answer in answers} == {201}
    assert Acknowledgement.objects.count() == 1
    reason = {"party": "client", "reason": "a cold"}
    answers = at_once(ready.kim, f"bookings/{booked}/cancel", reason, ["cancel-1"] * CALLERS)
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert Activity.objects.filter(action="booking.cancelled").count() == 1
    assert Occupancy.objects.count() == 0


def test_the_same_key_of_two_people_is_two_keys(ready: Clinic) -> None:
    key = {"Idempotency-Key": "monday-1"}
    first = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START}
    second = {"planned_session": ready.dose(ready.maya, 2).pk, "starts_at": "2026-12-08T09:30:00-08:00"}
    for who, body in ((ready.kim, first), (ready.ada, second)):
        answer = Caller(who).post("bookings", body, **key)
        assert (answer.status_code, "Idempotency-Replayed" in answer) == (201, False)
    assert Booking.objects.count() == 2
