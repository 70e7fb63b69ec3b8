"""The shipped form and its rules, each with its source, and what is no answer to a version of a form."""

from __future__ import annotations

from typing import Any

import pytest

from treatment_plans.defaults.screening_form import QUESTIONS, RULES
from treatment_plans.rules import screening as screening_rules
from treatment_plans.rules.screening import (
    EXCLUDE,
    NEEDS_CLEARANCE,
    NOTE,
    RuleFact,
    answer_blockers,
    form_blockers,
    judge,
    questions_of,
    rule_blockers,
)

FORM = questions_of(QUESTIONS)
FACTS = [
    RuleFact(*(rule[name] for name in ("code", "question", "condition", "effect", "fact", "source")))
    for rule in RULES
]
WELL: dict[str, Any] = {
    "age": 40,
    "ketamine_allergy": "no",
    "ketamine_misuse": "no",
    "pregnancy": "no",
    "breastfeeding": "no",
    "blood_pressure": {"systolic": 120, "diastolic": 80},
    "hypertension": "no",
    "aneurysm": "no",
    "avm": "no",
    "brain_bleed": "no",
    "stroke": "no",
    "heart": "no",
    "thyroid": "no",
    "mania": "never",
    "psychosis": "never",
    "dissociative": "no",
    "suicidality": "never",
    "substance_use": "never",
    "can_abstain": "yes",
    "bladder": "no",
    "eyes": "no",
    "head": "no",
    "seizures": "no",
    "liver": "no",
    "lungs": "no",
    "sleep_apnoea": "no",
}


def hits(**answers: Any) -> dict[str, str]:
    return {hit.rule: hit.effect for hit in judge(FACTS, WELL | answers)}


def test_nothing_is_found_where_nothing_was_said() -> None:
    assert answer_blockers(FORM, WELL) == ()
    assert hits() == {}
    assert judge(FACTS, {}) == ()


def bp(systolic: int, diastolic: int) -> dict[str, int]:
    return {"systolic": systolic, "diastolic": diastolic}


# Each shipped rule: what is just not enough for it, what meets it, what follows, and a word of its source.
CASES = [
    ("under_18", "age", 18, 17, EXCLUDE, "Spravato US labelling"),
    ("ketamine_allergy", "ketamine_allergy", "no", "yes", EXCLUDE, "Spravato US labelling"),
    ("ketamine_misuse", "ketamine_misuse", "no", "yes", EXCLUDE, "training body"),
    ("pregnant", "pregnancy", "not_applicable", "yes", EXCLUDE, "Spravato US labelling"),
    ("pregnancy_possible", "pregnancy", "no", "possible", NEEDS_CLEARANCE, "one clinic"),
    ("breastfeeding", "breastfeeding", "no", "yes", EXCLUDE, "Spravato US labelling"),
    ("bp_reading", "blood_pressure", bp(140, 90), bp(141, 90), NEEDS_CLEARANCE, "Spravato US labelling"),
    ("bp_reading", "blood_pressure", bp(140, 90), bp(140, 91), NEEDS_CLEARANCE, "by analogy"),
    ("hypertension_uncontrolled", "hypertension", "controlled", "uncontrolled", EXCLUDE, "injection"),
    ("hypertension", "hypertension", "no", "controlled", NEEDS_CLEARANCE, "injection"),
    ("aneurysm", "aneurysm", "no", "yes", EXCLUDE, "Spravato US labelling"),
    ("avm", "avm", "no", "yes", EXCLUDE, "Spravato US labelling"),
    ("brain_bleed", "brain_bleed", "no", "yes", EXCLUDE, "Spravato US labelling"),
    ("stroke", "stroke", "no", "yes", EXCLUDE, "injection"),
    ("heart", "heart", "no", "yes", NEEDS_CLEARANCE, "clinics"),
    ("thyroid_uncontrolled", "thyroid", "controlled", "uncontrolled", EXCLUDE, "injection"),
    ("thyroid", "thyroid", "no", "controlled", NEEDS_CLEARANCE, "injection"),
    ("mania_now", "mania", "past", "now", EXCLUDE, "network"),
    ("mania_past", "mania", "never", "past", NEEDS_CLEARANCE, "clinics differ"),
    ("psychosis_now", "psychosis", "past", "now", EXCLUDE, "clinics"),
    ("psychosis_past", "psychosis", "never", "past", EXCLUDE, "clinics"),
    ("psychosis_past_spravato", "psychosis", "never", "past", NEEDS_CLEARANCE, "benefit outweighs"),
    ("dissociative", "dissociative", "no", "yes", NEEDS_CLEARANCE, "clinics"),
    ("suicidal_intent", "suicidality", "thoughts", "intent", EXCLUDE, "stabilise first"),
    ("suicidal_thoughts", "suicidality", "past", "thoughts", NEEDS_CLEARANCE, "network"),
    ("suicidality_past", "suicidality", "never", "past", NOTE, "convention"),
    ("substance_use_now", "substance_use", "past", "now", EXCLUDE, "network"),
    ("substance_use_past", "substance_use", "never", "past", NEEDS_CLEARANCE, "network"),
    ("cannot_abstain", "can_abstain", "yes", "no", NEEDS_CLEARANCE, "public ketamine service"),
    ("bladder", "bladder", "no", "yes", NEEDS_CLEARANCE, "cystitis"),
    ("eyes", "eyes", "no", "yes", NEEDS_CLEARANCE, "injection"),
    ("head", "head", "no", "yes", NEEDS_CLEARANCE, "injection"),
    ("seizures", "seizures", "no", "yes", NEEDS_CLEARANCE, "public ketamine service"),
    ("liver", "liver", "no", "yes", NEEDS_CLEARANCE, "injection"),
    ("lungs", "lungs", "no", "yes", NEEDS_CLEARANCE, "network"),
    ("sleep_apnoea", "sleep_apnoea", "no", "yes", NOTE, "network"),
]


