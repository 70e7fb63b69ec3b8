"""The same request twice is done once and answered twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from practice import idempotency
from practice.doors import door
from practice.errors import KeyReused, Refused
from practice.idempotency import KEPT_FOR, Answer, Claim, Replay, claiming, forget_old, hash_request
from practice.models import Heartbeat, IdempotencyKey, User
from tests.cast import NOW, Clinic

pytestmark = pytest.mark.django_db


@door
def work(name: str) -> Heartbeat:
    return Heartbeat.objects.create(name=name, beat_at=NOW)


def claim(user: User, *, key: str = "k-1", body: bytes = b"{}", now: datetime = NOW, **changes: Any) -> Claim:
    render: Callable[[Any], Answer] = changes.get("render", lambda result: Answer(201, {"name": result.name}))
    return Claim(user.pk, key, hash_request("POST", "/api/v1/bookings", body), render, now)


def run(name: str, claimed: Claim) -> Heartbeat:
    with claiming(claimed):
        return work(name)


def test_a_repeat_gets_the_first_answer_and_does_nothing(clinic: Clinic) -> None:
    run("first", claim(clinic.kim))
    with pytest.raises(Replay) as replay:
        run("second", claim(clinic.kim))
    assert replay.value.answer == Answer(201, {"name": "first"})
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["first"]


def test_another_request_under_the_same_key_is_refused(clinic: Clinic) -> None:
    run("first", claim(clinic.kim))
    with pytest.raises(KeyReused):
        run("second", claim(clinic.kim, body=b'{"other": 1}'))
    assert Heartbeat.objects.count() == 1


@pytest.mark.parametrize(
    "parts", [("PUT", "/a", b""), ("POST", "/b", b""), ("POST", "/a", b"x"), ("POST", "/a\nx", b"")]
)
def test_method_address_and_body_make_the_request(parts: tuple[str, str, bytes]) -> None:
    assert hash_request(*parts) != hash_request("POST", "/a", b"")


def test_a_key_belongs_to_who_sent_it(clinic: Clinic) -> None:
    run("kims", claim(clinic.kim))
    run("adas", claim(clinic.ada))
    assert Heartbeat.objects.count() == 2


def test_work_that_failed_may_be_tried_again_under_its_key(clinic: Clinic) -> None:
    @door
    def refuse() -> None:
        raise Refused

    with pytest.raises(Refused), claiming(claim(clinic.kim)):
        refuse()
    assert IdempotencyKey.objects.count() == 0
    assert run("second", claim(clinic.kim)).name == "second"


def test_an_answer_that_cannot_be_made_undoes_the_work(clinic: Clinic) -> None:
    """Else a repeat would find the work done and no answer to it."""

    def broken(result: Any) -> Answer:
        raise TypeError

    with pytest.raises(TypeError):
        run("first", claim(clinic.kim, render=broken))
    assert (Heartbeat.objects.count(), IdempotencyKey.objects.count()) == (0, 0)


def test_without_a_claim_a_door_keeps_no_answer() -> None:
    work("first")
    assert IdempotencyKey.objects.count() == 0


def test_a_claim_ends_with_its_request(clinic: Clinic) -> None:
    run("first", claim(clinic.kim))
    work("second")
    assert IdempotencyKey.objects.count() == 1
    assert idempotency._claim.get() is None


def test_a_key_is_kept_for_a_day(clinic: Clinic) -> None:
    run("first", claim(clinic.kim))
    with pytest.raises(Replay):
        run("second", claim(clinic.kim, now=NOW + KEPT_FOR))
    run("third", claim(clinic.kim, body=b"other", now=NOW + KEPT_FOR + timedelta(microseconds=1)))
    assert IdempotencyKey.objects.get().response == {"name": "third"}


def test_old_keys_are_tidied_away(clinic: Clinic) -> None:
    run("old", claim(clinic.kim, key="old"))
    run("new", claim(clinic.kim, key="new", now=NOW + timedelta(hours=1)))
    assert forget_old(NOW + KEPT_FOR + timedelta(minutes=1)) == 1
    assert IdempotencyKey.objects.get().key == "new"
