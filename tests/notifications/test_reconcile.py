"""Wanted against stored: what is planned follows from the booking, whatever happened on the way there."""

from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications import deliver, facts, reconcile, tasks
from notifications.models import OutboxMessage, Reminder, ReminderEvent
from notifications.reconcile import RELATED
from practice import clients
from practice.errors import DomainError
from practice.models import ChannelConsent, Client, ContactPoint
from scheduling import booking, lifecycle, moves, readiness
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.faults.stage import DAY, HOUR, MINUTE, START, TOLD, Stage, clock_at, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db

PLAN = {
    ("booked", "sms"),
    ("ride_and_support", "sms"),
    ("fasting", "sms"),
    ("fasting", "email"),
    ("morning_of", "sms"),
}
LATER = at("2026-12-03 13:00")
EXAMPLES = int(os.environ.get("QUIETROOM_EXAMPLES", "12"))  # more for a long look


def rows(version: int, state: str, *kinds: str, reason: str = "") -> set[Any]:
    return {(kind, channel, version, state, reason) for kind, channel in PLAN if not kinds or kind in kinds}


def snapshot() -> list[Any]:
    return [*Reminder.objects.order_by("pk").values(), *ReminderEvent.objects.order_by("pk").values()]


def change_channels(stage: Stage, booked: Booking, *channels: str, now: datetime) -> None:
    how = {"revision": None, "actor": stage.clinic.kim, "now": now}
    clients.change(booked.client_id, {}, channels=channels, **how)
    reconcile.reconcile_touched(since=now, now=now)


def test_a_booking_is_planned_in_its_own_transaction(stage: Stage) -> None:
    stage.book()
    assert stage.rows() == rows(1, "planned")


def test_a_booking_that_fails_plans_nothing(stage: Stage) -> None:
    with pytest.raises(DomainError):
        stage.book(start=START + MINUTE)
    assert stage.rows() == set()


def test_who_moves_to_another_zone_two_weeks_before_is_told_by_the_new_clock(stage: Stage) -> None:
    """The session stays where it is; what goes by the client's clock moves with them."""
    booked = stage.book(start=START + 6 * DAY)
    before = Reminder.objects.get(booking=booked, kind="fasting", channel="sms").due_at
    seen = clients.change(
        booked.client_id, {"time_zone": "America/New_York"}, revision=None, actor=stage.clinic.kim, now=NOW
    )
    assert seen.time_zone == "America/New_York"
    reconcile.reconcile_touched(since=NOW, now=NOW + MINUTE)
    row = Reminder.objects.get(booking=booked, kind="fasting", channel="sms")
    assert (row.due_at, row.state) == (before - 3 * HOUR, "planned")
    booked.refresh_from_db()
    assert booked.starts_at == START + 6 * DAY


@pytest.mark.parametrize("moment", [NOW, TOLD, NOW + 5 * DAY, START - HOUR, START, START + DAY])
def test_to_reconcile_twice_changes_nothing_more(stage: Stage, moment: datetime) -> None:
    stage.book()
    stage.deliver(TOLD)
    stage.reconcile(moment)
    before = snapshot()
    stage.reconcile(moment)
    assert snapshot() == before


def test_a_move_skips_the_old_and_plans_the_new(stage: Stage) -> None:
    booked = stage.book()
    stage.deliver(TOLD)
    moves.reschedule(booked.pk, LATER, actor=stage.clinic.kim, now=NOW + HOUR)
    old = {("booked", "sms", 1, "sent", "")} | {
        row for row in rows(1, "skipped", reason="moved") if row[0] != "booked"
    }
    new = {("moved", "sms", 2, "planned", "")} | {row for row in rows(2, "planned") if row[0] != "booked"}
    assert stage.rows() == old | new
    due = dict(Reminder.objects.filter(booking_version=2, channel="sms").values_list("kind", "due_at"))
    assert due["fasting"] == at("2026-12-02 16:00")
    assert due["moved"] == NOW + HOUR + 3 * MINUTE


