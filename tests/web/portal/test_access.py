"""Who gets where on the link pages: every address, for every kind of link, and for whoever has none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from config.logs import Discreet
from notifications import links
from notifications.models import ClientLink
from practice.models import SupportPerson
from scheduling.models import Acknowledgement, Booking, FreedTime, WaitlistEntry, WaitlistOffer
from tests.cast import NOW, Clinic, at
from tests.web.pages import text_of
from tests.web.portal.conftest import Clock
from treatment_plans.models import ScreeningForm, ScreeningSheet
from web.portal import throttle
from web.portal.urls import urlpatterns

pytestmark = pytest.mark.django_db

Issue = Callable[..., str]
WRONG = "0" * 22

# For which purposes each address is; every other link finds nothing there.
WHO_MAY: dict[str, set[str]] = {
    "link": {"visit", "aftercare", "support", "offer", "screening"},
    "link_item": {"visit"},
    "link_more": {"visit"},
    "link_ask": {"visit", "aftercare"},
    "link_question": {"visit", "aftercare"},
    "link_help": {"visit", "aftercare"},
    "link_check": {"visit", "aftercare"},
    "link_form": {"screening"},
    "link_form_question": {"screening"},
    "link_form_help": {"screening"},
    "link_form_check": {"screening"},
    "link_answer": {"offer"},
    "link_move": {"visit"},
    "link_cancel": {"visit"},
    "link_call": {"visit", "aftercare"},
    "link_intention": {"visit"},
    "link_note": {"aftercare"},
    "link_calendar": {"visit"},
}


@pytest.fixture
def secrets(clinic: Clinic, visit: Booking, clock: Clock) -> dict[str, str]:
    """A link of each purpose, all open at the same moment: just after the start."""
    person = SupportPerson.objects.create(client=visit.client, name="Joel", may_be_contacted=True)
    kind = clinic.appointment_type("integration")
    entry = WaitlistEntry.objects.create(
        client=visit.client, appointment_type=kind, since_at=NOW, added_by=clinic.kim
    )
    free = {
        "location": clinic.location,
        "starts_at": at("2026-12-03 13:00"),
        "ends_at": at("2026-12-03 14:00"),
    }
    freed = FreedTime.objects.create(**free, because="cancelled", freed_at=NOW, look_at=NOW)
    offer = WaitlistOffer.objects.create(
        entry=entry,
        client=visit.client,
        freed_time=freed,
        **free,
        sent_at=NOW,
        expires_at=at("2026-12-03 09:00"),
    )
    form = ScreeningForm.objects.create(
        code="own",
        name="Own",
        questions=[{"key": "age", "kind": "number", "en": "How old are you?", "es": "¿Cuántos años tiene?"}],
        approved_by=clinic.ito,
        approved_at=NOW,
    )
    sheet = ScreeningSheet.objects.create(
        client=visit.client, form=form, asked_by=clinic.kim, asked_at=NOW, expires_at=NOW + timedelta(days=14)
    )
    made = {
        "visit": links.draft(visit, now=NOW),
        "aftercare": links.draft(visit, about="aftercare", now=NOW),
        "support": links.draft(visit, support_person_id=person.pk, now=NOW),
        "offer": links.draft_for_offer(offer, now=NOW),
        "screening": links.draft_for_sheet(sheet, now=NOW),
    }
    with transaction.atomic():
        links.keep(made.values())
    clock.now = visit.starts_at + timedelta(minutes=1)
    return {purpose: draft.address.rpartition("/")[2] for purpose, draft in made.items()}


def path_of(pattern: Any, secret: str) -> str:
    text = str(pattern.pattern).replace("<str:secret>", secret).replace("<slug:slug>", "1")
    return "/" + text.replace("<int:part>", "1").replace("<int:item>", "1").replace("<int:number>", "1")


def test_every_address_is_in_the_table() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(WHO_MAY)


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_opens_the_pages_of_its_purpose_alone(
    secrets: dict[str, str], pattern: Any, method: str
) -> None:
    statuses = {
        purpose: getattr(Browser(), method)(path_of(pattern, secret)).status_code
        for purpose, secret in secrets.items()
    }
    if set(statuses.values()) != {405}:  # which pages only show tells nobody anything
        found = {purpose for purpose, status in statuses.items() if status not in (404, 405)}
        assert found == WHO_MAY[pattern.name]


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_without_a_link_everybody_sees_the_same_page(
    clinic: Clinic, visit: Booking, issue: Issue, kim_at_the_desk: Browser, pattern: Any
) -> None:
    """Wrong, over, taken back, of another visit; signed in or not."""
    over = issue(visit).rpartition("/")[2]
    ClientLink.objects.update(revoked_at=NOW)
    bodies = set()
    for browser in (Browser(), kim_at_the_desk):
        for secret in (WRONG, over, "x", "a" * 200):
            for answer in (browser.get(path_of(pattern, secret)), browser.post(path_of(pattern, secret), {})):
                assert answer.status_code in (404, 405)
                if answer.status_code == 404:
                    bodies.add(answer.content)
    [body] = bodies
    assert b"This link has ended" in body
    assert b"(555) 555-0100" in body


@pytest.fixture
def kim_at_the_desk(clinic: Clinic) -> Browser:
    browser = Browser()
    browser.force_login(clinic.kim)
    return browser


@pytest.mark.parametrize("secret", [WRONG, None])
def test_no_page_is_kept_told_of_or_framed(visit: Booking, issue: Issue, secret: str | None) -> None:
    answer = Browser().get(f"/l/{secret}" if secret else issue(visit))
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["X-Frame-Options"] == "DENY"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert not answer.cookies


def test_guesses_cost_little_and_stop_soon(visit: Booking, issue: Issue) -> None:
    link, guesser, client = issue(visit), Browser(REMOTE_ADDR="203.0.113.9"), Browser()
    statuses = [guesser.get(f"/l/{n:022}").status_code for n in range(100)]
    assert statuses == [404] * throttle.MOST_WRONG_PER_PLACE + [429] * (100 - throttle.MOST_WRONG_PER_PLACE)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert guesser.get(f"/l/{WRONG}").status_code == 429
    assert "client" not in " ".join(query["sql"] for query in queries).replace("clientlink", "")
    assert guesser.get(link).status_code == 429  # even the right one: it may have been found
    assert client.get(link).status_code == 200


def test_a_flood_from_everywhere_does_not_shut_clients_out(
    visit: Booking, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST_WRONG_IN_ALL", 50)
    link = issue(visit)
    statuses = [Browser(REMOTE_ADDR=f"2001:db8:{n:x}::1").get(f"/l/{WRONG}").status_code for n in range(60)]
    assert statuses == [404] * 60  # each for the first time
    assert Browser(REMOTE_ADDR="2001:db8:1::ffff").get(f"/l/{WRONG}").status_code == 429  # the same house
    assert Browser(REMOTE_ADDR="198.51.100.7").get(link).status_code == 200


def test_without_the_cache_clients_still_read_their_page(visit: Booking, issue: Issue, settings: Any) -> None:
    link = issue(visit)
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    assert Browser().get(link).status_code == 200
    assert Browser().get(f"/l/{WRONG}").status_code == 404


def test_no_log_line_has_a_secret(
    visit: Booking, issue: Issue, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = issue(visit)
    with caplog.at_level(logging.DEBUG):
        Browser().get(link + "/nothing-here")
        Browser().put(link)
        monkeypatch.setattr("web.portal.visit.items_of", lambda *_a, **_k: 1 / 0)
        Browser(raise_request_exception=False).get(link)
        links.find(WRONG, now=NOW)
    lines = [
        Discreet().format(record) for record in caplog.records if not record.name.startswith("django.db")
    ]
    assert any("/l/…" in line for line in lines)
    assert all(link.rpartition("/")[2] not in line for line in lines)


def test_a_support_person_learns_when_and_no_more(secrets: dict[str, str]) -> None:
    words = text_of(Browser().get(f"/l/{secrets['support']}"))
    assert "Maya has named you" in words
    assert "Tuesday, December 1 at 12 noon" in words
    for word in ("Rivera", "medic", "ketamin", "dos", "session", "therap", "Ana", "Ito", "clinic"):
        assert word.lower() not in words.replace("Riverbend", "").lower(), word


def test_an_offer_is_declined_once_and_for_all(secrets: dict[str, str]) -> None:
    link = f"/l/{secrets['offer']}"
    assert "A sooner time is open" in text_of(Browser().get(link))
    assert Browser().post(f"{link}/answer", {}).status_code == 422
    answer = Browser().post(f"{link}/answer", {"choice": "no"}, follow=True)
    assert "You keep your place on the list" in text_of(answer)
    again = Browser().post(f"{link}/answer", {"choice": "yes"}, follow=True)
    assert "You keep your place on the list" in text_of(again)
    assert WaitlistOffer.objects.get().booking is None
    assert not Acknowledgement.objects.exists()


def test_an_offer_that_is_over_says_so(secrets: dict[str, str], clock: Clock) -> None:
    clock.now = at("2026-12-03 10:00")
    assert "This time is taken" in text_of(Browser().get(f"/l/{secrets['offer']}"))


def test_care_after_the_visit(secrets: dict[str, str], clock: Clock) -> None:
    link = f"/l/{secrets['aftercare']}"
    assert "Rest today" in text_of(Browser().get(link))
    clock.now += timedelta(days=1)
    Booking.objects.update(status="completed", completed_at=clock.now)
    words = text_of(Browser().get(link))
    assert "How are you today?" in words
    assert "988" in words
