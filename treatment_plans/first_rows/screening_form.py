"""The screening form that a new practice starts with: not approved, so without effect."""

from __future__ import annotations

from treatment_plans.defaults.screening_form import INTAKE, QUESTIONS, RULES
from treatment_plans.models import ScreeningForm, ScreeningRule


def add_missing() -> ScreeningForm | None:
    """Create the first version with its rules unless a form of its code is there; changes none."""
    if ScreeningForm.objects.filter(code=INTAKE).exists():
        return None
    form = ScreeningForm.objects.create(code=INTAKE, version=1, name="Intake", questions=QUESTIONS)
    ScreeningRule.objects.bulk_create(
        ScreeningRule(form=form, position=place, **rule) for place, rule in enumerate(RULES, start=1)
    )
    return form
