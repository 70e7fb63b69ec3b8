"""The protocol settings that each route starts with, where they come from, and which are locked.

Configurable defaults for a medical director to review; not medical advice. A protocol made from
them does nothing until a named prescriber approves it. docs/protocols.md explains each setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from treatment_plans.rules.supply import SCHEDULE_III_MAX_MONTHS, SCHEDULE_III_MAX_REFILLS

ROUTES: Final = ("iv", "im", "compounded_nasal", "spravato", "sublingual", "oral")

_LABEL = "Spravato US labelling"
_BY_LABEL = "by analogy with the Spravato US labelling, to be confirmed"
_REMS = "Spravato REMS documents"
_TIPS = "professional-body tip sheet (ASKP)"
_LAW = "US rule for Schedule III prescriptions (21 CFR 1306.22); states may be stricter"
_NETWORK = "published practice of one large provider network"
_CLINICS = "published practice of several clinics"
_ONE_CLINIC = "published practice of one clinic"
_STUDY = "adapted from a published infusion series, to be confirmed"
_SEDATION = "general guidance for going home after sedation, to be confirmed"
_CONVENTION = "clinic convention, to be confirmed"
_NONE = "does not apply to this route"

_Six = tuple[Any, Any, Any, Any, Any, Any]


def _all(value: Any) -> _Six:
    return (value,) * 6


# One row per setting: its name, its value for each of ROUTES, and its source for each of them.
_ROWS: Final[tuple[tuple[str, _Six, _Six], ...]] = (
    # The course
    ("series_length", (6, 6, 6, 8, 6, 6), (_CLINICS, _CLINICS, _CONVENTION, _LABEL, _NETWORK, _CONVENTION)),
    (
        "min_days_between_doses",
        (2, 2, 7, 2, 7, 7),
        (
            _CLINICS,
            _CONVENTION,
            _CONVENTION,
            "from twice a week in the Spravato US labelling",
            _CONVENTION,
            _CONVENTION,
        ),
    ),
    (
        "usual_interval_days",
        (3, 7, 7, 3, 14, 14),
        (_CLINICS, _CONVENTION, _CONVENTION, _LABEL, _NETWORK, _CONVENTION),
    ),
    (
        # Overrides the usual interval from a week of the course on, counted from 1.
        "interval_steps",
        (
            [],
            [],
            [],
            [
                {"from_week": 1, "interval_days": 3},
                {"from_week": 5, "interval_days": 7},
                {"from_week": 9, "interval_days": 14},
            ],
            [],
            [],
        ),
        (_NONE, _NONE, _NONE, _LABEL, _NONE, _NONE),
    ),
    (
        "preparation_sessions",
        (1, 2, 1, 0, 1, 1),
        (_CLINICS, _CLINICS, _CLINICS, "not part of the labelling; one is advised", _CLINICS, _CLINICS),
    ),
    (
        "integration_from_hours",
        (24, 24, 24, None, 24, 24),
        (_TIPS, _TIPS, _TIPS, "optional on this route", _TIPS, _TIPS),
    ),
    (
        "integration_until_hours",
        (72, 72, 72, None, 72, 72),
        (_CONVENTION, _CONVENTION, _CONVENTION, "optional on this route", _CONVENTION, _CONVENTION),
    ),
    (
        "check_in_hours",
        _all([24, 72, 168]),
        _all("clinics ask on the day after; the later ones are a clinic convention, to be confirmed"),
    ),
    ("journaling_prompt_hours", _all(None), _all("the message on the day after asks for it already")),
    (
        # One clinic's boosters come every four to six weeks on average; labelling: weekly or every two weeks.
        "maintenance_interval_days",
        (35, 35, 35, 14, 35, 35),
        (_ONE_CLINIC, _CONVENTION, _CONVENTION, _LABEL, _CONVENTION, _CONVENTION),
    ),
    (
        "appointment_minutes",
        (120, 150, 120, 180, 180, 210),
        (_CONVENTION, _CLINICS, _CONVENTION, _ONE_CLINIC, _ONE_CLINIC, _CONVENTION),
    ),
    # Before the dose
    (
        "solids_fast_minutes",
        (360, 360, 240, 120, 240, 240),
        (_CLINICS, _CLINICS, _TIPS, _LABEL, _TIPS, _TIPS),
    ),
    (
        "liquids_fast_minutes",
        (120, 120, 60, 30, 60, 60),
        (_CLINICS, _ONE_CLINIC, _CONVENTION, _LABEL, _ONE_CLINIC, _CONVENTION),
    ),
    (
        "nasal_spray_gap_minutes",
        (None, None, 60, 60, None, None),
        (_NONE, _NONE, _BY_LABEL, _LABEL, _NONE, _NONE),
    ),
    (
        "stimulant_hold_days_before",
        (1, 1, 1, None, 1, 1),
        (_NETWORK, _NETWORK, _NETWORK, "labelling asks for monitoring instead", _NETWORK, _NETWORK),
    ),
    (
        "benzodiazepine_hold_hours",
        (24, 24, 24, None, 24, 24),
        (_NETWORK, _NETWORK, _NETWORK, "labelling asks for monitoring instead", _NETWORK, _NETWORK),
    ),
    (
        "benzodiazepine_hold_target_hours",
        (72, 72, 72, None, 72, 72),
        (_NETWORK, _NETWORK, _NETWORK, "labelling asks for monitoring instead", _NETWORK, _NETWORK),
    ),
    ("alcohol_hold_hours", _all(48), _all(_NETWORK)),
    ("cannabis_hold_hours", _all(48), _all(_NETWORK)),
    ("lamotrigine_policy", _all("continue"), _all("clinics differ; the prescriber decides for each client")),
    # Watching over the dose
    ("bp_warn_systolic", _all(140), (_BY_LABEL, _BY_LABEL, _BY_LABEL, _LABEL, _BY_LABEL, _BY_LABEL)),
    ("bp_warn_diastolic", _all(90), (_BY_LABEL, _BY_LABEL, _BY_LABEL, _LABEL, _BY_LABEL, _BY_LABEL)),
    (
        "bp_hold_systolic",
        (160, 160, 160, None, 160, 160),
        (
            _CONVENTION,
            _CONVENTION,
            _CONVENTION,
            "Spravato US labelling: from the warning level on the prescriber decides",
            _CONVENTION,
            _CONVENTION,
        ),
    ),
    (
        "bp_hold_diastolic",
        (100, 100, 100, None, 100, 100),
        (
            _CONVENTION,
            _CONVENTION,
            _CONVENTION,
            "Spravato US labelling: from the warning level on the prescriber decides",
            _CONVENTION,
            _CONVENTION,
        ),
    ),
    ("bp_recheck_wait_minutes", _all(15), _all(_CONVENTION)),
    ("bp_recheck_max_count", _all(3), _all(_CONVENTION)),
    (
        "vitals_schedule_minutes",
        (
            [0, 10, 20, 30, 40, 55, 70],
            [0, 15, 30, 60],
            [0, 15, 30, 60],
            [0, 40, 60, 90, 120],
            [0, 30, 60],
            [0, 60, 120],
        ),
        (
            _STUDY,
            _CONVENTION,
            _CONVENTION,
            "Spravato US labelling for 0, 40 and 120; 60 and 90 are clinic convention",
            "before and after from published clinic practice; 30 is clinic convention",
            _CONVENTION,
        ),
    ),
    (
        "vitals_at_discharge",
        _all(True),
        (_CONVENTION, _CONVENTION, _CONVENTION, _LABEL, _CLINICS, _CONVENTION),
    ),
    (
        "oximetry",
        ("required", "required", "required", "required", "recommended", "recommended"),
        (_CONVENTION, _CONVENTION, _CONVENTION, _REMS, _CONVENTION, _CONVENTION),
    ),
    ("bp_emergency_systolic", _all(180), _all(_CONVENTION)),
    ("bp_emergency_diastolic", _all(120), _all(_CONVENTION)),
    ("heart_rate_low", _all(50), _all(_CONVENTION)),
    ("heart_rate_high", _all(110), _all(_CONVENTION)),
    ("spo2_low", _all(94), _all(_CONVENTION)),
    ("sedation_alert_score", _all(3), _all(_CONVENTION)),
    ("sedation_emergency_score", _all(1), _all(_CONVENTION)),
    ("vitals_tolerance_minutes", _all(5), _all(_CONVENTION)),
    ("vitals_valid_minutes", _all(30), _all(_CONVENTION)),
    ("second_dose_allowed", _all(False), _all(_CONVENTION)),
    ("second_dose_max_amount", _all(None), _all(_CONVENTION)),
    ("nurse_may_clear", _all(False), _all(_CONVENTION)),
    ("holds_course_from", _all("severe"), _all(_CONVENTION)),
    (
        "min_observation_minutes",
        (60, 60, 60, 120, 60, 120),
        (
            "published practice of several clinics, counted from the end of the infusion",
            "clinic convention, to be confirmed; one clinic publishes 30",
            _CONVENTION,
            "Spravato US labelling and REMS documents, counted from the first device",
            _CONVENTION,
            _CONVENTION,
        ),
    ),
    (
        "prescriber_presence",
        ("on_site", "on_site", "on_call", "on_site", "on_call", "on_call"),
        (_CONVENTION, _CONVENTION, _CONVENTION, _REMS, _CONVENTION, _CONVENTION),
    ),
    # Going home
    ("discharge_sedation_score", _all(5), _all(_SEDATION)),
    ("discharge_spo2", _all(95), _all(_CONVENTION)),
    ("discharge_bp_percent", _all(20), _all(_CONVENTION)),
    ("ride_required", _all(True), (_CLINICS, _CLINICS, _CLINICS, _LABEL, _CLINICS, _CLINICS)),
    (
        "escort_required",
        (True, True, True, False, True, True),
        (_CLINICS, _CLINICS, _CLINICS, "labelling asks for safe transport", _CLINICS, _CLINICS),
    ),
    ("support_person_required", (True, True, True, False, True, True), _all(_CONVENTION)),
    (
        "no_driving_until",
        _all("next_day_after_sleep"),
        (_NETWORK, _NETWORK, _NETWORK, _LABEL, _NETWORK, _NETWORK),
    ),
    # Supply, review, reporting
    (
        "client_brings_medication",
        (False, False, True, False, True, True),
        (_CONVENTION, _CONVENTION, _CLINICS, _REMS, _CLINICS, _CONVENTION),
    ),
    (
        "supply_before_review_doses",
        (None, None, 2, None, 2, 2),
        (_NONE, _NONE, _NETWORK, _NONE, _NETWORK, _NETWORK),
    ),
    (
        "review_after_days",
        (30, 30, 30, 28, 30, 30),
        (_NETWORK, _NETWORK, _NETWORK, _LABEL, _NETWORK, _NETWORK),
    ),
    (
        "review_after_doses",
        (6, 6, 2, None, 2, 2),
        (_CONVENTION, _CONVENTION, _NETWORK, "the end of week 4 decides", _NETWORK, _NETWORK),
    ),
    (
        "prescription_max_refills",
        (None, None, SCHEDULE_III_MAX_REFILLS, None, SCHEDULE_III_MAX_REFILLS, SCHEDULE_III_MAX_REFILLS),
        (_NONE, _NONE, _LAW, "never handed to the client", _LAW, _LAW),
    ),
    (
        "prescription_max_months",
        (None, None, SCHEDULE_III_MAX_MONTHS, None, SCHEDULE_III_MAX_MONTHS, SCHEDULE_III_MAX_MONTHS),
        (_NONE, _NONE, _LAW, "never handed to the client", _LAW, _LAW),
    ),
    ("rems_form_due_days", (None, None, None, 7, None, None), (_NONE, _NONE, _NONE, _REMS, _NONE, _NONE)),
    (
        "outcome_measures",
        _all(
            [
                {"measure": "phq9", "when": ["baseline", "before_dose", "week_after_dose", "monthly"]},
                {"measure": "gad7", "when": ["baseline", "before_dose", "week_after_dose", "monthly"]},
                {"measure": "cssrs", "when": ["baseline", "dosing_day"]},
                {
                    "measure": "pcl5",
                    "when": ["baseline", "mid_series", "end_of_series"],
                    "only_for": "trauma",
                },
                {"measure": "who5", "when": ["monthly"]},
            ]
        ),
        _all(_CONVENTION),
    ),
)


def _of(place: int) -> dict[str, Any]:
    settings = {name: deepcopy(values[place]) for name, values, _ in _ROWS}
    return settings | {"sources": {name: sources[place] for name, _, sources in _ROWS}}


# By route: every setting by its field name, and `sources`, the origin of each in words.
DEFAULT_PROTOCOLS: Final[Mapping[str, Mapping[str, Any]]] = {
    route: _of(place) for place, route in enumerate(ROUTES)
}

_LOCKED_EVERYWHERE = frozenset({"prescription_max_refills", "prescription_max_months"})

# By route: the settings that nobody may change, because a rule from outside the clinic sets them.
LOCKED: Final[Mapping[str, frozenset[str]]] = dict.fromkeys(ROUTES, _LOCKED_EVERYWHERE) | {
    "spravato": _LOCKED_EVERYWHERE | {"min_observation_minutes", "prescriber_presence", "rems_form_due_days"}
}