@pytest.mark.parametrize(("rule", "question", "short_of", "meets", "effect", "source"), CASES)
def test_each_shipped_rule(
    rule: str, question: str, short_of: Any, meets: Any, effect: str, source: str
) -> None:
    assert rule not in hits(**{question: short_of})
    assert hits(**{question: meets})[rule] == effect
    hit = next(each for each in judge(FACTS, WELL | {question: meets}) if each.rule == rule)
    assert source in hit.source
    assert hit.fact
    assert hit.answer == screening_rules.shown(meets)


def test_each_shipped_rule_has_a_case_and_can_be_judged() -> None:
    assert {rule["code"] for rule in RULES} == {case[0] for case in CASES}
    assert len({rule["code"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule_blockers(FORM, rule["question"], rule["condition"]) == (), rule["code"]
        assert (rule["effect"] == NEEDS_CLEARANCE) == bool(rule.get("cleared_by")), rule["code"]


def test_who_is_not_sure_is_asked_about_rather_than_let_through() -> None:
    unsure = [question.key for question in FORM if question.kind == "yes_no"]
    found = {hit.question for hit in judge(FACTS, WELL | dict.fromkeys(unsure, "unsure"))}
    assert found == set(unsure)


def test_psychosis_in_the_past_is_for_the_prescriber_to_weigh_on_spravato_alone() -> None:
    routes = {rule["code"]: rule.get("routes") for rule in RULES}
    assert routes["psychosis_past_spravato"] == ["spravato"]
    assert "spravato" not in (routes["psychosis_past"] or ["spravato"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"shoe_size": 44}, [("no_such_question", "shoe_size")]),
        ({"age": None}, [("not_answered", "age")]),
        ({"age": ""}, [("not_answered", "age")]),
        ({"age": "40"}, [("not_an_answer", "age")]),
        ({"age": True}, [("not_an_answer", "age")]),
        ({"age": 120}, []),
        ({"age": 121}, [("implausible", "age")]),
        ({"age": -1}, [("implausible", "age")]),
        ({"heart": "perhaps"}, [("not_an_answer", "heart")]),
        ({"heart": True}, [("not_an_answer", "heart")]),
        ({"heart": ["yes"]}, [("not_an_answer", "heart")]),
        ({"mania": "sometimes"}, [("not_an_answer", "mania")]),
        ({"medicines": "x" * 2000}, []),
        ({"medicines": "x" * 2001}, [("not_an_answer", "medicines")]),
        ({"medicines": {"a": 1}}, [("not_an_answer", "medicines")]),
        ({"blood_pressure": None}, []),  # the only reading that is not needed here and now
        ({"blood_pressure": "150/95"}, [("not_an_answer", "blood_pressure")]),
        ({"blood_pressure": {"systolic": 150}}, [("not_an_answer", "blood_pressure")]),
        ({"blood_pressure": bp(95, 150)}, [("not_an_answer", "blood_pressure")]),
        ({"blood_pressure": bp(300, 90)}, []),
        ({"blood_pressure": bp(301, 90)}, [("implausible", "blood_pressure")]),
        ({"blood_pressure": {"systolic": 150.5, "diastolic": 90}}, [("not_an_answer", "blood_pressure")]),
        (
            {"age": 200, "heart": "x", "extra": 1},
            [("no_such_question", "extra"), ("implausible", "age"), ("not_an_answer", "heart")],
        ),
    ],
)
def test_every_answer_that_does_not_fit_the_version_is_named(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = answer_blockers(FORM, WELL | changes)
    assert [(each.code, each.params["question"]) for each in found] == expected
    assert all(str(each.params["question"]) in each.text() for each in found)


DATED = questions_of([{"key": "last", "kind": "date", "en": "When?", "es": "¿Cuándo?"}])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2026-02-28", []),
        ("2026-02-30", ["not_an_answer"]),
        ("1899-12-31", ["implausible"]),
        (1, ["not_an_answer"]),
    ],
)
def test_a_date(answer: Any, expected: list[str]) -> None:
    assert [each.code for each in answer_blockers(DATED, {"last": answer})] == expected


