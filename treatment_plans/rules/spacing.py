"""How far apart doses must lie, and when the integration after a dose belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _


def spacing_blockers(other_days: Iterable[date], day: date, *, min_days: int) -> tuple[Blocker, ...]:
    """List why a dose on `day` is too near to the client's other doses, before it and after it.

    Counts calendar days at the clinic: with `min_days` 2, Monday and Wednesday are far enough
    apart. A dose on the same day counts as one before. Only the nearest on either side is named.
    """
    other_days = tuple(other_days)
    before_on = max((other for other in other_days if other <= day), default=None)
    after_on = min((other for other in other_days if other > day), default=None)
    blockers = []
    if before_on is not None and (day - before_on).days < min_days:
        blockers.append(
            Blocker(
                "too_soon_after_dose",
                _(
                    "Too soon after the dose of %(other_on)s: doses are at least %(min_days)s days apart. "
                    "Possible from %(possible_on)s."
                ),
                {
                    "days": (day - before_on).days,
                    "min_days": min_days,
                    "other_on": before_on.isoformat(),
                    "possible_on": (before_on + timedelta(days=min_days)).isoformat(),
                },
            )
        )
    if after_on is not None and (after_on - day).days < min_days:
        blockers.append(
            Blocker(
                "too_close_to_next_dose",
                _(
                    "Too close to the dose of %(other_on)s: doses are at least %(min_days)s days apart. "
                    "Possible up to %(possible_on)s."
                ),
                {
                    "days": (after_on - day).days,
                    "min_days": min_days,
                    "other_on": after_on.isoformat(),
                    "possible_on": (after_on - timedelta(days=min_days)).isoformat(),
                },
            )
        )
    return tuple(blockers)


def integration_window(
    dose_ended_at: datetime, *, from_hours: int, until_hours: int
) -> tuple[datetime, datetime]:
    """Return the half-open span [from, until) in which the integration session after a dose may start.

    `dose_ended_at` is aware UTC: these are hours that pass, so a change of the clocks does not move them.
    """
    return dose_ended_at + timedelta(hours=from_hours), dose_ended_at + timedelta(hours=until_hours)


def integration_blockers(
    starts_at: datetime, *, dose_ended_at: datetime, from_hours: int, until_hours: int
) -> tuple[Blocker, ...]:
    """List why an integration session that starts at `starts_at` is outside the window after its dose."""
    from_at, until_at = integration_window(dose_ended_at, from_hours=from_hours, until_hours=until_hours)
    if starts_at < from_at:
        return (
            Blocker(
                "integration_too_early",
                _("Integration belongs at least %(from_hours)s hours after the dosing session."),
                {"from_hours": from_hours, "from_at": from_at.isoformat()},
            ),
        )
    if starts_at >= until_at:
        return (
            Blocker(
                "integration_too_late",
                _("Integration belongs less than %(until_hours)s hours after the dosing session."),
                {"until_hours": until_hours, "until_at": until_at.isoformat()},
            ),
        )
    return ()


def usual_pace(interval_days: int, steps: Iterable[Mapping[str, int]]) -> Iterator[tuple[float, int]]:
    """For each dose of a course, without end: the day on which it usually lies, the first on day 0, and the
    usual days since the one before it.

    Steps go by the week of the course in which the dose before lies. Up to three days stand for so many times
    a week.
    """
    steps, day, interval = tuple(steps), 0.0, interval_days
    while True:
        yield day, interval
        begun = [step for step in steps if (step["from_week"] - 1) * 7 <= day]
        if begun:
            interval = max(begun, key=lambda step: step["from_week"])["interval_days"]
        day += 7 / (7 // interval) if 0 < interval <= 3 else interval
