"""Starts the embedded servers once for all runs and workers. DATABASE_URL and REDIS_URL, when set, win.

A run holds a shared lock while it lasts; the one that ends last stops the servers. pytest-django gives
each xdist worker a database of its own.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from config.servers import postgres, valkey
from config.servers.places import Places, locate
from tests.cast import Clinic, make_clinic

DATA = Path(__file__).resolve().parents[1] / "var" / "test"
# A crash may lose the test databases: the next run makes its own.
FAST_AND_LOOSE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "autovacuum": "off",
}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
RUNS = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    DATA.mkdir(parents=True, exist_ok=True)
    runs = config.stash[RUNS] = os.open(DATA / "runs.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(runs, fcntl.LOCK_SH)
    starting = os.open(DATA / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(starting, fcntl.LOCK_EX)
    try:
        if not os.environ.get("DATABASE_URL"):
            postgres.start(locate(DATA), FAST_AND_LOOSE)
            drop_databases_of_dead_runs(locate(DATA))
        if not os.environ.get("REDIS_URL"):
            valkey.start(locate(DATA), keep=False)
    finally:
        os.close(starting)


def pytest_unconfigure(config: pytest.Config) -> None:
    runs = config.stash.get(RUNS, None)
    if runs is None:
        return
    try:
        fcntl.flock(runs, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another run is still busy
    else:
        valkey.stop(locate(DATA))
        postgres.stop(locate(DATA))
    finally:
        os.close(runs)


def drop_databases_of_dead_runs(places: Places) -> None:
    with postgres.connect(places, "template1") as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall()
        for name in [str(row[0]) for row in rows]:
            run = name.split("_")[1]
            if not run.isdigit() or not Path(f"/proc/{run}").exists():
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session", autouse=True)
def _flush_past_the_triggers() -> Iterator[None]:
    """Let the flush after a transactional test empty the append-only tables, whose triggers refuse it."""
    flush = TransactionTestCase._fixture_teardown

    def flush_as_a_replica(case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            try:
                flush(case)
            finally:
                cursor.execute("RESET session_replication_role")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_as_a_replica)
        yield


@pytest.fixture(scope="session", autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    """Refuse every connection to another machine: no test may need one, or reach one by mistake."""
    connect = socket.socket.connect

    def connect_here_only(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"A test tried to reach {address[0]}.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here_only)
        yield


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()
