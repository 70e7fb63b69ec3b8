from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from notifications import desk_tasks
from notifications.models import DeskTask, InboundMessage
from practice.models import Client
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, make_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def text_from(client: Client | None, number: int = 1) -> InboundMessage:
    return InboundMessage.objects.create(
        provider="twilio",
        provider_ref=f"SM{number}",
        sender="+15555550142",
        body="Can I bring my dog?",
        received_at=NOW + timedelta(minutes=number),
        client=client,
        meaning="unclear",
    )


def task_of(client: Client | None, kind: str = "reply", number: int = 1) -> DeskTask:
    with transaction.atomic():
        reply = text_from(client, number)
        return desk_tasks.ask(kind, client=client, reply=reply, detail=reply.body, now=reply.received_at)


def listed(who: Any, path: str, **query: Any) -> list[int]:
    answer = Caller(who).get(path, **query)
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["results"]]


def test_the_desk_sees_what_waits_and_the_care_team_what_is_their_clients(clinic: Clinic) -> None:
    clinic.ready_client()
    hers, nobodys = task_of(clinic.maya), task_of(None, "who", 2)
    for who, seen in ((clinic.kim, [hers.pk, nobodys.pk]), (clinic.ana, [hers.pk]), (clinic.ben, [])):
        assert listed(who, "desk-tasks") == seen
        assert listed(who, "replies") == [
            reply
            for reply in (nobodys.reply_id, hers.reply_id)
            if seen and (reply == hers.reply_id or who is clinic.kim)
        ]
    assert listed(clinic.nia, "desk-tasks") == [hers.pk]
    shown = Caller(clinic.ana).get(f"desk-tasks/{hers.pk}").json()
    assert (shown["kind"], shown["detail"], shown["client"]["name"]) == (
        "reply",
        "Can I bring my dog?",
        "Maya Rivera",
    )
    for path in (f"desk-tasks/{nobodys.pk}", f"replies/{nobodys.reply_id}"):
        assert Caller(clinic.nia).get(path).status_code == 404
    assert Caller(clinic.ben).send("POST", f"desk-tasks/{hers.pk}/take", {}).status_code == 404


def test_one_person_sees_to_it_and_says_what_came_of_it(clinic: Clinic) -> None:
    clinic.ready_client()
    task = task_of(clinic.maya)
    path = f"desk-tasks/{task.pk}"
    kim, ana = Caller(clinic.kim), Caller(clinic.ana)
    assert kim.send("POST", f"{path}/take", {}).json()["taken_by"] == clinic.kim.pk
    assert kim.send("POST", f"{path}/take", {}).status_code == 200  # said twice
    refused = ana.send("POST", f"{path}/take", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "task_taken")
    assert ana.send("POST", f"{path}/give-back", {}).status_code == 403
    assert kim.send("POST", f"{path}/give-back", {}).json()["taken_by"] is None
    assert ana.send("POST", f"{path}/take", {}).json()["taken_by"] == clinic.ana.user.pk
    assert ana.send("POST", f"{path}/finish", {"outcome": " "}).status_code == 400
    key = {"Idempotency-Key": "k1"}
    done = [ana.send("POST", f"{path}/finish", {"outcome": "Dog may wait outside."}, **key) for _ in range(2)]
    assert [answer.status_code for answer in done] == [200, 200]
    assert done[1]["Idempotency-Replayed"] == "true"
    assert done[0].json()["outcome"] == "Dog may wait outside."
    for action, body in (("take", {}), ("give-back", {}), ("finish", {"outcome": "again"})):
        assert kim.send("POST", f"{path}/{action}", body).json()["code"] == "task_already_done"
    assert listed(clinic.kim, "desk-tasks", done="false") == []
    assert listed(clinic.kim, "desk-tasks", done="true", kind="reply", client=clinic.maya.pk) == [task.pk]


def test_who_answers_what_they_read_does_not_answer_what_came_after_it(clinic: Clinic) -> None:
    clinic.ready_client()
    task = task_of(clinic.maya)
    path, kim = f"desk-tasks/{task.pk}", Caller(clinic.kim)
    read = kim.get(path)
    assert (read.json()["revision"], read.headers["ETag"]) == (1, '"1"')
    with transaction.atomic():
        desk_tasks.ask("reply", client=clinic.maya, detail="And my cat?", now=NOW)
    for action, body in (("take", {}), ("give-back", {}), ("finish", {"outcome": "No dogs."})):
        stale = kim.send("POST", f"{path}/{action}", body, **{"If-Match": read.headers["ETag"]})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    taken = kim.send("POST", f"{path}/take", {}, **{"If-Match": kim.get(path).headers["ETag"]})
    assert (taken.status_code, taken.headers["ETag"]) == (200, '"3"')
    assert kim.send("POST", f"{path}/finish", {"outcome": "Neither."}, **{"If-Match": "*"}).status_code == 200


def test_what_somebody_took_who_left_is_free(clinic: Clinic) -> None:
    clinic.ready_client()
    task = desk_tasks.take(task_of(clinic.maya).pk, actor=clinic.kim, now=NOW)
    clinic.kim.is_active = False
    clinic.kim.save()
    assert Caller(clinic.ada).send("POST", f"desk-tasks/{task.pk}/take", {}).status_code == 200


def test_lists_take_the_same_number_of_queries_for_any_number(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        task_of(make_client(f"Client {number}", clinic.location), number=number)
    desk = Caller(clinic.kim)
    for path in ("desk-tasks", "replies"):
        for limit in (1, 200):
            with django_assert_num_queries(4):
                assert desk.get(path, limit=limit).json()["results"]
