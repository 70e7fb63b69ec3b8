"""The pages of desk and clinicians in a browser: by keyboard, at three widths, under the strict policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Route, expect

from practice.models import Client
from scheduling import booking, readiness
from scheduling.booking import Request
from scheduling.models import Booking
from tests.browser.conftest import Desk
from tests.cast import NOW, Clinic, at, make_client
from treatment_plans.measuring import measures
from treatment_plans.models import FollowUp, Prescription
from treatment_plans.supply import prescriptions

WIDTHS = (320, 768, 1280)
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def book(clinic: Clinic, client: Client, start: str) -> Booking:
    request = Request(
        client=client,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(client),
    )
    return booking.book(request, at(start), actor=clinic.kim, now=NOW - timedelta(days=9))


@pytest.fixture
def busy(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Maya is ready, Ivy's ride is open, Tess is blocked; Jordan has no plan yet; a follow-up is overdue."""
    monkeypatch.setattr("tests.cast.NOW", NOW - timedelta(days=10))
    starts = {
        "Maya Rivera": "2026-11-23 11:00",
        "Ivy Kim": "2026-11-23 14:00",
        "Tess Lopez": "2026-11-24 09:00",
    }
    for name, start in starts.items():
        client = clinic.ready_client(name)
        row = book(clinic, client, start)
        for item in (
            ("fasting", "support_person") if name == "Ivy Kim" else ("fasting", "support_person", "ride")
        ):
            readiness.acknowledge(
                row.pk,
                item=item,
                answer="confirmed",
                said_by="client",
                source="phone",
                actor=clinic.kim,
                now=NOW,
            )
    tess = Client.objects.get(legal_name="Tess Lopez")
    prescriptions.revoke(
        Prescription.objects.get(client=tess).pk, reason="Interaction", actor=clinic.ada, now=NOW
    )
    make_client("Jordan Pell", clinic.location, team=(clinic.ana,), phone="+15555550142")
    FollowUp.objects.create(
        client=clinic.maya,
        source_session=clinic.dose(clinic.maya, 2),
        kind="check_in",
        position=1,
        due_from_at=NOW - timedelta(days=2),
        due_until_at=NOW - timedelta(days=1),
    )
    return clinic


def violations(desk: Desk) -> list[str]:
    """Every finding of axe, whatever its impact."""
    if not desk.page.evaluate("'axe' in window"):
        desk.page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": "tag", "values": AXE_RULES}, "resultTypes": ["violations"]}
    found: Any = desk.page.evaluate("options => axe.run(options)", options)
    return [f"{one['id']} {node['target']}" for one in found["violations"] for node in one["nodes"]]


def check_every_width(desk: Desk, name: str, *, widths: tuple[int, ...] = WIDTHS) -> None:
    """Nothing wider than the window, no finding of axe, no complaint of the browser."""
    for width in widths:
        desk.page.set_viewport_size({"width": width, "height": 900})
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        assert desk.errors == [], name
        assert violations(desk) == [], (name, width)
        desk.errors.clear()  # axe brings styles of its own, which the policy refuses


def test_a_returning_client_is_booked_with_seven_keys(desk: Desk, busy: Clinic) -> None:
    client = busy.ready_client("Noor Abadi")
    last_four = client.contact_points.get(channel="sms").value[-4:]
    desk.sign_in(busy.kim)
    page = desk.page
    page.get_by_role("heading", name="Today").wait_for()
    assert page.get_by_role("row", name="Ivy K.").get_by_role("link", name="Ride home").is_visible()
    assert page.get_by_role("row", name="Maya R.").get_by_text("Ready").is_visible()
    page.keyboard.press("b")
    page.wait_for_url("**/find/?purpose=book")
    page.keyboard.type(last_four)
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/")
    page.keyboard.press("Enter")
    page.get_by_text("Booked: Dosing 1 on Tuesday, November 24").wait_for()
    assert Booking.objects.get(client=client).booked_by == busy.kim
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    assert desk.errors == []


def test_single_keys_can_be_switched_off(desk: Desk, busy: Clinic) -> None:
    desk.sign_in(busy.kim)
    page = desk.page
    page.keyboard.press("?")
    page.get_by_label("Single keys are on in this browser").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("b")
    page.wait_for_timeout(100)
    assert page.url.endswith("/admin/")
    page.keyboard.press("?")
    page.get_by_label("Single keys are on in this browser").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    page.get_by_role("heading", name="Tomorrow").wait_for()
    assert desk.errors == []


