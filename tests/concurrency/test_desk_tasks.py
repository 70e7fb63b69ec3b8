"""A client writes once more in the moment in which the desk takes their task off the list."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from notifications import desk_tasks
from notifications.models import DeskTask
from tests.cast import NOW, Clinic
from tests.concurrency.racing import number
from tests.faults.stage import MINUTE

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = "SELECT 0, count(*) FROM pg_locks WHERE NOT granted"


def ask(clinic: Clinic, words: str) -> DeskTask:
    try:
        with transaction.atomic():
            return desk_tasks.ask("call", client=clinic.maya, detail=words, now=NOW + MINUTE)
    finally:
        connections.close_all()


def test_what_is_written_while_the_task_is_finished_is_a_task_of_its_own(clinic: Clinic) -> None:
    with transaction.atomic():
        first = desk_tasks.ask("call", client=clinic.maya, detail="Please call", now=NOW)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            found = desk_tasks._open(first.pk, None)
            found.done_at, found.done_by, found.outcome = NOW, clinic.kim, "Called"
            desk_tasks._save(found, "done_at", "done_by", "outcome")
            second = pool.submit(ask, clinic, "Not today")
            while not number(WAITING) and not second.done():
                time.sleep(0.01)
        assert second.result().pk != first.pk
    assert list(DeskTask.objects.order_by("pk").values_list("detail", "outcome")) == [
        ("Please call", "Called"),
        ("Not today", ""),
    ]
