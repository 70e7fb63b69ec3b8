"""A screening form from the dashboard to a phone and back: sent, filled without a script, seen as filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, Route

from notifications import links, screening_links
from notifications.models import PageMessage
from tests.browser.conftest import TELL_OF_VIOLATIONS, Desk
from tests.browser.test_link_pages import MOST_BYTES, look_at
from tests.browser.test_pages import check_every_width
from tests.cast import NOW, Clinic
from tests.treatment_plans.test_screening_rules import WELL
from tests.web.portal.conftest import count_by_itself
from treatment_plans.first_rows import screening_form
from treatment_plans.models import Screening, ScreeningForm, ScreeningSheet
from treatment_plans.rules.screening import CHOICE, NUMBER, YES_NO, questions_of


@pytest.fixture
def form(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> ScreeningForm:
    count_by_itself(monkeypatch)
    screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    return ScreeningForm.objects.get()


@pytest.fixture(params=["en", "es"])
def phone(request: Any, chromium: Browser, clinic: Clinic, live_server: Any) -> Iterator[Desk]:
    """320 pixels wide, in the client's language; our pages run no script, the scripts here are axe's."""
    clinic.maya.language = request.param
    clinic.maya.save()
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale="en-US")
    context.add_init_script(TELL_OF_VIOLATIONS)
    context.set_default_timeout(10_000)
    yield Desk(context.new_page(), live_server.url)
    context.close()


def test_every_page_of_a_form_is_small_clean_and_narrow(
    phone: Desk, form: ScreeningForm, clinic: Clinic
) -> None:
    secret = links.new_secret()
    screening_links.ask(clinic.maya, form, delivery="copy", secret=secret, actor=clinic.kim, now=NOW)
    page, answers = phone.page, list[Response]()
    page.on("response", lambda answer: answers.append(answer))

    def look(name: str) -> None:
        assert len(answers) <= 2, [answer.url for answer in answers]
        assert sum(len(answer.body()) for answer in answers) < MOST_BYTES, name
        look_at(phone, name)

    phone.open(f"/l/{secret}")
    look("form-start")
    page.locator("a.button").click()
    if clinic.maya.language != "en":
        _answer_what_repeats(form)
    _say_the_birth_date(page)
    seen = set()
    given = ScreeningSheet.objects.get().answers
    for number, question in enumerate(questions_of(form.questions), start=1):
        if question.key in given:
            continue
        page.wait_for_url(f"**/form/{number}")
        if question.kind not in seen:
            answers.clear()
            page.reload()
            look(f"form-{question.kind}")
        if question.kind == NUMBER:
            page.locator("input[name=number]").fill("380")
            page.locator("button").click()
            page.locator(".problems").wait_for()
            look_at(phone, "form-implausible")
            page.locator("input[name=number]").fill("38")
        elif question.key == "suicidality":
            page.locator("input[value=thoughts]").check()
        elif question.kind in (YES_NO, CHOICE):
            is_well = {YES_NO: "[value=no]", CHOICE: ""}[question.kind]
            page.locator(f"input[type=radio]{is_well}").first.check()
        seen.add(question.kind)
        if question.key == "suicidality":
            page.context.clear_cookies()  # as after half an hour
        if question.kind in (YES_NO, CHOICE):
            page.keyboard.press("Enter")
        else:
            page.locator("button").click()
        if question.key == "suicidality":
            page.locator("a[href='tel:988']").wait_for()
            look_at(phone, "form-late")
            _say_the_birth_date(page)
            page.wait_for_url("**/help")
            look_at(phone, "form-help")
            page.locator("a.back").click()
    page.wait_for_url("**/form/check")
    answers.clear()
    page.reload()
    look("form-check")
    page.locator("button").click()
    page.locator("h1").get_by_text("✓").wait_for()
    look_at(phone, "form-done")
    assert Screening.objects.get().answers["suicidality"] == "thoughts"
    ScreeningForm.objects.update(retired_at=NOW)
    ScreeningSheet.objects.update(screening=None)
    phone.open(f"/l/{secret}")
    look_at(phone, "form-replaced")
    assert [error for error in phone.errors if "422" not in error] == []


def _say_the_birth_date(page: Page) -> None:
    for name, value in (("month", "4"), ("day", "2"), ("year", "1988")):
        page.locator(f"#{name}").fill(value)
    page.keyboard.press("Enter")


def _answer_what_repeats(form: ScreeningForm) -> None:
    """Leave one question of each kind, and the one whose answer may be unsafe: all are asked in English."""
    kinds, answers = set(), {}
    for question in questions_of(form.questions):
        if question.kind in kinds and question.key != "suicidality":
            answers[question.key] = WELL.get(question.key)
        kinds.add(question.kind)
    ScreeningSheet.objects.update(answers=answers)


def _lose_the_answer(route: Route) -> None:
    route.fetch()
    route.abort("connectionreset")


def test_staff_send_it_and_see_how_far_it_is(desk: Desk, form: ScreeningForm, clinic: Clinic) -> None:
    clinic.ready_client()
    assert clinic.ana.user
    page, address = desk.page, f"/dashboard/clients/{clinic.maya.pk}/"
    desk.sign_in(clinic.ana.user, address)
    forms = page.get_by_role("region", name="Health form")
    forms.get_by_text("Not asked yet").wait_for()
    forms.get_by_role("button", name="Make a link to hand on").click()
    forms.get_by_text("Address to hand on").wait_for()
    given = forms.get_by_label("For this client only").input_value()
    check_every_width(desk, "client-forms")
    assert screening_links.links.find(given.rpartition("/")[2], now=NOW) is not None
    ScreeningSheet.objects.update(answers={"age": 38}, answered_at=NOW)
    desk.open(address)
    forms.get_by_text("Begun").wait_for()
    assert forms.get_by_text(f"1 of {len(form.questions)}").is_visible()
    send = forms.get_by_role("button", name="Send by text or email")
    page.route("**/screening-sheets", _lose_the_answer, times=1)
    send.click()
    forms.get_by_text("The server did not answer.").wait_for()
    PageMessage.objects.update(state="taken")  # it went out meanwhile
    desk.errors.clear()  # the browser reports the cut
    with page.expect_response("**/screening-sheets"):
        send.click()
    forms.get_by_text("Begun").wait_for()
    assert PageMessage.objects.count() == 1  # whose answer was lost is sent once
    forms.get_by_role("button", name="Take it back").click()
    forms.get_by_text("Not asked yet").wait_for()
    assert desk.errors == []
