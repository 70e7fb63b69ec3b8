"""A sooner time is told to who was asked: once, by day, as long as it is theirs to take."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unittest.mock import Mock

import pytest

from notifications import links, page_messages, page_sending, screening_links, switches
from notifications.channels import DeliveryError
from notifications.models import ClientLink, PageMessage
from notifications.rules import Policy
from practice import present
from practice.models import Client
from scheduling import offering, waitlist
from scheduling.engine.types import Span
from scheduling.models import WaitlistOffer
from tests.cast import NOW, at
from tests.faults.stage import DAY, HOUR, MINUTE, Stage, clock_at, smtp, stage, twilio
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import ScreeningForm

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


def asked(stage: Stage, client: Client, *, now: datetime = NOW) -> WaitlistOffer:
    clinic = stage.clinic
    kind = clinic.appointment_type()
    entry = waitlist.add(client, kind, planned_session=clinic.dose(client), actor=clinic.kim, now=now)
    span = Span(at("2026-12-09 09:30"), at("2026-12-09 12:00"))
    freed = waitlist.open_time(clinic.location, span, therapist=clinic.ana, actor=clinic.kim, now=now)
    offering.offer_to(freed.pk, [entry.pk], actor=clinic.kim, now=now)
    return WaitlistOffer.objects.get()


def tell(moment: datetime) -> int:
    with clock_at(moment):
        return page_sending.tell_due(clock=present.now)


def test_who_is_asked_reads_when_and_where_to_say_yes(stage: Stage) -> None:
    offer = asked(stage, stage.clinic.ready_client())
    assert tell(NOW) == 1
    assert tell(NOW + MINUTE) == 0
    (text,) = stage.texts
    assert "A sooner time: Wed Dec 9 at 9:30 am" in text
    link = ClientLink.objects.get()
    assert (link.purpose, link.offer) == ("offer", offer)
    row = PageMessage.objects.get()
    assert (row.state, row.provider, bool(row.provider_ref)) == ("taken", "twilio", True)


@pytest.mark.parametrize("how", ["declined", "over", "switched off", "no consent"])
def test_what_is_no_longer_theirs_is_not_told(stage: Stage, how: str) -> None:
    client = stage.clinic.ready_client()
    offer, moment = asked(stage, client), NOW
    if how == "declined":
        waitlist.decline(offer.pk, actor=stage.clinic.kim, now=NOW)
    elif how == "over":
        moment = offer.expires_at
    elif how == "switched off":
        switches.turn("kind", "waitlist_offer", off=True, reason="x", actor=stage.clinic.kim, now=NOW)
    else:
        client.channel_consents.update(withdrawn_at=NOW)
    assert tell(moment) == 0
    assert stage.texts == stage.mails == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23 07:59", "2026-11-23 08:00"),
        ("2026-11-23 08:00", "2026-11-23 08:00"),
        ("2026-11-23 19:59", "2026-11-23 19:59"),
        ("2026-11-23 20:00", "2026-11-24 08:00"),
    ],
)
def test_at_night_it_waits_for_the_morning(now: str, expected: str) -> None:
    assert page_messages.daytime("America/Los_Angeles", Policy(), at(now)) == at(expected)


def test_a_number_that_is_none_is_told_by_mail(stage: Stage, settings: Any) -> None:
    client = stage.clinic.ready_client()
    asked(stage, client)
    PageMessage.objects.update(state="begun", attempt_count=1)
    page_sending._refused(PageMessage.objects.get().pk, DeliveryError("21211", permanent=True), now=NOW)
    assert set(PageMessage.objects.values_list("channel", "state")) == {
        ("sms", "refused"),
        ("email", "waiting"),
    }
    assert tell(NOW) == 1
    (mail,) = stage.mails
    assert "There is a sooner time for you" in mail


def test_what_was_begun_is_never_begun_again(stage: Stage) -> None:
    asked(stage, stage.clinic.ready_client())
    with clock_at(NOW):
        assert page_sending._begin(PageMessage.objects.get().pk, now=NOW)  # and the worker dies
    for moment in (NOW + MINUTE, NOW + HOUR, NOW + DAY):
        assert tell(moment) == 0
    assert PageMessage.objects.get().state == "begun"


def two_asked(stage: Stage) -> list[PageMessage]:
    """An offer, and a form."""
    client = stage.clinic.ready_client()
    asked(stage, client)
    first_screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=stage.clinic.ito, approved_at=NOW)
    screening_links.ask(
        client, ScreeningForm.objects.get(), delivery="message", secret="", actor=stage.clinic.kim, now=NOW
    )
    return list(PageMessage.objects.order_by("pk"))


def test_only_what_is_sent_at_once_is_begun(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    two_asked(stage)
    with monkeypatch.context() as over:
        over.setattr(page_sending, "_send", Mock(side_effect=SystemExit))  # the time is over
        with pytest.raises(SystemExit):
            tell(NOW)
    assert [row.state for row in PageMessage.objects.order_by("pk")] == ["begun", "waiting"]
    with clock_at(NOW + MINUTE):
        assert page_sending.tell_due(clock=present.now, stop_at=NOW + MINUTE) == 0
        assert page_sending.tell_due(clock=present.now, stop_at=NOW + HOUR) == 1


def test_one_that_can_not_be_worded_keeps_no_other_waiting(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_asked(stage)
    draft = links.draft_for_offer
    monkeypatch.setattr(links, "draft_for_offer", Mock(side_effect=ValueError))
    assert tell(NOW) == 1
    assert [row.state for row in PageMessage.objects.order_by("pk")] == ["waiting", "taken"]
    for minutes in range(1, 5):
        assert tell(NOW + minutes * MINUTE) == 0
    monkeypatch.setattr(links, "draft_for_offer", draft)
    assert tell(NOW + 9 * MINUTE) == 0
    broken = PageMessage.objects.order_by("pk")[0]
    assert (broken.state, broken.error_code) == ("not_sent", "broken")


def test_a_worker_that_slept_hands_nothing_over(stage: Stage) -> None:
    asked(stage, stage.clinic.ready_client())
    one = page_sending._begin(PageMessage.objects.get().pk, now=NOW)
    assert one is not None
    late = NOW + page_sending.LEASE + MINUTE
    with clock_at(late):
        page_sending._send(one, clock=present.now)
    assert stage.texts == []
    row = PageMessage.objects.get()
    assert (row.state, row.error_code, row.due_at) == ("waiting", "woke_up_late", late + MINUTE)
