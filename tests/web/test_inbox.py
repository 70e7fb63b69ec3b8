"""The desk's inbox: who waits for a person, what came in by text, and an answer on the day at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from notifications import inbound, links
from notifications.inbound import Incoming
from notifications.models import ClientNote, DeskTask
from practice.models import Activity
from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.web.pages import get, messages_of, post, reasons_of, text_of

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
    again = kim.get(reverse("admin:task_done", args=[task.pk]), follow=True)
    assert "Somebody settled this before." in messages_of(again)


def test_a_second_click_gets_the_first_answer(visit: Booking, kim: Browser) -> None:
    text(visit, "CALL")
    task = DeskTask.objects.get()
    for _each in range(2):
        done = post(kim, "task_done", task.pk, key="once", outcome="Called")
        assert messages_of(done) == ["Done."]


def test_who_takes_it_is_named_and_nobody_else_may(
    clinic: Clinic, visit: Booking, kim: Browser, ana: Browser
) -> None:
    text(visit, "CALL")
    task = DeskTask.objects.get()
    page = post(kim, "take_task", task.pk)
    assert page.redirect_chain == [(f"/admin/inbox/#task-{task.pk}", 302)]
    assert "You see to it Give it back" in text_of(page)
    theirs = text_of(get(ana, "inbox"))
    assert f"{clinic.kim.name} sees to it" in theirs
    assert "Give it back" not in theirs
    assert " Take : " not in theirs
    assert reasons_of(post(ana, "take_task", task.pk)) == ["Somebody else is seeing to this."]
    post(ana, "give_task_back", task.pk)
    assert DeskTask.objects.get().taken_by == clinic.kim
    assert "Take : " in text_of(post(kim, "give_task_back", task.pk))
    task.refresh_from_db()
    assert (task.taken_by, task.taken_at, task.revision) == (None, None, 3)


def test_what_the_client_wrote_meanwhile_is_read_before_it_is_done(visit: Booking, kim: Browser) -> None:
    text(visit, "Can I bring a blanket?")
    task = DeskTask.objects.get()
    text(visit, "And my dog?")
    refused = post(kim, "task_done", task.pk, outcome="Yes, do", revision=1)
    assert reasons_of(refused) == ["Someone changed this record since you read it."]
    assert "And my dog?" in text_of(refused)
    assert refused.context["revision"] == 2
    assert messages_of(post(kim, "task_done", task.pk, outcome="Both", revision=2)) == ["Done."]


def test_it_says_how_long_somebody_waits(visit: Booking, kim: Browser) -> None:
    text(visit, "CALL")
    DeskTask.objects.update(created_at=NOW - timedelta(hours=2, minutes=5))
    assert "for 2 hours, 5 minutes" in text_of(get(kim, "inbox"))


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
