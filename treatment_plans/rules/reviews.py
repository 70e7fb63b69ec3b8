"""How many doses a prescriber lets pass before they look at the course again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

P = TypeVar("P", datetime, int)


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """At most so many doses before a plan's first review, and from one to the next; None for any number."""

    before_first: int | None = None
    between: int | None = None


NO_REVIEWS = ReviewRule()


def rule_of(supply_before_review_doses: int | None, review_after_doses: int | None) -> ReviewRule:
    """As the protocol says it: what is handed out before the first review is all that is given before it."""
    before_first = review_after_doses if supply_before_review_doses is None else supply_before_review_doses
    return ReviewRule(before_first, review_after_doses)


def review_blockers(
    rule: ReviewRule, at: P, *, other_doses: Iterable[P], reviews: Iterable[P]
) -> tuple[Blocker, ...]:
    """List why a dose at `at` would be one too many without a review before it.

    All are instants, or all are places in the order of the plan. `reviews` are the ends of those that count:
    done, or booked and still to come.
    """
    last = max((each for each in reviews if each <= at), default=None)
    most = rule.before_first if last is None else rule.between
    if most is None:
        return ()
    since = [each for each in other_doses if each <= at and (last is None or each >= last)]
    if len(since) < most:
        return ()
    return (
        Blocker(
            "review_missing",
            _("After %(doses)s doses the prescriber reviews the course before the next one."),
            {"doses": len(since), "most": most},
        ),
    )
