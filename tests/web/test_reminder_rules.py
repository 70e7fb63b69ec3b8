"""Rules in the admin: all reasons when one is refused, a preview of a real booking, plans that follow."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from notifications import rule_book, tasks
from notifications.models import Reminder, ReminderRule, SendingPolicy
from practice.models import Activity
from scheduling import booking
from tests.cast import NOW, Clinic, at
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


def form(rule: ReminderRule, **changed: Any) -> dict[str, Any]:
    values = {
        "is_active": "on" if rule.is_active else "",
        "anchor": rule.anchor,
        "offset_minutes": rule.offset_minutes,
        "days": rule.days,
        "local": rule.local.isoformat() if rule.local else "",
        "lasts_minutes": "" if rule.lasts_minutes is None else rule.lasts_minutes,
        "last_call_minutes": "" if rule.last_call_minutes is None else rule.last_call_minutes,
        "channels": ",".join(rule.channels),
        "session_kinds": ",".join(rule.session_kinds),
        "asks": ",".join(rule.asks),
        "gap_minutes": rule.gap_minutes,
        "read_revision": rule.revision,
    }
    return {**values, **changed}


def address(rule: ReminderRule) -> str:
    return reverse("admin:notifications_reminderrule_change", args=[rule.pk])


@pytest.fixture
def ride(clinic: Clinic) -> ReminderRule:
    rule_book.add_missing()
    return ReminderRule.objects.get(kind="ride_and_support")


def book(clinic: Clinic) -> None:
    client = clinic.ready_client()
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def test_the_rows_say_what_we_ship_and_can_all_be_saved_as_they_are(ride: ReminderRule) -> None:
    assert rule_book.load().policy == SendingPolicy(pk=1).value(rule_book.DEFAULT_RULES)
    assert rule_book.add_missing() == []
    for rule in ReminderRule.objects.all():
        rule.full_clean()


def test_what_would_fire_after_the_session_is_refused_with_all_reasons(
    ada: Browser, ride: ReminderRule
) -> None:
    answer = ada.post(address(ride), form(ride, days=1, local="23:00", last_call_minutes=""))
    text = text_of(answer)
    assert "It would come when the session has begun." in text
    assert "Say from when on it is of no use" in text
    assert "Messages go out from 08:00 to 20:00 only" in text
    assert ReminderRule.objects.get(pk=ride.pk).days == -3


def test_a_change_is_remembered_and_what_is_not_sent_follows(
    ada: Browser, clinic: Clinic, ride: ReminderRule
) -> None:
    cache.clear()
    book(clinic)
    before = Reminder.objects.get(kind="ride_and_support")
    assert before.due_at == at("2026-11-28 11:00")
    answer = ada.post(address(ride), form(ride, days=-2, local="12:30"))
    assert answer.status_code == 302
    changed = Activity.objects.get(action="reminderrule.changed").data["fields"]
    assert {"days", "local"} <= set(changed)
    tasks.reconcile_changed()
    assert Reminder.objects.get(pk=before.pk).due_at == at("2026-11-29 12:30")


def test_a_rule_that_is_switched_off_withdraws_what_it_planned(
    ada: Browser, clinic: Clinic, ride: ReminderRule
) -> None:
    cache.clear()
    book(clinic)
    values = form(ride)
    del values["is_active"]
    ada.post(address(ride), values)
    tasks.reconcile_changed()
    row = Reminder.objects.get(kind="ride_and_support")
    assert (row.state, row.skip_reason) == ("skipped", "not_needed")


def test_the_preview_says_when_and_in_which_words(ada: Browser, clinic: Clinic, ride: ReminderRule) -> None:
    assert "There is no such booking yet." in text_of(ada.get(address(ride)))
    book(clinic)
    text = text_of(ada.get(address(ride)))
    assert "Nov. 28, 2026, 11 a.m. sms" in text
    assert "Who takes you home? Who stays with you after?" in text


def test_who_may_not_edit_sees_no_clients_message(ana: Browser, clinic: Clinic, ride: ReminderRule) -> None:
    book(clinic)
    text = text_of(ana.get(address(ride)))
    assert "Who takes you home" not in text


def test_the_policy_is_one_row(ada: Browser) -> None:
    page = reverse("admin:notifications_sendingpolicy_add")
    values = {
        "day_starts_local": "09:00",
        "evening_local": "18:00",
        "day_ends_local": "19:00",
        "quiet_period_minutes": 5,
        "texts_per_day": 2,
        "texts_per_week": 4,
        "client_per_hour": 10,
        "practice_per_minute": 100,
        "call_list_local": "18:30",
    }
    wrong = ada.post(page, {**values, "evening_local": "20:00"})
    assert "The evening lies inside the day." in text_of(wrong)
    assert ada.post(page, values).status_code == 302
    assert rule_book.load().limits == rule_book.Limits(2, 4, 10, 100)
    assert rule_book.load().policy.quiet_period_minutes == 5
    assert ada.get(page).status_code == 403
