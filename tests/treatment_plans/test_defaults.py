"""The table of defaults, checked against what a reviewer would look for. Not a copy of the table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from treatment_plans.defaults.protocols import DEFAULT_PROTOCOLS, LOCKED, ROUTES

CLIENT_HELD = {"compounded_nasal", "sublingual", "oral"}

every_route = pytest.mark.parametrize("route", ROUTES)


def by_route(field: str) -> list[Any]:
    return [DEFAULT_PROTOCOLS[route][field] for route in ROUTES]


def test_there_is_one_set_per_route_and_all_have_the_same_settings() -> None:
    assert tuple(DEFAULT_PROTOCOLS) == ROUTES
    assert len({frozenset(settings) for settings in DEFAULT_PROTOCOLS.values()}) == 1


@every_route
def test_each_setting_has_a_source_in_words(route: str) -> None:
    settings = DEFAULT_PROTOCOLS[route]
    assert set(settings["sources"]) == set(settings) - {"sources"}
    for source in settings["sources"].values():
        assert re.fullmatch(r"[A-Za-z].{10,}", source)
        assert not re.search(r"\[|\b[A-Z]{2,}-[A-Z]", source)  # no reference codes


@every_route
def test_it_can_be_stored_as_json(route: str) -> None:
    assert json.loads(json.dumps(DEFAULT_PROTOCOLS[route])) == DEFAULT_PROTOCOLS[route]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        #                            iv    im    nasal  spravato  sublingual  oral
        ("series_length", [6, 6, 6, 8, 6, 6]),
        ("min_days_between_doses", [2, 2, 7, 2, 7, 7]),
        ("usual_interval_days", [3, 7, 7, 3, 14, 14]),
        ("preparation_sessions", [1, 2, 1, 0, 1, 1]),
        ("integration_from_hours", [24, 24, 24, None, 24, 24]),  # optional with Spravato
        ("integration_until_hours", [72, 72, 72, None, 72, 72]),
        ("appointment_minutes", [120, 150, 120, 180, 180, 210]),
        ("solids_fast_minutes", [6 * 60, 6 * 60, 4 * 60, 2 * 60, 4 * 60, 4 * 60]),
        ("liquids_fast_minutes", [120, 120, 60, 30, 60, 60]),
        ("nasal_spray_gap_minutes", [None, None, 60, 60, None, None]),
        ("bp_hold_systolic", [160, 160, 160, None, 160, 160]),  # Spravato: the prescriber decides
        ("min_observation_minutes", [60, 60, 60, 120, 60, 120]),
        ("prescriber_presence", ["on_site", "on_site", "on_call", "on_site", "on_call", "on_call"]),
        ("client_brings_medication", [False, False, True, False, True, True]),  # never with Spravato
        ("supply_before_review_doses", [None, None, 2, None, 2, 2]),
        ("rems_form_due_days", [None, None, None, 7, None, None]),
        ("prescription_max_refills", [None, None, 5, None, 5, 5]),
        ("prescription_max_months", [None, None, 6, None, 6, 6]),
    ],
)
def test_the_values_that_people_ask_about(field: str, expected: list[Any]) -> None:
    assert by_route(field) == expected


@every_route
def test_the_settings_of_a_route_agree_with_each_other(route: str) -> None:
    settings = DEFAULT_PROTOCOLS[route]
    assert settings["usual_interval_days"] >= settings["min_days_between_doses"] >= 1
    assert all(
        step["interval_days"] >= settings["min_days_between_doses"] for step in settings["interval_steps"]
    )
    assert settings["solids_fast_minutes"] >= settings["liquids_fast_minutes"]
    assert settings["min_observation_minutes"] < settings["appointment_minutes"]
    assert settings["bp_warn_systolic"] > settings["bp_warn_diastolic"]
    if settings["bp_hold_systolic"] is not None:
        assert settings["bp_hold_systolic"] > settings["bp_warn_systolic"]
        assert settings["bp_hold_diastolic"] > settings["bp_warn_diastolic"]
    readings = settings["vitals_schedule_minutes"]
    assert readings[0] == 0
    assert readings == sorted(set(readings))
    assert readings[-1] < settings["appointment_minutes"]
    if settings["integration_until_hours"] is not None:
        assert settings["integration_from_hours"] < settings["integration_until_hours"]
    if settings["escort_required"]:
        assert settings["ride_required"]


@every_route
def test_only_medicine_that_the_client_holds_is_brought_and_counted(route: str) -> None:
    settings = DEFAULT_PROTOCOLS[route]
    assert settings["client_brings_medication"] is (route in CLIENT_HELD)
    assert (settings["supply_before_review_doses"] is not None) is (route in CLIENT_HELD)
    assert (settings["prescription_max_refills"] is not None) is (route in CLIENT_HELD)


@every_route
def test_the_limits_of_schedule_iii_are_locked_on_every_route(route: str) -> None:
    assert {"prescription_max_refills", "prescription_max_months"} <= LOCKED[route]


def test_what_the_rems_demands_is_locked_for_spravato_alone() -> None:
    rems = {"min_observation_minutes", "prescriber_presence", "rems_form_due_days"}
    assert rems <= LOCKED["spravato"]
    assert not any(rems & LOCKED[route] for route in ROUTES if route != "spravato")


@every_route
def test_only_settings_that_exist_are_locked(route: str) -> None:
    assert LOCKED[route] <= set(DEFAULT_PROTOCOLS[route])


def test_no_route_shares_its_lists_with_another() -> None:
    for field in ("vitals_schedule_minutes", "interval_steps", "outcome_measures"):
        assert len({id(value) for value in by_route(field)}) == len(ROUTES)


def test_the_documentation_explains_every_setting() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text()
    assert set(DEFAULT_PROTOCOLS["iv"]) - {"sources"} <= set(re.findall(r"`(\w+)`", page))
