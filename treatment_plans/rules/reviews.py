"""How many doses, and how many days of them, a prescriber lets pass before they look at the course again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

P = TypeVar("P", datetime, int)


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """At most so many doses before a plan's first review, and from one to the next; None for any number.

    `days` is how long doses go on without a review, from the first one since the last review.
    """

    before_first: int | None = None
    between: int | None = None
    days: int | None = None


NO_REVIEWS = ReviewRule()


def rule_of(
    supply_before_review_doses: int | None, review_after_doses: int | None, review_after_days: int | None
) -> ReviewRule:
    """As the protocol says it: what is handed out before the first review is all that is given before it."""
    before_first = review_after_doses if supply_before_review_doses is None else supply_before_review_doses
    return ReviewRule(before_first, review_after_doses, review_after_days)


def review_blockers(
    rule: ReviewRule, at: P, *, other_doses: Iterable[P], reviews: Iterable[P]
) -> tuple[Blocker, ...]:
    """List why a dose at `at` would be one too many without a review before it.

    All are instants, or all are places in the order of the plan. `reviews` are those that count: when one
    was decided, or when one ends that is booked and still to come. One without a decision is none.
    """
    last = _last(reviews, at)
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


def review_day_blockers(
    rule: ReviewRule,
    at: datetime,
    day: date,
    *,
    other_doses: Iterable[tuple[datetime, date]],
    reviews: Iterable[datetime],
) -> tuple[Blocker, ...]:
    """List why a dose at `at`, on the clinic-local `day`, is too long after the first since the last review.

    `other_doses` are their starts with their local days, `reviews` as in `review_blockers`. With 30 days a
    dose on the 30th day after that first one is in time, and one on the 31st is not.
    """
    if rule.days is None:
        return ()
    last = _last(reviews, at)
    since = [on for start, on in other_doses if start <= at and (last is None or start >= last)]
    begun_on = min(since, default=day)
    passed = (day - begun_on).days
    if passed <= rule.days:
        return ()
    return (
        Blocker(
            "review_due",
            _(
                "The prescriber reviews the course within %(most)s days of dosing; since the dose of "
                "%(begun_on)s it is %(days)s."
            ),
            {"days": passed, "most": rule.days, "begun_on": begun_on.isoformat()},
        ),
    )


def _last(reviews: Iterable[P], at: P) -> P | None:
    return max((each for each in reviews if each <= at), default=None)