@pytest.mark.parametrize(
    ("question", "condition", "expected"),
    [
        ("age", {"below": 18}, []),
        ("age", {"at_least": 18, "at_most": 65}, []),
        ("age", {"below": "18"}, ["bad_condition"]),
        ("age", {}, ["bad_condition"]),
        ("age", {"is": 1}, ["bad_condition"]),
        ("age", {"equals": 999}, ["bad_condition"]),  # outside what can be answered
        ("heart", {"at_least": "yes"}, ["bad_condition"]),
        ("heart", {"any_of": ["yes", "perhaps"]}, ["bad_condition"]),
        ("heart", {"any_of": []}, ["bad_condition"]),
        ("blood_pressure", {"above": 140}, ["bad_condition"]),
        ("blood_pressure", {"above": {"systolic": 140}}, []),
        ("shoe_size", {"equals": 1}, ["no_such_question"]),
    ],
)
def test_a_rule_that_nothing_could_meet_is_refused(
    question: str, condition: Any, expected: list[str]
) -> None:
    assert [each.code for each in rule_blockers(FORM, question, condition)] == expected


Q = {"key": "a", "kind": "yes_no", "en": "?", "es": "?"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (QUESTIONS, []),
        ([], ["no_questions"]),
        ({"key": "a"}, ["no_questions"]),
        ([Q, Q], ["question_twice"]),
        ([Q | {"kind": "essay"}], ["bad_question"]),
        ([Q | {"es": " "}], ["bad_question"]),
        ([Q | {"key": "A b"}], ["bad_question"]),
        ([Q | {"colour": "red"}], ["bad_question"]),
        ([Q | {"kind": "choice"}], ["bad_question"]),
        ([Q | {"kind": "number", "lowest": 5, "highest": 4}], ["bad_question"]),
        (["a"], ["bad_question"]),
    ],
)
def test_what_is_no_form(data: Any, expected: list[str]) -> None:
    assert [each.code for each in form_blockers(data)] == expected
