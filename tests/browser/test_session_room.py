"""The session room on tablets, also when the network is cut at the worst moments.

CUTS=200 is the long run of `make cuts`, which prints its figures.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from practice import present
from practice.models import User
from scheduling.models import Booking
from tests.browser.conftest import TELL_OF_VIOLATIONS, Desk
from tests.browser.sessions import Clock, Session, make_session
from tests.browser.test_pages import check_every_width
from tests.cast import Clinic
from treatment_plans.models import Dose, Mark, Vitals

CUTS = int(os.environ.get("CUTS", "10"))
STORED = """Promise.all([localStorage.length, sessionStorage.length,
    indexedDB.databases().then((all) => all.length)])"""
TOOK = """Math.round(performance.getEntriesByType("resource")
    .findLast((one) => /vitals$/.test(one.name)).duration)"""


@pytest.fixture
def session(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Session:
    clock = Clock()
    monkeypatch.setattr(present, "now", clock.now)
    return make_session(clinic, clock)


def user_of(session: Session) -> User:
    assert session.clinic.ana.user
    return session.clinic.ana.user


def test_vitals_take_thirteen_keys(desk: Desk, session: Session) -> None:
    session.dose()
    session.clock.put(46)  # 41 minutes after the dose
    desk.sign_in(user_of(session), session.path)
    page = desk.page
    page.get_by_text("+41 min").wait_for()
    keys = "138\n86\n82\n97\n"
    assert len(keys) == 13
    begun = time.monotonic()
    for key in keys:
        page.keyboard.press("Enter" if key == "\n" else key)
    page.get_by_role("row", name="138/86").wait_for()
    print(
        f"\n13 keys, {1000 * (time.monotonic() - begun):.0f} ms from the first to the row in the table, "
        f"saved in {page.evaluate(TOOK)} ms"
    )
    row = Vitals.objects.latest("pk")
    assert (row.systolic, row.diastolic, row.heart_rate, row.spo2) == (138, 86, 82, 97)
    page.keyboard.type("182/101 84 96")
    page.keyboard.press("Enter")
    page.get_by_text("182/101 reaches the emergency level").first.wait_for()
    page.get_by_role("button", name="Nausea").click()
    page.locator("#happened").get_by_text("Nausea").first.wait_for()
    assert Mark.objects.latest("pk").kind == "nausea"
    check_every_width(desk, "in the middle")
    session.clock.put(80)
    page.reload()
    page.get_by_text("+75 min").wait_for()
    page.get_by_text("overdue by").wait_for()
    page.get_by_role("status").get_by_text("Vitals are due.").wait_for()
    assert page.evaluate(STORED) == [0, 0, 0]
    desk.open(session.path + "print/")
    check_every_width(desk, "print", widths=(320, 1280))


def test_a_session_from_the_check_in_until_she_leaves(desk: Desk, session: Session) -> None:
    desk.sign_in(user_of(session), "/dashboard/")
    page = desk.page
    page.get_by_role("button", name="Open room").click()
    page.wait_for_url("**/dashboard/sessions/*/")
    page.get_by_label("Birth date").check()
    page.get_by_label("Photo ID").check()
    page.get_by_label("Last food at").fill("01:15")
    page.get_by_role("button", name="Check in", exact=True).click()
    page.get_by_label("Systolic").first.wait_for()
    page.get_by_role("button", name="Record the dose, now").click()
    page.get_by_role("alert").get_by_text("The prescriber has not signed").wait_for()
    assert not Dose.objects.exists()
    session.clock.put(0)
    page.reload()
    page.get_by_role("button", name="Start the session").click()
    page.get_by_role("button", name="Start the session").wait_for(state="hidden")
    page.get_by_label("Systolic").first.fill("124/78 72 98")
    page.get_by_label("Systolic").first.press("Enter")
    page.get_by_role("row", name="124/78").wait_for()
    page.get_by_role("button", name="Sign: The client is fit").click()
    page.get_by_text("✓ signed").wait_for()
    session.sign("cleared")
    page.reload()
    page.get_by_label("Lot number").fill("23K114")
    page.get_by_role("button", name="Record the dose, now").click()
    page.get_by_text("since dose").wait_for()
    session.clock.put(66)
    page.reload()
    page.get_by_label("Systolic").first.fill("126/80 70 98")
    page.get_by_label("Systolic").first.press("Enter")
    page.get_by_role("row", name="126/80").wait_for()
    for label, value in (
        ("Alert and oriented", "yes"),
        ("Walks steadily", "yes"),
        ("Aftercare given", "yes"),
        ("Nausea", "none"),
        ("Pain", "none"),
    ):
        page.locator("#leaving").get_by_label(label).select_option(value)
    page.locator("#leaving").get_by_label("MOAA/S").fill("5")
    page.get_by_label("Who takes over").fill("Joel")
    page.get_by_role("button", name="Sign and let the client leave").click()
    page.get_by_role("button", name="Complete the session").click()
    page.get_by_role("button", name="Complete it all the same").click()  # the vitals at minute 15, the note
    page.get_by_text("Ended", exact=True).wait_for()
    page.get_by_role("button", name="Complete the session").wait_for(state="hidden")
    assert Booking.objects.get().status == Booking.Status.COMPLETED
    assert desk.errors == [] or all("409" in one for one in desk.errors)


# The network


@dataclass
class Device:
    """A tablet whose entries of vitals are cut off as `plan` says, and then let through."""

    page: Page
    plan: list[str] = field(default_factory=list)
    requests: int = 0
    cut: Counter[str] = field(default_factory=Counter)
    keeps_keys: bool = True

    def watch(self) -> None:
        self.page.route("**/dosing-records/*/vitals", self._pass)

    def enter(self, text: str) -> None:
        field = self.page.locator("#vitals-form input").first
        field.fill(text)
        field.press("Enter")

    def is_through(self) -> bool:
        """Gives the page the chance to try again now."""
        self.page.evaluate("dispatchEvent(new Event('online'))")
        self.page.wait_for_timeout(20)
        return not self.plan and self.page.locator("#queue").get_attribute("data-count") == "0"

    def _pass(self, route: Route) -> None:
        self.requests += 1
        kind = self.plan.pop(0) if self.plan else "through"
        if kind != "before":
            answer = route.fetch(**({} if self.keeps_keys else forged(route)))
        if kind == "through":
            route.fulfill(response=answer)
            return
        self.cut[kind] += 1
        route.abort("connectionreset")


def forged(route: Route) -> dict[str, Any]:
    """The request as a page would send it that makes a new key for each try."""
    body = json.loads(route.request.post_data or "{}") | {"key": str(uuid.uuid4())}
    headers = {name: value for name, value in route.request.headers.items() if name != "idempotency-key"}
    return {"post_data": json.dumps(body), "headers": headers}


@pytest.fixture
def two(chromium: Browser, session: Session, live_server: Any) -> Iterator[tuple[Device, Device]]:
    """Ana's tablet and Dr Ito's, twenty minutes after the dose."""
    session.dose()
    session.clock.put(25)
    devices, contexts = [], []
    for clinician in (session.clinic.ana, session.clinic.ito):
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
        context.add_init_script(TELL_OF_VIOLATIONS)
        context.set_default_timeout(20_000)
        contexts.append(context)
        desk = Desk(context.new_page(), live_server.url)
        assert clinician.user
        desk.sign_in(clinician.user, session.path)
        desk.page.get_by_text("since dose").wait_for()
        devices.append(Device(desk.page))
        devices[-1].watch()
    yield devices[0], devices[1]
    for context in contexts:
        context.close()


def record_through(two: tuple[Device, Device], cuts: int, kinds: tuple[str, ...]) -> Counter[str]:
    """Each device enters readings of its own, and each reading is cut off once or twice. What was typed."""
    rng = Random(cuts)
    typed: Counter[str] = Counter()
    left = cuts
    number = 0
    while left > 0:
        for place, device in enumerate(two):
            times = min(left, rng.choice((1, 1, 2)))
            left -= times
            device.plan += [rng.choice(kinds) for _each in range(times)]
            reading = (
                f"{110 + number % 60}/{50 + number // 60 * 7 + place} {70 + number % 25} {95 + number % 5}"
            )
            typed[reading] += 1
            device.enter(reading)
            number += 1
        for device in two:
            while not device.is_through():
                pass
    return typed


def test_no_cut_loses_or_doubles_an_entry(two: tuple[Device, Device], session: Session) -> None:
    before = Vitals.objects.count()
    typed = record_through(two, CUTS, ("before", "after"))
    found = Counter(
        f"{row.systolic}/{row.diastolic} {row.heart_rate} {row.spo2}"
        for row in Vitals.objects.order_by("pk")[before:]
    )
    lost, doubled = typed - found, found - typed
    cut = two[0].cut + two[1].cut
    print(
        f"\n{sum(typed.values())} readings from two devices in {sum(d.requests for d in two)} requests; "
        f"cut {cut['before']} times before and {cut['after']} times after the server had them: "
        f"{sum(found.values())} rows, {lost.total()} lost, {doubled.total()} doubled"
    )
    assert (lost, doubled) == (Counter(), Counter())
    assert cut.total() == CUTS


def test_without_keys_that_stay_entries_double(two: tuple[Device, Device], session: Session) -> None:
    """The control: what the other test counts can be seen."""
    for device in two:
        device.keeps_keys = False
    before = Vitals.objects.count()
    typed = record_through(two, 2, ("after",))
    assert Vitals.objects.count() - before > sum(typed.values())


def test_what_is_not_sent_stays_in_sight(desk: Desk, session: Session) -> None:
    session.dose()
    session.clock.put(25)
    desk.sign_in(user_of(session), session.path)
    page = desk.page
    page.get_by_text("since dose").wait_for()
    page.context.set_offline(True)
    for reading in ("131/81 71 97", "132/82 72 98"):
        page.locator("#vitals-form input").first.fill(reading)
        page.locator("#vitals-form input").first.press("Enter")
    page.get_by_text("not sent yet, retrying").first.wait_for()
    waiting = page.get_by_role("list", name="Not saved yet").locator("> li b").all_inner_texts()
    assert waiting == ["Vitals 131/81 · 71 · 97 %", "Vitals 132/82 · 72 · 98 %"]
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    page.context.set_offline(False)
    page.get_by_role("row", name="132/82").wait_for()
    page.get_by_role("row", name="131/81").wait_for()
    rows = Vitals.objects.filter(heart_rate__in=(71, 72), systolic__gt=130).order_by("pk")
    assert [row.systolic for row in rows] == [131, 132]
    page.locator("#vitals-form input").first.fill("90/95 70 97")
    page.locator("#vitals-form input").first.press("Enter")
    page.get_by_text("can't be a blood pressure").wait_for()
    page.get_by_role("button", name="Put it back into the form").click()
    assert page.locator("#vitals-form input").first.input_value() == "90"
    assert page.locator("#queue > li").count() == 0
