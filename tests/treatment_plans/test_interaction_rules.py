"""Each shipped class of medicines with its source, and when a medicine counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from treatment_plans.defaults.interactions import RULES
from treatment_plans.rules.interactions import (
    CLASSES,
    InteractionFact,
    MedicationFact,
    interactions,
    unclassified,
)

DAY = date(2026, 12, 1)
FACTS = [
    InteractionFact(
        number,
        rule["medicine_class"],
        rule["effect"],
        rule["advice"],
        rule["source"],
        rule.get("hold_hours"),
        rule.get("hold_days"),
    )
    for number, rule in enumerate(RULES, start=1)
]


@pytest.mark.parametrize(
    ("medicine_class", "effect", "hold_hours", "hold_days", "source"),
    [
        ("benzodiazepine", "blunt", 24, None, "Andrade"),
        ("lamotrigine", "dampen", None, None, "review of interactions"),
        ("stimulant", "blood pressure", None, 1, "provider network"),
        ("maoi", "blood pressure", None, None, "Spravato US labelling"),
        ("depressant", "sedation", None, 0, "drug compendium"),
        ("alcohol", "sedation", 48, None, "provider network"),
        ("cannabis", "sedation", 48, None, "provider network"),
        ("cyp_inhibitor", "raise exposure", None, None, "Andrade"),
        ("cyp_inducer", "lower exposure", None, None, "Andrade"),
        ("theophylline", "seizure threshold", None, None, "drug compendium"),
        ("pressor", "blood pressure", None, None, "drug compendium"),
        ("antihypertensive", "lower blood pressure", None, None, "drug compendium"),
        ("naltrexone", "disputed", None, None, "disputed"),
        ("antipsychotic", "inconsistent", None, None, "review of interactions"),
        ("antidepressant", "continued", None, None, "Andrade"),
    ],
)
def test_each_shipped_class(
    medicine_class: str, effect: str, hold_hours: int | None, hold_days: int | None, source: str
) -> None:
    (hit,) = interactions([MedicationFact(7, "it", medicine_class)], FACTS, route="im", day=DAY)
    assert effect in hit.rule.effect
    assert source in hit.rule.source
    assert (hit.rule.hold_hours, hit.rule.hold_days) == (hold_hours, hold_days)
    assert hit.rule.advice


def test_there_is_a_rule_for_each_class_and_none_says_stop() -> None:
    assert [rule["medicine_class"] for rule in RULES] == list(CLASSES)
    assert not any("stop " in rule["advice"].lower() for rule in RULES)


@pytest.mark.parametrize(
    ("medicine_class", "since", "last", "counts"),
    [
        ("benzodiazepine", None, None, True),
        ("benzodiazepine", DAY, None, True),
        ("benzodiazepine", DAY + timedelta(days=1), None, False),
        ("benzodiazepine", None, DAY - timedelta(days=1), True),  # within the 24 hours of its hold
        ("benzodiazepine", None, DAY - timedelta(days=2), False),
        ("alcohol", None, DAY - timedelta(days=2), True),
        ("alcohol", None, DAY - timedelta(days=3), False),
        ("maoi", None, DAY, True),
        ("maoi", None, DAY - timedelta(days=1), False),
        ("", None, None, False),
        ("other", None, None, False),
    ],
)
def test_when_a_medicine_counts(
    medicine_class: str, since: date | None, last: date | None, counts: bool
) -> None:
    taken = MedicationFact(1, "it", medicine_class, since, last)
    assert bool(interactions([taken], FACTS, route="im", day=DAY)) == counts


def test_a_rule_for_one_route_says_nothing_about_another() -> None:
    rule = InteractionFact(1, "maoi", "x", "y", "z", routes=frozenset({"spravato"}))
    taken = [MedicationFact(1, "it", "maoi")]
    assert interactions(taken, [rule], route="im", day=DAY) == ()
    assert interactions(taken, [rule], route="spravato", day=DAY)
    assert interactions(taken, [rule], route=None, day=DAY)


def test_what_nobody_has_looked_at_is_named_rather_than_passed_over() -> None:
    unknown, known, over = (
        MedicationFact(1, "zolp", ""),
        MedicationFact(2, "sertraline", "antidepressant"),
        MedicationFact(3, "old", "", stopped_on=DAY - timedelta(days=1)),
    )
    assert unclassified([unknown, known, over], day=DAY) == (unknown,)
