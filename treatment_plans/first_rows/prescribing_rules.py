"""The state limits and rules that a new practice starts with and edits in the admin (docs/supply.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

from treatment_plans.models import PrescribingRule, StatePrescriptionLimit

LIMITS: tuple[dict[str, Any], ...] = (
    {
        "state": "CA",
        "most_days_supply": 120,
        "counts_refills": True,
        "pdmp_check": "warn",
        "source": "Cal. Health and Safety Code 11200: all refills together, 120 days. "
        "How long a PDMP check counts: clinic convention, to be confirmed.",
    },
    {
        "state": "NY",
        "most_days_supply": 30,
        "refill_days_before": 7,
        "pdmp_check": "warn",
        "source": "NY Public Health Law 3339 and the state's help page: 30 days without a condition code, "
        "no refill earlier than 7 days before the end. PDMP: clinic convention, to be confirmed.",
    },
)
RULES: tuple[dict[str, Any], ...] = (
    {
        "code": PrescribingRule.Code.IN_PERSON_EVALUATION,
        "applies_from_on": date(2027, 1, 1),
        "source": "Ryan Haight Act; the DEA's waiver for telehealth (90 FR 61301) ends on 31 December 2026.",
    },
)


def add_missing() -> int:
    """Create what there is no row for; returns how many. Changes none."""
    limits = [
        StatePrescriptionLimit.objects.get_or_create(state=row["state"], defaults=row) for row in LIMITS
    ]
    rules = [PrescribingRule.objects.get_or_create(code=row["code"], defaults=row) for row in RULES]
    return sum(is_new for _row, is_new in (*limits, *rules))
