"""make run itself: a new folder, all servers, a page, a clean end."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from config.run.__main__ import environment
from config.run.polling import answer_of
from tests.config.places import BASE

READY = "Quietroom is ready"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def launch(tmp_path, port):
    # Without the demo, whose build takes longer than all else: tests/web/test_demo.py has that.
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PORT": str(port)}
    env |= {"QUIETROOM_DEMO": "0", "DEBUG": "1"}
    started: list[subprocess.Popen[str]] = []

    def launch(folder: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=BASE,
            env={**env, "QUIETROOM_DATA": str(tmp_path / folder)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def lines_until(process, words):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail("".join(lines))


def test_it_runs_and_stops_without_a_trace(launch, port):
    process = launch("data")
    said = lines_until(process, READY)
    assert "PostgreSQL (first start" in said
    assert "No demo data" in said
    assert answer_of("127.0.0.1", port, "/healthz") == 200
    deadline = time.monotonic() + 30
    while answer_of("127.0.0.1", port, "/readyz") != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answer_of("127.0.0.1", port, "/readyz") == 200  # worker and beat are there too

    on_the_same_port = launch("other")
    assert on_the_same_port.wait(timeout=10) == 1
    assert f"Cannot use port {port}" in on_the_same_port.stdout.read()

    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) > 8
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    left = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert left == []


def test_a_demo_is_what_one_gets_without_asking(monkeypatch, tmp_path):
    monkeypatch.delenv("QUIETROOM_DEMO")
    assert environment("127.0.0.1", 8000, tmp_path)["QUIETROOM_DEMO"] == "1"
    monkeypatch.setenv("QUIETROOM_DEMO", "0")
    assert environment("127.0.0.1", 8000, tmp_path)["QUIETROOM_DEMO"] == "0"
