"""The desk's inbox: who waits for a person, what came in by text, and an answer on the day at once."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client as Browser

from notifications import inbound, links
from notifications.inbound import Incoming
from notifications.models import ClientNote, DeskTask
from practice.models import Activity
from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.web.pages import get, post, reasons_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    request = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def text(visit: Booking, body: str) -> None:
    number = visit.client.contact_points.get(channel="sms").value
    reference = f"SM{len(body)}{body[:20]}"
    inbound.receive(Incoming(provider="twilio", provider_ref=reference, sender=number, body=body), now=NOW)


def test_a_link_answer_is_on_the_day_at_once(visit: Booking, kim: Browser) -> None:
    assert "Ride home" in text_of(get(kim, "index", date="2026-12-01"))
    made = links.draft(visit, now=NOW)
    with transaction.atomic():
        links.keep([made])
    for place, choice in (("1", "friend"), ("2", "yes"), ("3", "read")):
        path = "/l/" + made.address.rpartition("/")[2]
        assert Browser().post(f"{path}/q/{place}", {"choice": choice}).status_code == 303
    day = text_of(get(kim, "index", date="2026-12-01"))
    assert "Ride home" not in day
    assert "Ready" in day
    page = text_of(get(kim, "booking", visit.pk))
    assert "the client, on the link page" in page
    assert "A friend or family" in page


def test_who_may_not_be_safe_comes_first(visit: Booking, kim: Browser) -> None:
    text(visit, "Can I bring a blanket?")
    text(visit, "CALL")
    text(visit, "I do not want to live")
    page = get(kim, "inbox")
    kinds = [row["task"].kind for row in page.context["tasks"]]
    assert kinds == ["unsafe", "call", "reply"]
    words = text_of(page)
    assert "May not be safe: call now" in words
    assert "Can I bring a blanket?" in words
    assert "Inbox 3" in words


def test_done_needs_an_outcome_and_is_done_once(clinic: Clinic, visit: Booking, kim: Browser) -> None:
    text(visit, "CALL")
    task = DeskTask.objects.get()
    refused = post(kim, "task_done", task.pk, outcome="")
    assert reasons_of(refused) == ["What came of it: This field is required."]
    done = post(kim, "task_done", task.pk, outcome="Called, all is well")
    assert "Nobody waits for an answer." in text_of(done)
    task.refresh_from_db()
    assert (task.done_by, task.outcome) == (clinic.kim, "Called, all is well")
    assert Activity.objects.filter(action="task.done", client=visit.client).exists()
    assert get(kim, "task_done", task.pk).status_code == 404


def test_a_clinician_sees_their_clients_and_nobodys_numbers_only_the_desk(
    clinic: Clinic, visit: Booking, kim: Browser, ana: Browser
) -> None:
    text(visit, "R")
    inbound.receive(
        Incoming(provider="twilio", provider_ref="SM9", sender="+13035550177", body="who is this"), now=NOW
    )
    assert len(get(kim, "inbox").context["tasks"]) == 2
    assert [row["task"].kind for row in get(ana, "inbox").context["tasks"]] == ["move"]
    assert "who is this" not in text_of(get(ana, "inbox"))


def test_what_a_client_writes_for_the_team_is_not_for_the_desk(
    clinic: Clinic, visit: Booking, kim: Browser, ana: Browser
) -> None:
    ClientNote.objects.create(
        client=visit.client, booking=visit, about="intention", text="let go of guilt", written_at=NOW
    )
    assert "let go of guilt" in text_of(get(ana, "booking", visit.pk))
    assert "let go of guilt" not in text_of(get(kim, "booking", visit.pk))
