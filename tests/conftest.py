"""What all tests share; tests/servers.py has the servers. pytest-django gives each worker its database."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from tests import servers
from tests.cast import Clinic, make_clinic

LOOPBACK = ("127.0.0.1", "::1", "localhost")
RUN = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the workers of xdist use what their controller started
        config.stash[RUN] = servers.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        servers.leave(config.stash[RUN])


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy a migrated database instead of migrating each anew, which takes seconds."""
    if not os.environ.get("DATABASE_URL"):
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = servers.template()


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
