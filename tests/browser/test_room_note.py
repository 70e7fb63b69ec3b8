"""The note in the session room, what is said before somebody leaves it, and the screener at the check-in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from practice import present
from scheduling.models import Booking, NoteAddendum, SessionNote
from tests.browser.conftest import TELL_OF_VIOLATIONS, Desk
from tests.browser.sessions import Clock, Session, make_session
from tests.browser.test_pages import check_every_width
from tests.browser.test_session_room import STORED, user_of
from tests.cast import Clinic
from tests.scheduling.test_session_room import FINE
from treatment_plans.dosing import discharges
from treatment_plans.models import CheckIn, SafetyAlert, Vitals

PAUSE = 1200  # milliseconds after the last key


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Its clock runs on and can be put on, so that no pause is waited for."""
    desk.page.clock.install()
    return desk


@pytest.fixture
def session(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Session:
    clock = Clock()
    monkeypatch.setattr(present, "now", clock.now)
    return make_session(clinic, clock)


@pytest.fixture
def dosed(session: Session) -> Session:
    session.dose()
    session.clock.put(12)
    return session


@pytest.fixture
def tablets(chromium: Browser, dosed: Session, live_server: Any) -> Iterator[tuple[Page, Page]]:
    """Ana's two."""
    pages, contexts = [], []
    for _number in range(2):
        context = chromium.new_context(viewport={"width": 1024, "height": 768}, locale="en-US")
        context.add_init_script(TELL_OF_VIOLATIONS)
        context.clock.install()
        contexts.append(context)
        desk = Desk(context.new_page(), live_server.url)
        desk.come_back(user_of(dosed), dosed.path)
        desk.page.locator("#note-text").wait_for()
        pages.append(desk.page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def stop_typing(page: Page) -> None:
    """The pause after which a note is saved, for a page whose clock can be put on."""
    page.clock.fast_forward(PAUSE)


def saved(page: Page) -> None:
    stop_typing(page)
    page.locator("#note-state", has_text=re.compile("^Saved ")).wait_for()


def text() -> str:
    return SessionNote.objects.get().text


def test_a_note_is_saved_while_it_is_written_and_signed_for_good(desk: Desk, dosed: Session) -> None:
    desk.come_back(user_of(dosed), dosed.path)
    page = desk.page
    field = page.locator("#note-text")
    field.wait_for()
    assert "40 mg given at 09:35" in field.input_value()  # pre-filled, and nothing stored yet
    assert not SessionNote.objects.exists()
    field.press("Control+End")
    field.press_sequentially(" She let go of it.")
    saved(page)
    assert text().endswith("She let go of it.")
    field.press_sequentially(" And smiled.")
    page.locator("#note-state", has_text="Writing").wait_for()
    page.evaluate("document.getElementById('note-text').blur()")  # at once on leaving
    saved(page)
    assert text().endswith("And smiled.")
    assert page.evaluate(STORED) == [0, 0, 0]
    check_every_width(desk, "with a note")
    page.get_by_role("button", name="Sign the note").click()
    page.get_by_role("button", name="Back to the note").click()
    assert SessionNote.objects.get().signed_at is None
    page.get_by_role("button", name="Sign the note").click()
    page.get_by_role("button", name="Sign it").click()
    page.locator("article.signed").wait_for()
    assert SessionNote.objects.get().signed_at is not None
    assert not field.is_visible()
    page.get_by_text("Add to this note").click()
    page.get_by_label("Signed as it is sent").fill("She called in the evening.")
    page.get_by_role("button", name="Sign the addendum").click()
    page.locator("article.signed", has_text="She called in the evening.").wait_for()
    assert NoteAddendum.objects.get().text == "She called in the evening."


def test_a_cut_keeps_the_note_on_the_page_and_holds_up_no_reading(desk: Desk, dosed: Session) -> None:
    desk.come_back(user_of(dosed), dosed.path)
    page = desk.page
    field = page.locator("#note-text")
    field.fill("One.")
    saved(page)
    cuts = ["after", "before", "after"]

    def cut(route: Any) -> None:
        kind = cuts.pop(0) if cuts else ""
        if kind != "before":
            answer = route.fetch()
        if kind:
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    page.route("**/session-notes/*", cut)
    field.fill("One. Two.")
    stop_typing(page)
    page.get_by_text("Not saved yet, kept on this device").wait_for()
    page.locator("#vitals-form input").first.fill("131/81 71 97")
    page.locator("#vitals-form input").first.press("Enter")
    page.get_by_role("row", name="131/81").wait_for()
    field.press("Control+End")
    field.press_sequentially(" Three.")
    while page.locator("#note-state[data-kind=waiting]").count():
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_timeout(50)
    assert cuts == []
    saved(page)
    assert (text(), Vitals.objects.filter(systolic=131).count()) == ("One. Two. Three.", 1)
    assert page.locator("#note-clash").is_hidden()  # an echo of our own is no other text


def test_two_who_write_the_same_note_keep_both_texts(tablets: tuple[Page, Page]) -> None:
    one, two = tablets
    one.locator("#note-text").fill("Beginning.")
    saved(one)
    two.reload()
    two.locator("#note-text").wait_for()
    assert two.locator("#note-text").input_value() == "Beginning."
    one.locator("#note-text").press("Control+End")
    one.locator("#note-text").press_sequentially(" From the first tablet.")
    saved(one)
    two.locator("#note-text").press("Control+End")
    two.locator("#note-text").press_sequentially(" From the second.")
    stop_typing(two)
    two.locator("#note-clash", has_text="Both texts are kept").wait_for()
    saved(two)
    assert "From the first tablet." in text()
    assert "From the second." in text()
    assert text().count("Beginning.") == 1
    shown = two.locator("#note-text").input_value()
    assert "From the first tablet." in shown
    assert "From the second." in shown
    # the first one, not written in meanwhile, gets to see it
    one.evaluate("document.getElementById('note-text').blur()")
    one.evaluate("document.dispatchEvent(new Event('room:changed'))")
    expect(one.locator("#note-text")).to_have_value(re.compile("From the second"))


def test_both_begin_it_at_the_same_time(tablets: tuple[Page, Page]) -> None:
    one, two = tablets
    one.locator("#note-text").fill("First tablet.")
    saved(one)
    two.locator("#note-text").fill("Second tablet.")
    stop_typing(two)
    two.locator("#note-clash", has_text="Both texts are kept").wait_for()
    saved(two)
    assert "First tablet." in text()
    assert "Second tablet." in text()


def refuse(route: Route) -> None:
    reasons = [{"code": "one", "detail": "One reason."}, {"code": "other", "detail": "And another."}]
    route.fulfill(status=409, json={"code": "refused", "detail": "Refused.", "blockers": reasons})


def sign(page: Page) -> None:
    page.get_by_role("button", name="Sign the note").click()
    page.get_by_role("button", name="Sign it").click()


def test_only_the_text_that_was_confirmed_is_signed_and_a_refusal_stays(desk: Desk, dosed: Session) -> None:
    desk.come_back(user_of(dosed), dosed.path)
    page = desk.page
    field, state, told = (page.locator(f"#note-{name}") for name in ("text", "state", "unsigned"))
    field.fill("One.")
    saved(page)
    notes, signatures = "**/session-notes/*", "**/session-notes/*/sign"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/sign") else None)

    # what is refused stays in sight, and signs nothing later
    page.route(notes, refuse)
    field.fill("One. Two.")
    sign(page)
    told.get_by_text("Not signed: not saved: One reason. And another.").wait_for()
    page.clock.fast_forward(1000)  # what is drawn again after a while
    assert state.inner_text().endswith("not saved: One reason. And another.")
    page.unroute(notes)
    field.press("Control+End")
    field.press_sequentially(" Three.")
    saved(page)

    # a signature that is refused says so, and Escape confirms nothing
    page.route(signatures, refuse)
    sign(page)
    told.get_by_text("Not signed: One reason. And another.").wait_for()
    page.clock.fast_forward(1000)
    assert told.get_by_text("Not signed: One reason. And another.").is_visible()
    page.unroute(signatures)
    asked.clear()
    page.get_by_role("button", name="Sign the note").click()
    page.keyboard.press("Escape")

    # what is written after it was confirmed is not signed unseen
    held: list[Route] = []
    page.route(notes, lambda route: held.append(route), times=1)
    field.fill("One. Two. Three. Four.")
    sign(page)
    field.fill("One. Two. Three. Four!")
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    told.get_by_text("the text has changed since you confirmed it").wait_for()
    saved(page)
    assert (asked, SessionNote.objects.get().signed_at) == ([], None)
    desk.errors.clear()  # the browser reports the refusals
    check_every_width(desk, "not signed")

    # two who press twice sign once, what stands there then
    page.route(notes, lambda route: held.append(route), times=1)
    field.fill("All of it.")
    sign(page)
    sign(page)
    held.pop().continue_()
    page.locator("article.signed", has_text="All of it.").wait_for()
    assert (len(asked), text()) == (1, "All of it.")


def test_what_came_too_late_for_a_signed_note_can_be_added_to_it(tablets: tuple[Page, Page]) -> None:
    one, two = tablets
    one.locator("#note-text").fill("Beginning.")
    saved(one)
    two.reload()
    field = two.locator("#note-text")
    field.wait_for()
    two.route("**/session-notes/*", lambda route: route.abort("connectionreset"))
    field.press("Control+End")
    field.press_sequentially(" Typed too late.")
    stop_typing(two)
    two.get_by_text("Not saved yet, kept on this device").wait_for()
    sign(one)
    one.locator("article.signed", has_text="Beginning.").wait_for()
    two.unroute("**/session-notes/*")
    two.evaluate("dispatchEvent(new Event('online'))")
    two.locator("#note-late", has_text="This note was signed on another device.").wait_for()
    assert field.input_value() == "Typed too late."
    two.get_by_role("button", name="Sign it as an addendum").click()
    two.locator("article.signed", has_text="Typed too late.").wait_for()
    assert (text(), NoteAddendum.objects.get().text) == ("Beginning.", "Typed too late.")
    assert field.is_hidden()


def test_leaving_says_what_is_not_saved_or_overdue(desk: Desk, dosed: Session) -> None:
    desk.come_back(user_of(dosed), dosed.path)
    page = desk.page
    page.get_by_text("since dose").wait_for()
    page.locator("#marks-entry").get_by_label("Text").fill("half a thou")
    page.get_by_role("link", name="Print").click()
    asked = page.get_by_role("dialog")
    asked.get_by_text("Typed and not sent: Note.").wait_for()
    asked.get_by_role("button", name="Stay here").click()
    assert page.locator("#marks-entry").get_by_label("Text").input_value() == "half a thou"
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator("#happened").get_by_text("half a thou").wait_for()
    dosed.clock.put(26)  # five minutes of grace are over
    page.evaluate("document.dispatchEvent(new Event('room:changed'))")
    page.get_by_role("alert").get_by_text("Vitals are overdue.").wait_for()
    assert page.title().startswith("(!)")
    page.get_by_role("link", name="Print").click()
    asked.get_by_text("Vitals were due at 09:50").wait_for()
    asked.get_by_role("button", name="Stay here").click()
    page.locator("#vitals-form input").first.fill("131/81 71 97")
    page.locator("#vitals-form input").first.press("Enter")
    page.get_by_text("Vitals are overdue.").wait_for(state="hidden")
    assert not page.title().startswith("(!)")
    page.get_by_role("link", name="Print").click()  # nothing is missing
    page.wait_for_url("**/print/")


def test_completing_says_what_the_record_lacks(desk: Desk, dosed: Session) -> None:
    dosed.measure(64)
    leave(dosed)
    dosed.clock.put(70)
    desk.come_back(user_of(dosed), dosed.path)
    page = desk.page
    page.get_by_text("Vitals were not recorded in time at minute").first.wait_for()
    page.get_by_role("button", name="Complete the session").click()
    asked = page.get_by_role("dialog")
    asked.get_by_text("Nobody has signed a note about this session.").wait_for()
    asked.get_by_role("button", name="Stay here").click()
    assert Booking.objects.get().status == Booking.Status.IN_SESSION
    page.get_by_role("button", name="Complete the session").click()
    asked.get_by_role("button", name="Complete it all the same").click()
    page.get_by_role("button", name="Complete the session").wait_for(state="hidden")
    assert Booking.objects.get().status == Booking.Status.COMPLETED


def leave(session: Session) -> None:
    discharges.discharge(session.record.pk, uuid.uuid4(), FINE, override_reason="", **session._who(65))


def test_an_unsafe_answer_at_the_check_in_is_loud(desk: Desk, session: Session) -> None:
    protocol = session.clinic.protocol
    protocol.outcome_measures = [{"measure": "cssrs", "when": ["dosing_day"]}]
    protocol.save(update_fields=["outcome_measures"])
    session.open()
    desk.come_back(user_of(session), session.path)
    page = desk.page
    page.get_by_label("Birth date").check()
    page.get_by_label("Photo ID").check()
    screener = page.get_by_role("group", name="C-SSRS screener since last contact")
    ask = lambda number: screener.get_by_role("group", name=f"Question {number}")  # noqa: E731
    ask(1).get_by_label("No").check()
    assert ask(3).count() == 0  # it depends on the second
    ask(2).get_by_label("Yes").check()
    for number, word in ((3, "No"), (4, "Yes"), (5, "No"), (6, "No")):
        ask(number).get_by_label(word).check()
    check_every_width(desk, "with the screener")
    page.get_by_role("button", name="Check in", exact=True).click()
    page.get_by_role("alert").get_by_text("A safety alert is open").wait_for()
    assert CheckIn.objects.get().cssrs is not None
    assert SafetyAlert.objects.get().severity == "high"
