"""A client's screening, plans and doses, worked in: at three widths, under the policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.browser.test_pages import book, check_every_width
from tests.browser.test_prescriptions import WIDTHS, fill, open_form, refusals, send
from tests.cast import NOW, Clinic
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import interactions, screening_form
from treatment_plans.models import (
    ClinicalResult,
    CurrentMedication,
    HoldInstruction,
    ScreeningFlag,
    ScreeningForm,
    TreatmentPlan,
)
from treatment_plans.screening import medications, screenings


@pytest.fixture
def screened(clinic: Clinic) -> Clinic:
    client = clinic.ready_client()
    screening_form.add_missing()
    interactions.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    book(clinic, client, "2026-12-01 09:30")
    answers = WELL | {"blood_pressure": {"systolic": 150, "diastolic": 95}}
    filled = screenings.Filled(ScreeningForm.objects.get(), answers, "with_staff")
    screenings.record(client, filled, actor=clinic.kim, now=NOW)
    values = {"name": "lorazepam", "medicine_class": "", "source": "client"}
    medications.record(client, values, actor=clinic.kim, now=NOW)
    return clinic


def test_the_screening_side_is_worked_off(desk: Desk, screened: Clinic) -> None:
    assert screened.ito.user
    desk.sign_in(screened.ito.user, f"/dashboard/clients/{screened.maya.pk}/screening/")
    page = desk.page
    flag, medicine = ScreeningFlag.objects.get(), CurrentMedication.objects.get()

    # a medicine gets its class, and is at once held against the rules; then it is stopped
    open_form(page, f"classify-{medicine.pk}")
    fill(page, f"classify-{medicine.pk}", medicine_class="Benzodiazepines and Z-drugs")
    send(page, f"classify-{medicine.pk}")
    page.locator("#medicines").get_by_text("lorazepam: Benzodiazepines").wait_for()

    # a result of its own shape
    open_form(page, "result-blood-pressure")
    for name, value in (("systolic", "128"), ("diastolic", "82")):
        page.locator(f'[id="result-blood-pressure--values.readings.0.{name}"]').fill(value)
    fill(page, "result-blood-pressure", taken_on="2026-11-23", valid_through_on="2026-11-30")
    check_every_width(desk, "screening", widths=WIDTHS)
    send(page, "result-blood-pressure")
    page.locator("#results").get_by_text("Blood pressure: 128/82").wait_for()
    assert ClinicalResult.objects.get().values == {"readings": [{"systolic": 128, "diastolic": 82}]}
    page.locator("#ends").get_by_text("last day Nov. 30, 2026").wait_for()
    page.locator("#ends").get_by_text("Blocks one session: Tue Dec 1, 9:30 a.m.").wait_for()

    # one flag: every reason at once, then the decision
    open_form(page, f"flag-{flag.pk}")
    send(page, f"flag-{flag.pk}")
    assert len(refusals(page, f"flag-{flag.pk}")) == 2
    desk.errors.clear()
    fill(page, f"flag-{flag.pk}", decision="May be treated", reason="White coat")
    fill(page, f"flag-{flag.pk}", valid_through_on="2027-05-01")
    send(page, f"flag-{flag.pk}")
    page.locator("#flags").get_by_text("White coat").wait_for()
    flag.refresh_from_db()
    assert flag.disposition
    assert flag.disposition.decision == "accepted"

    # words for this client, in both languages
    open_form(page, "hold")
    fill(page, "hold", medication="Lorazepam", text_en="Not on the morning.", text_es="No en la mañana.")
    send(page, "hold")
    page.locator("#holds").get_by_text("Not on the morning.").wait_for()
    assert HoldInstruction.objects.get().medication == medicine

    open_form(page, f"stop-{medicine.pk}")
    fill(page, f"stop-{medicine.pk}", stopped_on="2026-11-20")
    send(page, f"stop-{medicine.pk}")
    page.get_by_text("Nothing is on the list.").wait_for()
    assert desk.errors == []


def test_a_plan_is_closed_with_everything_that_it_means_in_view(desk: Desk, screened: Clinic) -> None:
    assert screened.ito.user
    plan = TreatmentPlan.objects.get()
    desk.sign_in(screened.ito.user, f"/dashboard/clients/{screened.maya.pk}/plans/")
    page = desk.page
    form = f"review-{plan.pk}"
    open_form(page, form)
    fill(page, form, decision="Pause", note="Until the pressure is down")
    send(page, form)
    page.locator("#open").get_by_text("Paused").wait_for()

    form = f"close-{plan.pk}"
    open_form(page, form)
    fill(page, form, reason="Moved away")
    send(page, form)
    page.get_by_text("Cancelled: the session on Tue Dec 1, 9:30 a.m.").wait_for()
    plan.refresh_from_db()
    assert plan.status == "active"
    check_every_width(desk, "a plan", widths=WIDTHS)
    fill(page, form, reason="Moved to Oregon")  # another reason is another look
    expect(page.locator(f"#{form}-form .effects")).to_be_hidden()
    send(page, form)
    page.get_by_text("Cancelled: the session on Tue Dec 1, 9:30 a.m.").wait_for()
    plan.refresh_from_db()
    # somebody else was faster: it is looked at again
    TreatmentPlan.objects.update(revision=plan.revision + 1)
    send(page, form)
    page.get_by_text("Someone changed this record since you read it.").wait_for()
    expect(page.locator(f"#{form}-form .effects")).to_be_hidden()
    desk.errors.clear()  # the browser reports the refusal
    send(page, form)
    page.get_by_text("Cancelled: the session on Tue Dec 1, 9:30 a.m.").wait_for()
    assert TreatmentPlan.objects.get().status == "active"
    send(page, form)
    page.get_by_text("There is no open plan.").wait_for()
    plan.refresh_from_db()
    assert (plan.status, plan.close_reason) == ("closed", "Moved to Oregon")
    assert desk.errors == []


def test_the_doses_are_shown_by_days(desk: Desk, screened: Clinic) -> None:
    assert screened.ana.user
    desk.sign_in(screened.ana.user, f"/dashboard/clients/{screened.maya.pk}/")
    page = desk.page
    doses = page.locator("#doses")
    doses.get_by_text("Dose 3").wait_for()
    expect(doses.get_by_role("listitem")).to_have_count(3)
    doses.get_by_label("From").fill("2026-12-01")
    doses.get_by_role("button", name="Show").click()
    expect(doses.get_by_role("listitem")).to_have_count(1)
    assert doses.get_by_text("Tue, Dec 1, 9:30 AM").is_visible()
    check_every_width(desk, "a client", widths=WIDTHS)