def test_the_desks_pages_at_three_widths(desk: Desk, busy: Clinic) -> None:
    jordan = Client.objects.get(legal_name="Jordan Pell")
    desk.sign_in(busy.kim)
    check_every_width(desk, "home")
    page = desk.page
    page.get_by_role("row", name="Ivy K.").get_by_text("More").click()
    assert page.get_by_role("row", name="Ivy K.").get_by_role("link", name="Move").is_visible()
    page.get_by_role("row", name="Ivy K.").get_by_role("button", name="Arrived").click()
    page.get_by_text("Ivy K. is here.").wait_for()
    desk.open(f"/admin/clients/{busy.maya.pk}/book/")
    check_every_width(desk, "book")
    page.get_by_label("Try this one").check()
    page.get_by_label("Another time", exact=True).fill("2026-11-28T09:40")
    page.get_by_role("button", name="Book", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert page.evaluate("document.activeElement.id") == "errors"
    assert page.get_by_role("heading", name="Nearest openings").is_visible()
    check_every_width(desk, "book, refused", widths=(320,))
    desk.open(f"/admin/practice/client/{jordan.pk}/change/")
    check_every_width(desk, "client", widths=(320,))


def test_the_clinicians_day_comes_from_the_api(desk: Desk, busy: Clinic) -> None:
    assert busy.ana.user
    desk.sign_in(busy.ana.user)
    page = desk.page
    today, tomorrow = page.get_by_label("Today"), page.get_by_label("Tomorrow")
    today.get_by_text("Maya Rivera").first.wait_for()
    assert today.get_by_role("article").count() == 2
    assert today.get_by_role("article").first.get_by_text("Ready").is_visible()
    tomorrow.get_by_text("On hold").wait_for()
    today.get_by_text("Who said so").first.click()
    today.get_by_text("the client by phone").first.wait_for()
    due = page.get_by_label("Follow-ups due")
    due.get_by_text("overdue").wait_for()
    check_every_width(desk, "dashboard")
    due.get_by_label("What came of it").fill("Sleeps well")
    due.get_by_role("button", name="Done").click()
    page.get_by_role("status").get_by_text("Closed.").wait_for()
    assert FollowUp.objects.get().outcome == "Sleeps well"
    assert desk.errors == []


def test_an_alert_stands_above_the_day_until_it_is_closed(desk: Desk, busy: Clinic) -> None:
    assert busy.ana.user
    answers = dict.fromkeys("12345678", 1) | {"9": 2}
    for day in (1, 12):
        measures.record(
            busy.maya,
            measures.Answered(
                "gad7",
                dict.fromkeys("1234567", 3 - day // 10),
                "with_staff",
                None,
                NOW - timedelta(days=30 - day),
            ),
            actor=busy.ana.user,
            now=NOW,
        )
    measures.record(busy.maya, measures.Answered("phq9", answers, "with_staff"), actor=busy.ana.user, now=NOW)
    desk.sign_in(busy.ana.user)
    page = desk.page
    pressing = page.get_by_label("Needs a clinician now")
    pressing.get_by_text("An answer about being better off dead").wait_for()
    check_every_width(desk, "dashboard-with-an-alert")
    # the next one is shown also to somebody who is about to open the first
    look = pressing.get_by_role("article").filter(has_text="Maya").get_by_role("link", name="Look at it")
    look.focus()
    ivy = Client.objects.get(legal_name="Ivy Kim")
    measures.record(ivy, measures.Answered("phq9", answers, "with_staff"), actor=busy.ana.user, now=NOW)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    pressing.get_by_role("article").filter(has_text="Ivy").wait_for()
    expect(look).to_be_focused()
    look.click()
    page.get_by_role("heading", name="Outcomes").wait_for()
    check_every_width(desk, "client-with-outcomes")
    page.get_by_role("link", name="Close", exact=True).click()
    page.get_by_label("Safety plan made or renewed").check()
    page.get_by_label("What was done").fill("We wrote one together.")
    page.get_by_role("button", name="Close it").click()
    page.get_by_text("The alert is closed.").wait_for()
    assert page.get_by_text("Needs a clinician now").count() == 0
    assert desk.errors == []


def test_a_server_that_does_not_answer_is_told_and_asked_again(desk: Desk, busy: Clinic) -> None:
    assert busy.ito.user
    desk.page.route("**/api/v1/**", lambda route: route.abort())
    desk.sign_in(busy.ito.user)
    page = desk.page
    page.get_by_text("This could not be loaded.").first.wait_for()
    page.unroute("**/api/v1/**")
    page.get_by_role("button", name="Try again").first.click()
    page.get_by_label("Today").get_by_text("Maya Rivera").first.wait_for()
    page.get_by_text("Nothing ends soon.").wait_for()
    page.route("**/api/v1/**", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("Not updated since").wait_for()
    assert page.get_by_label("Today").get_by_text("Maya Rivera").first.is_visible()
    page.unroute("**/api/v1/**")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("Not updated since").wait_for(state="hidden")


def test_a_slow_part_does_not_hide_that_the_others_are_stale(desk: Desk, busy: Clinic) -> None:
    assert busy.ito.user
    held: list[Route] = []
    desk.page.route("**/api/v1/expiring?**", lambda route: held.append(route))
    desk.sign_in(busy.ito.user)
    page = desk.page
    page.get_by_label("Today").get_by_text("Maya Rivera").first.wait_for()
    while not held:
        page.wait_for_timeout(20)
    page.route("**/api/v1/**", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("Not updated since").wait_for()
    held.pop().continue_()  # what was asked for before makes nothing else new
    page.get_by_text("Nothing ends soon.").wait_for()
    assert page.get_by_text("Not updated since").is_visible()
