"""Nobody records the vitals of a session: staff hears of it in minutes, without a word of where or why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import override_settings

from notifications import on_call, session_alarms, staff, switches
from notifications.models import OutboxMessage, SessionAlarm, StaffKind, StaffNotice, StaffRule
from notifications.session_alarms import MOST_TIMES, TOLD_AGAIN_AFTER
from tests.faults.stage import clock_at
from tests.scheduling.test_session_room import Session, session
from treatment_plans.dosing import watch

__all__ = ["session"]
pytestmark = pytest.mark.django_db

GRACE = timedelta(minutes=5)
DOSED, DUE = (
    5,
    20,
)  # minutes after the start: the dose, and the vitals that the protocol wants 15 min after it
LATE = DUE + 5


@pytest.fixture
def dosed(session: Session) -> Session:
    session.prepare()
    session.give(DOSED)
    return session


@pytest.fixture
def sweep() -> Callable[[datetime], int]:
    def run(now: datetime) -> int:
        with clock_at(now):
            session_alarms.watch(now=now)
            return session_alarms.tell_due(clock=lambda: now)

    return run


def test_the_stage_is_as_the_numbers_say(dosed: Session) -> None:
    room = dosed.room(6)
    assert [point.minutes for point in room.points][:2] == [0, DUE - DOSED]
    assert timedelta(minutes=dosed.record.protocol.vitals_tolerance_minutes) == GRACE


def test_those_whose_session_it_is_and_the_nurses_hear_when_the_grace_is_over(
    dosed: Session, sweep: Callable[[datetime], int]
) -> None:
    assert dosed.clinic.nia
    assert sweep(dosed.after(LATE)) == 0  # within the grace, up to its last instant
    assert sweep(dosed.after(LATE + 0.1)) == 1
    sent = list(OutboxMessage.objects.all())
    assert {each.recipient for each in sent} == {"ana@example.org", "ito@example.org", "nia@example.org"}
    for each in sent:
        said = f"{each.subject} {each.body}".lower()
        words = ("maya", "vital", "dose", "session", "pressure", "client", "ketamine", "treatment")
        assert not [word for word in words if word in said]
        assert "/admin/" in said


def test_it_is_told_again_but_three_times_at_most(dosed: Session, sweep: Callable[[datetime], int]) -> None:
    first = dosed.after(LATE + 1)
    told = [sweep(first + minutes * timedelta(minutes=1)) for minutes in range(60)]
    assert [minute for minute, count in enumerate(told) if count] == [0, 5, 10]
    alarm = SessionAlarm.objects.get()
    assert (alarm.told_count, alarm.tell_at, alarm.over_at) == (MOST_TIMES, None, None)


def test_it_is_over_when_somebody_records(dosed: Session, sweep: Callable[[datetime], int]) -> None:
    assert sweep(dosed.after(LATE + 1)) == 1
    dosed.measure(LATE + 2)
    assert sweep(dosed.after(LATE + 1) + TOLD_AGAIN_AFTER) == 0
    assert SessionAlarm.objects.get().over_at == dosed.after(LATE + 1) + TOLD_AGAIN_AFTER
    # the next time that is missed is another alarm
    later = dosed.after(DOSED + 120)
    assert sweep(later) == 1
    assert SessionAlarm.objects.filter(over_at=None).count() == 1


def test_what_was_recorded_between_watching_and_telling_is_not_told(dosed: Session) -> None:
    now = dosed.after(LATE + 1)
    assert session_alarms.watch(now=now) == 1
    dosed.measure(LATE + 0.5)
    with clock_at(now):
        assert session_alarms.tell_due(clock=lambda: now) == 0
    assert OutboxMessage.objects.count() == 0


def test_a_session_that_has_ended_is_no_longer_watched(dosed: Session) -> None:
    dosed.measure(64)
    dosed.leave(65)
    assert watch.overdue(now=dosed.after(300)) == []


def test_before_the_dose_and_a_day_later_nothing_is_overdue(session: Session) -> None:
    session.prepare()
    assert watch.overdue(now=session.after(200)) == []
    session.give(DOSED)
    assert watch.overdue(now=session.after(200))
    assert watch.overdue(now=session.after(60 * 25)) == []


def test_whom_the_practice_named_hears_too(dosed: Session, sweep: Callable[[datetime], int]) -> None:
    with override_settings(ON_CALL_SMS=["+14155550100"], ON_CALL_EMAIL=[]):
        assert sweep(dosed.after(LATE + 1)) == 1
    assert "+14155550100" in {each.recipient for each in OutboxMessage.objects.all()}


def test_it_is_told_although_everything_is_off_but_not_by_a_channel_that_is(
    dosed: Session, sweep: Callable[[datetime], int]
) -> None:
    kim, now = dosed.clinic.kim, dosed.after(LATE + 1)
    switches.turn("channel", "email", off=True, reason="test", actor=kim, now=now)
    assert sweep(now) == 0
    assert SessionAlarm.objects.get().told_count == 0  # the alarm itself stands, on the board
    switches.turn("channel", "email", off=False, reason="test", actor=kim, now=now)
    switches.turn("everything", off=True, reason="test", actor=kim, now=now)
    assert sweep(now + timedelta(minutes=2)) == 1


@pytest.mark.parametrize("why", ["restored", "ceiling"])
def test_a_stop_that_no_person_chose_leaves_no_session_alone(
    dosed: Session, sweep: Callable[[datetime], int], why: str
) -> None:
    now = dosed.after(LATE + 1)
    if why == "restored":
        switches.stop_after_restore(now=now)
    else:
        with transaction.atomic():
            switches.stop_at_ceiling(now=now)
    assert sweep(now) == 1


def test_a_reading_that_was_none_sounds_the_alarm_again(
    dosed: Session, sweep: Callable[[datetime], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sweep(dosed.after(LATE + 1)) == 1
    with monkeypatch.context() as recorded:
        recorded.setattr(watch, "overdue", lambda **_named: [])
        assert sweep(dosed.after(LATE + 2)) == 0
    assert SessionAlarm.objects.get().over_at == dosed.after(LATE + 2)
    assert sweep(dosed.after(LATE + 3)) == 1
    alarm = SessionAlarm.objects.get()
    assert (alarm.over_at, alarm.told_count, alarm.raised_at) == (None, 1, dosed.after(LATE + 3))


@override_settings(ON_CALL_SMS=["+14155550100", "+14155550101"], ON_CALL_EMAIL=[])
def test_slow_texts_keep_no_mail_waiting_and_what_went_out_first_is_noted(
    dosed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dosed.clinic.nia
    now, sent = dosed.after(LATE + 1), list[str]()

    def send(recipient: on_call.Recipient, **_named: object) -> bool:
        if recipient[0] == "sms":
            raise SystemExit  # the time is over
        sent.append(recipient[1])
        return True

    session_alarms.watch(now=now)
    monkeypatch.setattr(on_call, "send", send)
    with pytest.raises(SystemExit):
        session_alarms.tell_due(clock=lambda: now)
    assert sorted(sent) == ["ana@example.org", "ito@example.org", "nia@example.org"]
    assert SessionAlarm.objects.get().told_count == 1


def test_the_practice_may_say_who_or_that_nobody_is_told(
    dosed: Session, sweep: Callable[[datetime], int]
) -> None:
    staff.add_missing()
    rule = StaffRule.objects.get(kind=StaffKind.VITALS_OVERDUE)
    StaffRule.objects.filter(pk=rule.pk).update(is_active=False)
    assert sweep(dosed.after(LATE + 1)) == 0
    StaffRule.objects.filter(pk=rule.pk).update(is_active=True, roles=["front_desk"], to_responsible=False)
    assert sweep(dosed.after(LATE + 3)) == 1
    assert {each.recipient for each in OutboxMessage.objects.all()} == {"kim@example.org"}


def test_what_no_provider_took_is_tried_again_in_a_minute(
    dosed: Session, sweep: Callable[[datetime], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(on_call, "send", lambda *_args, **_named: False)
        assert sweep(dosed.after(LATE + 1)) == 0
    assert sweep(dosed.after(LATE + 1.5)) == 0
    assert sweep(dosed.after(LATE + 2)) == 1


def test_it_is_not_left_to_the_digest(dosed: Session) -> None:
    staff.raise_notices(now=dosed.after(LATE + 30))
    assert not StaffNotice.objects.filter(kind=StaffKind.VITALS_OVERDUE).exists()


def test_any_number_of_sessions_takes_the_same_queries(
    dosed: Session, django_assert_num_queries: Callable[[int], object]
) -> None:
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        assert len(watch.overdue(now=dosed.after(LATE + 1))) == 1
