"""What the record of a session still lacks, said before somebody leaves it or completes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from treatment_plans.rules.record_gaps import OnRecord, record_gaps
from treatment_plans.rules.vitals import Due, Point

DOSED = datetime(2026, 12, 1, 17, 35, tzinfo=UTC)


def point(minutes: int, state: Due) -> Point:
    return Point(minutes, DOSED + timedelta(minutes=minutes), state)


LATE, MISSED, DONE = point(30, Due.OVERDUE), point(15, Due.MISSED), point(60, Due.DONE)
WHOLE = OnRecord(
    points=(point(0, Due.DONE), point(15, Due.DONE), point(30, Due.DONE)),
    unattended=None,
    is_cssrs_missing=False,
    has_unsigned_note=False,
    has_signed_note=True,
    has_left=True,
    is_rems_form_open=False,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"points": (LATE,), "unattended": LATE, "has_left": False}, ["vitals_overdue"]),
        ({"points": (MISSED, LATE), "unattended": MISSED, "has_left": False}, ["vitals_overdue"]),
        ({"points": (MISSED, DONE)}, ["vitals_missed"]),
        ({"points": (MISSED, DONE), "has_left": False}, ["vitals_missed"]),
        ({"points": (LATE,), "unattended": None}, []),  # left before it came to that
        ({"has_signed_note": False}, ["note_missing"]),
        ({"has_signed_note": False, "has_left": False}, []),  # there is time
        ({"has_signed_note": False, "has_unsigned_note": True}, ["note_not_signed"]),
        ({"has_unsigned_note": True}, ["note_not_signed"]),  # another's is
        ({"is_cssrs_missing": True, "is_rems_form_open": True}, ["cssrs_missing", "rems_form_open"]),
    ],
)
def test_what_is_missing(changes: dict[str, Any], expected: list[str]) -> None:
    assert [each.code for each in record_gaps(replace(WHOLE, **changes))] == expected


def test_it_says_which_minutes() -> None:
    (found,) = record_gaps(replace(WHOLE, points=(point(15, Due.MISSED), point(30, Due.MISSED), DONE)))
    assert found.params == {"minutes": "15, 30"}
