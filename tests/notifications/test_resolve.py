"""Nobody knows whether it was sent: the provider is asked, and never guessed at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from notifications import deliver, leases, resolve
from notifications.deliver import LEASE
from notifications.models import Message, Reminder
from notifications.resolve import ACCEPT_LATENCY
from practice.models import ChannelConsent
from scheduling import lifecycle
from tests.cast import NOW
from tests.faults.stage import (
    DAY,
    HOUR,
    MINUTE,
    RESOLVABLE,
    SECOND,
    START,
    TOLD,
    Stage,
    clock_at,
    smtp,
    stage,
    twilio,
)

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


def lose_the_answer(stage: Stage, instruction: str = "drop_reply") -> None:
    stage.book()
    stage.twilio.misbehave(instruction)
    stage.deliver(TOLD)
    assert stage.only().state == "unknown"


@pytest.mark.parametrize("instruction", ["drop_reply", "half_reply", "no_sid", "500_after"])
def test_what_the_provider_has_was_sent(stage: Stage, instruction: str) -> None:
    lose_the_answer(stage, instruction)
    assert stage.resolve(TOLD + RESOLVABLE) == 1
    sent = stage.only()
    (accepted,) = stage.twilio.accepted()
    assert (sent.state, sent.sent_at) == ("sent", TOLD)
    assert Message.objects.get().provider_ref == accepted["sid"]


@pytest.mark.parametrize("instruction", ["drop_request", "500_before", "http:503"])
def test_what_it_does_not_have_is_planned_and_judged_again(stage: Stage, instruction: str) -> None:
    lose_the_answer(stage, instruction)
    assert stage.resolve(TOLD + RESOLVABLE) == 1
    assert stage.only().state == "planned"
    stage.deliver(TOLD + RESOLVABLE)
    assert (stage.only().state, len(stage.texts)) == ("sent", 1)


def test_it_is_not_asked_before_it_could_know(stage: Stage) -> None:
    """A provider may show a message later than it took it; "not there" would be wrong."""
    lose_the_answer(stage)
    assert [stage.resolve(TOLD + wait) for wait in (SECOND, LEASE, LEASE + ACCEPT_LATENCY)] == [0, 0, 0]
    assert stage.resolve(TOLD + RESOLVABLE) == 1


def test_a_provider_that_does_not_answer_the_question_is_asked_again_later(
    stage: Stage, settings: Any
) -> None:
    lose_the_answer(stage)
    right, settings.TWILIO_AUTH_TOKEN = settings.TWILIO_AUTH_TOKEN, "not it"
    assert stage.resolve(TOLD + RESOLVABLE) == 0
    settings.TWILIO_AUTH_TOKEN = right
    assert stage.resolve(TOLD + RESOLVABLE + MINUTE) == 0  # the first question is not over yet
    assert stage.resolve(TOLD + 2 * RESOLVABLE) == 1
    assert stage.only().state == "sent"


def test_a_booking_that_was_cancelled_meanwhile_gets_no_second_try(stage: Stage) -> None:
    lose_the_answer(stage, "drop_request")
    booked = stage.only().booking
    lifecycle.cancel(booked.pk, party="client", reason="ill", actor=stage.clinic.kim, now=TOLD + MINUTE)
    stage.resolve(TOLD + RESOLVABLE)
    for moment in (TOLD + RESOLVABLE, NOW + HOUR, NOW + DAY):
        stage.deliver(moment)
    assert stage.only().skip_reason == "cancelled"
    assert not any("booked" in text for text in stage.texts)


def test_what_has_become_too_late_meanwhile_is_not_sent(stage: Stage) -> None:
    lose_the_answer(stage, "drop_request")
    stage.resolve(NOW + 2 * DAY)
    stage.deliver(NOW + 2 * DAY)
    assert (stage.only().skip_reason, stage.texts) == ("too_late", [])


def test_mail_cannot_be_looked_up_so_a_person_decides(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(channel="sms").delete()
    stage.book(client)
    stage.smtp.misbehave("drop_reply")
    stage.deliver(TOLD)
    assert stage.only(channel="email").state == "unknown"
    stage.resolve(TOLD + RESOLVABLE)
    for moment in (TOLD + RESOLVABLE, NOW + HOUR):
        stage.deliver(moment)
    assert (stage.only(channel="email").state, len(stage.mails)) == ("dead", 1)
    assert stage.only(channel="email").state in Reminder.NEEDS_A_PERSON


@pytest.mark.parametrize("reached_the_provider", [True, False])
def test_a_worker_that_died_is_found_out_about(stage: Stage, reached_the_provider: bool) -> None:
    """It had begun and its lease runs out: unknown, never simply planned."""
    stage.book()
    (one,) = deliver.claim(now=TOLD, limit=20)[1]
    assert leases.begin([one], now=TOLD)
    if reached_the_provider:
        with clock_at(TOLD):
            stage.twilio.plant(to=one.outgoing.to, body=one.outgoing.body, at=TOLD)
    assert resolve.expire_leases(now=TOLD + LEASE) == 0
    assert resolve.expire_leases(now=TOLD + LEASE + SECOND) == 1
    assert (stage.only().state, stage.only().last_error_code) == ("unknown", "lease_expired")
    stage.resolve(TOLD + RESOLVABLE)
    stage.deliver(TOLD + RESOLVABLE)
    assert (stage.only().state, len(stage.texts)) == ("sent", 1)


def test_what_a_dead_worker_never_began_is_planned_again_and_sent_once(stage: Stage) -> None:
    """Mail that can't be looked up, too: nobody has to wonder about what never left."""
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(channel="sms").delete()
    stage.book(client)
    (lost,) = deliver.claim(now=TOLD, limit=20)[1]
    assert resolve.expire_leases(now=TOLD + LEASE + SECOND) == 1
    again = stage.only(channel="email")
    assert (again.state, again.attempt_count, Message.objects.count()) == ("planned", 0, 0)
    assert not leases.begin([lost], now=TOLD + LEASE + SECOND)  # who comes back after all begins nothing
    stage.deliver(TOLD + LEASE + SECOND)
    assert (stage.only(channel="email").state, len(stage.mails)) == ("sent", 1)


