from __future__ import annotations

import pytest

from notifications.models import Reminder, Switch
from tests.api.calls import Caller
from tests.faults.stage import TOLD, Stage, clock_at, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


def test_a_program_stops_a_channel_and_starts_it_again(stage: Stage) -> None:
    caller = Caller(stage.clinic.kim)
    body = {"scope": "channel", "value": "sms", "is_off": True, "reason": "the provider is down"}
    answer = caller.post("switches", body)
    assert answer.status_code == 201, answer.content
    stage.book()
    stage.deliver(TOLD)
    assert stage.texts == []
    caller.post("switches", {**body, "is_off": False})
    assert not Switch.objects.get().is_off
    wrong = caller.post("switches", {**body, "value": "fax"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "unknown_switch")


def test_a_program_settles_and_asks_again(stage: Stage) -> None:
    stage.book()
    caller, row = Caller(stage.clinic.kim), stage.only()
    early = caller.post(f"reminders/{row.pk}/settle", {"how": "phone"})
    assert (early.status_code, early.json()["code"]) == (409, "still_under_way")
    Reminder.objects.filter(pk=row.pk).update(state="skipped", skip_reason="ceiling")
    with clock_at(TOLD):
        caller = Caller(stage.clinic.kim)
        asked = caller.post(f"reminders/{row.pk}/ask-again", {"channel": "email"})
        settled = caller.get(f"reminders/{row.pk}")
    assert asked.status_code == 200, asked.content
    assert asked.json()["channel"] == "email"
    assert settled.json()["settled_how"] == "other_way"
