"""Weekly hours and the start grid, both given in wall time, as instants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from practice.clock import change_between, day_span, first_instant, local_day
from scheduling.engine.spans import Spans, union
from scheduling.engine.types import HoursRule, Span

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


def days_of(window: Span, tz: ZoneInfo) -> tuple[date, date]:
    """Return the local dates [from, until) that `window` touches."""
    return local_day(window.start, tz), local_day(window.end - datetime.resolution, tz) + _DAY


def open_spans(rules: Iterable[HoursRule], tz: ZoneInfo, days: tuple[date, date]) -> Spans:
    """Return the hours on the local dates [days[0], days[1]), merged and ascending.

    Each end is the first instant at which the clocks show it or something later, so hours
    across a change are longer or shorter in elapsed time, and hours wholly inside a gap vanish.
    """
    by_weekday: dict[int, list[HoursRule]] = {}
    for rule in rules:
        by_weekday.setdefault(rule.weekday, []).append(rule)
    found: list[Span] = []
    day, until_on = days
    while day < until_on:
        for rule in by_weekday.get(day.weekday(), ()):
            if rule.effective_from_on <= day and (
                rule.effective_until_on is None or day < rule.effective_until_on
            ):
                found.extend(_hours_on(day, rule, tz))
        day += _DAY
    return union(found)


def grid_starts(step_minutes: int, tz: ZoneInfo, window: Span) -> Iterator[datetime]:
    """Yield the instants in [window.start, window.end) that `is_on_grid`, ascending, in UTC.

    A wall time the clocks skip yields none, one they show twice yields both.
    """
    step = timedelta(minutes=step_minutes)
    at, end = window
    while at < end:
        wall = at.astimezone(tz)
        since_midnight = _since_midnight(wall)
        wait = min(-since_midnight % step, _DAY - since_midnight)
        midnight = at + (_DAY - since_midnight)
        if midnight.astimezone(tz).utcoffset() == wall.utcoffset():  # the clocks do not change before it
            until = midnight if midnight < end else end
            at += wait
            while at < until:
                yield at
                at += step
            at = midnight
            continue
        if not wait:
            yield at
            wait = min(step, _DAY - since_midnight)
        following = at + wait
        if following.astimezone(tz).utcoffset() != wall.utcoffset():
            following = change_between(at, following, tz)
        at = following


def is_on_grid(at: datetime, step_minutes: int, tz: ZoneInfo) -> bool:
    """Say whether the clocks of `tz` show a multiple of the step from midnight at `at`."""
    return not _since_midnight(at.astimezone(tz)) % timedelta(minutes=step_minutes)


def _hours_on(day: date, rule: HoursRule, tz: ZoneInfo) -> Iterator[Span]:
    midnight = _plain_day(day, tz)
    if midnight is not None:
        ends = rule.ends_local
        until = _DAY if ends == _MIDNIGHT else _since_midnight(ends)
        yield Span._make((midnight + _since_midnight(rule.starts_local), midnight + until))
        return
    last_day = day + _DAY if rule.ends_local == _MIDNIGHT else day
    start = first_instant(datetime.combine(day, rule.starts_local), tz)
    end = first_instant(datetime.combine(last_day, rule.ends_local), tz)
    if start < end:
        yield Span(start, end)


@lru_cache(maxsize=4096)
def _plain_day(day: date, tz: ZoneInfo) -> datetime | None:
    """Return the beginning of a day whose clocks go evenly, None for one on which they change."""
    start, end = day_span(day, tz)
    is_plain = end - start == _DAY and start.astimezone(tz).utcoffset() == end.astimezone(tz).utcoffset()
    return start if is_plain else None


def _since_midnight(wall: datetime | time) -> timedelta:
    """Return what the clock face shows, which on a changed day is not the time elapsed."""
    return timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
