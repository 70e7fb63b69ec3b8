from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from practice.clock import zone
from scheduling.engine.limits import Limits, full_spans, week_of
from scheduling.engine.types import Span

BERLIN = zone("Europe/Berlin")
HOUR = timedelta(hours=1)


def busy(day: int, hours: int, month: int = 3) -> Span:
    start = datetime(2026, month, day, 8, tzinfo=UTC)
    return Span(start, start + hours * HOUR)


def test_a_week_begins_on_monday() -> None:
    assert week_of(date(2026, 3, 29)) == date(2026, 3, 23)
    assert week_of(date(2026, 3, 30)) == date(2026, 3, 30)


def test_a_full_day_is_the_whole_local_day_also_when_clocks_change() -> None:
    days = (date(2026, 3, 28), date(2026, 3, 31))
    full = full_spans([busy(29, 6)], 2 * HOUR, Limits(per_day=7 * HOUR), days=days, tz=BERLIN)
    assert full == (
        Span(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # 23 hours
    )


def test_what_fits_exactly_is_not_too_much() -> None:
    days = (date(2026, 3, 29), date(2026, 3, 30))
    limits = Limits(per_day=8 * HOUR)
    assert full_spans([busy(29, 6)], 2 * HOUR, limits, days=days, tz=BERLIN) == ()
    assert full_spans([busy(29, 6)], 2 * HOUR + timedelta(minutes=1), limits, days=days, tz=BERLIN)


def test_a_full_week_counts_days_outside_the_window() -> None:
    days = (date(2026, 3, 29), date(2026, 3, 31))  # Sunday and Monday
    full = full_spans([busy(23, 6), busy(24, 6)], HOUR, Limits(per_week=12 * HOUR), days=days, tz=BERLIN)
    assert full == (Span(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),)
