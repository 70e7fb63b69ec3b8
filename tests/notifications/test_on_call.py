"""Whoever is on call hears of an unsafe answer at once, and again when nobody has looked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from notifications import desk_tasks, on_call
from notifications.models import OutboxMessage
from tests.cast import NOW, Clinic
from tests.faults.stage import clock_at
from treatment_plans import safety
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import SafetyAlert

pytestmark = pytest.mark.django_db


def test_an_unsafe_answer_is_told_without_a_word_of_whom_or_what(clinic: Clinic) -> None:
    answers = dict.fromkeys("12345678", 0) | {"9": 2}
    measures.record(clinic.maya, Answered("phq9", answers, "link"), actor=None, now=NOW)
    with clock_at(NOW):
        assert on_call.alert_due(clock=lambda: NOW) == 1
        assert on_call.alert_due(clock=lambda: NOW + timedelta(minutes=5)) == 0
    sent = list(OutboxMessage.objects.all())
    assert {message.recipient for message in sent} == {"ana@example.org", "ito@example.org"}
    for message in sent:
        said = f"{message.subject} {message.body}"
        assert "Maya" not in said
        assert "PHQ" not in said


def test_it_is_told_again_when_nobody_acknowledged_it_in_time(clinic: Clinic) -> None:
    answers = dict.fromkeys("12345678", 0) | {"9": 3}
    measures.record(clinic.maya, Answered("phq9", answers, "link"), actor=None, now=NOW)
    with clock_at(NOW):
        on_call.alert_due(clock=lambda: NOW)
    late = SafetyAlert.objects.get().acknowledge_by_at
    safety.escalate_unseen(now=late)
    with clock_at(late):
        assert on_call.alert_due(clock=lambda: late) == 1
    assert OutboxMessage.objects.count() == 4


def test_being_told_of_a_task_does_not_make_stale_what_somebody_has_read(clinic: Clinic) -> None:
    with transaction.atomic():
        task = desk_tasks.alarm(client=clinic.maya, detail="I can't go on", now=NOW)
    with clock_at(NOW):
        assert on_call.alert_due(clock=lambda: NOW) == 1
    done = desk_tasks.finish(
        task.pk, outcome="Called, safe", revision=task.revision, actor=clinic.kim, now=NOW
    )
    assert (done.alerted_at, done.done_at) == (NOW, NOW)


def test_what_is_left_of_a_slow_channel_goes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, moment = list[str](), NOW

    def send(recipient: on_call.Recipient, **_named: object) -> bool:
        nonlocal moment
        moment += timedelta(seconds=30 if recipient[0] == "email" else 1)
        sent.append(recipient[1])
        return recipient[1] != "a"

    monkeypatch.setattr(on_call, "send", send)
    marked = list[str]()

    def noting(name: str) -> Callable[..., None]:
        def note(*, now: datetime) -> None:
            marked.append(f"{name} after {','.join(sent)}")
            raise ValueError

        return note

    alerts = [
        on_call.Alert((("email", "a"), ("sms", "1"), ("email", "b")), noting("first")),
        on_call.Alert((("sms", "2"), ("email", "c")), noting("second")),
    ]
    how = {"subject": "x", "text": "x", "of_use": timedelta(hours=1)}
    assert on_call.tell(alerts, **how, clock=lambda: moment) == 2  # type: ignore[arg-type]
    assert sent == ["a", "1", "2", "b", "c"]
    assert marked == ["first after a,1", "second after a,1,2"]
