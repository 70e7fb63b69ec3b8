"""Claim, judge again, send, mark: against both providers on this machine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from notifications import deliver, leases, resolve, sending
from notifications.channels import Receipt, channel_for
from notifications.deliver import LEASE
from notifications.models import Message, Reminder, ReminderEvent
from notifications.redaction import redacted
from notifications.sending import MOST_ATTEMPTS, PROVIDER_TIMEOUT
from practice import present
from practice.models import ChannelConsent, Client, ContactPoint
from scheduling import lifecycle, moves
from scheduling.models import Booking
from tests.cast import NOW, at
from tests.faults.crowd import due_now
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


def trail(reminder: Reminder) -> list[tuple[str, str]]:
    events = ReminderEvent.objects.filter(reminder=reminder).order_by("pk")
    return [(event.to_state, event.detail) for event in events]


def claim(moment: datetime) -> list[leases.Claimed]:
    return deliver.claim(now=moment, limit=20)[1]


# What is sent


def test_it_goes_out_once_and_says_so(stage: Stage) -> None:
    stage.book()
    assert [stage.deliver(moment) for moment in (NOW, TOLD, TOLD, NOW + HOUR)] == [0, 1, 0, 0]
    (accepted,) = stage.twilio.accepted()
    sent, message = stage.only(), Message.objects.get()
    assert (sent.state, sent.sent_at, sent.attempt_count) == ("sent", TOLD, 1)
    assert (message.outcome, message.provider, message.provider_ref) == (
        "accepted",
        "twilio",
        accepted["sid"],
    )
    assert (message.recipient, message.body) == (accepted["to"], redacted(accepted["body"]))
    assert trail(sent) == [("sending", ""), ("sent", "")]


def test_each_message_of_a_course_arrives_at_its_time_with_its_words(stage: Stage) -> None:
    stage.book()
    for moment, words in (
        (TOLD, "You are booked Tue Dec 1 at 9:30 am"),
        (at("2026-11-28 11:00"), "Who takes you home?"),
        (at("2026-11-30 16:00"), "No food after"),
        (at("2026-12-01 08:00"), "See you Tue Dec 1 at 9:30 am"),
    ):
        before = len(stage.texts)
        stage.deliver(moment - SECOND)
        assert len(stage.texts) == before
        stage.deliver(moment)
        assert words in stage.texts[-1]
    assert (len(stage.texts), len(stage.mails)) == (4, 1)  # fasting on both
    assert {row[3] for row in stage.rows()} == {"sent"}


def test_a_client_elsewhere_reads_their_own_clock(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    Client.objects.filter(pk=client.pk).update(time_zone="America/New_York")
    stage.book(Client.objects.get())
    stage.deliver(TOLD)
    assert "12:30 pm Eastern time" in stage.texts[0]


def test_the_provider_is_told_until_when_it_is_of_use(stage: Stage) -> None:
    stage.book()
    stage.deliver(at("2026-12-01 08:00"))
    assert stage.twilio.accepted()[-1]["validity_period"] == 3600  # the last call is half an hour before


# What is judged again at the claim


def refuse_after(stage: Stage, change: Callable[[Stage, Booking], Any], moment: datetime = TOLD) -> Reminder:
    """Plan, change something behind the plan's back, then let the message come due."""
    booked = stage.book()
    change(stage, booked)
    stage.deliver(moment)
    return stage.only()


def behind_its_back(**changes: Any) -> Callable[[Stage, Booking], Any]:
    return lambda stage, booked: Booking.objects.filter(pk=booked.pk).update(**changes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (behind_its_back(status="cancelled", cancelled_at=NOW), "cancelled"),
        (behind_its_back(status="no_show", no_show_at=NOW), "cancelled"),
        (behind_its_back(version=2), "moved"),
        (lambda stage, booked: ChannelConsent.objects.update(withdrawn_at=NOW), "no_channel"),
        (lambda stage, booked: ContactPoint.objects.all().delete(), "no_channel"),
        (lambda stage, booked: ChannelConsent.objects.filter(channel="sms").delete(), "no_channel"),
    ],
    ids=["cancelled", "no show", "moved", "consent withdrawn", "no address", "no consent"],
)
def test_what_is_not_wanted_any_more_is_not_sent(
    stage: Stage, change: Callable[[Stage, Booking], Any], reason: str
) -> None:
    assert refuse_after(stage, change).skip_reason == reason
    assert stage.texts == stage.mails == []


