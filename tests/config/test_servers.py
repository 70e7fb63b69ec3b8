"""The embedded servers, for real: two data folders beside each other, and after a kill."""

import os
import signal
import time

import pytest

from config.servers import postgres, valkey
from config.servers.places import locate


@pytest.fixture
def two_places(tmp_path):
    places = [locate(tmp_path / name) for name in ("one", "two")]
    yield places
    for place in places:
        valkey.stop(place)
        postgres.stop(place)


def test_two_data_folders_have_servers_of_their_own(two_places):
    for place in two_places:
        for _ in range(2):  # the second time nothing happens
            postgres.start(place)
            valkey.start(place)
    one, two = two_places
    with postgres.connect(one) as connection:
        connection.execute("CREATE TABLE only_in_one ()")
    with postgres.connect(two) as connection:
        assert connection.execute("SELECT to_regclass('only_in_one')").fetchone() == (None,)
    with valkey.client(one) as first, valkey.client(two) as second:
        first.set("where", "one")
        assert second.get("where") is None
    postgres.stop(one)
    assert not postgres.is_running(one)
    assert postgres.is_running(two)


def test_a_server_that_was_killed_starts_again_with_what_was_committed(two_places):
    place = two_places[0]
    postgres.start(place)
    with postgres.connect(place) as connection:
        connection.execute("CREATE TABLE kept ()")
    pid_file = place.postgres_data / "postmaster.pid"
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while postgres.is_running(place) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pid_file.exists()
    postgres.start(place)
    with postgres.connect(place) as connection:
        assert connection.execute("SELECT to_regclass('kept') IS NOT NULL").fetchone() == (True,)


def test_what_people_type_stays_out_of_the_log(two_places):
    place = two_places[0]
    postgres.start(place)
    with postgres.connect(place) as connection:
        connection.execute("CREATE TABLE person (name text PRIMARY KEY)")
        for _ in range(2):
            with connection.cursor() as cursor:
                try:
                    cursor.execute("INSERT INTO person VALUES (%s)", ["Ada Lovelace"])
                except Exception as exc:
                    assert "Ada Lovelace" in str(exc)  # noqa: PT017  the client may see it, the log may not
    log = place.postgres_log.read_text()
    assert "duplicate key" in log
    assert "Ada" not in log
