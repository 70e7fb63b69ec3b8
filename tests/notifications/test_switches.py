"""What stops messages: switches, caps and ceilings, all read inside the claim."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from notifications import deliver, rule_book, switches
from notifications.models import Message, Reminder, SendingPolicy, Switch
from practice.errors import Invalid, NotAllowed
from practice.models import Activity
from tests.cast import NOW
from tests.faults.stage import DAY, HOUR, MINUTE, START, TOLD, Stage, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


def turn(stage: Stage, scope: str, value: str = "", *, off: bool = True) -> Switch:
    return switches.turn(scope, value, off=off, reason="a test", actor=stage.clinic.kim, now=NOW)


@pytest.mark.parametrize(
    ("scope", "value"),
    [("everything", ""), ("channel", "sms"), ("provider", "twilio"), ("kind", "booked")],
)
def test_a_switch_stops_what_it_names_and_nothing_is_lost(stage: Stage, scope: str, value: str) -> None:
    stage.book()
    turn(stage, scope, value)
    stage.deliver(TOLD)
    assert stage.texts == []
    assert Reminder.objects.get(kind="booked").state == "planned"
    turn(stage, scope, value, off=False)
    stage.deliver(TOLD + MINUTE)
    assert len(stage.texts) == 1


@pytest.mark.parametrize(
    ("scope", "value"),
    [("channel", "email"), ("provider", "smtp"), ("kind", "fasting")],
)
def test_a_switch_stops_nothing_else(stage: Stage, scope: str, value: str) -> None:
    stage.book()
    turn(stage, scope, value)
    stage.deliver(TOLD)
    assert len(stage.texts) == 1


def test_a_switch_says_who_and_why_and_refuses_what_it_does_not_know(stage: Stage) -> None:
    switch = turn(stage, "channel", "sms")
    assert (switch.changed_by, switch.reason) == (stage.clinic.kim, "a test")
    entry = Activity.objects.get(action="sending.stopped")
    assert entry.data == {"scope": "channel", "value": "sms"}
    with pytest.raises(Invalid) as wrong:
        switches.turn("channel", "fax", off=True, reason=" ", actor=stage.clinic.kim, now=NOW)
    assert [blocker.code for blocker in wrong.value.blockers] == ["unknown_switch", "reason_missing"]
    with pytest.raises(Invalid):
        switches.turn("elsewhere", "", off=True, reason="x", actor=stage.clinic.kim, now=NOW)
    with pytest.raises(NotAllowed):
        switches.turn("everything", off=True, reason="x", actor=stage.clinic.ana.user, now=NOW)


def test_after_a_restore_nothing_goes_out_until_somebody_says_so(stage: Stage) -> None:
    stage.book()
    switches.stop_after_restore(now=NOW)
    assert stage.deliver(TOLD) == 0
    turn(stage, "everything", off=False)
    stage.deliver(TOLD)
    assert len(stage.texts) == 1


# Caps


def policy(**values: int) -> None:
    SendingPolicy.objects.update_or_create(pk=1, defaults=values)


def test_a_second_text_of_the_day_goes_by_email_instead(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    stage.book(client)
    stage.book(client, START + 14 * DAY, number=2)
    stage.deliver(TOLD)
    stage.deliver(TOLD + MINUTE)
    assert len(stage.texts) == 1
    (mail,) = stage.mails
    assert "You are booked" in mail
    assert stage.rows(kind="booked") == {
        ("booked", "sms", 1, "sent", ""),
        ("booked", "sms", 1, "skipped", "capped"),
        ("booked", "email", 1, "sent", ""),
    }
    before = stage.rows()
    stage.reconcile(TOLD + 2 * MINUTE)
    assert stage.rows() == before


def test_without_email_it_waits_for_the_next_day(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    client.contact_points.filter(channel="email").delete()
    stage.book(client)
    stage.book(client, START + 14 * DAY, number=2, now=NOW + HOUR)
    stage.deliver(TOLD)
    stage.deliver(TOLD + HOUR)
    waiting = Reminder.objects.get(kind="booked", state="planned")
    assert waiting.next_attempt_at > NOW + 12 * HOUR
    stage.reconcile(TOLD + HOUR + MINUTE)
    assert Reminder.objects.get(pk=waiting.pk).next_attempt_at == waiting.next_attempt_at
    stage.deliver(waiting.next_attempt_at)
    assert len(stage.texts) == 2


def test_what_is_about_safety_is_not_capped(stage: Stage) -> None:
    booked = stage.book()
    stage.deliver(TOLD)
    fasting = Reminder.objects.get(kind="fasting", channel="sms", booking=booked)
    policy(texts_per_day=1, texts_per_week=1)
    stage.deliver(fasting.due_at)
    assert Reminder.objects.get(pk=fasting.pk).state == "sent"


def test_three_in_seven_days_and_no_fourth(stage: Stage) -> None:
    client = stage.clinic.ready_client(doses=4)
    client.contact_points.filter(channel="email").delete()
    for number in range(4):
        stage.book(client, START + 7 * number * DAY, number=number + 1, now=NOW + number * DAY)
        stage.deliver(TOLD + number * DAY)
    assert len(stage.texts) == 3


# Ceilings


def test_a_flood_to_one_client_stops_and_is_for_the_desk(stage: Stage) -> None:
    policy(client_per_hour=1, texts_per_day=0, texts_per_week=0)
    client = stage.clinic.ready_client()
    stage.book(client)
    stage.book(client, START + 14 * DAY, number=2)
    stage.deliver(TOLD)
    assert len(stage.texts) == 1
    assert Reminder.objects.filter(skip_reason="ceiling").count() == 1


def test_a_loop_that_would_text_everybody_stops_itself(stage: Stage) -> None:
    policy(practice_per_minute=2)
    for number in range(4):
        stage.book(stage.clinic.ready_client(f"Client {number}"), START + number * DAY)
    stage.deliver(TOLD)
    assert len(stage.texts) == 2
    switch = Switch.objects.get(scope="everything")
    assert (switch.is_off, switch.reason, switch.changed_by) == (True, "ceiling", None)
    assert stage.deliver(TOLD + HOUR) == 0  # until a person says so
    turn(stage, "everything", off=False)
    policy(practice_per_minute=0)
    stage.deliver(TOLD + HOUR)
    assert len(stage.texts) == 4


def test_the_limits_are_those_of_the_row(stage: Stage) -> None:
    assert rule_book.load().limits == rule_book.Limits(1, 3, 30, 600)
    policy(texts_per_day=2)
    assert rule_book.load().limits.texts_per_day == 2


# Under concurrency


@pytest.mark.django_db(transaction=True)
def test_no_claim_commits_after_the_flip(stage: Stage) -> None:
    """Workers claim as fast as they can; everything they claim began before the switch had committed."""
    for number in range(12):
        start = START + (number % 4 + number // 4 * 7) * DAY
        stage.book(stage.clinic.ready_client(f"Client {number}"), start)
    flipped = threading.Event()
    after: list[int] = []

    def work() -> None:
        try:
            while True:
                was_flipped = flipped.is_set()
                handled, claimed = deliver.claim(now=TOLD, limit=1)
                if was_flipped:
                    after.append(len(claimed))
                    return
                if not handled:
                    flipped.wait(5)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    while not Message.objects.exists():
        pass
    turn(stage, "everything")
    claimed_by_then = Message.objects.count()
    flipped.set()
    for worker in workers:
        worker.join(20)
    assert after == [0, 0, 0, 0]
    assert Message.objects.count() == claimed_by_then


@pytest.mark.django_db(transaction=True)
def test_the_flip_waits_for_the_claim_that_has_read_the_switches(stage: Stage) -> None:
    """The lock is what makes it certain: with a claim open, the flip can not commit."""
    from django.db import transaction

    from practice.errors import Busy

    refused: list[bool] = []

    def flip() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            turn(stage, "everything")
        except Busy:
            refused.append(True)
        finally:
            connection.close()

    with transaction.atomic():
        switches.read()
        thread = threading.Thread(target=flip)
        thread.start()
        thread.join(10)
    assert refused == [True]


def test_the_seven_days_are_seven(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    client.contact_points.filter(channel="email").delete()
    policy(texts_per_week=1)
    stage.book(client)
    stage.deliver(TOLD)
    stage.book(client, START + 14 * DAY, number=2, now=NOW + 7 * DAY - timedelta(minutes=10))
    stage.deliver(TOLD + 7 * DAY - timedelta(minutes=5))
    assert len(stage.texts) == 1
    stage.book(client, START + 28 * DAY, number=3, now=NOW + 7 * DAY + MINUTE)
    stage.deliver(TOLD + 7 * DAY + 2 * MINUTE)
    assert len(stage.texts) == 2
