from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from notifications import figures
from tests.faults.stage import MINUTE, TOLD, Stage, clock_at, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


def test_what_waits_and_how_long_it_took(stage: Stage) -> None:
    stage.book()
    late = TOLD + MINUTE
    before = figures.delivery(since=timedelta(hours=24), now=late)
    assert (before["due_and_unsent"], before["oldest_due_seconds"], before["accepted"]) == (1, 60, 0)
    stage.deliver(late)
    after = figures.delivery(since=timedelta(hours=24), now=late)
    assert (after["due_and_unsent"], after["oldest_due_seconds"], after["became"]) == (0, None, {"sent": 1})
    assert after["due_to_accepted_seconds"] == {"p50": 60, "p99": 60}
    with clock_at(late):
        said = io.StringIO()
        call_command("delivery_report", stdout=said)
    assert json.loads(said.getvalue()) == after
