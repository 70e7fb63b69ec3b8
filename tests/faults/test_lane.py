"""When the harness may put the clock forward: not while anybody is in the middle of a task."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import cells
from tests.faults.lane import Lane


@pytest.fixture
def lane(tmp_path: Path) -> Any:
    lane = object.__new__(Lane)  # without its servers
    lane.faults, lane.places = tmp_path, None  # type: ignore[assignment]
    return lane


def test_who_works_is_busy_until_they_end_or_die(lane: Any) -> None:
    def note(pid: int) -> None:
        (lane.faults / f"busy.{pid}").touch()

    assert lane.busy_children() == []
    note(os.getpid())
    killed = os.fork()
    if killed == 0:
        os._exit(0)
    os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    note(killed)
    assert lane.busy_children() == [os.getpid()]  # the other is dead, though nobody has taken note of it
    os.waitpid(killed, 0)
    assert lane.busy_children() == [os.getpid()]


def test_a_broker_that_forgot_what_it_gave_out_does_not_make_it_quiet(
    lane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the clock would be put past the lease of a slow send, in the middle of it."""
    empty = SimpleNamespace(llen=lambda _key: 0, hlen=lambda _key: 0, close=lambda: None)
    monkeypatch.setattr(cells.valkey, "client", lambda _places: empty)
    monkeypatch.setattr(cells, "sends_are_open", lambda: False)
    assert cells.is_quiet(lane)
    (lane.faults / f"busy.{os.getpid()}").touch()
    assert not cells.is_quiet(lane)
