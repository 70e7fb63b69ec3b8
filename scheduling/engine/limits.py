"""How much a clinician may be booked: the local days and weeks that are full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from practice.clock import day_span, local_day
from scheduling.engine.spans import Spans, union
from scheduling.engine.types import Span

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be booked in a local day and in a week from Monday on; None is no limit."""

    per_day: timedelta | None = None
    per_week: timedelta | None = None

    def __bool__(self) -> bool:
        return self.per_day is not None or self.per_week is not None


def week_of(day: date) -> date:
    """Return its Monday."""
    return day - timedelta(days=day.weekday())


def full_spans(
    busy: Iterable[Span], asked: timedelta, limits: Limits, *, days: tuple[date, date], tz: ZoneInfo
) -> Spans:
    """Return the local days in [days[0], days[1]) on which `asked` more would be too much, merged.

    `busy` must be complete for the weeks that the days touch. Time counts for the day on which it begins.
    """
    per_day: Counter[date] = Counter()
    per_week: Counter[date] = Counter()
    for span in busy:
        day, seconds = local_day(span.start, tz), int((span.end - span.start).total_seconds())
        per_day[day] += seconds
        per_week[week_of(day)] += seconds
    full: list[Span] = []
    day, until_on = days
    while day < until_on:
        if _is_full(per_day[day], asked, limits.per_day) or _is_full(
            per_week[week_of(day)], asked, limits.per_week
        ):
            start, end = day_span(day, tz)
            if start < end:
                full.append(Span(start, end))
        day += _DAY
    return union(full)


def _is_full(booked_seconds: int, asked: timedelta, most: timedelta | None) -> bool:
    return most is not None and timedelta(seconds=booked_seconds) + asked > most
