"""A real browser, server and database. Without Chromium on the machine these tests are skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from practice import present
from practice.models import User
from tests.cast import NOW, PASSWORD, Clinic, make_clinic

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The policy's violations as errors of the console, where all other errors are too.
TELL_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Desk:
    """One person at one browser window. `errors` has whatever the page complained about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url} {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{self.page.url} {message.text}")

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, user: User, path: str = "/") -> None:
        self.open(f"/admin/login/?next={path}")
        self.page.get_by_label("Email").fill(user.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda url: "/login/" not in url)

    def come_back(self, user: User, path: str) -> None:
        """Signed in before: for tests that have nothing to do with the form."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        self.open(path)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("There is no Chromium on this machine: install the package chromium to run these tests.")
    allowed = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright has a loop of its own in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    if allowed is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def clinic(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """The cast, on the Monday morning that it lives on."""
    monkeypatch.setattr(present, "now", lambda: NOW)
    return make_clinic()


@pytest.fixture
def desk(chromium: Browser, clinic: Clinic, live_server: Any) -> Iterator[Desk]:
    context: BrowserContext = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.add_init_script(TELL_OF_VIOLATIONS)
    context.set_default_timeout(10_000)
    yield Desk(context.new_page(), live_server.url)
    context.close()
