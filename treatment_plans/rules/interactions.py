"""Which of a client's medicines matter around a dose: facts and advice for the prescriber alone.

Pure. Nothing here tells anybody to stop a medicine: only a hold instruction that a prescriber approved for
one client may reach that client (`hold_instructions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

BENZODIAZEPINE, LAMOTRIGINE, STIMULANT, MAOI = "benzodiazepine", "lamotrigine", "stimulant", "maoi"
DEPRESSANT, CYP_INHIBITOR, CYP_INDUCER = "depressant", "cyp_inhibitor", "cyp_inducer"
THEOPHYLLINE, PRESSOR, ANTIHYPERTENSIVE = "theophylline", "pressor", "antihypertensive"
NALTREXONE, ANTIPSYCHOTIC, ANTIDEPRESSANT = "naltrexone", "antipsychotic", "antidepressant"
ALCOHOL, CANNABIS, OTHER = "alcohol", "cannabis", "other"

CLASSES: Final = (
    BENZODIAZEPINE,
    LAMOTRIGINE,
    STIMULANT,
    MAOI,
    DEPRESSANT,
    ALCOHOL,
    CANNABIS,
    CYP_INHIBITOR,
    CYP_INDUCER,
    THEOPHYLLINE,
    PRESSOR,
    ANTIHYPERTENSIVE,
    NALTREXONE,
    ANTIPSYCHOTIC,
    ANTIDEPRESSANT,
)


@dataclass(frozen=True, slots=True)
class MedicationFact:
    """`medicine_class` is "" while nobody has looked at it. `stopped_on` is the last day it was taken."""

    id: int
    name: str
    medicine_class: str
    since_on: date | None = None
    stopped_on: date | None = None


@dataclass(frozen=True, slots=True)
class InteractionFact:
    """One row of the rules. No `routes` means all of them. A hold is for the prescriber to decide on."""

    id: int
    medicine_class: str
    effect: str
    advice: str
    source: str
    hold_hours: int | None = None
    hold_days: int | None = None
    routes: frozenset[str] = frozenset()

    def span_days(self) -> int:
        """For how many days after its last day a medicine still counts."""
        return max(self.hold_days or 0, -(-(self.hold_hours or 0) // 24))


@dataclass(frozen=True, slots=True)
class InteractionHit:
    medication: MedicationFact
    rule: InteractionFact


def interactions(
    medications: Iterable[MedicationFact], rules: Iterable[InteractionFact], *, route: str | None, day: date
) -> tuple[InteractionHit, ...]:
    """What is taken on `day`, or was until so recently that a rule's hold still reaches, with its rules.

    Without a `route` the rules of every route are given.
    """
    rules = tuple(rules)
    return tuple(
        InteractionHit(medication, rule)
        for medication in medications
        for rule in rules
        if rule.medicine_class == medication.medicine_class
        and (route is None or not rule.routes or route in rule.routes)
        and _counts(medication, rule, day)
    )


def unclassified(medications: Iterable[MedicationFact], *, day: date) -> tuple[MedicationFact, ...]:
    """What is taken on `day` and belongs to no class yet: that no rule names it says nothing."""
    return tuple(
        each
        for each in medications
        if not each.medicine_class and (each.stopped_on is None or each.stopped_on >= day)
    )


def _counts(medication: MedicationFact, rule: InteractionFact, day: date) -> bool:
    begun = medication.since_on is None or medication.since_on <= day
    last = medication.stopped_on
    return begun and (last is None or day <= last + timedelta(days=rule.span_days()))
