"""Real web, worker and beat processes against this test's database, with a Redis and a clock of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection

from config.celery import QUEUES, broker_url
from config.servers import valkey
from config.servers.places import locate
from config.servers.postgres import CHILD

POLL_SECONDS = 0.03


class Programs:
    """Starts and kills. Each leads a process group of its own and dies with this test, however that ends."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        places = locate(folder / "redis")
        valkey.prepare(places)
        self._popen("redis", valkey.start_line(places, keep=False, parent=os.getpid()), {})
        wait_for(lambda: valkey.is_running(places), seconds=20)
        self.broker = Celery("nudges", broker=broker_url(places.redis_url))
        self.broker.conf.broker_transport_options = {"global_keyprefix": "quietroom:"}
        self.variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(settings.BASE_DIR),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "QUIETROOM_DEMO": "1",
            "QUIETROOM_DATA": str(folder),
            "DATABASE_URL": database_url(),
            "REDIS_URL": places.redis_url,
            "LOG_LEVEL": "WARNING",
            **variables,
        }

    def start(self, name: str, *arguments: str) -> None:
        """A Python module with arguments, such as "celery", "-A", "config.celery", …"""
        line = [sys.executable, "-I", "-S", str(CHILD), "--end-with", f"{os.getpid()}:{int(signal.SIGKILL)}"]
        self._popen(name, [*line, "--", sys.executable, "-m", *arguments], self.variables)

    def start_worker(self, *, processes: int = 2) -> None:
        queues = ("--queues", ",".join(QUEUES), "--without-mingle", "--without-gossip")
        self._start_celery("worker", "--concurrency", str(processes), *queues)

    def start_beat(self) -> None:
        self._start_celery("beat")

    def _start_celery(self, name: str, *options: str) -> None:
        self.start(name, "celery", "-A", "config.celery", "-q", name, *options, "--loglevel", "WARNING")

    def start_web(self, port: int) -> None:
        self.variables |= {"PORT": str(port), "WEB_WORKERS": "1", "WEB_THREADS": "2"}
        self.start("web", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi")

    def kill(self, name: str) -> None:
        """SIGKILL for the whole group at once: parent and children, in whatever they were doing."""
        program = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()

    def kill_all(self) -> None:
        for name in reversed(list(self._running)):
            self.kill(name)

    def nudge(self, *tasks: str) -> None:
        """What beat does, now."""
        for task in tasks:
            self.broker.send_task(f"notifications.tasks.{task}", queue="messages")

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _popen(self, name: str, line: list[str], variables: Mapping[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                line,
                env=dict(variables),
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def database_url() -> str:
    """Of the database that this test uses."""
    own = connection.settings_dict
    parts = {name: str(own[name.upper()]) for name in ("host", "port", "user", "password")}
    parts |= {"host": str(own["OPTIONS"].get("host") or parts["host"])}
    return f"postgresql:///{own['NAME']}?{urlencode({name: value for name, value in parts.items() if value})}"


def wait_for(
    is_so: Callable[[], object], *, seconds: float, meanwhile: Callable[[], None] | None = None
) -> None:
    """Poll until it is so. Raises TimeoutError; `meanwhile` runs about four times a second."""
    deadline, next_turn = time.monotonic() + seconds, 0.0
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not so after {seconds} s.")
        if meanwhile is not None and time.monotonic() >= next_turn:
            next_turn = time.monotonic() + 0.25
            meanwhile()
        time.sleep(POLL_SECONDS)


@pytest.fixture
def programs(tmp_path: Path, twilio_environment: dict[str, str]) -> Iterator[Programs]:
    running = Programs(tmp_path, twilio_environment)
    try:
        yield running
    finally:
        running.kill_all()