def test_what_was_answered_since_is_not_asked(stage: Stage) -> None:
    booked = stage.book()
    for item in ("ride", "support_person"):
        booked.acknowledgements.create(
            item=item,
            for_starts_at=START,
            answer="confirmed",
            said_by="client",
            source="link",
            recorded_at=NOW,
        )
    stage.deliver(at("2026-11-28 11:00"))
    assert stage.only("ride_and_support").skip_reason == "not_needed"
    assert not any("takes you home" in text for text in stage.texts)


def test_too_late_is_never(stage: Stage) -> None:
    stage.book()
    stage.deliver(NOW + DAY + 3 * MINUTE)  # the workers stood still for a day
    assert (stage.only().skip_reason, stage.texts) == ("too_late", [])


def test_a_fasting_text_that_is_late_by_hours_still_comes_in_time_or_not_at_all(stage: Stage) -> None:
    stage.book()
    Reminder.objects.exclude(kind="fasting").delete()
    stage.deliver(at("2026-11-30 19:59"))
    assert (len(stage.texts), len(stage.mails)) == (1, 1)


@pytest.mark.parametrize("hour", ["20:00", "23:30", "02:59"])
def test_quiet_hours_that_have_begun_are_kept_and_the_desk_is_told(stage: Stage, hour: str) -> None:
    """By the morning the fast has begun, so there is no better time either."""
    stage.book()
    Reminder.objects.exclude(kind="fasting", channel="sms").delete()
    stage.deliver(at(f"2026-{'12-01' if hour < '12' else '11-30'} {hour}"))
    assert (stage.only("fasting").skip_reason, stage.texts) == ("quiet_hours", [])


def test_what_can_wait_for_the_morning_does(stage: Stage) -> None:
    stage.book()
    assert stage.deliver(at("2026-11-23 23:00")) == 1
    waiting = stage.only()
    assert (waiting.state, waiting.due_at) == ("planned", at("2026-11-24 08:00"))
    stage.deliver(at("2026-11-24 08:00"))
    assert len(stage.texts) == 1


def test_the_number_of_now_counts(stage: Stage) -> None:
    stage.book()
    ContactPoint.objects.filter(channel="sms").update(value="+12025550177")
    stage.deliver(TOLD)
    assert stage.twilio.accepted()[0]["to"] == "+12025550177"


def test_wording_that_gives_something_away_is_held_back(stage: Stage) -> None:
    stage.book()
    type(stage.clinic.location).objects.update(display_name="Ketamine Clinic")
    stage.deliver(TOLD)
    assert (stage.only().skip_reason, stage.texts) == ("wording", [])


def test_one_broken_record_does_not_keep_the_others_waiting(stage: Stage) -> None:
    broken = stage.book()
    stage.book(stage.clinic.ready_client("Ivy Kahn"), START + 6 * DAY)
    Client.objects.filter(pk=broken.client_id).update(legal_name=" ", time_zone="Mars/Olympus")
    stage.deliver(TOLD)
    given_up = Reminder.objects.get(kind="booked", booking=broken)
    assert (given_up.state, given_up.last_error_code) == ("dead", "broken")
    assert len(stage.texts) == 1


def test_a_move_between_claim_and_send_is_too_late_to_stop_it_and_the_new_time_follows(stage: Stage) -> None:
    """The claim's commit is the line: what began before it may still arrive, what comes after corrects it."""
    booked = stage.book()
    asked = []

    def clock() -> datetime:
        asked.append(1)
        if len(asked) == 2:  # the row is claimed, the provider not yet called
            moves.reschedule(booked.pk, at("2026-12-03 13:00"), actor=stage.clinic.kim, now=TOLD)
        return TOLD

    with clock_at(TOLD):
        deliver.deliver_due(clock=clock)
    stage.deliver(TOLD + 3 * MINUTE)
    assert ["Dec 1" in stage.texts[0], "Dec 3" in stage.texts[1]] == [True, True]


def test_a_cancellation_during_the_send_is_told(stage: Stage) -> None:
    booked = stage.book()
    assert len(claim(TOLD)) == 1
    lifecycle.cancel(booked.pk, party="client", reason="ill", actor=stage.clinic.kim, now=TOLD)
    assert stage.rows(state="planned") == {("cancelled", "sms", 1, "planned", "")}


# What the provider answers


@pytest.mark.parametrize(
    ("number", "code"), [("+15005550001", "21211"), ("+15005550004", "21610"), ("+15005550009", "21614")]
)
def test_a_refusal_for_good_is_for_a_person(stage: Stage, number: str, code: str) -> None:
    stage.book()
    ContactPoint.objects.filter(channel="sms").update(value=number)
    for moment in (TOLD, NOW + HOUR):
        stage.deliver(moment)
    refused = stage.only()
    assert (refused.state, refused.last_error_code, refused.attempt_count) == ("failed", code, 1)
    assert refused.state in Reminder.NEEDS_A_PERSON


