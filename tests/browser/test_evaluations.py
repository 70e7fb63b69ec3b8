"""The queue of evaluations in a browser: facts with their sources, and the way to one decision."""

from __future__ import annotations

from tests.browser.conftest import Desk
from tests.browser.test_pages import check_every_width
from tests.cast import NOW, Clinic
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import interactions as first_interactions
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import Evaluation, ScreeningForm
from treatment_plans.screening import evaluations, medications, screenings


def test_the_queue_shows_facts_and_leads_to_the_decision(desk: Desk, clinic: Clinic) -> None:
    assert clinic.document
    assert clinic.ito.user
    first_screening_form.add_missing()
    first_interactions.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    answers = WELL | {"blood_pressure": {"systolic": 150, "diastolic": 95}}
    filled = screenings.Filled(ScreeningForm.objects.get(), answers, "with_staff")
    screenings.record(clinic.maya, filled, actor=clinic.kim, now=NOW)
    values = {"name": "lorazepam", "medicine_class": "benzodiazepine", "source": "client"}
    medications.record(clinic.maya, values, actor=clinic.kim, now=NOW)
    evaluations.refer(clinic.maya, actor=clinic.kim, now=NOW)
    desk.sign_in(clinic.ito.user)
    desk.open("/dashboard/evaluations/")
    page = desk.page
    new, waiting = page.get_by_label("New"), page.get_by_label("Waiting on the client")
    new.get_by_text("Blood pressure above 140/90.").wait_for()
    assert new.get_by_text("answer: 150/95").is_visible()
    assert new.get_by_text("lorazepam: Benzodiazepines").is_visible()
    assert new.get_by_text("Missing: Consent to treatment, Blood pressure").is_visible()
    new.get_by_text("What a decision would mean").click()
    new.get_by_label("Decision").select_option("not_now")
    new.get_by_role("button", name="Show").click()
    new.get_by_text("Sessions it would block: none").wait_for()
    new.get_by_label("Decision").select_option("cleared")
    new.get_by_role("button", name="Show").click()
    new.get_by_text("A clearance has an end.").wait_for()
    desk.errors.clear()  # the browser tells of the refusal too
    check_every_width(desk, "evaluations")
    new.get_by_text("What a decision would mean").click()
    new.get_by_role("button", name="The client was asked").click()
    waiting.get_by_text("Blood pressure above 140/90.").wait_for()
    assert Evaluation.objects.get().asked_at is not None
    waiting.get_by_role("link", name="Decide").click()
    page.get_by_text("Blood pressure above 140/90. (150/95)").wait_for()
    assert desk.errors == []
