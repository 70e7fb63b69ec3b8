"""Two doses until the first review, where the protocol says so; then so many from one to the next."""

from __future__ import annotations

import pytest

from treatment_plans.rules.reviews import NO_REVIEWS, ReviewRule, review_blockers, rule_of

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


@pytest.mark.parametrize(
    ("before_review", "after_doses", "expected"),
    [  # docs/protocols.md: nasal 2 and 2, IV – and 6, Spravato neither
        (2, 2, ReviewRule(2, 2)),
        (None, 6, ReviewRule(6, 6)),
        (2, 6, ReviewRule(2, 6)),
        (None, None, NO_REVIEWS),
    ],
)
def test_the_rule_is_the_protocols(
    before_review: int | None, after_doses: int | None, expected: ReviewRule
) -> None:
    assert rule_of(before_review, after_doses) == expected
