"""Two doses until the first review, where the protocol says so; then so many from one to the next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from treatment_plans.rules.reviews import (
    NO_REVIEWS,
    ReviewRule,
    review_blockers,
    review_day_blockers,
    rule_of,
)

TWO = ReviewRule(2, 2)


def codes(rule: ReviewRule, at: int, doses: list[int], reviews: list[int]) -> list[str]:
    return [blocker.code for blocker in review_blockers(rule, at, other_doses=doses, reviews=reviews)]


@pytest.mark.parametrize(
    ("rule", "at", "doses", "reviews", "is_open"),
    [
        (NO_REVIEWS, 10, [1, 2, 3, 4], [], True),
        (TWO, 1, [], [], True),
        (TWO, 2, [1], [], True),
        (TWO, 3, [1, 2], [], False),  # the third
        (TWO, 4, [1, 2], [3], True),
        (TWO, 4, [1, 2], [4], True),  # it ends as the dose begins
        (TWO, 4, [1, 2], [5], False),  # it comes too late
        (TWO, 5, [1, 2, 4], [3], True),
        (TWO, 6, [1, 2, 4, 5], [3], False),  # two since the review
        (TWO, 2, [1, 3, 4], [], True),  # what lies after it does not count
        (ReviewRule(2, 6), 9, [1, 2, 4, 5, 6, 7, 8], [3], True),
        (ReviewRule(2, 6), 10, [1, 2, 4, 5, 6, 7, 8, 9], [3], False),
        (ReviewRule(None, 2), 9, [1, 2, 4, 5], [], True),
        (ReviewRule(2, None), 9, [1, 2, 4, 5, 6, 7, 8], [3], True),
    ],
)
def test_how_many_doses_lie_between_reviews(
    rule: ReviewRule, at: int, doses: list[int], reviews: list[int], is_open: bool
) -> None:
    assert codes(rule, at, doses, reviews) == ([] if is_open else ["review_missing"])


BEGIN = datetime(2026, 11, 2, 18, tzinfo=UTC)
MONTH = ReviewRule(days=30)


@pytest.mark.parametrize(
    ("rule", "day", "doses", "reviews", "is_open"),
    [  # days of the course; a review is on that day at the hour of a dose
        (NO_REVIEWS, 400, [0, 7], [], True),
        (MONTH, 0, [], [], True),  # the first dose of all
        (MONTH, 90, [], [2], True),  # after a review, before any dose
        (MONTH, 30, [0], [], True),  # the last day
        (MONTH, 31, [0], [], False),
        (MONTH, 31, [1, 0, 8], [], False),  # in whatever order: from the first
        (MONTH, 31, [0, 14], [14], True),  # from the dose at which it was reviewed
        (MONTH, 44, [0, 14], [14], True),
        (MONTH, 45, [0, 14], [14], False),
        (MONTH, 45, [0, 14], [15], True),  # nothing given since
        (MONTH, 31, [0], [31], True),  # it ends as the dose begins
        (MONTH, 31, [0], [32], False),  # it comes too late
        (MONTH, 20, [0, 60], [], True),  # what lies after it does not count
        (MONTH, 70, [0, 35], [34], False),  # maintenance: once a month, every second dose
        (MONTH, 69, [0, 35], [36], True),
    ],
)
def test_how_long_doses_go_on_without_a_review(
    rule: ReviewRule, day: int, doses: list[int], reviews: list[int], is_open: bool
) -> None:
    def on(number: int) -> tuple[datetime, date]:
        at = BEGIN + timedelta(days=number)
        return at, at.date()

    found = review_day_blockers(
        rule, *on(day), other_doses=[on(each) for each in doses], reviews=[on(each)[0] for each in reviews]
    )
    assert [blocker.code for blocker in found] == ([] if is_open else ["review_due"])


def test_it_says_since_when_and_how_long() -> None:
    at = BEGIN + timedelta(days=31)
    (found,) = review_day_blockers(MONTH, at, at.date(), other_doses=[(BEGIN, BEGIN.date())], reviews=[])
    assert found.params == {"days": 31, "most": 30, "begun_on": "2026-11-02"}


@pytest.mark.parametrize(
    ("before_review", "after_doses", "after_days", "expected"),
    [  # docs/protocols.md: nasal 2, 2 and 30; IV –, 6 and 30; Spravato 28 days alone
        (2, 2, 30, ReviewRule(2, 2, 30)),
        (None, 6, 30, ReviewRule(6, 6, 30)),
        (2, 6, None, ReviewRule(2, 6)),
        (None, None, 28, ReviewRule(days=28)),
        (None, None, None, NO_REVIEWS),
    ],
)
def test_the_rule_is_the_protocols(
    before_review: int | None, after_doses: int | None, after_days: int | None, expected: ReviewRule
) -> None:
    assert rule_of(before_review, after_doses, after_days) == expected
