"""Repeats of a request get the first answer, stored in the same transaction as the work it answers for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import OperationalError, connection

from practice.errors import KeyReused, StillRunning
from practice.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)
R = TypeVar("R")

# A second request with the same key waits here for the first one's commit, then finds its row.
_INSERT = """
    INSERT INTO practice_idempotencykey AS mine (user_id, key, request_hash, status, response, created_at)
    VALUES (%s, %s, %s, 0, 'null', %s)
    ON CONFLICT (user_id, key) DO UPDATE
       SET request_hash = excluded.request_hash, status = 0, response = 'null',
           created_at = excluded.created_at
     WHERE mine.created_at < %s
    RETURNING id
"""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


class Replay(Exception):
    """Not an error: this request was answered before, here is the answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


@dataclass(frozen=True)
class Claim:
    """One request's key. `render` turns what the door returns into the answer, inside the transaction."""

    user_id: int
    key: str
    request_hash: str
    render: Callable[[Any], Answer]
    now: datetime

    def begin(self) -> int:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    _INSERT, [self.user_id, self.key, self.request_hash, self.now, self.now - KEPT_FOR]
                )
                inserted = cursor.fetchone()
        except OperationalError as trouble:
            if getattr(trouble.__cause__, "sqlstate", None) == "55P03":
                raise StillRunning from trouble
            raise
        if inserted:
            return int(inserted[0])
        first = IdempotencyKey.objects.get(user_id=self.user_id, key=self.key)
        if first.request_hash != self.request_hash:
            raise KeyReused(pointer="/headers/Idempotency-Key")
        raise Replay(Answer(first.status, first.response))

    def finish(self, row_id: int, result: Any) -> None:
        answer = self.render(result)
        IdempotencyKey.objects.filter(pk=row_id).update(status=answer.status, response=answer.body)


_claim: ContextVar[Claim | None] = ContextVar("idempotency_claim", default=None)


def hash_request(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


@contextmanager
def claiming(claim: Claim) -> Iterator[None]:
    """The next door that runs in this context keeps its answer under the claim's key."""
    token = _claim.set(claim)
    try:
        yield
    finally:
        _claim.reset(token)


@contextmanager
def kept() -> Iterator[Callable[[R], R]]:
    """For doors only: raises Replay, KeyReused or StillRunning before any work is done."""
    claim = _claim.get()
    if claim is None:
        yield lambda result: result
        return
    row_id = claim.begin()

    def keep(result: R) -> R:
        claim.finish(row_id, result)
        return result

    yield keep


def forget_old(now: datetime) -> int:
    """Delete keys older than a day; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
