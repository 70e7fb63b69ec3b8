"""A prescription's life through the pages: refused, changed by two, signed, filled, counted, lost."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Desk
from tests.browser.test_pages import check_every_width
from tests.cast import NOW, Clinic
from treatment_plans.models import PdmpCheck, Prescription, SupplyEvent, SupplyTask
from treatment_plans.supply import prescriptions

WIDTHS = (390, 1024, 1280)


def fill(page: Page, form: str, /, **values: str) -> None:
    """The fields of the form with this id; one that is a choice by its word."""
    for name, value in values.items():
        field = page.locator(f"#{form}--{name}")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)


def send(page: Page, form: str) -> None:
    page.locator(f"#{form}-form button[type=submit]").click()


def refusals(page: Page, form: str) -> list[str]:
    page.locator(f"#{form}-form .wrong li").first.wait_for()
    return page.locator(f"#{form}-form .wrong li").all_inner_texts()


def open_form(page: Page, form: str) -> None:
    details = page.locator(f"#{form}")
    if details.get_attribute("open") is None:
        details.locator("summary").click()


def test_a_prescription_through_its_life(desk: Desk, clinic: Clinic) -> None:
    assert clinic.ito.user
    nia = clinic.nia
    clinic.ito.dea_number = "AB1234563"
    clinic.ito.save(update_fields=["dea_number"])
    desk.sign_in(clinic.ito.user)
    desk.open(f"/dashboard/clients/{clinic.maya.pk}/prescriptions/")
    page = desk.page
    page.get_by_text("No prescription yet.").wait_for()

    # a look into the monitoring programme: what was found has to be said, and what was typed stays
    open_form(page, "pdmp")
    fill(page, "pdmp", result="Something to talk about", state="CA")
    send(page, "pdmp")
    assert refusals(page, "pdmp") == ["Note: Say what was found."]
    expect(page.locator("#pdmp--state")).to_have_value("CA")
    expect(page.locator("#pdmp--note")).to_be_focused()
    desk.errors.clear()  # the browser tells of the refusal too
    fill(page, "pdmp", note="Two prescribers of zolpidem")
    send(page, "pdmp")
    page.locator("#pdmp-list").get_by_text("Two prescribers of zolpidem").wait_for()
    assert PdmpCheck.objects.get().note == "Two prescribers of zolpidem"

    # a draft: everything that is missing at once
    open_form(page, "draft")
    check_every_width(desk, "prescriptions", widths=WIDTHS)
    send(page, "draft")
    assert len(refusals(page, "draft")) == 4
    desk.errors.clear()
    fill(page, "draft", route="Sublingual", drug="ketamine troche", dose_amount="100", doses_per_fill="2")
    send(page, "draft")
    page.wait_for_url("**/dashboard/prescriptions/*/")
    row = Prescription.objects.get()

    # its signature is refused with every reason
    page.get_by_text("The directions are missing.").wait_for()
    fill(page, "sign", reference="ERX-77")
    send(page, "sign")
    assert len(refusals(page, "sign")) >= 5
    expect(page.locator("#sign--reference")).to_have_value("ERX-77")
    desk.errors.clear()

    # somebody else was faster: both values are shown, and the second try is knowingly
    open_form(page, "change")
    order = {"form": "Troche", "strength_amount": "100", "strength_unit": "mg each", "quantity": "2"}
    order |= {"quantity_unit": "troches", "units_per_dose": "1", "valid_through_on": "2027-02-01"}
    fill(page, "change", **order, directions="One, under the tongue", client_address="2 Hill Street")
    Prescription.objects.filter(pk=row.pk).update(directions="Two at once", revision=row.revision + 1)
    send(page, "change")
    assert "Someone changed this record since you read it." in refusals(page, "change")
    page.get_by_text("Somebody wrote meanwhile: Two at once").wait_for()
    expect(page.locator("#change--directions")).to_have_value("One, under the tongue")
    check_every_width_of_the_refused(desk)
    send(page, "change")
    page.locator("#order").get_by_text("One, under the tongue").wait_for()
    row.refresh_from_db()
    assert (row.directions, row.quantity_unit) == ("One, under the tongue", "troche")

    # signed knowingly too: that form was filled in before the other change
    page.get_by_text("Before it can be signed").wait_for(state="hidden")
    send(page, "sign")
    page.locator("#sign-form").get_by_text("Someone changed this record since you read it.").wait_for()
    desk.errors.clear()
    send(page, "sign")
    page.locator("#order").get_by_text("Signed elsewhere").wait_for()
    open_form(page, "send")
    fill(page, "send", pharmacy="Corner Pharmacy")
    send(page, "send")
    page.locator("#order").get_by_text("Sent to the pharmacy").wait_for()
    row.refresh_from_db()
    assert (row.status, row.reference, row.pharmacy) == ("sent", "ERX-77", "Corner Pharmacy")

    # the nurse: a fill, a count that does not fit, waste before a witness
    page.get_by_role("button", name="Log out").click()
    desk.sign_in(nia, f"/dashboard/prescriptions/{row.pk}/")
    assert page.locator("#revoke").count() == 0
    open_form(page, "dispense")
    send(page, "dispense")
    page.locator("#ledger").get_by_text("2 troches now: 2 dispensed, 0 used.").wait_for()
    open_form(page, "counted")
    fill(page, "counted", amount="1")
    send(page, "counted")
    page.get_by_text("A count does not fit: 1 counted, 2 expected (troches).").wait_for()
    open_form(page, "wasted")
    fill(page, "wasted", amount="1")
    send(page, "wasted")
    assert refusals(page, "wasted")
    desk.errors.clear()
    fill(page, "wasted", witness="Ito", note="Broken in the wrapper")
    check_every_width(desk, "a prescription", widths=WIDTHS)
    send(page, "wasted")
    page.locator("#ledger").get_by_text("1 troches now").wait_for()
    task = SupplyTask.objects.get()
    open_form(page, f"settle-{task.pk}")
    fill(page, f"settle-{task.pk}", outcome="What was missing is recorded now", note="It broke, see above")
    send(page, f"settle-{task.pk}")
    page.get_by_text("A count does not fit").first.wait_for(state="hidden")
    assert SupplyEvent.objects.get(kind="wasted").witness == clinic.ito.user

    # and the rest is lost with it
    open_form(page, "lost")
    fill(page, "lost", report="Left in a taxi")
    send(page, "lost")
    page.locator("#order").get_by_text("Left in a taxi").wait_for()
    row.refresh_from_db()
    assert row.status == "lost"
    assert row.valid_through_on == date(2027, 2, 1)
    assert desk.errors == []


def test_what_the_network_swallows_is_kept_and_done_once(desk: Desk, clinic: Clinic) -> None:
    """The answer to the first try is lost after the server has done it; what was typed is sent again."""
    row = clinic.prescribe(clinic.maya)
    prescriptions.dispense(row.pk, key=uuid4(), actor=clinic.kim, now=NOW)
    desk.sign_in(clinic.nia, f"/dashboard/prescriptions/{row.pk}/")
    page = desk.page
    open_form(page, "returned")
    fill(page, "returned", amount="2", note="Unopened")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/v1/supply-events", lose, times=1)
    send(page, "returned")
    assert refusals(page, "returned") == ["The server did not answer."]
    expect(page.locator("#returned--note")).to_have_value("Unopened")
    send(page, "returned")
    page.locator("#ledger").get_by_text("4 doses now").wait_for()
    assert SupplyEvent.objects.filter(kind="returned").count() == 1


def check_every_width_of_the_refused(desk: Desk) -> None:
    """A refusal is an error of the console too, which is none of the page."""
    desk.errors.clear()
    check_every_width(desk, "a refused change", widths=WIDTHS)
