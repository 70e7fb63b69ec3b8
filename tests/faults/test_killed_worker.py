"""kill -9 of a worker in the middle of sending: nothing lost, nothing doubled, by the provider's own log.

FAULT_SENDS=300 FAULT_KILLS=3 is the long run (`make faults`), with a provider that loses answers as well.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifications.models import Message, Reminder
from tests.cast import Clinic
from tests.fakes import Script
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.faults.crowd import by_number, due_texts
from tests.faults.programs import Programs, programs, wait_for

__all__ = ["programs"]
pytestmark = pytest.mark.django_db(transaction=True)

SENDS = int(os.environ.get("FAULT_SENDS", "60"))
KILLS = int(os.environ.get("FAULT_KILLS", "1"))
LOST_ANSWERS = 0.05 if KILLS > 1 else 0.0


@pytest.fixture
def twilio(tmp_path: Path) -> Iterator[FakeTwilio]:
    """It takes a message at once and answers a moment later, so that a kill finds some in between."""
    chaos = {"drop_reply": LOST_ANSWERS, "slow:0.03": 1 - LOST_ANSWERS}
    with FakeTwilio(tmp_path / "twilio.jsonl", script=Script(chaos)) as fake:
        yield fake


@pytest.fixture
def twilio_environment(twilio: FakeTwilio) -> dict[str, str]:
    return {
        "TWILIO_BASE_URL": twilio.base_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": "+12025550100",
        "REMINDER_LEASE_SECONDS": "4",
        "REMINDER_PROVIDER_SECONDS": "1",
        "REMINDER_ACCEPT_SECONDS": "2",
    }


def test_nothing_is_lost_or_doubled(clinic: Clinic, twilio: FakeTwilio, programs: Programs) -> None:
    due_texts(clinic, SENDS)
    began, interrupted = time.monotonic(), 0

    def nudge() -> None:
        programs.nudge("deliver_due", "resolve_unknown")

    for kill in range(1, KILLS + 1):
        programs.start_worker()
        enough = SENDS * kill // (KILLS + 1)
        wait_for(lambda enough=enough: len(twilio.accepted()) >= enough, seconds=60, meanwhile=nudge)
        programs.kill("worker")
        interrupted += of(state="sending")
    assert interrupted > 0, "the kills came too late to hurt"
    programs.start_worker()
    wait_for(lambda: of(state="sent") == SENDS, seconds=90, meanwhile=nudge)

    found = by_number(twilio)
    lost, doubled = SENDS - len(found), sum(count - 1 for count in found.values())
    attempts = dict(Counter(Message.objects.values_list("outcome", flat=True)))
    print(f"\n{SENDS} texts, {KILLS} kills, {interrupted} interrupted: {lost} lost, {doubled} doubled")
    print(f"attempts {attempts}, {time.monotonic() - began:.1f} s")
    assert (lost, doubled) == (0, 0)
    assert set(Message.objects.filter(outcome="accepted").values_list("provider_ref", flat=True)) == {
        entry["sid"] for entry in twilio.accepted()
    }


def of(**what: str) -> int:
    return Reminder.objects.filter(kind="booked", **what).count()