def test_a_slip_put_right_at_once_says_only_where_things_stand(stage: Stage) -> None:
    booked = stage.book()
    moves.reschedule(booked.pk, LATER, actor=stage.clinic.kim, now=NOW + 2 * MINUTE)
    assert stage.deliver(TOLD) == 0
    stage.deliver(TOLD + 2 * MINUTE)
    (text,) = stage.texts
    assert "Thu Dec 3 at 1 pm" in text


def test_a_booking_undone_at_once_sends_nothing_ever(stage: Stage) -> None:
    booked = stage.book()
    lifecycle.cancel(booked.pk, party="clinic", reason="slip", actor=stage.clinic.kim, now=NOW + 2 * MINUTE)
    for moment in (TOLD, NOW + HOUR, NOW + DAY, START - HOUR, START + DAY):
        stage.reconcile(moment)
        stage.deliver(moment)
    assert stage.rows() == rows(1, "skipped", reason="cancelled")
    assert stage.texts == stage.mails == []


def test_who_was_told_of_it_is_told_that_it_is_off_and_nothing_else(stage: Stage) -> None:
    booked = stage.book()
    stage.deliver(TOLD)
    lifecycle.cancel(booked.pk, party="clinic", reason="ill", actor=stage.clinic.kim, now=NOW + HOUR)
    assert stage.rows(state="planned") == {("cancelled", "sms", 1, "planned", "")}
    for moment in (NOW + HOUR + 3 * MINUTE, NOW + DAY, START - HOUR, START + DAY):
        stage.reconcile(moment)
        stage.deliver(moment)
    assert ["booked" in text for text in stage.texts] == [True, False]
    assert "cancelled" in stage.texts[1]
    assert stage.mails == []


def cancel(stage: Stage, booked: Booking, *, party: str, now: datetime) -> None:
    lifecycle.cancel(booked.pk, party=party, reason="ill", actor=stage.clinic.kim, now=now)


EVENING, NEXT_MORNING = at("2026-11-23 21:00"), at("2026-11-24 08:00")


def test_what_was_booked_in_the_evening_and_cancelled_at_night_is_told_in_the_morning(stage: Stage) -> None:
    booked = stage.book(now=EVENING)
    cancel(stage, booked, party="clinic", now=EVENING + HOUR)
    assert stage.rows(state="planned") == {("cancelled", "sms", 1, "planned", "")}
    stage.deliver(NEXT_MORNING)
    assert ["cancelled" in text for text in stage.texts] == [True]


def test_who_cancelled_before_anything_went_out_is_not_told_what_they_said(stage: Stage) -> None:
    booked = stage.book(now=EVENING)
    cancel(stage, booked, party="client", now=EVENING + HOUR)
    assert stage.rows() == rows(1, "skipped", reason="cancelled")


