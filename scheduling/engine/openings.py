"""When, with whom and where something fits; and for any proposed start, why not.

`find_openings` and `why_not` are one predicate in two forms: the first solves it for the
start, the second takes a start and explains. A property test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from practice.blockers import Blocker, gettext_noop
from scheduling.engine.calendar import grid_starts, is_on_grid
from scheduling.engine.spans import Spans, contains, erode, gaps, intersect, overlaps, subtract
from scheduling.engine.types import Calendar, Demand, Need, Opening, ResourceKey, Span, as_utc

Calendars = Mapping[ResourceKey, Calendar]

_OFF_GRID = gettext_noop("Starts are every %(step_minutes)s minutes, counted from midnight.")
_TOO_SOON = gettext_noop("This is too soon.")
_TOO_FAR = gettext_noop("This is too far ahead.")
_CLIENT_BUSY = gettext_noop("The client has something else at this time.")
_NO_CANDIDATE = gettext_noop("There is nobody and nothing to choose for: %(who)s.")
_NOT_A_CANDIDATE = gettext_noop("%(who)s does not suit this session.")
_OUTSIDE_HOURS = gettext_noop("%(who)s does not work at this time.")
_AWAY = gettext_noop("%(who)s is away, or the location is closed.")
_BUSY = gettext_noop("%(who)s is taken at this time.")
_LIMIT_REACHED = gettext_noop("%(who)s has no more time for sessions on this day or in this week.")
_NOT_LICENSED = gettext_noop("%(who)s is not licensed where the client is.")


def find_openings(
    demand: Demand,
    calendars: Calendars,
    *,
    window: Span,
    limit: int,
    allowed: Callable[[datetime], bool] | None = None,
) -> tuple[Opening, ...]:
    """Return the first `limit` openings that start in [window.start, window.end), ascending.

    Every candidate needs a calendar that covers `demand.reach(window)`. Each need gets the
    first of its candidates that fits. `allowed` is a gate from outside, asked in ascending
    order about starts that otherwise fit, until the limit is reached.

    Raises ValueError if `limit` is not positive, KeyError if a candidate has no calendar.
    """
    if limit < 1:
        raise ValueError("A limit is positive.")
    return tuple(islice(_openings(demand, calendars, window, allowed), limit))


def why_not(
    start: datetime,
    demand: Demand,
    calendars: Calendars,
    *,
    choice: Mapping[str, ResourceKey] | None = None,
) -> tuple[Blocker, ...]:
    """Return every reason against `start`, in a fixed order; empty exactly if it is an opening.

    `choice` fixes the resource of some needs; the others are free to take any candidate, and
    only when none fits are the reasons against each of them listed, in order of preference.
    Reasons name the need and the resource, never what else it is doing. `who` in their params is the
    need's key: the engine knows no names, so the caller puts one there (`Blocker.with_params`).

    Raises ValueError if `start` is naive or `choice` names an unknown need, KeyError if a
    candidate has no calendar.
    """
    start = as_utc(start)
    chosen = choice or {}
    if not chosen.keys() <= {seat for need in demand.needs for seat in need.seats}:
        raise ValueError("A choice is for one of the needs.")
    found: list[Blocker] = []
    if not is_on_grid(start, demand.grid.step_minutes, demand.grid.tz):
        found.append(Blocker("off_grid", _OFF_GRID, {"step_minutes": demand.grid.step_minutes}))
    if start < demand.earliest:
        found.append(Blocker("too_soon", _TOO_SOON))
    if start >= demand.latest:
        found.append(Blocker("too_far", _TOO_FAR))
    if overlaps(demand.client_busy, Span(start, start + demand.length)):
        found.append(Blocker("client_busy", _CLIENT_BUSY))
    for need in demand.needs:
        if need.count == 1:
            found.extend(_need_blockers(start, need, calendars, chosen.get(need.key)))
        else:
            named = [chosen[seat] for seat in need.seats if seat in chosen]
            found.extend(_seats_blockers(start, need, calendars, named))
    return tuple(found)


def _need_blockers(
    start: datetime, need: Need, calendars: Calendars, choice: ResourceKey | None
) -> Iterator[Blocker]:
    if choice is not None and choice not in need.candidates:
        yield Blocker("no_candidate", _NOT_A_CANDIDATE, _about(need, choice))
        return
    candidates = need.candidates if choice is None else (choice,)
    if not candidates:
        yield Blocker("no_candidate", _NO_CANDIDATE, {"need": need.key, "who": need.key})
        return
    against = [tuple(_resource_blockers(start, need, key, calendars[key])) for key in candidates]
    if all(against):
        for blockers in against:
            yield from blockers


def _seats_blockers(
    start: datetime, need: Need, calendars: Calendars, named: list[ResourceKey]
) -> Iterator[Blocker]:
    """Against each one who is named; if too few are left for the other seats, against all who don't fit."""
    for place, key in enumerate(named):
        if key not in need.candidates or key in named[:place]:
            yield Blocker("no_candidate", _NOT_A_CANDIDATE, _about(need, key))
        else:
            yield from _resource_blockers(start, need, key, calendars[key])
    others = [key for key in need.candidates if key not in named]
    against = [tuple(_resource_blockers(start, need, key, calendars[key])) for key in others]
    missing = need.count - len(named)
    if missing > sum(not blockers for blockers in against):
        for blockers in against:
            yield from blockers
        if missing > len(others):
            yield Blocker("no_candidate", _NO_CANDIDATE, {"need": need.key, "who": need.key})


