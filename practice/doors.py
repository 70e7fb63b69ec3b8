"""Doors and steps: the two kinds of function that change the world (docs/locking.md)."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from practice import idempotency
from practice.errors import Busy, DomainError

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
REPEATABLE = {"40P01", "40001"}
OUT_OF_TIME = {"55P03", "57014"}

_constraint_errors: dict[str, type[DomainError]] = {}


def on_violation(constraint: str, error: type[DomainError]) -> None:
    """Name the error that callers get when the database refuses a write by this constraint."""
    _constraint_errors[constraint] = error


def door(use_case: Callable[P, R]) -> Callable[P, R]:
    """Run `use_case` as one durable transaction, recording the answer of an idempotent request inside it.

    Deadlocks and serialisation failures are repeated up to five times with jitter; a lock or statement
    timeout raises Busy; a violated constraint raises the error that `on_violation` named for it.
    """

    @functools.wraps(use_case)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
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