def test_the_same_words_to_the_same_number_are_told_apart(stage: Stage) -> None:
    """Two clients who share a phone: one trace at the provider is not proof of two messages."""
    first = stage.clinic.ready_client()
    second = stage.clinic.ready_client("Ivy Rivera")
    number = first.contact_points.get(channel="sms").value
    second.contact_points.filter(channel="sms").update(value=number)
    for client, day in ((first, 0), (second, 6)):
        stage.book(client, START + day * DAY)
    Reminder.objects.exclude(kind="booked").delete()
    stage.twilio.misbehave("drop_request", times=2)
    stage.deliver(TOLD)
    bodies = set(Message.objects.values_list("body", flat=True))
    Message.objects.update(body=bodies.pop())
    stage.twilio.plant(to=number, body=Message.objects.all()[0].body, at=TOLD)
    assert stage.resolve(TOLD + RESOLVABLE) == 2
    assert sorted(Reminder.objects.values_list("state", flat=True)) == ["planned", "sent"]


def test_two_sweeps_at_once_settle_it_once(stage: Stage) -> None:
    lose_the_answer(stage)
    moment: datetime = TOLD + RESOLVABLE
    assert (stage.resolve(moment), stage.resolve(moment)) == (1, 0)


def test_a_sweep_that_died_over_its_question_is_followed_by_another(stage: Stage) -> None:
    lose_the_answer(stage)
    moment = TOLD + RESOLVABLE
    assert len(resolve._lease_doubts(now=moment)) == 1
    assert len(resolve._lease_doubts(now=moment)) == 0
    assert stage.resolve(moment + RESOLVABLE) == 1
