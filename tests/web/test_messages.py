"""The desk's list of messages: what is on it, what leaves it, and the buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from notifications import deliver, reconcile
from notifications.models import ClientLink, Reminder, Switch
from practice import present
from scheduling import booking
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.web.pages import get, messages_of, post, reasons_of, text_of

pytestmark = pytest.mark.django_db


def book(clinic: Clinic, start: str = "2026-12-01 09:30") -> Booking:
    client = clinic.ready_client()
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(request, at(start), actor=clinic.kim, now=NOW)


@pytest.fixture
def unreachable(clinic: Clinic) -> Booking:
    clinic.maya.channel_consents.update(withdrawn_at=NOW)
    return book(clinic)


def test_what_nobody_could_send_is_told_by_phone_and_gone(kim: Browser, unreachable: Booking) -> None:
    page = get(kim, "messages")
    row = Reminder.objects.get(kind="booked")
    assert "there is no channel" in text_of(page).lower()
    count = len(page.context["rows"])
    done = post(kim, "settle_message", row.pk, how="phone")
    assert messages_of(done) == ["Noted: told by phone."]
    assert len(get(kim, "messages").context["rows"]) == count - 1
    again = post(kim, "settle_message", row.pk, how="phone")
    assert reasons_of(again) == ["Somebody has already seen to this."]


def test_they_leave_the_list_when_a_channel_returns(
    kim: Browser, clinic: Clinic, unreachable: Booking
) -> None:
    clinic.maya.channel_consents.update(withdrawn_at=None)
    reconcile.reconcile_upcoming(now=NOW)
    assert get(kim, "messages").context["rows"] == []


def test_a_text_that_failed_is_sent_by_email(kim: Browser, clinic: Clinic) -> None:
    book(clinic)
    row = Reminder.objects.get(kind="booked")
    deliver.claim(now=NOW + timedelta(minutes=3), limit=9)
    Reminder.objects.filter(pk=row.pk).update(state="failed", lease_token=None, last_error_code="21614")
    page = text_of(get(kim, "messages"))
    assert "it may be a landline" in page
    done = post(kim, "send_by_email", row.pk)
    assert messages_of(done) == ["It goes out within minutes."]
    assert Reminder.objects.get(kind="booked", channel="email").asked_by == clinic.kim


def test_all_messages_begin_with_those_that_need_a_person(kim: Browser, clinic: Clinic) -> None:
    book(clinic)
    first, *others = Reminder.objects.order_by("due_at")  # by its time it would come last
    assert others
    page = get(kim, "notifications_reminder_changelist")
    assert page.context["cl"].result_list[0] != first
    deliver.claim(now=NOW + timedelta(minutes=3), limit=9)
    Reminder.objects.filter(pk=first.pk).update(state="failed", lease_token=None)
    page = get(kim, "notifications_reminder_changelist")
    assert page.context["cl"].result_list[0] == first
    post(kim, "settle_message", first.pk, how="phone")
    page = get(kim, "notifications_reminder_changelist")
    assert page.context["cl"].result_list[0] != first


def test_a_switch_needs_a_reason_and_everybody_reads_it(kim: Browser, ana: Browser) -> None:
    refused = post(kim, "switch", what="everything:", turn="off", reason="")
    assert len(reasons_of(refused)) == 1
    post(kim, "switch", what="everything:", turn="off", reason="wrong wording")
    assert Switch.objects.get().is_off
    assert "wrong wording" in text_of(get(ana, "messages"))
    post(kim, "switch", what="everything:", turn="on", reason="put right")
    assert "wrong wording" not in text_of(get(ana, "messages"))


def link(row: Booking, **values: Any) -> ClientLink:
    return ClientLink.objects.create(
        purpose="visit",
        digest="a" * 64,
        client=row.client,
        booking=row,
        booking_version=row.version,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=30),
        **values,
    )


def test_who_did_not_open_the_page_is_called_in_the_evening(
    kim: Browser, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = book(clinic)
    page = link(row)
    for moment, expected in (("2026-11-30 18:59", 0), ("2026-11-30 19:00", 1), ("2026-12-01 09:00", 1)):
        monkeypatch.setattr(present, "now", lambda moment=moment: at(moment))
        assert len(get(kim, "messages").context["calls"]) == expected, moment
    ClientLink.objects.filter(pk=page.pk).update(opened_at=NOW)
    assert get(kim, "messages").context["calls"] == []


def test_the_report_opens_with_something_and_with_nothing(kim: Browser, clinic: Clinic) -> None:
    assert "Nothing was due yet." in text_of(get(kim, "message_report"))
    book(clinic)
    assert get(kim, "message_report").status_code == 200


def test_a_text_is_written_refused_with_all_reasons_and_shown_with_its_figures(ada: Browser) -> None:
    key = ("booked", "en", "sms", "plain")
    page = get(ada, "write_text", *key)
    assert "You are booked" in text_of(page)
    wrong = post(ada, "write_text", *key, subject="", body="{{ clinic }}: Your ketamine {{ telephone }}")
    assert "There is no variable telephone." in reasons_of(wrong)
    assert len(reasons_of(wrong)) >= 3
    words = "{{ clinic }}: See you {{ when }}. Reply STOP to end texts."
    done = post(ada, "write_text", *key, subject="", body=words)
    assert messages_of(done) == ["Version 1 is in use."]
    assert "our own" in text_of(get(ada, "texts"))
    assert get(ada, "write_text", "booked", "fr", "sms", "plain").status_code == 404
