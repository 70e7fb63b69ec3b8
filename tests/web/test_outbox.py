from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from notifications.models import OutboxMessage
from tests.cast import NOW, Clinic
from tests.web.conftest import SignIn
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


def keep(body: str, *, channel: str = "sms", recipient: str = "+15555550142") -> None:
    OutboxMessage.objects.create(
        token=uuid.uuid4(), channel=channel, recipient=recipient, body=body, created_at=NOW
    )


def test_it_shows_what_the_demo_would_have_sent(clinic: Clinic, kim: Browser) -> None:
    keep("Riverbend: you are booked.\nSee http://localhost/l/abc")
    response = kim.get("/demo/outbox")
    assert "SMS to (555) 555-0142" in text_of(response)
    assert '<a href="http://localhost/l/abc"' in response.content.decode()


def test_words_of_a_message_are_never_markup(clinic: Clinic, kim: Browser) -> None:
    keep("<script>alert(1)</script>")
    assert "<script>alert" not in kim.get("/demo/outbox").content.decode()


def test_a_long_outbox_has_pages(clinic: Clinic, kim: Browser) -> None:
    for number in range(51):
        keep(f"Message {number}.")
    assert "Older" in text_of(kim.get("/demo/outbox"))
    assert "Newer" in text_of(kim.get("/demo/outbox?page=2"))


def test_it_is_for_those_who_work_here(clinic: Clinic, sign_in: SignIn, client: Browser) -> None:
    assert client.get("/demo/outbox")["Location"].startswith("/admin/login/")
    assert sign_in(clinic.nia).get("/demo/outbox").status_code == 200


def test_a_real_practice_has_no_such_page(clinic: Clinic, kim: Browser, settings: object) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]
    assert kim.get("/demo/outbox").status_code == 404
    assert "Demo outbox" not in text_of(kim.get("/admin/"))
