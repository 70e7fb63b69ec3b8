"""The kinds of clinical result and what values each holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules.screening import pressure_fault

PREGNANCY_TEST, BLOOD_PRESSURE, ECG = "pregnancy_test", "blood_pressure", "ecg"
LIVER_TESTS, URINE_DRUG_TEST = "liver_tests", "urine_drug_test"

KINDS: Final = (PREGNANCY_TEST, BLOOD_PRESSURE, ECG, LIVER_TESTS, URINE_DRUG_TEST)

OUTCOMES: Final = ("negative", "positive", "unclear")
FINDINGS: Final = ("normal", "abnormal", "unclear")
LIVER_VALUES: Final = ("alt", "ast", "alp", "bilirubin")  # U/L; bilirubin in mg/dL
MOST_READINGS: Final = 30
LONGEST: Final = 500


def value_blockers(kind: str, values: Any) -> tuple[Blocker, ...]:
    """List why `values` are none of this kind of result."""
    check = _CHECKS.get(kind)
    if check is not None and isinstance(values, Mapping) and check(values):
        return ()
    return (Blocker("bad_values", _SHAPES[kind], {"kind": kind}),)


_SHAPES: Final[Mapping[str, str]] = {
    PREGNANCY_TEST: _('The values are {"outcome": "negative", "positive" or "unclear"}.'),
    BLOOD_PRESSURE: _('The values are {"readings": [{"systolic": 120, "diastolic": 80}]}, at most 30.'),
    ECG: _('The values are {"finding": "normal", "abnormal" or "unclear"}, and a "note".'),
    LIVER_TESTS: _('The values are numbers "alt", "ast", "alp" or "bilirubin", and a "finding".'),
    URINE_DRUG_TEST: _(
        'The values are {"outcome": "negative", "positive" or "unclear"}, and what was "found".'
    ),
}


def _is_note(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _is_outcome(values: Mapping[str, Any]) -> bool:
    return set(values) == {"outcome"} and values["outcome"] in OUTCOMES


def _is_series(values: Mapping[str, Any]) -> bool:
    readings = values.get("readings")
    return (
        set(values) == {"readings"}
        and isinstance(readings, list)
        and 1 <= len(readings) <= MOST_READINGS
        and not any(pressure_fault(each) for each in readings)
    )


def _is_finding(values: Mapping[str, Any]) -> bool:
    return (
        set(values) <= {"finding", "note"}
        and values.get("finding") in FINDINGS
        and _is_note(values.get("note", ""))
    )


def _are_liver_values(values: Mapping[str, Any]) -> bool:
    numbers = {name: value for name, value in values.items() if name in LIVER_VALUES}
    return (
        bool(values)
        and set(values) <= {*LIVER_VALUES, "finding"}
        and all(type(each) in (int, float) and 0 <= each < 100_000 for each in numbers.values())
        and values.get("finding", "unclear") in FINDINGS
    )


def _is_drug_test(values: Mapping[str, Any]) -> bool:
    return (
        set(values) <= {"outcome", "found"}
        and values.get("outcome") in OUTCOMES
        and _is_note(values.get("found", ""))
    )


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    PREGNANCY_TEST: _is_outcome,
    BLOOD_PRESSURE: _is_series,
    ECG: _is_finding,
    LIVER_TESTS: _are_liver_values,
    URINE_DRUG_TEST: _is_drug_test,
}
