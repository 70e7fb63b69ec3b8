"""Doors and steps: the two kinds of function that change the world (docs/locking.md)."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from practice import idempotency
from practice.errors import Busy, DomainError

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")

ATTEMPTS = 5
REPEATABLE = {"40P01", "40001"}
OUT_OF_TIME = {"55P03", "57014"}

_constraint_errors: dict[str, type[DomainError]] = {}
_look: ContextVar[Callable[[Any], Any] | None] = ContextVar("rehearsal", default=None)


class _Seen(BaseException):
    """Carries what was seen out of a rehearsal; on its way the transaction is undone."""

    def __init__(self, seen: Any) -> None:
        self.seen = seen
        super().__init__()


def on_violation(constraint: str, error: type[DomainError]) -> None:
    """Name the error that callers get when the database refuses a write by this constraint."""
    _constraint_errors[constraint] = error


def door(use_case: Callable[P, R]) -> Callable[P, R]:
    """Run `use_case` as one durable transaction, recording the answer of an idempotent request inside it.

    Deadlocks and serialisation failures are repeated up to five times with jitter; a lock or statement
    timeout raises Busy; a violated constraint raises the error that `on_violation` named for it.
    In a rehearsal everything is the same, except that it is undone.
    """

    @functools.wraps(use_case)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if (look := _look.get()) is not None:
                    _rehearse_once(lambda: use_case(*args, **kwargs), look)
                with transaction.atomic(durable=True), idempotency.kept() as keep:
                    return keep(use_case(*args, **kwargs))
            except IntegrityError as violation:
                error = domain_error(violation)
                if error is None:
                    raise
                raise error from violation
            except OperationalError as trouble:
                state = getattr(trouble.__cause__, "sqlstate", None)
                if state in OUT_OF_TIME or (state in REPEATABLE and attempt == ATTEMPTS):
                    raise Busy from trouble
                if state not in REPEATABLE:
                    raise
                time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  jitter, not a secret
        raise AssertionError("unreachable")

    return run


def rehearse(act: Callable[[], object], look: Callable[[Any], V]) -> V:
    """Run the door that `act` calls for real, look at its result and at the rows it wrote, and undo it all.

    A preview made so can't differ from the deed: it is the same code under the same locks, which it lets go
    as soon as it has looked. No answer is kept for a repeated request, and what waits for the commit never
    runs. Refusals are raised as ever. Sequences go on, so ids of new rows mean nothing: don't show them.
    """
    token = _look.set(look)
    try:
        act()
    except _Seen as done:
        seen: V = done.seen
        return seen
    finally:
        _look.reset(token)
    raise AssertionError("Nothing was rehearsed: no door was called.")


def _rehearse_once(use_case: Callable[[], Any], look: Callable[[Any], Any]) -> None:
    with transaction.atomic(durable=True):
        result = use_case()
        connection.check_constraints()  # those that otherwise wait for the commit
        raise _Seen(look(result))


def step(part: Callable[P, R]) -> Callable[P, R]:
    """Mark a part of a door: it writes, and refuses to run outside a transaction."""

    @functools.wraps(part)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError(
                f"{part.__qualname__} is a step: call it from a door."
            )
        return part(*args, **kwargs)

    return run


def domain_error(violation: IntegrityError) -> DomainError | None:
    """The error named for the violated constraint, or None if it is not one of ours."""
    name = getattr(getattr(violation.__cause__, "diag", None), "constraint_name", None)
    return error_named_for(name or "")


def error_named_for(constraint: str) -> DomainError | None:
    error = _constraint_errors.get(constraint)
    return error() if error else None