def test_a_busy_provider_is_left_alone_as_long_as_it_asks(stage: Stage) -> None:
    stage.book()
    stage.twilio.misbehave("429:600")
    stage.deliver(TOLD)
    waiting = stage.only()
    assert (waiting.state, waiting.next_attempt_at) == ("planned", TOLD + 10 * MINUTE)
    assert stage.deliver(TOLD + 10 * MINUTE - SECOND) == 0
    stage.deliver(TOLD + 10 * MINUTE)
    assert (stage.only().state, len(stage.texts)) == ("sent", 1)
    assert trail(waiting) == [("sending", ""), ("planned", "20429"), ("sending", ""), ("sent", "")]


def test_a_provider_that_asks_for_too_long_has_failed(stage: Stage) -> None:
    stage.book()
    stage.twilio.misbehave(f"429:{30 * 3600}")
    stage.deliver(TOLD)
    assert stage.only().state == "failed"


def test_retries_grow_further_apart_and_end(stage: Stage) -> None:
    stage.book()
    stage.twilio.misbehave("429:0", times=99)
    moment, pauses = TOLD, []
    for _attempt in range(MOST_ATTEMPTS):
        stage.deliver(moment)
        pauses.append(stage.only().next_attempt_at - moment)
        moment = stage.only().next_attempt_at
    assert stage.only().state == "failed"
    assert stage.only().attempt_count == len(stage.twilio.requests) == MOST_ATTEMPTS
    assert all(15 * SECOND <= pause <= 30 * MINUTE for pause in pauses[:-1])
    assert pauses[5] > pauses[0]


def test_texts_do_not_wait_for_one_another_when_the_provider_is_slow(stage: Stage) -> None:
    due_now(stage.clinic, ["sms"] * 8)
    stage.twilio.misbehave("slow:0.5", 8)
    began = time.monotonic()
    assert deliver.deliver_due(clock=present.now) == 8
    assert time.monotonic() - began < 8 * 0.5 / 2
    assert (len(stage.twilio.accepted()), Reminder.objects.filter(state="sent").count()) == (8, 8)


def test_one_slow_answer_keeps_no_other_from_being_noted(stage: Stage, monkeypatch: Any) -> None:
    monkeypatch.setattr(sending, "MARK_WITHIN", timedelta(seconds=0.2))
    due_now(stage.clinic, ["sms"] * 3)
    stage.twilio.misbehave("slow:0.8")
    marked: list[int] = []
    mark = leases.mark

    def noting(results: Any, *, now: datetime) -> None:
        marked.append(len(results))
        mark(results, now=now)

    monkeypatch.setattr(leases, "mark", noting)
    deliver.deliver_due(clock=present.now)
    assert [count for count in marked if count] == [2, 1]


def test_a_pause_is_never_shorter_than_asked_nor_longer_than_half_an_hour() -> None:
    for attempt in range(1, 20):
        pauses = [sending.backoff(attempt) for _each in range(50)]
        ceiling = min(30 * MINUTE, 30 * SECOND * 2 ** (attempt - 1))
        assert ceiling / 2 <= min(pauses) <= max(pauses) <= ceiling
        assert sending.backoff(attempt, retry_after=7200) == 2 * HOUR


@pytest.mark.parametrize("instruction", ["drop_reply", "drop_request", "500_before", "500_after", "no_sid"])
def test_a_lost_answer_is_not_followed_by_a_second_try(stage: Stage, instruction: str) -> None:
    stage.book()
    stage.twilio.misbehave(instruction)
    for moment in (TOLD, TOLD + MINUTE, NOW + HOUR):
        stage.deliver(moment)
    assert (stage.only().state, len(stage.twilio.requests)) == ("unknown", 1)
    assert Message.objects.get().outcome == "unknown"


