"""What all tests share; tests/servers.py has the servers. pytest-django gives each worker its database."""

import gc
import os
import socket
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from tests import servers
from tests.cast import Clinic, make_clinic

LOOPBACK = ("127.0.0.1", "::1", "localhost")
RUN = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until everything is collected: that lives to the end, and is a lot to look through
    if not hasattr(config, "workerinput"):  # the workers of xdist use what their controller started
        config.stash[RUN] = servers.start()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        servers.leave(config.stash[RUN])


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy a migrated database instead of migrating each anew, which takes seconds."""
    if not os.environ.get("DATABASE_URL"):
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = servers.template()


@pytest.fixture(scope="session", autouse=True)
def _flush_only_what_is_there() -> Iterator[None]:
    """After a transactional test, empty the tables that have rows, past the triggers that refuse it.

    Django's own flush truncates all tables and makes permissions and content types anew: half a second
    each time.
    """

    def flush(case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_tables_with_rows())
            found = [row[0] for row in cursor.fetchall()]
            cursor.execute("SET session_replication_role = replica")  # no triggers, and no order among tables
            try:
                for table in found:
                    cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608  our own names
            finally:
                cursor.execute("RESET session_replication_role")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush)
        yield


@cache
def _tables_with_rows() -> str:
    """One query for the names of those that a test may have filled."""
    kept = {ContentType._meta.db_table, Permission._meta.db_table}
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept
    looks = (
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {connection.ops.quote_name(table)})"  # noqa: S608
        for table in sorted(tables)
    )
    return " UNION ALL ".join(looks)


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
