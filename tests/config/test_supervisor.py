"""The supervisor in a process of its own, with small programs as its children."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.config.places import BASE

UP = "import os, signal, time; os.write(1, b'up\\n');"
LASTING = f"{UP} time.sleep(60)"
DYING = f"{UP} raise SystemExit(3)"
FORKING = f"import os; os.fork(); {UP} time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {UP} time.sleep(60)"


@pytest.fixture
def supervise():
    """Start a supervisor over programs given as Python source; end it in any case."""
    started: list[subprocess.Popen[str]] = []

    def supervise(*sources: str, stop_seconds: float = 5, most_quick_ends: int = 5) -> subprocess.Popen[str]:
        code = f"""
import os, sys
from config.run.supervisor import GaveUp, Program, Supervisor
def show(name, text): print(name, '|', text, flush=True)
try:
    with Supervisor(show, os.environ, most_quick_ends={most_quick_ends}, janitor_seconds=1) as supervisor:
        for number, source in enumerate({sources!r}):
            line = [sys.executable, '-c', source]
            program = supervisor.start(Program(f'p{{number}}', line, stop_seconds={stop_seconds}))
            print('pid', program.process.pid, flush=True)
        supervisor.run()
except GaveUp as exc:
    sys.exit(str(exc))
"""
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=BASE,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield supervise
    for process in started:
        process.kill()
        process.communicate()


def read_until(process, words, count=1):
    """Return the lines up to the one that has `words` for the `count`th time."""
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        count -= words in line
        if not count:
            return lines
    pytest.fail(f"{words!r} did not come: {lines}")


def pids_of(lines):
    return [int(line.split()[1]) for line in lines if line.startswith("pid ")]


def wait_until_gone(pids, seconds=12):
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if group_lives(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)


def group_lives(group):
    """A zombie that nobody has collected yet does not count: it runs no code."""
    states = subprocess.run(
        ["/bin/ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    return any(re.fullmatch(rf" *{group} [^Z].*", line) for line in states.splitlines())


def test_a_program_that_ends_is_started_again(supervise):
    process = supervise(DYING, LASTING)
    lines = read_until(process, "p0 | up", count=3)
    assert "p0 | ended with code 3; starts again in 0.5 s" in lines
    assert "p0 | ended with code 3; starts again in 1 s" in lines


def test_a_program_that_always_ends_at_once_is_given_up_and_the_others_stop(supervise):
    process = supervise(DYING, LASTING, most_quick_ends=1)
    lines = read_until(process, "in a row")
    assert process.wait(timeout=10) == 1
    wait_until_gone(pids_of(lines))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_all_and_what_they_started(supervise, number):
    process = supervise(LASTING, FORKING)
    pids = pids_of(read_until(process, "| up", count=3))
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    wait_until_gone(pids)


def test_a_program_that_does_not_listen_is_killed(supervise):
    process = supervise(STUBBORN, stop_seconds=0.3)
    pids = pids_of(read_until(process, "| up"))
    process.terminate()
    assert "does not stop; killed" in process.communicate(timeout=10)[0]
    wait_until_gone(pids)


def test_a_killed_supervisor_leaves_nobody_behind(supervise):
    process = supervise(LASTING, FORKING, STUBBORN)
    pids = pids_of(read_until(process, "| up", count=4))
    assert len(pids) == 3
    os.kill(process.pid, signal.SIGKILL)
    wait_until_gone(pids)
