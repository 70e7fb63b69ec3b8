"""The product as it runs: web, worker and beat, both providers, people with tokens, a clock to turn.

An office is its web process alone, for journeys in which no message matters.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.run.polling import answer_of
from config.schedule import ensure_schedule
from notifications.models import Reminder
from practice.api.authentication import issue_token
from practice.models import Clinician, User
from tests.cast import NOW, Clinic
from tests.fakes.smtp import FakeSmtp
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.faults.programs import Programs, wait_for
from tests.faults.stage import twilio

__all__ = ["twilio"]
PATIENCE_SECONDS = 40
# One for all: each new client reads all certificates anew. Connections don't stay, for servers are killed.
HTTP = httpx.Client(timeout=20, limits=httpx.Limits(max_keepalive_connections=0))


@dataclass
class Office:
    clinic: Clinic
    programs: Programs
    clock: Path
    port: int

    def turn_to(self, moment: datetime) -> None:
        """Turn the clock of all processes forward."""
        ahead = round((moment - timezone.now()).total_seconds()) + 1
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(ahead))
        fresh.replace(self.clock)

    def person(self, who: User | Clinician) -> Person:
        user = who.user if isinstance(who, Clinician) else who
        assert user is not None
        token = issue_token(user, name="journey", now=NOW)
        return Person(f"http://127.0.0.1:{self.port}/api/v1", token)

    def open(self) -> None:
        """Begin to start the web process, at NOW; `wait` for it."""
        self.turn_to(NOW)
        self.programs.start_web(self.port)

    def wait(self) -> None:
        wait_for(lambda: answer_of("127.0.0.1", self.port, "/healthz") == 200, seconds=PATIENCE_SECONDS)


@dataclass
class Town(Office):
    twilio: FakeTwilio
    smtp: FakeSmtp

    def until(self, moment: datetime) -> None:
        """Turn the clock, and wait until all processes have done what is due by then."""
        self.turn_to(moment)
        is_open = Reminder.objects.filter(state="planned", next_attempt_at__lte=moment)
        is_open |= Reminder.objects.filter(state__in=["sending", "unknown"])
        wait_for(lambda: not is_open.exists(), seconds=PATIENCE_SECONDS)

    @property
    def texts(self) -> list[str]:
        """With (link) for each secret address."""
        return [re.sub(r"https?://\S+", "(link)", entry["body"]) for entry in self.twilio.accepted()]

    @property
    def mails(self) -> list[dict[str, Any]]:
        return self.smtp.accepted()


@dataclass
class Person:
    api: str
    token: str

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, 200, params=query)

    def post(self, path: str, *, status: int = 200, once: str = "", **body: Any) -> Any:
        return self._ask("POST", path, status, json=body, headers={"Idempotency-Key": once} if once else {})

    def patch(self, path: str, *, revision: int, **body: Any) -> Any:
        return self._ask("PATCH", path, 200, json=body, headers={"If-Match": f'"{revision}"'})

    def add(self, path: str, **body: Any) -> Any:
        return self.post(path, status=201, **body)

    def refused(self, path: str, status: int, **body: Any) -> list[str]:
        """The code of the refusal, and those of all its reasons in alphabetical order."""
        problem = self._ask("POST", path, status, json=body)
        return [problem["code"], *sorted(each["code"] for each in problem.get("blockers", ()))]

    def sees_none_of(self, path: str, status: int) -> None:
        self._ask("GET", path, status)

    def _ask(self, method: str, path: str, status: int, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        answer = HTTP.request(method, f"{self.api}/{path}", headers=headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def twilio_environment(twilio: FakeTwilio, smtp_here: FakeSmtp, tmp_path: Path) -> dict[str, str]:
    return {
        "LOG_LEVEL": "INFO",
        "QUIETROOM_CLOCK_FILE": str(tmp_path / "clock"),
        "TWILIO_BASE_URL": twilio.base_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": "+12025550100",
        "EMAIL_HOST": smtp_here.host,
        "EMAIL_PORT": str(smtp_here.port),
        "EMAIL_TLS": "none",
        "EMAIL_FROM": "Riverbend <hello@riverbend.example>",
    }


@pytest.fixture
def smtp_here(tmp_path: Path) -> Iterator[FakeSmtp]:
    with FakeSmtp(tmp_path / "mail.jsonl") as fake:
        yield fake


@pytest.fixture
def town(clinic: Clinic, programs: Programs, twilio: FakeTwilio, smtp_here: FakeSmtp, tmp_path: Path) -> Town:
    """Open for business at NOW; the sweeps run more often than in a real practice."""
    ensure_schedule()
    often, _ = IntervalSchedule.objects.get_or_create(every=300_000, period=IntervalSchedule.MICROSECONDS)
    PeriodicTask.objects.filter(task__startswith="notifications").update(interval=often)
    built = Town(clinic, programs, tmp_path / "clock", _free_port(), twilio, smtp_here)
    built.open()
    built.until(NOW)
    programs.start_worker(processes=1)
    programs.start_beat()
    began = time.monotonic()
    built.wait()
    print(f"\nup after {time.monotonic() - began:.1f} s")
    return built


@pytest.fixture
def office(clinic: Clinic, tmp_path: Path) -> Iterator[Office]:
    """Open for business at NOW, with nobody who sends messages."""
    variables = {"QUIETROOM_CLOCK_FILE": str(tmp_path / "clock")}
    programs = Programs(tmp_path, variables)
    try:
        built = Office(clinic, programs, tmp_path / "clock", _free_port())
        built.open()
        built.wait()
        yield built
    finally:
        programs.kill_all()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
