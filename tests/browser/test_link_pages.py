"""The link pages in a browser as small as they come: read, pressed, weighed and looked over by axe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.db import transaction
from playwright.sync_api import Browser, Page, Response

from notifications import links
from notifications.models import DeskTask
from practice import present
from practice.models import SupportPerson
from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Acknowledgement, Booking
from tests.browser.conftest import TELL_OF_VIOLATIONS, Desk
from tests.browser.test_pages import AXE_RULES, check_every_width
from tests.cast import NOW, Clinic, at
from tests.web.portal.conftest import count_by_itself
from treatment_plans.models import Protocol

MOST_BYTES = 15 * 1024


@pytest.fixture
def visit(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """Maya's first dosing session, to which she brings her medicine."""
    count_by_itself(monkeypatch)
    client = clinic.ready_client()
    Protocol.objects.filter(pk=clinic.protocol.pk).update(client_brings_medication=True)
    request = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def path(visit: Booking, **options: Any) -> str:
    made = links.draft(visit, now=NOW, **options)
    with transaction.atomic():
        links.keep([made])
    return "/l/" + made.address.rpartition("/")[2]


@pytest.fixture(params=["en", "es"])
def phone(request: Any, chromium: Browser, visit: Booking, live_server: Any) -> Iterator[Desk]:
    """320 pixels wide and without JavaScript of ours: the scripts here are axe's."""
    visit.client.language = request.param
    visit.client.save()
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale="en-US", bypass_csp=False)
    context.add_init_script(TELL_OF_VIOLATIONS)
    context.set_default_timeout(10_000)
    yield Desk(context.new_page(), live_server.url)
    context.close()


def look_at(phone: Desk, name: str) -> None:
    """No finding of axe, nothing wider than the screen, no small target; a picture if one is asked for."""
    page = phone.page
    if folder := os.environ.get("QUIETROOM_PICTURES"):
        language = page.evaluate("document.documentElement.lang")
        page.screenshot(path=Path(folder) / f"{name}-{language}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    small = page.evaluate(
        """() => [...document.querySelectorAll("a, button, input, textarea")].filter(one => {
            const box = (one.closest("label") || one).getBoundingClientRect();
            return box.width > 1 && (box.height < 24 || box.width < 24);
        }).map(one => one.outerHTML)"""
    )
    assert small == [], name
    page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": "tag", "values": AXE_RULES}, "resultTypes": ["violations"]}
    found: Any = page.evaluate("options => axe.run(options)", options)
    assert [f"{one['id']} {node['target']}" for one in found["violations"] for node in one["nodes"]] == [], (
        name
    )


def test_every_page_is_small_clean_and_narrow(phone: Desk, visit: Booking, monkeypatch: Any) -> None:
    link, page = path(visit), phone.page
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    for place in ("", "/q/1", "/q/2", "/q/3", "/q/4", "/move", "/cancel", "/call", "/intention"):
        answers.clear()
        phone.open(link + place)
        sizes = [len(answer.body()) for answer in answers]
        assert len(sizes) <= 2, [answer.url for answer in answers]
        assert sum(sizes) < MOST_BYTES, place
        look_at(phone, f"visit{place.replace('/', '-')}")
    page.locator("button[type=submit]").click()  # nothing is written: an error, said in words
    assert page.locator(".problems").is_visible()
    assert page.evaluate("document.activeElement.className") == "problems"
    look_at(phone, "missing")
    person = SupportPerson.objects.create(client=visit.client, name="Joel", may_be_contacted=True)
    after, support = path(visit, about="aftercare"), path(visit, support_person_id=person.pk)
    for name, address in (("support", support), ("ended", "/l/" + "0" * 22)):
        phone.open(address)
        look_at(phone, name)
    monkeypatch.setattr(present, "now", lambda: visit.ends_at)
    Booking.objects.update(status="completed", completed_at=visit.ends_at)
    phone.open(after)
    look_at(phone, "aftercare")
    monkeypatch.setattr(present, "now", lambda: visit.ends_at + timedelta(days=1))
    phone.open(after)
    look_at(phone, "day-after")
    assert [error for error in phone.errors if "404" not in error and "422" not in error] == []


def test_the_list_is_done_in_six_taps_and_a_birth_date(phone: Desk, visit: Booking) -> None:
    page, link = phone.page, path(visit)
    phone.open(link)
    for choice in ("friend", "yes", "read"):
        page.locator(f"input[value={choice}]").check()
        page.locator("#next button").click()
    assert Acknowledgement.objects.count() == 3
    page.locator("#next a").click()
    for name, value in (("month", "4"), ("day", "2"), ("year", "1988")):
        page.locator(f"#{name}").fill(value)
    page.keyboard.press("Enter")
    page.locator("input[value=have]").wait_for()
    look_at(phone, "medicine")
    page.locator("input[value=have]").check()
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"**{link}#next")
    assert page.locator("h1").inner_text().startswith("✓")
    look_at(phone, "ready")
    assert Acknowledgement.objects.filter(answer="confirmed").count() == 4
    assert phone.errors == []


def press_everything(page: Page, address: str) -> None:
    """As a mail filter in a sandbox would: follow each link, press each button, choose nothing."""
    seen, open_places = set(), [address]
    while open_places:
        place = open_places.pop()
        if place in seen or len(seen) > 40 or place.endswith(".ics"):
            continue
        seen.add(place)
        page.goto(place)
        open_places += page.eval_on_selector_all("main a[href]", "all => all.map(one => one.href)")
        for number in range(page.locator("button").count()):
            page.goto(place)
            if page.locator("button").count() > number:
                page.locator("button").nth(number).click()


@pytest.mark.parametrize("phone", ["en"], indirect=True)
def test_a_machine_that_opens_and_presses_everything_does_no_harm(phone: Desk, visit: Booking) -> None:
    press_everything(phone.page, phone.address + path(visit))
    visit.refresh_from_db()
    assert visit.is_live
    assert not Acknowledgement.objects.exists()
    assert not DeskTask.objects.exists()


def test_the_inbox_of_the_desk_is_clean(desk: Desk, clinic: Clinic, visit: Booking) -> None:
    for kind, detail in (("unsafe", "I do not want to live"), ("call", ""), ("move", "Mon · morning")):
        DeskTask.objects.create(kind=kind, client=visit.client, booking=visit, detail=detail, created_at=NOW)
    desk.sign_in(clinic.kim, "/admin/inbox/")
    assert desk.page.locator(".chip").get_by_text("May not be safe: call now").is_visible()
    check_every_width(desk, "inbox")
    desk.page.get_by_role("button", name="Take").first.click()
    cry = desk.page.locator(".task.unsafe")
    assert cry.get_by_text("You see to it").is_visible()
    cry.get_by_role("textbox", name="What came of it").fill("Called: safe, with her brother")
    cry.get_by_role("button", name="Done").click()
    assert desk.page.get_by_text("May not be safe: call now").count() == 0
    assert desk.errors == []
