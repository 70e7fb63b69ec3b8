from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from rest_framework.serializers import Field, ValidationError

from practice.api.fields import (
    ChoiceOf,
    DayField,
    IdField,
    InstantField,
    LineField,
    TextField,
    TruthField,
    WholeNumberField,
)
from practice.models import Room


def code(field: Field[Any, Any, Any, Any], data: Any) -> str:
    with pytest.raises(ValidationError) as refusal:
        field.run_validation(data)
    details: Any = refusal.value.detail
    return str(details[0].code)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01T09:30:00-08:00", datetime(2026, 12, 1, 17, 30, tzinfo=UTC)),
        ("2026-12-01T09:30Z", datetime(2026, 12, 1, 9, 30, tzinfo=UTC)),
        ("2026-12-01t09:30:00.25z", datetime(2026, 12, 1, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-12-01T09:30:00+05:45", datetime(2026, 12, 1, 3, 45, tzinfo=UTC)),
    ],
)
def test_an_instant_has_an_offset_and_becomes_utc(text: str, instant: datetime) -> None:
    assert InstantField().run_validation(text) == instant


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("2026-12-01T09:30:00", "no_offset"),
        ("2026-12-01", "invalid"),
        ("20261201T093000Z", "invalid"),
        ("2026-W49-2T09:30:00Z", "invalid"),
        ("2026-02-30T09:30:00Z", "invalid"),
        ("2026-12-01T24:00:00Z", "invalid"),
        ("2026-12-01T09:30:60Z", "invalid"),
        ("2026-12-01T09:30:00+24:00", "invalid"),
        ("２０２６-12-01T09:30:00Z", "invalid"),
        ("2026-12-01T09:30:00Z\n", "invalid"),
        (1_764_000_000, "invalid"),
        (None, "null"),
        ("", "invalid"),
        ("0001-01-01T00:00:00+14:00", "out_of_range"),
        ("9999-12-31T23:59:59-12:00", "out_of_range"),
    ],
)
def test_anything_else_is_no_instant(data: Any, reason: str) -> None:
    assert code(InstantField(), data) == reason


def test_an_instant_is_written_in_utc() -> None:
    at = datetime.fromisoformat("2026-12-01T09:30:00-08:00")
    assert InstantField().to_representation(at) == "2026-12-01T17:30:00Z"


@pytest.mark.parametrize(
    ("field", "data", "reason"),
    [
        (DayField(), "2026-12-1", "invalid"),
        (DayField(), "20261201", "invalid"),
        (DayField(), "2026-02-29", "invalid"),
        (DayField(), "2026-12-01T00:00:00Z", "invalid"),
        (DayField(), "1899-12-31", "out_of_range"),
        (DayField(), 20261201, "invalid"),
        (IdField(), "5", "invalid"),
        (IdField(), True, "invalid"),
        (IdField(), 5.5, "invalid"),
        (IdField(), float("inf"), "invalid"),
        (IdField(), float("nan"), "invalid"),
        (IdField(), 0, "min_value"),
        (IdField(), 2**63, "max_value"),
        (IdField(), 1e300, "max_value"),
        (IdField(), [5], "invalid"),
        (WholeNumberField(min_value=0, max_value=5), 6, "max_value"),
        (TruthField(), "true", "invalid"),
        (TruthField(), 1, "invalid"),
        (TruthField(), [], "invalid"),
        (TextField(), 5, "invalid"),
        (TextField(), ["a"], "invalid"),
        (LineField(), "a\nb", "not_one_line"),
        (LineField(), "a\u2028b", "not_one_line"),
        (LineField(), "a\x1bb", "not_one_line"),
        (ChoiceOf(model=Room, of="kind"), "garage", "invalid_choice"),
        (ChoiceOf(model=Room, of="kind"), ["dosing"], "invalid_choice"),
        (ChoiceOf(model=Room, of="kind"), {"dosing": 1}, "invalid_choice"),
    ],
)
def test_what_is_not_exactly_of_the_type_is_refused(
    field: Field[Any, Any, Any, Any], data: Any, reason: str
) -> None:
    assert code(field, data) == reason


@pytest.mark.parametrize(
    ("field", "data", "value"),
    [
        (DayField(), "2024-02-29", date(2024, 2, 29)),
        (IdField(), 5.0, 5),
        (IdField(), 2**63 - 1, 2**63 - 1),
        (TruthField(), False, False),
        (TextField(), " a\nb ", "a\nb"),
        (LineField(), " José\u200d ", "José\u200d"),
        (ChoiceOf(model=Room, of="kind"), "dosing", "dosing"),
    ],
)
def test_what_is_of_the_type_is_taken(field: Field[Any, Any, Any, Any], data: Any, value: Any) -> None:
    assert field.run_validation(data) == value
