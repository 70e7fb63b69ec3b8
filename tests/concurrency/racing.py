"""Threads that begin together, each on a connection of its own, and what to look at afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import connection, connections

R = TypeVar("R")
PATIENCE_SECONDS = 60


def together(works: Sequence[Callable[[], R]]) -> list[R | Exception]:
    """Run all at once; the results in the order of `works`, an exception where one was raised."""
    start = threading.Barrier(len(works))
    results: list[Any] = [TimeoutError("still running")] * len(works)

    def run(index: int, work: Callable[[], R]) -> None:
        try:
            be_patient()
            start.wait(PATIENCE_SECONDS)
            results[index] = work()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return results


def be_patient() -> None:
    """Sixteen threads share one interpreter here, on a machine that may be busy: that is no lock's fault."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{PATIENCE_SECONDS}s'")
        cursor.execute(f"SET statement_timeout = '{PATIENCE_SECONDS}s'")


def deadlocks() -> int:
    """How many PostgreSQL has broken in this database so far: `door` repeats them, so nobody else sees."""
    return number("""
        SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()
    """)


def settled_deadlocks() -> int:
    """The same after the threads' ends, which their processes report a moment later."""
    names = "SELECT 0, count(*) FROM pg_stat_activity WHERE datname = current_database()"
    deadline = time.monotonic() + 5
    while number(names) > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    return deadlocks()


def overlaps() -> int:
    """Pairs of occupancies that take the same thing at the same time: a plain join, no range operator."""
    return number("""
        SELECT 0, count(*) FROM scheduling_occupancy a JOIN scheduling_occupancy b ON a.id < b.id
           AND lower(a.occupies) < upper(b.occupies) AND lower(b.occupies) < upper(a.occupies)
           AND (a.clinician_id = b.clinician_id OR a.client_id = b.client_id
                OR (a.room_id = b.room_id AND a.room_place = b.room_place))
    """)


def number(query: str) -> int:
    """The second column: the first is for functions that have to be called."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return int(row[1])