def test_a_cancellation_that_no_channel_carries_is_a_call_for_the_desk(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    ContactPoint.objects.filter(client=client).delete()
    booked = stage.book(client)
    cancel(stage, booked, party="clinic", now=NOW + HOUR)
    assert stage.rows(kind="cancelled") == {("cancelled", "", 1, "skipped", "no_channel")}


@pytest.mark.parametrize(("error", "is_told"), [("lease_expired", True), (Reminder.BROKEN, False)])
def test_what_was_given_up_may_have_arrived_unless_it_was_never_begun(
    stage: Stage, error: str, is_told: bool
) -> None:
    booked = stage.book()
    told = Reminder.objects.filter(kind="booked")
    told.update(state="sending", lease_token=uuid.uuid4(), lease_until=TOLD)
    for state in ("unknown", "dead"):
        told.update(state=state, last_error_code=error)
    cancel(stage, booked, party="client", now=NOW + HOUR)
    assert Reminder.objects.filter(kind="cancelled", state="planned").exists() == is_told


def refuse_for_good(stage: Stage, client: Client | None = None) -> None:
    stage.book(client)
    ContactPoint.objects.filter(channel="sms").update(value="+15005550001")
    stage.deliver(TOLD)
    assert stage.only().state == "failed"


def test_what_one_channel_refuses_for_good_goes_out_on_the_next(stage: Stage) -> None:
    refuse_for_good(stage)
    assert stage.only(channel="email").state == "planned"  # in the same round, not an hour later
    stage.deliver(TOLD)
    assert (stage.only(channel="email").state, len(stage.mails), stage.texts) == ("sent", 1, [])
    assert stage.only("ride_and_support", "email").state == "planned"  # nothing more goes to that number


def test_what_the_last_channel_refuses_stays_with_the_desk(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(client=client, channel="email").delete()
    refuse_for_good(stage, client)
    assert ("booked", "sms", 1, "failed", "") in stage.rows()
    assert not stage.rows(state="planned")


def test_another_number_brings_back_what_the_old_one_refused(stage: Stage) -> None:
    refuse_for_good(stage)
    ContactPoint.objects.filter(channel="sms").update(value="+12025550177")
    stage.reconcile(TOLD + MINUTE)
    again = stage.only()
    assert (again.state, again.attempt_count) == ("planned", 0)
    assert stage.only(channel="email").skip_reason == "not_needed"
    stage.deliver(TOLD + MINUTE)
    assert (stage.only().state, len(stage.texts), stage.mails) == ("sent", 1, [])


def test_another_number_does_not_repeat_what_the_mail_said(stage: Stage) -> None:
    refuse_for_good(stage)
    stage.deliver(TOLD)
    ContactPoint.objects.filter(channel="sms").update(value="+12025550177")
    stage.reconcile(TOLD + MINUTE)
    assert stage.only().state == "failed"


def test_a_sweep_begins_with_the_next_session_and_reaches_the_last(stage: Stage) -> None:
    first_made = stage.book(start=START + 6 * DAY)
    sooner = stage.book(stage.clinic.ready_client("Ivy Kahn"))
    Reminder.objects.all().delete()
    place = reconcile.reconcile_upcoming(now=NOW, limit=1)
    assert place == (sooner.starts_at, sooner.pk)
    assert set(Reminder.objects.values_list("booking", flat=True)) == {sooner.pk}
    place = reconcile.reconcile_upcoming(now=NOW, after=place, limit=1)
    assert place == (first_made.starts_at, first_made.pk)
    assert set(Reminder.objects.values_list("booking", flat=True)) == {sooner.pk, first_made.pk}
    assert reconcile.reconcile_upcoming(now=NOW, after=place, limit=1) is None


def test_what_changed_last_is_looked_at_first(stage: Stage) -> None:
    stage.book()
    last = stage.book(stage.clinic.ready_client("Ivy Kahn"), START + 6 * DAY, now=NOW + MINUTE)
    Reminder.objects.all().delete()
    assert reconcile.reconcile_touched(since=NOW, now=NOW + MINUTE, limit=1) == 1
    assert set(Reminder.objects.values_list("booking", flat=True)) == {last.pk}


def test_a_long_sweep_stops_in_time_and_goes_on_where_it_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings = [stage.book(), stage.book(stage.clinic.ready_client("Ivy Kahn"), START + 6 * DAY)]
    Reminder.objects.all().delete()
    cache.delete(tasks.SWEEP_PLACE)
    monkeypatch.setattr(tasks, "SWEEP_STEP", 1)
    monkeypatch.setattr(tasks, "SWEEPING_LASTS", timedelta(0))  # time for one step each
    with clock_at(NOW):
        for count in (1, 2):
            tasks.reconcile_all()
            done = set(Reminder.objects.values_list("booking", flat=True))
            assert done == {each.pk for each in bookings[:count]}
        tasks.reconcile_all()
    assert cache.get(tasks.SWEEP_PLACE) is None  # the next one begins anew


def test_what_is_answered_is_not_asked_and_what_is_open_again_is(stage: Stage) -> None:
    booked = stage.book()
    stage.say(booked, "ride")
    assert stage.only("ride_and_support").state == "planned"  # who stays is still open
    stage.say(booked, "support_person")
    asked = stage.only("ride_and_support")
    assert (asked.state, asked.skip_reason) == ("skipped", "not_needed")
    stage.say(booked, "support_person", answer="problem", now=NOW + MINUTE)
    assert stage.only("ride_and_support").state == "planned"
    trail = ReminderEvent.objects.filter(reminder=asked).order_by("pk").values_list("to_state", "detail")
    assert list(trail) == [("skipped", "not_needed"), ("planned", "needed_again")]


def test_who_has_settled_everything_needs_no_word_in_the_morning(stage: Stage) -> None:
    booked = stage.book()
    stage.say(booked, "ride", "support_person", "fasting")
    assert stage.only("morning_of").skip_reason == "not_needed"
    assert stage.only("fasting").state == "planned"  # an instruction, not a question


@pytest.mark.parametrize(
    "take_away",
    [
        lambda client: ChannelConsent.objects.filter(client=client).update(withdrawn_at=NOW),
        lambda client: ContactPoint.objects.filter(client=client).delete(),
        lambda client: ContactPoint.objects.filter(client=client).update(is_primary=False),
    ],
    ids=["no consent", "no address", "no primary address"],
)
def test_whom_no_channel_reaches_is_shown_to_the_desk(stage: Stage, take_away: Any) -> None:
    client = stage.clinic.ready_client()
    take_away(client)
    stage.book(client)
    kinds = {kind for kind, _ in PLAN}
    assert stage.rows() == {(kind, "", 1, "skipped", "no_channel") for kind in kinds}
    stage.reconcile(NOW + HOUR)
    assert Reminder.objects.count() == len(kinds)


def test_who_wants_no_texts_gets_mail(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(client=client, channel="sms").update(withdrawn_at=NOW)
    stage.book(client)
    assert {row[1] for row in stage.rows()} == {"email"}


def test_a_consent_withdrawn_and_given_again_brings_the_messages_back(stage: Stage) -> None:
    booked = stage.book()
    change_channels(stage, booked, now=NOW + MINUTE)
    assert stage.rows(state="planned") == set()
    assert stage.only("fasting").skip_reason == "no_channel"
    change_channels(stage, booked, "sms", "email", now=NOW + 2 * MINUTE)
    assert stage.rows(state="planned") == rows(1, "planned")


def test_what_was_said_by_text_is_not_said_again_by_mail(stage: Stage) -> None:
    booked = stage.book()
    stage.deliver(TOLD)
    change_channels(stage, booked, "email", now=NOW + HOUR)
    planned = {(kind, channel) for kind, channel, *_ in stage.rows(state="planned")}
    assert planned == {("ride_and_support", "email"), ("fasting", "email"), ("morning_of", "email")}


def test_what_was_said_is_no_call_for_the_desk_when_the_consent_ends(stage: Stage) -> None:
    booked = stage.book()
    stage.deliver(TOLD)
    change_channels(stage, booked, now=NOW + HOUR)
    unreached = {kind for kind, channel, *_ in stage.rows(skip_reason="no_channel") if channel == ""}
    assert unreached == {"ride_and_support", "fasting", "morning_of"}


def test_after_the_session_there_is_care_and_a_prompt(stage: Stage) -> None:
    booked = stage.book()
    stage.say(booked, "ride", "support_person", "fasting")
    clinic = stage.clinic
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=START)
    lifecycle.start(booked.pk, actor=clinic.ana.user, now=START)
    clinic.discharged(booked, dosed_at=START, left_at=START + 2 * HOUR)
    lifecycle.complete(booked.pk, actor=clinic.ana.user, now=START + 2 * HOUR + 30 * MINUTE)
    planned = dict(Reminder.objects.filter(state="planned").values_list("kind", "due_at"))
    assert planned == {"aftercare": at("2026-12-01 16:00"), "integration_prompt": at("2026-12-02 10:00")}


def test_a_no_show_is_told_nothing(stage: Stage) -> None:
    booked = stage.book()
    lifecycle.mark_no_show(booked.pk, actor=stage.clinic.kim, now=START)
    assert stage.rows(state="planned") == set()


def test_one_record_that_cannot_be_judged_does_not_stop_the_sweep(stage: Stage) -> None:
    broken = stage.book()
    other = stage.book(stage.clinic.ready_client("Ivy Kahn"), START + 6 * DAY)
    type(broken.client).objects.filter(pk=broken.client_id).update(time_zone="Mars/Olympus")
    Reminder.objects.all().delete()
    stage.reconcile(NOW)
    assert set(Reminder.objects.values_list("booking", flat=True)) == {other.pk}


# Anything, in any order


class Story:
    """One client's booking as people and time treat it, with a checker that looks after every step."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.now = clinic, NOW
        days = (START + timedelta(days=days) for days in range(20))
        self.starts = iter([start + hours for start in days for hours in (timedelta(0), 3 * HOUR)])
        client = clinic.maya
        request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
        self.pk = booking.book(request, next(self.starts), actor=clinic.kim, now=self.now).pk

    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    def move(self, _: int) -> None:
        moves.reschedule(self.pk, next(self.starts), actor=self.clinic.kim, now=self.now)

    def cancel(self, _: int) -> None:
        lifecycle.cancel(self.pk, party="client", reason="x", actor=self.clinic.kim, now=self.now)

    def say(self, which: int) -> None:
        readiness.acknowledge(
            self.pk,
            item=("ride", "support_person", "fasting")[which % 3],
            answer="problem" if which % 5 == 0 else "confirmed",
            said_by="client",
            source="phone",
            actor=self.clinic.kim,
            now=self.now,
        )

    def consent(self, which: int) -> None:
        channels = [(), ("sms",), ("email",), ("sms", "email")][which % 4]
        how = {"revision": None, "actor": self.clinic.kim, "now": self.now}
        clients.change(self.clinic.maya.pk, {}, channels=channels, **how)
        reconcile.reconcile_touched(since=self.now, now=self.now)

    def send(self, _: int) -> None:
        with clock_at(self.now):
            while deliver.deliver_due(clock=lambda: self.now):
                continue

    def check(self) -> None:
        reconcile.reconcile_upcoming(now=self.now)
        before = snapshot()
        reconcile.reconcile_upcoming(now=self.now)
        assert snapshot() == before, "a second look changed something"

        (loaded,) = facts.load(Booking.objects.select_related(*RELATED)).values()
        stored = list(Reminder.objects.all())
        mine = [row for row in stored if row.booking_version == loaded.booking.version]
        over = {(row.kind, row.channel) for row in mine if row.state == "sent" or row.skip_reason in FOR_GOOD}
        planned = {(row.kind, row.channel) for row in stored if row.state == "planned"}
        wanted = reconcile.judged(loaded, stored, now=self.now)
        due = {(item.kind, item.channel) for item in wanted.due}
        assert planned == due - over, "the plan is not what the booking asks for"
        assert all(row in mine for row in stored if row.state == "planned")
        assert loaded.booking.is_live or {kind for kind, _ in planned} <= {"cancelled"}


FOR_GOOD = {"too_late", "quiet_hours", "cancelled"}


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    """All rows that the examples share; each example undoes its own."""
    for _each in (clinic.ready_client(), clinic.appointment_type(), clinic.kim):
        continue  # made when first asked for
    return clinic


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 2, 4, 60, 11 * 60, 26 * 60, 4 * 24 * 60])),
    st.tuples(st.just("move"), st.just(0)),
    st.tuples(st.just("say"), st.integers(0, 14)),
    st.tuples(st.just("consent"), st.integers(0, 3)),
    st.tuples(st.just("send"), st.just(0)),
    st.tuples(st.just("send"), st.just(0)),
    st.tuples(st.just("cancel"), st.just(0)),
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=2, max_size=10))
def test_the_plan_is_a_function_of_the_booking(ready: Clinic, steps: list[tuple[str, int]]) -> None:
    """And each kind goes out once for each version of the time, on one channel, fasting on two."""
    undo = transaction.savepoint()  # no atomic block: doors open their own
    try:
        story = Story(ready)
        story.check()
        for name, detail in steps:
            try:
                getattr(story, name)(detail)
            except DomainError:
                continue  # a rule said no, and that is no change
            story.check()
        told = [
            (row.kind, row.booking_version, row.channel if row.kind == "fasting" else "")
            for row in Reminder.objects.filter(state="sent")
        ]
        assert len(told) == len(set(told)) == OutboxMessage.objects.count()
    finally:
        transaction.savepoint_rollback(undo)
