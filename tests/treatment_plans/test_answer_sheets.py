"""What a client answers alone, one question after the other, and what it raises on the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from practice.errors import Invalid
from tests.cast import NOW, Clinic
from treatment_plans import safety
from treatment_plans.measuring import answer_sheets
from treatment_plans.measuring.answer_sheets import Occasion, SheetFinished, asked, sheets_of
from treatment_plans.measuring.measures import NotAnswers
from treatment_plans.models import AnswerSheet, Measure, PlannedSession, Protocol, SafetyAlert

pytestmark = pytest.mark.django_db


@pytest.fixture
def dose(clinic: Clinic) -> PlannedSession:
    clinic.ask_questionnaires()
    clinic.plan(clinic.maya)
    return clinic.dose(clinic.maya)


def say(dose: PlannedSession, item: str, value: int, instrument: str = "phq9") -> AnswerSheet:
    return answer_sheets.answer(dose, Occasion.BEFORE, instrument, item=item, value=value, now=NOW)


def test_the_protocol_says_what_is_asked_and_the_language_what_can_be(dose: PlannedSession) -> None:
    assert asked(dose, "before", language="en") == asked(dose, "after", language="es") == ("phq9", "gad7")
    dose.plan.protocol.outcome_measures = [{"measure": "pcl5", "when": ["before_dose"]}]
    assert asked(dose, "before", language="en") == ("pcl5",)
    assert asked(dose, "before", language="es") == asked(dose, "after", language="en") == ()
    talk = PlannedSession.objects.select_related("plan__protocol").get(plan=dose.plan, position=2)
    assert asked(talk, "before", language="en") == ()


def test_who_stops_comes_back_to_the_next_question(dose: PlannedSession) -> None:
    say(dose, "1", 2)
    sheet = say(dose, "2", 1)
    assert answer_sheets.next_item("phq9", sheet.answers) == "3"
    assert say(dose, "2", 0).answers == {"1": 2, "2": 0}
    ((code, found), (other, none)) = sheets_of(dose, "before", language="en")
    assert (code, found, other, none) == ("phq9", sheet, "gad7", None)


def test_the_end_makes_a_measure_once_and_leaves_no_answers_behind(dose: PlannedSession) -> None:
    for item in "123456789":
        say(dose, item, 1 if item != "9" else 0)
    measure = answer_sheets.finish(dose, Occasion.BEFORE, "phq9", now=NOW)
    assert (measure.total, measure.source, measure.planned_session) == (8, "link", dose)
    assert AnswerSheet.objects.get().answers == {}
    for again in (
        lambda: answer_sheets.finish(dose, Occasion.BEFORE, "phq9", now=NOW),
        lambda: say(dose, "1", 0),
    ):
        with pytest.raises(SheetFinished):
            again()
    assert Measure.objects.count() == 1


def test_too_few_answers_make_none(dose: PlannedSession) -> None:
    say(dose, "1", 1)
    with pytest.raises(NotAnswers):
        answer_sheets.finish(dose, Occasion.BEFORE, "phq9", now=NOW)
    assert AnswerSheet.objects.get().answers == {"1": 1}


def test_an_unsafe_answer_raises_its_alert_before_the_last_question(dose: PlannedSession) -> None:
    say(dose, "9", 1)
    alert = SafetyAlert.objects.get()
    assert (alert.reason, alert.severity, alert.measure) == ("item_9", "low", None)
    say(dose, "9", 1)
    say(dose, "9", 0)  # taken back: what was said is for a person to judge
    assert SafetyAlert.objects.count() == 1
    say(dose, "9", 3)
    assert set(SafetyAlert.objects.values_list("severity", flat=True)) == {"low", "high"}
    for item in "12345678":
        say(dose, item, 1)
    measure = answer_sheets.finish(dose, Occasion.BEFORE, "phq9", now=NOW)
    assert SafetyAlert.objects.get(severity="high").measure == measure
    assert SafetyAlert.objects.count() == 2


def test_an_unsafe_answer_after_its_alert_was_disposed_of_raises_another(
    dose: PlannedSession, clinic: Clinic
) -> None:
    say(dose, "9", 3)
    dispose(clinic)
    say(dose, "1", 1)
    assert SafetyAlert.objects.count() == 1
    sheet = say(dose, "9", 2)  # who disposed of the first knew nothing of this
    assert SafetyAlert.objects.filter(disposed_at=None).get() == sheet.alert
    dispose(clinic)
    for item in "2345678":
        say(dose, item, 0)
    measure = answer_sheets.finish(dose, Occasion.BEFORE, "phq9", now=NOW)
    assert SafetyAlert.objects.count() == 2  # the end says nothing that was not heard
    assert SafetyAlert.objects.get(measure=measure) == sheet.alert
    assert AnswerSheet.objects.get().heard == {}


def test_a_lesser_answer_after_a_disposal_is_heard_and_the_end_repeats_neither(
    dose: PlannedSession, clinic: Clinic
) -> None:
    say(dose, "6", 0, "cssrs")
    say(dose, "4", 1, "cssrs")
    dispose(clinic)
    for item, value in (("1", 0), ("2", 1), ("3", 0), ("5", 0)):
        say(dose, item, value, "cssrs")
    assert list(SafetyAlert.objects.values_list("severity", flat=True).order_by("pk")) == ["high", "low"]
    measure = answer_sheets.finish(dose, Occasion.BEFORE, "cssrs", now=NOW)
    assert (measure.flags, SafetyAlert.objects.count()) == (["cssrs_high"], 2)


def dispose(clinic: Clinic) -> None:
    alert = SafetyAlert.objects.get(disposed_at=None)
    said = {"disposition": "no_acute_risk", "note": "We talked."}
    safety.dispose(alert.pk, **said, actor=clinic.ana.user, now=NOW)  # type: ignore[arg-type]


def test_leaving_an_item_out_is_no_alarm_before_the_end(dose: PlannedSession) -> None:
    for item in "12345678":
        say(dose, item, 0)
    assert not SafetyAlert.objects.exists()
    answer_sheets.finish(dose, Occasion.BEFORE, "phq9", now=NOW)
    assert SafetyAlert.objects.get().reason == "item_9_missing"


@pytest.mark.parametrize(("item", "value"), [("10", 0), ("x", 0), ("1", 4), ("1", -1)])
def test_what_is_no_answer_is_refused(dose: PlannedSession, item: str, value: int) -> None:
    with pytest.raises(Invalid):
        say(dose, item, value)
    assert not AnswerSheet.objects.exists()


@pytest.mark.parametrize(
    "cadence",
    [
        {"phq9": "baseline"},
        [{"measure": "mmpi", "when": []}],
        [{"measure": "phq9"}],
        [{"measure": "phq9", "when": "baseline"}],
        [{"measure": "phq9", "when": ["sometimes"]}],
        ["phq9"],
    ],
)
def test_a_protocol_asks_only_what_there_is(clinic: Clinic, cadence: Any) -> None:
    protocol: Protocol = clinic.protocol
    protocol.outcome_measures = cadence
    with pytest.raises(ValidationError) as wrong:
        protocol.full_clean()
    assert set(wrong.value.message_dict) == {"outcome_measures"}
