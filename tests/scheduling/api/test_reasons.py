"""Whoever adds a reason decides whether it is clinical: in doubt it is, and the front desk won't read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from practice.blockers import Blocker
from scheduling.api.reasons import ABOUT_THE_CALENDAR, shown
from scheduling.readiness import NOT_READY

BASE = Path(__file__).resolve().parents[3]
CLINICAL = {
    "note_missing",
    "note_not_signed",
    "rems_form_open",
    "vitals_missed",
    "vitals_overdue",
    "device_clock_ahead",
    "above_the_order",
    "aftercare_missing",
    "bad_condition",
    "bad_question",
    "bad_values",
    "bladder_symptoms",
    "bp_above_warning",
    "bp_emergency",
    "bp_not_near_baseline",
    "bp_on_hold",
    "bp_repeated_too_early",
    "bp_tries_used",
    "check_in_missing",
    "clearance_expired",
    "clearance_missing",
    "clearance_not_granted",
    "clearance_not_yet_valid",
    "cleared_missing",
    "course_on_hold",
    "cssrs_missing",
    "discharge_missing",
    "dose_given",
    "drink_too_late",
    "first_dose_missing",
    "fit_missing",
    "food_not_known",
    "food_too_late",
    "heart_rate_out_of_range",
    "ill",
    "impossible_heart_rate",
    "impossible_pressure",
    "impossible_respiratory_rate",
    "impossible_sedation_score",
    "impossible_spo2",
    "infusion_end_missing",
    "keep_tentative",
    "left_before",
    "may_be_pregnant",
    "medicine_not_counted",
    "medicine_not_seen",
    "nausea",
    "new_medicines",
    "no_dose",
    "no_questions",
    "no_serious_event",
    "no_such_question",
    "nobody_takes_over",
    "not_answered",
    "not_cleared",
    "not_fit",
    "not_in_session",
    "not_oriented",
    "not_steady",
    "not_the_last_reading",
    "not_yours_to_accept",
    "observation_locked",
    "observation_not_over",
    "pain",
    "plan_paused",
    "prescription_expired",
    "prescription_lost",
    "prescription_missing",
    "prescription_not_in_force",
    "prescription_not_signed",
    "prescription_not_valid_today",
    "prescription_not_yet_valid",
    "prescription_revoked",
    "prescription_too_many_refills",
    "prescription_used_up",
    "prescription_valid_too_long",
    "prescription_wrong_route",
    "question_twice",
    "record_ended",
    "record_missing",
    "rems_not_enrolled",
    "result_expired",
    "result_missing",
    "ride_phone_missing",
    "safety_alert_open",
    "screening_flag_due_again",
    "screening_flag_not_now",
    "screening_flag_open",
    "second_dose_not_allowed",
    "sedated",
    "sedation_deep",
    "sedation_emergency",
    "sedation_score_missing",
    "signer_not_licensed",
    "spo2_low",
    "spo2_missing",
    "spo2_too_low",
    "taken_before_check_in",
    "units_missing",
    "vitals_missing",
    "vitals_not_accepted",
    "vitals_too_old",
    "weight_missing",
    "witness_missing",
    "wrong_route",
    "wrong_unit",
}

TOLD_TO_CLINICIANS = {
    "balances.py",
    "instruments.py",
    "ledger.py",
    "measures.py",
    "prescribing.py",
    "stock.py",
}


def codes() -> Iterator[str]:
    """Of what judges sessions: the others are refused to clinicians, who write it."""
    for app in ("practice", "treatment_plans", "scheduling"):
        for file in (BASE / app).rglob("*.py"):
            if file.name in TOLD_TO_CLINICIANS:
                continue
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


def test_no_refusal_of_a_session_goes_by_a_general_name() -> None:
    """By its module the answer knows that an error's reasons may be clinical."""
    for file in (BASE / "scheduling").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                general = node.func.id in {"DomainError", "Gone", "Invalid", "Refused", "Taken"}
                assert not (general and any(each.arg == "blockers" for each in node.keywords)), file


def test_the_desk_learns_which_light_is_closed_once_and_to_which_item_it_belongs() -> None:
    found = (
        Blocker("clearance_missing", "There is no medical clearance.", {"index": 1}),
        Blocker("rems_not_enrolled", "Not enrolled on %(day)s.", {"index": 1, "day": "2026-12-01"}),
        Blocker("prescription_expired", "Ended on %(ended_on)s.", {"index": 2, "ended_on": "2026-12-01"}),
        Blocker("busy", "%(who)s is taken at this time.", {"who": "Ana"}),
    )
    assert shown(found, clinical=True) == found
    told = shown(found, clinical=False)
    assert [(one.code, dict(one.params)) for one in told] == [
        ("clearance_not_in_order", {"index": 1, "light": "Clearance"}),
        ("prescription_not_in_order", {"index": 2, "light": "Prescription"}),
        ("busy", {"who": "Ana"}),
    ]
    assert told[0].text() == "Clearance: not in order. The prescriber knows why."
