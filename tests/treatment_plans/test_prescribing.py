"""What a prescription has to say before it counts as signed. Sources: 21 CFR 1306.05 and 1306.22."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from treatment_plans.rules.prescribing import Content, signing_blockers, state

TODAY = date(2026, 11, 23)
COMPLETE = Content(
    client_name="Maya Rivera",
    client_address="4 Elm St, Oakland CA",
    drug="ketamine",
    strength_amount=Decimal(100),
    strength_unit="mg_each",
    form="troche",
    dose_amount=Decimal(100),
    dose_unit="mg",
    doses_per_fill=2,
    quantity=Decimal(2),
    quantity_unit="troche",
    units_per_dose=Decimal(1),
    days_supply=28,
    refills=0,
    directions="Hold under the tongue in the session only.",
    issued_on=TODAY,
    valid_through_on=date(2027, 5, 23),
    reference="EPCS-1",
    prescriber_name="Dr Ito",
    prescriber_address="1 River Road",
    dea_number="AB1234563",
)
NASAL = replace(
    COMPLETE,
    form="nasal_spray",
    strength_unit="mg_per_ml",
    quantity_unit="ml",
    dose_amount=Decimal(80),
    units_per_dose=Decimal("0.8"),
)


@pytest.mark.parametrize(
    ("content", "changes", "expected"),
    [
        (COMPLETE, {}, []),
        (NASAL, {}, []),
        *(
            (COMPLETE, {name: ""}, [f"missing_{name}"])
            for name in (
                "client_name",
                "client_address",
                "drug",
                "strength_unit",
                "form",
                "directions",
                "reference",
                "prescriber_name",
                "prescriber_address",
                "dea_number",
            )
        ),
        *(
            (COMPLETE, {name: None}, [f"missing_{name}"])
            for name in ("strength_amount", "quantity", "units_per_dose", "issued_on", "valid_through_on")
        ),
        (COMPLETE, {"client_address": "  "}, ["missing_client_address"]),
        (COMPLETE, {"dea_number": "AB1234569"}, ["dea_number_malformed"]),  # wrong check digit
        (COMPLETE, {"issued_on": date(2026, 11, 24)}, ["issued_ahead"]),  # tomorrow
        (COMPLETE, {"valid_through_on": date(2026, 11, 22)}, ["ends_before_it_begins"]),
        (COMPLETE, {"valid_through_on": date(2027, 5, 24)}, ["prescription_valid_too_long"]),
        (COMPLETE, {"refills": 5}, []),
        (COMPLETE, {"refills": 6}, ["prescription_too_many_refills"]),
        (COMPLETE, {"quantity_unit": "ml"}, ["wrong_unit"]),
        (COMPLETE, {"quantity_unit": "dose"}, ["wrong_unit"]),
        (COMPLETE, {"strength_unit": "mg_per_ml"}, ["strength_of_another_form"]),
        (NASAL, {"strength_unit": "mg_each"}, ["strength_of_another_form"]),
        (COMPLETE, {"quantity": Decimal("1.999")}, ["quantity_too_small"]),
        (NASAL, {"quantity": Decimal("1.6")}, []),
        (NASAL, {"quantity": Decimal("1.599")}, ["quantity_too_small"]),
        # a hundred times too much: mg taken for mL
        (NASAL, {"units_per_dose": Decimal(80), "quantity": Decimal(160)}, ["dose_does_not_match_strength"]),
        (NASAL, {"dose_amount": Decimal("80.8")}, []),  # rounded to a tenth of a mL: within 1 %
        (NASAL, {"dose_amount": Decimal("80.9")}, ["dose_does_not_match_strength"]),
        (NASAL, {"dose_amount": Decimal("0.5"), "dose_unit": "mg_per_kg"}, []),  # no weight to compare with
        (COMPLETE, {"replaces_one_in_force": True}, ["replaced_still_in_force"]),
        (
            COMPLETE,
            {"directions": "", "dea_number": "X", "refills": 6, "quantity_unit": "ml"},
            ["missing_directions", "dea_number_malformed", "prescription_too_many_refills", "wrong_unit"],
        ),
    ],
)
def test_every_reason_against_signing(content: Content, changes: dict[str, Any], expected: list[str]) -> None:
    blockers = signing_blockers(replace(content, **changes), today=TODAY)
    assert [blocker.code for blocker in blockers] == expected


@pytest.mark.parametrize(
    ("status", "is_in_force", "last_on", "used", "expected"),
    [
        ("draft", False, None, 0, "draft"),
        ("revoked", False, date(2026, 1, 1), 6, "revoked"),
        ("signed", True, TODAY, 0, "signed"),
        ("signed", True, date(2026, 11, 22), 0, "expired"),
        ("dispensed", True, TODAY, 1, "in_use"),
        ("dispensed", True, TODAY, 6, "exhausted"),
        ("dispensed", True, date(2026, 11, 22), 6, "exhausted"),
    ],
)
def test_what_has_become_of_it(
    status: str, is_in_force: bool, last_on: date | None, used: int, expected: str
) -> None:
    found = state(
        status,
        is_in_force=is_in_force,
        valid_through_on=last_on,
        day=TODAY,
        prescribed=Decimal(6),
        used=Decimal(used),
    )
    assert found == expected
