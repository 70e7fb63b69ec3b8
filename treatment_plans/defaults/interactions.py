"""The interaction rules that a practice starts with, each with its source. A prescriber edits them.

Configurable defaults for a medical director to review; not medical advice. docs/screening.md explains them.
"""

from __future__ import annotations

from typing import Any, Final

from treatment_plans.rules import interactions as classes

_NETWORK = "published practice of one large provider network"
_CLINICS = "published practice of several clinics"
_REVIEW = "review of interactions between ketamine and psychotropic medicines, 2021"
_ANDRADE = "Andrade, J Clin Psychiatry 2017"
_COMPENDIUM = "drug compendium"
_LABEL = "Spravato US labelling"
_CONVENTION = "clinic convention, to be confirmed"


def _rule(medicine_class: str, effect: str, advice: str, source: str, **hold: int) -> dict[str, Any]:
    return {"medicine_class": medicine_class, "effect": effect, "advice": advice, "source": source, **hold}


RULES: Final[list[dict[str, Any]]] = [
    _rule(
        classes.BENZODIAZEPINE,
        "Benzodiazepines and Z-drugs may shorten or blunt the antidepressant effect, and add sedation.",
        "Weigh a pause of 24 hours, better 72. Never to be stopped abruptly: consider withdrawal.",
        f"{_ANDRADE}; {_REVIEW}; {_NETWORK}; other clinics ask for no change",
        hold_hours=24,
    ),
    _rule(
        classes.LAMOTRIGINE,
        "May dampen the effects; two of five studies found so, the effect on efficacy is unknown.",
        "Continue by default. Clinics differ: some discuss it, one keeps a gap of 12 hours.",
        f"{_REVIEW}; {_ANDRADE}; {_NETWORK}",
    ),
    _rule(
        classes.STIMULANT,
        "Stimulants and modafinil raise blood pressure and heart rate.",
        "Weigh a pause on the day before and on the day. On Spravato watch the blood pressure.",
        f"{_COMPENDIUM}; {_NETWORK}; {_CLINICS}",
        hold_days=1,
    ),
    _rule(
        classes.MAOI,
        "May raise blood pressure; case reports with tranylcypromine were uneventful.",
        "The prescriber signs off, and blood pressure is watched closely.",
        f"{_LABEL}; {_REVIEW}",
    ),
    _rule(
        classes.DEPRESSANT,
        "Opioids, muscle relaxants, sedating antihistamines and other depressants add sedation and may "
        "depress breathing.",
        "Weigh a pause on the day.",
        f"{_COMPENDIUM}; {_NETWORK}; excluded with this therapy at one clinic",
        hold_days=0,
    ),
    _rule(
        classes.ALCOHOL,
        "Adds sedation.",
        "None for 48 hours before.",
        f"{_COMPENDIUM}; {_NETWORK}",
        hold_hours=48,
    ),
    _rule(
        classes.CANNABIS,
        "Adds sedation, and is a depressant or raises the heart rate.",
        "None for 48 hours before; another clinic says 24.",
        f"{_NETWORK}; {_CLINICS}",
        hold_hours=48,
    ),
    _rule(
        classes.CYP_INHIBITOR,
        "Inhibitors of CYP3A4 or CYP2B6 (azoles, clarithromycin, grapefruit) raise exposure.",
        "Review the dose.",
        f"{_ANDRADE}; {_COMPENDIUM}",
    ),
    _rule(
        classes.CYP_INDUCER,
        "Inducers (rifampicin, carbamazepine, St John's wort) lower exposure.",
        "Review the dose.",
        f"{_ANDRADE}; {_COMPENDIUM}",
    ),
    _rule(
        classes.THEOPHYLLINE,
        "Theophylline and aminophylline lower the seizure threshold together with ketamine.",
        "Avoid, or have a specialist review it.",
        _COMPENDIUM,
    ),
    _rule(
        classes.PRESSOR,
        "Thyroid hormone, sympathomimetics and vasopressin add to the rise in blood pressure and heart rate.",
        "Watch blood pressure and heart rate.",
        _COMPENDIUM,
    ),
    _rule(
        classes.ANTIHYPERTENSIVE,
        "May lower blood pressure too far.",
        "Continue as usual.",
        f"{_COMPENDIUM}; published practice of one clinic",
    ),
    _rule(
        classes.NALTREXONE,
        "May reduce the effect; this is disputed.",
        "Review.",
        "published view of one clinic, disputed",
    ),
    _rule(
        classes.ANTIPSYCHOTIC,
        "May attenuate the effect; findings are inconsistent.",
        "Review.",
        _REVIEW,
    ),
    _rule(
        classes.ANTIDEPRESSANT,
        "SSRI, SNRI and bupropion are generally continued; one cohort saw higher blood pressure peaks.",
        "Continue.",
        f"{_ANDRADE}; {_NETWORK}; one cohort, 2020",
    ),
]