def _resource_blockers(
    start: datetime, need: Need, key: ResourceKey, calendar: Calendar
) -> Iterator[Blocker]:
    taken = [Span(start + from_offset, start + until_offset) for from_offset, until_offset in need.windows]
    about = _about(need, key)
    if calendar.hours is not None and not all(contains(calendar.hours, span) for span in taken):
        yield Blocker("outside_hours", _OUTSIDE_HOURS, about)
    if any(overlaps(calendar.away, span) for span in taken):
        yield Blocker("away", _AWAY, about)
    if any(overlaps(calendar.busy, span) for span in taken):
        yield Blocker("busy", _BUSY, about)
    if any(overlaps(calendar.full, span) for span in taken):
        yield Blocker("limit_reached", _LIMIT_REACHED, about)
    if calendar.licensed is not None and not all(contains(calendar.licensed, span) for span in taken):
        yield Blocker("not_licensed", _NOT_LICENSED, about)


def _about(need: Need, key: ResourceKey) -> dict[str, str | int]:
    return {
        "who": need.key,
        "need": need.key,
        "resource_kind": key.kind,
        "resource_id": key.id,
        "resource_unit": key.unit,
    }


def _openings(
    demand: Demand, calendars: Calendars, window: Span, allowed: Callable[[datetime], bool] | None
) -> Iterator[Opening]:
    first, end = max(window.start, demand.earliest), min(window.end, demand.latest)
    if first >= end:
        return
    reach = demand.reach(Span(first, end))
    starts = erode(gaps(demand.client_busy, reach), timedelta(0), demand.length)
    starts = intersect(starts, (Span(first, end),))
    for need in demand.needs:
        if len(need.candidates) < need.count:
            return
        if need.hours is not None:
            for window_of_need in need.windows:
                starts = intersect(starts, erode(need.hours, *window_of_need))
    searches = [_Search(need, calendars, reach) for need in demand.needs]
    for span in starts:
        for start in grid_starts(demand.grid.step_minutes, demand.grid.tz, span):
            chosen: dict[str, ResourceKey] = {}
            for search in searches:
                if search.need.count > 1:
                    several = search.those_that_fit(start)
                    if several is None:
                        break
                    chosen.update(zip(search.need.seats, several, strict=True))
                    continue
                key = search.first_that_fits(start)
                if key is None:
                    break
                chosen[search.need.key] = key
            else:
                if allowed is None or allowed(start):
                    yield Opening(start, start + demand.length, chosen)


class _Search:
    """The first candidate that fits, for starts that are asked about in ascending order.

    A candidate is looked at when those before it do not fit, so among many most are never looked at.
    """

    def __init__(self, need: Need, calendars: Calendars, reach: Span) -> None:
        for key in need.candidates:
            if key not in calendars:
                raise KeyError(key)
        self.need, self.calendars, self.reach = need, calendars, reach
        self.fits: list[Spans] = []  # of the candidates that were looked at
        self.at: list[int] = []  # the first of those spans that is not over
        self.none_before: datetime | None = None

    def first_that_fits(self, start: datetime) -> ResourceKey | None:
        if self.none_before is not None and start < self.none_before:
            return None
        soonest = self.reach.end
        for place, key in enumerate(self.need.candidates):
            if place == len(self.fits):
                self.fits.append(_starts(self.need, self.calendars[key], self.reach))
                self.at.append(0)
            spans, at = self.fits[place], self.at[place]
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            self.at[place] = at
            if at < len(spans):
                if spans[at][0] <= start:
                    return key
                soonest = min(soonest, spans[at][0])
        self.none_before = soonest
        return None

    def those_that_fit(self, start: datetime) -> list[ResourceKey] | None:
        """The first `count` different ones."""
        found: list[ResourceKey] = []
        for place, key in enumerate(self.need.candidates):
            if place == len(self.fits):
                self.fits.append(_starts(self.need, self.calendars[key], self.reach))
                self.at.append(0)
            spans, at = self.fits[place], self.at[place]
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            self.at[place] = at
            if at < len(spans) and spans[at][0] <= start:
                found.append(key)
                if len(found) == self.need.count:
                    return found
        return None


def _starts(need: Need, calendar: Calendar, reach: Span) -> Spans:
    """Return the starts at which the resource is free for every window of the need."""
    free: Spans = (reach,) if calendar.hours is None else intersect(calendar.hours, (reach,))
    if calendar.licensed is not None:
        free = intersect(free, calendar.licensed)
    free = subtract(free, (*calendar.away, *calendar.busy, *calendar.full))
    starts = erode(free, *need.windows[0])
    for window in need.windows[1:]:
        starts = intersect(starts, erode(free, *window))
    return starts
