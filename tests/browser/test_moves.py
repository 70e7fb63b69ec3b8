"""Moving a dose and recording an absence in a browser, also on a phone."""

from __future__ import annotations

from scheduling import booking
from scheduling.models import Booking
from tests.browser.conftest import Desk
from tests.browser.test_pages import check_every_width
from tests.cast import NOW, Clinic, at
from treatment_plans.models import PlannedSession


def a_course(clinic: Clinic) -> tuple[Booking, Booking]:
    client = clinic.ready_client()
    talk = PlannedSession.objects.select_related("plan__protocol").get(after_session__dose_number=1)
    made = []
    for session, code, start in (
        (clinic.dose(client), "dosing-im", "2026-12-01 09:30"),
        (talk, "integration", "2026-12-02 14:00"),
    ):
        kind = clinic.appointment_type(code)
        wanted = booking.Request(client, kind, clinic.location, session, therapist_id=clinic.ana.pk)
        made.append(booking.book(wanted, at(start), actor=clinic.kim, now=NOW))
    return made[0], made[1]


def test_a_move_is_seen_before_it_is_done(desk: Desk, clinic: Clinic) -> None:
    dose, talk = a_course(clinic)
    desk.sign_in(clinic.kim, f"/admin/bookings/{dose.pk}/move/")
    page = desk.page
    page.get_by_label("Try this one").check()
    page.get_by_label("Another time", exact=True).fill("2026-12-07T09:30")
    page.get_by_role("button", name="Move it here").click()
    page.get_by_role("heading", name="Move it like this?").wait_for()
    check_every_width(desk, "move, seen first")
    page.get_by_role("checkbox", name="Integration moves").wait_for()
    assert page.evaluate("document.activeElement.textContent").strip() == "Move it here"
    page.keyboard.press("Enter")
    page.get_by_text("Moved: Dosing 1 to Monday, December 7").wait_for()
    talk.refresh_from_db()
    assert talk.version == 2
    assert desk.errors == []


def test_an_absence_is_recorded_on_a_phone(desk: Desk, clinic: Clinic) -> None:
    dose, _talk = a_course(clinic)
    page = desk.page
    page.set_viewport_size({"width": 360, "height": 740})
    desk.sign_in(clinic.kim)
    page.get_by_role("link", name="Somebody is away").click()
    page.get_by_role("heading", name="Who is away?").wait_for()
    check_every_width(desk, "away")
    page.get_by_role("link", name="Ana").click()
    page.get_by_label("First day").fill("2026-12-01")
    page.get_by_label("Last day").fill("2026-12-02")
    check_every_width(desk, "absence, how long", widths=(320,))
    page.get_by_role("button", name="Show what it hits").click()
    page.get_by_text("It hits 2 sessions").wait_for()
    check_every_width(desk, "absence")
    page.get_by_role("radio", name="Leave it: I call first").last.check()
    page.get_by_role("button", name="Do all of this").click()
    page.get_by_text("1 sessions are seen to, 1 still need somebody").wait_for()
    check_every_width(desk, "away, with a conflict", widths=(320, 1280))
    dose.refresh_from_db()
    assert dose.therapist == clinic.ben
    assert desk.errors == []


def test_a_closure_over_a_session_asks_first(desk: Desk, clinic: Clinic) -> None:
    a_course(clinic)
    desk.sign_in(clinic.kim, "/admin/practice/holiday/add/")
    page = desk.page
    page.locator("#id_on").fill("2026-12-01")
    page.locator("#id_name").fill("Clinic day")
    choose = "pk => document.querySelector('#id_location').append(new Option('x', pk, true, true))"
    page.evaluate(choose, clinic.location.pk)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("One session is booked at that time").wait_for()
    check_every_width(desk, "hits")
    page.get_by_role("button", name="Save all the same").click()
    page.get_by_text("was added successfully").wait_for()
    assert desk.errors == []
