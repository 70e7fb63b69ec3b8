from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from treatment_plans.rules.spacing import integration_blockers, integration_window, spacing_blockers

WEDNESDAY = date(2026, 3, 4)


def days(*offsets: int) -> list[date]:
    return [WEDNESDAY + timedelta(days=offset) for offset in offsets]


@pytest.mark.parametrize(
    ("others", "min_days", "expected"),
    [
        ([], 2, []),  # the only dose
        (days(-2), 2, []),  # exactly the minimum, Monday to Wednesday
        (days(-1), 2, ["too_soon_after_dose"]),  # one short of it
        (days(2), 2, []),  # exactly the minimum, Wednesday to Friday
        (days(1), 2, ["too_close_to_next_dose"]),
        (days(-1, 1), 2, ["too_soon_after_dose", "too_close_to_next_dose"]),  # both sides
        (days(0), 2, ["too_soon_after_dose"]),  # a second one on the same day
        (days(0), 1, ["too_soon_after_dose"]),
        (days(-1, 1), 1, []),  # daily, when the protocol says so
        (days(0), 0, []),  # no minimum at all
        (days(-6), 7, ["too_soon_after_dose"]),
        (days(-7, 7), 7, []),
        (days(-30, -3, 40, 3), 7, ["too_soon_after_dose", "too_close_to_next_dose"]),  # in any order
    ],
)
def test_doses_keep_their_distance_before_and_after(
    others: list[date], min_days: int, expected: list[str]
) -> None:
    blockers = spacing_blockers(iter(others), WEDNESDAY, min_days=min_days)
    assert [blocker.code for blocker in blockers] == expected


def test_it_names_the_nearest_dose_and_the_day_from_which_it_is_possible() -> None:
    before, after = spacing_blockers(days(-5, -3, 4, 6), WEDNESDAY, min_days=7)
    assert before.params == {"days": 3, "min_days": 7, "other_on": "2026-03-01", "possible_on": "2026-03-08"}
    assert after.params == {"days": 4, "min_days": 7, "other_on": "2026-03-08", "possible_on": "2026-03-01"}
    assert before.text() == (
        "Too soon after the dose of 2026-03-01: doses are at least 7 days apart. Possible from 2026-03-08."
    )
    assert after.text() == (
        "Too close to the dose of 2026-03-08: doses are at least 7 days apart. Possible up to 2026-03-01."
    )


DOSE_ENDED_AT = datetime(2026, 3, 7, 18, tzinfo=UTC)  # noon in New York, the day before its clocks go forward


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (DOSE_ENDED_AT + timedelta(hours=24), []),  # the first instant
        (DOSE_ENDED_AT + timedelta(hours=24, seconds=-1), ["integration_too_early"]),
        (DOSE_ENDED_AT + timedelta(hours=72, seconds=-1), []),  # the last one
        (DOSE_ENDED_AT + timedelta(hours=72), ["integration_too_late"]),  # the window is half-open
        (DOSE_ENDED_AT - timedelta(hours=30), ["integration_too_early"]),  # before the dose
    ],
)
def test_integration_belongs_in_its_window(starts_at: datetime, expected: list[str]) -> None:
    blockers = integration_blockers(starts_at, dose_ended_at=DOSE_ENDED_AT, from_hours=24, until_hours=72)
    assert [blocker.code for blocker in blockers] == expected
    assert all("%" not in blocker.text() for blocker in blockers)


def test_the_window_counts_hours_that_pass() -> None:
    from_at, until_at = integration_window(DOSE_ENDED_AT, from_hours=24, until_hours=48)
    assert (from_at, until_at) == (datetime(2026, 3, 8, 18, tzinfo=UTC), datetime(2026, 3, 9, 18, tzinfo=UTC))