def test_mail_has_the_same_life(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(channel="sms").delete()
    stage.book(client)
    stage.smtp.misbehave("refuse_recipient:451")
    stage.deliver(TOLD)
    assert stage.only(channel="email").state == "planned"
    stage.deliver(TOLD + MINUTE)
    assert (stage.only(channel="email").state, len(stage.mails)) == ("sent", 1)


def test_a_mail_address_that_is_refused_for_good_is_for_a_person(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(channel="sms").delete()
    stage.book(client)
    stage.smtp.misbehave("refuse_recipient:550")
    stage.deliver(TOLD)
    assert (stage.only(channel="email").state, stage.mails) == ("failed", [])


# Leases


def test_a_claim_is_nobody_elses(stage: Stage) -> None:
    stage.book()
    assert len(claim(TOLD)) == 1
    assert claim(TOLD) == claim(TOLD + LEASE) == []


def test_who_wakes_up_late_sends_nothing(stage: Stage) -> None:
    """A worker that slept through its lease gives the row back instead of beginning."""
    stage.book()
    moments = iter([TOLD, TOLD + LEASE - PROVIDER_TIMEOUT + SECOND])
    last = TOLD + LEASE

    with clock_at(last):
        deliver.deliver_due(clock=lambda: next(moments, last))
    assert (stage.only().state, stage.texts, Message.objects.count()) == ("planned", [], 0)
    stage.deliver(TOLD + LEASE + MINUTE)
    assert len(stage.texts) == 1


def a_result(one: leases.Claimed, state: str, outcome: str, receipt: Receipt | None = None) -> leases.Result:
    return leases.Result(claimed=one, state=state, outcome=outcome, at=TOLD, receipt=receipt)


def test_who_has_lost_the_row_changes_nothing_of_it(stage: Stage) -> None:
    """The first worker comes back after everybody gave it up and the second has the row."""
    stage.book()
    (first,) = claim(TOLD)
    assert leases.begin([first], now=TOLD) == [first]
    later = TOLD + LEASE + resolve.ACCEPT_LATENCY + SECOND
    assert stage.resolve(later) == 1
    (second,) = claim(later)
    for write in (
        lambda: leases.mark([a_result(first, "sent", "accepted")], now=later),
        lambda: leases.mark([a_result(first, "failed", "refused")], now=later),
        lambda: leases.give_back([first], now=later),
    ):
        write()
        held = stage.only()
        assert (held.state, str(held.lease_token)) == ("sending", second.outgoing.token)


def test_who_lost_the_row_before_the_send_does_not_begin(stage: Stage) -> None:
    stage.book()
    (one,) = claim(TOLD)
    Reminder.objects.filter(pk=one.reminder.pk).update(lease_token=uuid.uuid4())
    with clock_at(TOLD):
        sending.send_all([one], channel_for("sms"), clock=lambda: TOLD, stop_at=None)
    assert (stage.texts, Message.objects.get().begun_at) == ([], None)


def test_a_lease_that_ends_between_begin_and_send_stops_the_send(stage: Stage) -> None:
    """The process slept there: by now somebody else may have looked and found nothing at the provider."""
    stage.book()
    (one,) = claim(TOLD)
    moments = iter([TOLD])
    with clock_at(TOLD):
        sending.send_all([one], channel_for("sms"), clock=lambda: next(moments, TOLD + LEASE), stop_at=None)
    assert (stage.only().state, stage.texts, Message.objects.count()) == ("planned", [], 0)


def test_an_answer_that_comes_after_the_lease_is_kept(stage: Stage) -> None:
    stage.book()
    (one,) = claim(TOLD)
    leases.begin([one], now=TOLD)
    late = TOLD + LEASE + SECOND
    assert resolve.expire_leases(now=late) == 1
    leases.mark([a_result(one, "sent", "accepted", Receipt("twilio", "SM1"))], now=late)
    message = Message.objects.get()
    assert (stage.only().state, message.outcome, message.provider_ref) == ("sent", "accepted", "SM1")
    assert trail(stage.only())[-2:] == [("unknown", "lease_expired"), ("sent", "")]


def test_a_result_that_cannot_be_noted_does_not_strand_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = [stage.book(stage.clinic.ready_client(f"Client {day}"), START + day * DAY) for day in range(3)]
    row_of = leases._row

    def breaks_for_one(result: leases.Result, before: str) -> dict[str, Any]:
        row = row_of(result, before)
        if result.claimed.reminder.booking_id == booked[1].pk:
            row["state"] = "no such state"  # the database refuses the batch, and then this one alone
        return row

    monkeypatch.setattr(leases, "_row", breaks_for_one)
    assert stage.deliver(TOLD) == 3
    states = Reminder.objects.filter(kind="booked").order_by("booking").values_list("state", flat=True)
    assert (list(states), len(stage.texts)) == (["sent", "sending", "sent"], 3)
    stage.resolve(TOLD + RESOLVABLE)
    assert set(Reminder.objects.filter(kind="booked").values_list("state", flat=True)) == {"sent"}
    assert len(stage.texts) == 3


def test_a_round_takes_no_more_than_it_was_told_to(stage: Stage) -> None:
    for day in range(3):
        stage.book(stage.clinic.ready_client(f"Client {day}"), START + day * DAY)
    assert stage.deliver(TOLD, limit=2) == 2
    assert len(stage.texts) == 2
    assert stage.deliver(TOLD, limit=2) == 1
