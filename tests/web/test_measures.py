"""What clinicians do with questionnaires and alerts on the client's page, and what the desk doesn't see."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from tests.cast import NOW, Clinic, at
from treatment_plans.measuring import measures
from treatment_plans.models import Measure, PlannedSession, SafetyAlert

pytestmark = pytest.mark.django_db

CALM = {f"item_{number}": "0" for number in range(1, 10)}


def browser_of(user: object) -> Browser:
    browser = Browser()
    browser.force_login(user)  # type: ignore[arg-type]
    return browser


def page_of(clinic: Clinic, user: object) -> str:
    return browser_of(user).get(f"/admin/practice/client/{clinic.maya.pk}/change/").content.decode()


def test_a_questionnaire_is_filled_in_with_the_client(clinic: Clinic) -> None:
    ana = browser_of(clinic.ana.user)
    address = f"/admin/clients/{clinic.maya.pk}/measures/phq9/"
    page = ana.get(address).content.decode()
    assert "Little interest or pleasure in doing things" in page
    assert "Nearly every day" in page
    saved = ana.post(address, CALM | {"item_1": "3", "item_2": "2", "key": "k"})
    assert saved.status_code == 302
    ana.post(address, CALM | {"item_1": "3", "item_2": "2", "key": "k"})  # a second click
    measure = Measure.objects.get()
    assert (measure.total, measure.source, measure.recorded_by) == (5, "with_staff", clinic.ana.user)
    shown = page_of(clinic, clinic.ana.user)
    assert "5, asked once." in shown
    assert "PHQ-9 over time" in shown


def test_too_many_missing_answers_are_named(clinic: Clinic) -> None:
    address = f"/admin/clients/{clinic.maya.pk}/measures/gad7/"
    page = browser_of(clinic.ana.user).post(address, {"item_1": "1", "key": "k"}).content.decode()
    assert "no answer to 2, 3, 4, 5, 6, 7" in page
    assert not Measure.objects.exists()


def test_it_is_asked_in_the_clients_language_where_there_is_one(clinic: Clinic) -> None:
    clinic.maya.language = "es"
    clinic.maya.save(update_fields=["language"])
    ana = browser_of(clinic.ana.user)
    assert "Varios días" in ana.get(f"/admin/clients/{clinic.maya.pk}/measures/phq9/").content.decode()
    assert "A little bit" in ana.get(f"/admin/clients/{clinic.maya.pk}/measures/pcl5/").content.decode()
    assert ana.get(f"/admin/clients/{clinic.maya.pk}/measures/madrs/").status_code == 404


def test_an_unsafe_answer_is_on_the_page_until_somebody_says_what_was_found(clinic: Clinic) -> None:
    ana = browser_of(clinic.ana.user)
    ana.post(f"/admin/clients/{clinic.maya.pk}/measures/phq9/", CALM | {"item_9": "2", "key": "k"})
    alert = SafetyAlert.objects.get()
    assert "Needs a clinician now" in page_of(clinic, clinic.ana.user)
    ana.post(f"/admin/safety-alerts/{alert.pk}/take/", {"key": "t"})
    assert "Ana takes care of it" in page_of(clinic, clinic.ana.user)
    unsaid = ana.post(f"/admin/safety-alerts/{alert.pk}/close/", {"disposition": "safety_plan", "key": "c"})
    assert unsaid.status_code == 200
    ana.post(
        f"/admin/safety-alerts/{alert.pk}/close/",
        {"disposition": "safety_plan", "note": "We wrote one.", "key": "c"},
    )
    assert "Needs a clinician now" not in page_of(clinic, clinic.ana.user)


def test_the_chart_has_the_doses_and_every_score_in_a_table(clinic: Clinic) -> None:
    clinic.plan(clinic.maya)
    PlannedSession.objects.filter(dose_number=1).update(completed_at=at("2026-11-10 12:00"))
    for day, high in (("2026-11-02", 3), ("2026-11-20", 1)):
        measures.record(
            clinic.maya,
            measures.Answered(
                "phq9", dict.fromkeys("12345678", high) | {"9": 0}, "with_staff", None, at(f"{day} 09:00")
            ),
            actor=clinic.ana.user,
            now=NOW,
        )
    page = page_of(clinic, clinic.ana.user)
    assert "From 24 to 8: 16 points better, response." in page
    assert "after dose 1" in page
    assert page.count("<circle") == 2


def test_the_desk_sees_none_of_it(clinic: Clinic) -> None:
    measures.record(
        clinic.maya,
        measures.Answered("phq9", dict.fromkeys("123456789", 2), "with_staff"),
        actor=clinic.ana.user,
        now=NOW,
    )
    page = page_of(clinic, clinic.kim)
    assert "PHQ-9" not in page
    assert "Needs a clinician" not in page
    kim = browser_of(clinic.kim)
    assert kim.get(f"/admin/clients/{clinic.maya.pk}/measures/phq9/").status_code == 403
    assert kim.get(f"/admin/safety-alerts/{SafetyAlert.objects.get().pk}/close/").status_code == 403
