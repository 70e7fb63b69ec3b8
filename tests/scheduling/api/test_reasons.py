"""Whoever adds a reason decides whether it is clinical: in doubt it is, and the front desk won't read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from scheduling.api.reasons import ABOUT_THE_CALENDAR
from scheduling.readiness import NOT_READY

BASE = Path(__file__).resolve().parents[3]
CLINICAL = {
    "clearance_expired",
    "clearance_missing",
    "clearance_not_granted",
    "clearance_not_yet_valid",
    "consent_expired",
    "consent_missing",
    "consent_outdated",
    "consent_withdrawn",
    "prescription_expired",
    "prescription_missing",
    "prescription_not_yet_valid",
    "prescription_revoked",
    "prescription_too_many_refills",
    "prescription_used_up",
    "prescription_valid_too_long",
    "prescription_wrong_route",
    "rems_not_enrolled",
    "too_close_to_next_dose",
    "too_soon_after_dose",
}


def codes() -> Iterator[str]:
    for app in ("practice", "treatment_plans", "scheduling"):
        for file in (BASE / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "Blocker"
                ):
                    code = node.args[0]
                    if isinstance(code, ast.Constant):
                        yield str(code.value)
    yield from (f"{item}_not_confirmed" for item in NOT_READY)


def test_every_reason_is_either_clinical_or_about_the_calendar() -> None:
    assert set(codes()) <= CLINICAL | ABOUT_THE_CALENDAR
    assert not CLINICAL & ABOUT_THE_CALENDAR
