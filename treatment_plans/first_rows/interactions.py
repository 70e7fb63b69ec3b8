"""The interaction rules that a new practice starts with."""

from __future__ import annotations

from treatment_plans.defaults.interactions import RULES
from treatment_plans.models import InteractionRule


def add_missing() -> list[InteractionRule]:
    """Create a rule for each class that has none; returns them. Changes none."""
    present = set(InteractionRule.objects.values_list("medicine_class", flat=True))
    return [InteractionRule.objects.create(**rule) for rule in RULES if rule["medicine_class"] not in present]
