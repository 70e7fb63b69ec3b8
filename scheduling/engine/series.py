"""A whole course at once: which start for each of its sessions, so that what holds between them holds.

The model. Steps are placed in their order: a session opens no earlier than the one before it closes, and one
that wants a day of its own opens on a later local date. Doses keep their distance in days, and share the
stocks with the doses that are booked already. What belongs into a window after a dose lies in it.

The aim, in this order: an earlier step is never given up for a later one; fewest compromises; earliest
finish; earliest starts. `propose` finds the best there is, not the first that fits. A dose bears on what
follows only through its day, the end of what belongs to it and what it leaves of the stocks; so the search
goes from day to day and keeps, for each day of the latest dose, what nothing else beats.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from practice.clock import local_day
from scheduling.engine.calendar import grid_starts
from scheduling.engine.openings import Calendars, _starts, find_openings
from scheduling.engine.spans import Spans, erode, gaps, intersect
from scheduling.engine.types import Demand, Opening, ResourceKey, Span

MOST_STARTS = 100_000
SHORTER_GAP, LONGER_GAP = "shorter_gap", "longer_gap"

_COMPROMISE = 1 << 64  # outweighs the seconds of any number of starts
_SECOND = timedelta(seconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)

_Left = tuple[int, ...]  # of each stock
_Days = frozenset[int]


@dataclass(frozen=True, slots=True)
class Option:
    """An opening that suits a session by itself, and the codes of what speaks against it.

    [opens, closes) is all that the session takes, set-up and notes included. Dates are local.
    """

    opening: Opening
    opens: datetime
    closes: datetime
    on: date
    opens_on: date
    closes_on: date
    compromises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoseRule:
    """Days between a dose and the one before it: fewest, usual, and the most without a compromise.

    `last_on` is the day of the dose before when that one is no step, being booked or given already.
    """

    min_days: int
    usual_days: int
    longest_days: int
    last_on: date | None = None

    def compromises(self, days: int) -> tuple[str, ...]:
        if days < self.usual_days:
            return (SHORTER_GAP,)
        return (LONGER_GAP,) if days > self.longest_days else ()


@dataclass(frozen=True, slots=True)
class Step:
    """One session to be placed; `options` ascend.

    With a `window` it starts in [from, until) after the end of the dose before it. A step with a window, or
    one that may be left out, goes without when there is no place for it; any other ends the course there.
    """

    key: int
    options: tuple[Option, ...]
    own_day: bool = False
    dose: DoseRule | None = None
    window: tuple[timedelta, timedelta] | None = None
    may_be_left_out: bool = False


@dataclass(frozen=True, slots=True)
class Stock:
    """Doses that may be given on the local dates [first_on, through_on], the last one included."""

    first_on: date
    through_on: date
    doses: int


@dataclass(frozen=True, slots=True)
class Course:
    """Steps in order, what there is to give, and the days of booked doses that count on it.

    Raises ValueError for a step with a window that follows no dose.
    """

    steps: tuple[Step, ...]
    stocks: tuple[Stock, ...] = ()
    booked_on: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        for before, step in zip((None, *self.steps), self.steps, strict=False):
            if step.window and not (before and (before.dose or before.window)):
                raise ValueError("A window follows a dose.")


@dataclass(frozen=True, slots=True)
class Placed:
    key: int
    option: Option
    compromises: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """`without_place` are the keys of steps that fit nowhere; `waiting` of those behind a needed one."""

    placed: tuple[Placed, ...]
    without_place: tuple[int, ...]
    waiting: tuple[int, ...]

    @property
    def compromise_count(self) -> int:
        return sum(len(each.compromises) for each in self.placed)

    @property
    def finishes_at(self) -> datetime | None:
        return self.placed[-1].option.opening.end if self.placed else None


def propose(course: Course, *, limit: int, spare_days: int = 21) -> tuple[Proposal, ...]:
    """Return the best proposal and up to `limit` - 1 others, best first; none if there are no steps.

    Another one places the same steps, and gives each dose another day than that dose has in any proposal
    before it. Where no dose is placed, that holds for all steps. `spare_days` is about speed alone: how many
    days more than at the usual pace are looked at first.
    """
    search = _Search(course, spare_days)
    found: list[Proposal] = []
    barred: dict[int, _Days] = {}
    while course.steps and len(found) < limit:
        proposal = search.best(barred)
        if found and [each.key for each in proposal.placed] != [each.key for each in found[0].placed]:
            break
        found.append(proposal)
        doses = {step.key for step in course.steps if step.dose}
        moving = [each for each in proposal.placed if each.key in doses] or proposal.placed
        if not moving:
            break
        for each in moving:
            barred[each.key] = barred.get(each.key, _Days()) | {each.option.on.toordinal()}
    return tuple(found)


def survey(
    demand: Demand, calendars: Calendars, *, window: Span, home: Mapping[str, int | None]
) -> tuple[tuple[Opening, ...], Mapping[str, int]]:
    """Return every opening that `find_openings` has for `window`, and by need whom it prefers.

    `home` names the id that comes before the other candidates; None is the one that is free for longest.
    A need that is not in it keeps the order of its candidates.
    """
    if any(need.count > 1 for need in demand.needs):  # who sits together has no home of their own
        return find_openings(demand, calendars, window=window, limit=MOST_STARTS), {}
    first, end = max(window.start, demand.earliest), min(window.end, demand.latest)
    if first >= end:
        return (), {}
    reach = demand.reach(Span(first, end))
    starts = erode(gaps(demand.client_busy, reach), timedelta(0), demand.length)
    starts = intersect(starts, (Span(first, end),))
    sweeps: dict[str, _Sweep] = {}
    for need in demand.needs:
        fits = {key: _starts(need, calendars[key], reach) for key in need.candidates}
        starts = intersect(starts, (span for spans in fits.values() for span in spans))
        wanted = home.get(need.key)
        if need.key in home and wanted is None:
            wanted = _free_for_longest(fits)
        sweeps[need.key] = _Sweep(fits, wanted)
    found = tuple(
        Opening(start, start + demand.length, {need: sweep.first(start) for need, sweep in sweeps.items()})
        for span in starts
        for start in grid_starts(demand.grid.step_minutes, demand.grid.tz, span)
    )
    return found, {need: sweep.home for need, sweep in sweeps.items() if sweep.home is not None}


def option(opening: Opening, demand: Demand, compromises: tuple[str, ...] = ()) -> Option:
    taken, tz = demand.reach(Span(opening.start, opening.end)), demand.grid.tz
    opens, closes = taken.start, taken.end - demand.length
    return Option(
        opening=opening,
        opens=opens,
        closes=closes,
        on=local_day(opening.start, tz),
        opens_on=local_day(opens, tz),
        closes_on=local_day(closes - datetime.resolution, tz),
        compromises=compromises,
    )


def _free_for_longest(fits: Mapping[ResourceKey, Spans]) -> int | None:
    free: dict[int, timedelta] = {}
    for key, spans in fits.items():
        free[key.id] = sum((one.end - one.start for one in spans), free.get(key.id, timedelta(0)))
    return max(free, key=lambda pk: free[pk], default=None)


class _Sweep:
    """The first candidate that fits, for starts that are asked about in ascending order."""

    def __init__(self, fits: Mapping[ResourceKey, Spans], home: int | None) -> None:
        self.home = home
        self.by_key = sorted(fits.items(), key=lambda each: each[0].id != home)
        self.at = [0] * len(fits)

    def first(self, start: datetime) -> ResourceKey:
        for place, (key, spans) in enumerate(self.by_key):
            at = self.at[place]
            while at < len(spans) and spans[at].end <= start:
                at += 1
            self.at[place] = at
            if at < len(spans) and spans[at].start <= start:
                return key
        raise LookupError("Nothing fits at this start.")


class _Supply:
    """What is left of each stock while doses are taken in order of time, always from what ends first."""

    def __init__(self, stocks: Iterable[Stock], booked_on: Iterable[date]) -> None:
        ordered = sorted(stocks, key=lambda each: (each.through_on, each.first_on))
        self.stocks = [(each.first_on.toordinal(), each.through_on.toordinal()) for each in ordered]
        self.at_first: _Left = tuple(each.doses for each in ordered)
        self.booked: list[int] = []
        self._passed: dict[tuple[_Left, int, int], _Left | None] = {}
        self._given: dict[tuple[_Left, int], _Left | None] = {}
        left = self.at_first
        for on in sorted(day.toordinal() for day in booked_on):
            after = self._take(left, on)
            if after is not None:  # a booking that has none cannot lose it
                left = after
                self.booked.append(on)

    def pass_by(self, left: _Left, after_on: int, through_on: int) -> _Left | None:
        """Serve what is booked on the days (after_on, through_on]; None if there is not enough."""
        key = (left, after_on, through_on)
        if key not in self._passed:
            served: _Left | None = left
            for on in self.booked[
                bisect_right(self.booked, after_on) : bisect_right(self.booked, through_on)
            ]:
                served = None if served is None else self._take(served, on)
            self._passed[key] = served
        return self._passed[key]

    def give(self, left: _Left, on: int) -> _Left | None:
        """Take a dose on `on`; None unless that leaves enough for what is booked later."""
        if (left, on) not in self._given:
            given = self._take(left, on)
            is_enough = given is not None and self.pass_by(given, on, date.max.toordinal()) is not None
            self._given[left, on] = given if is_enough else None
        return self._given[left, on]

    def _take(self, left: _Left, on: int) -> _Left | None:
        for place, (first_on, through_on) in enumerate(self.stocks):
            if left[place] > 0 and first_on <= on <= through_on:
                return (*left[:place], left[place] - 1, *left[place + 1 :])
        return None


@dataclass(frozen=True, slots=True)
class _Pick:
    """A dose with what belongs to it. `weight` has the compromises first, then the sum of the starts."""

    weight: int
    closes: datetime
    closes_on: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class _Day:
    """The picks for one day of a dose of which none beats another: later ones weigh less."""

    opens_on: int
    on: int
    picks: list[_Pick]


@dataclass(frozen=True, slots=True)
class _State:
    """The steps so far are placed. `dose_on` is 0 before the first dose that is placed here."""

    weight: int
    closes: datetime
    closes_on: int
    dose_on: int
    left: _Left
    before: _State | None = None
    keys: tuple[int, ...] = ()
    options: tuple[Option, ...] = ()
    gap: tuple[str, ...] = ()


_C = TypeVar("_C", _Pick, _State)


@dataclass(frozen=True, slots=True)
class _Way:
    """To a dose on some day: over which state, and whether the days between are a compromise."""

    weight: int
    state: _State
    gap: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Only:
    """The days on which one step may be."""

    latest: int
    barred: _Days

    def allows(self, on: int) -> bool:
        return on <= self.latest and on not in self.barred


@dataclass(slots=True)
class _Level:
    """The options of a step that have the same number of compromises, ascending."""

    compromises: int
    options: list[Option] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    opens: list[datetime] = field(default_factory=list)
    opens_on: list[int] = field(default_factory=list)
    on: list[int] = field(default_factory=list)


class _Search:
    def __init__(self, course: Course, spare_days: int) -> None:
        self.steps = course.steps
        self.spare_days = spare_days
        self.supply = _Supply(course.stocks, course.booked_on)
        starts = [step.options[0].opening.start for step in course.steps if step.options]
        self.origin = min(starts, default=_NEVER)
        self._by_level: dict[int, list[_Level]] = {}
        self._by_day: dict[object, list[_Day]] = {}

    def best(self, barred: Mapping[int, _Days]) -> Proposal:
        """`barred` has by the key of a step the days on which it may not be.

        First among what ends soon. If that has no compromise that can be spared, it is the best of all:
        doses at their usual distance or more, of which one lay later than it may here, end later too.
        """
        latest = self._latest()
        soon = self._run(barred, latest)
        if (
            len(soon.placed) == len(self.steps)
            and soon.compromise_count == sum(self._levels(step)[0].compromises for step in self.steps)
            and soon.placed[-1].option.closes_on.toordinal() <= latest[-1]
        ):
            return soon
        return self._run(barred, [date.max.toordinal()] * len(self.steps))

    def _latest(self) -> list[int]:
        """By step its last day if the course is to end soon, with doses at their usual distance."""
        starts = [step.options[0].on.toordinal() for step in self.steps if step.options]
        doses = [step.dose for step in self.steps if step.dose]
        paces = [0 if rule.last_on else rule.usual_days for rule in doses[1:]]
        day = min(starts, default=0) + sum(paces) + len(self.steps) - len(doses) + self.spare_days
        of_dose_before, latest = day, []
        for step in reversed(self.steps):
            if step.dose:
                day = of_dose_before
                of_dose_before -= paces.pop() if paces else 0
            latest.append(day)
        return latest[::-1]

    def _run(self, barred: Mapping[int, _Days], latest: Sequence[int]) -> Proposal:
        states = [_State(0, _NEVER, 0, 0, self.supply.at_first)]
        without_place: list[int] = []
        at = 0
        while at < len(self.steps):
            step, talks = self.steps[at], self._talks(at + 1)
            only = _Only(latest[at], barred.get(step.key, _Days()))
            after, missing = self._place(states, step, talks, only)
            if not after and not step.may_be_left_out:
                waiting = tuple(each.key for each in self.steps[at + 1 :])
                return self._proposal(states, (*without_place, step.key), waiting)
            states = after or states
            without_place += missing
            at += 1 + len(talks)
        return self._proposal(states, tuple(without_place), ())

    def _talks(self, at: int) -> list[Step]:
        """The steps from place `at` on that belong to the dose before them."""
        until = at
        while until < len(self.steps) and self.steps[until].window:
            until += 1
        return list(self.steps[at:until])

    def _place(
        self, states: list[_State], step: Step, talks: list[Step], only: _Only
    ) -> tuple[list[_State], list[int]]:
        """Return the states with the step, and the keys of what had to be left out."""
        if step.dose is None:
            after = self._after_talk(states, step, only)
            return after, [] if after else [step.key]
        if after := self._after_dose(states, step, talks, only):
            return after, []
        after, kept = self._after_dose(states, step, [], only), list[Step]()
        for talk in talks if after else []:
            if more := self._after_dose(states, step, [*kept, talk], only):
                after, kept = more, [*kept, talk]
        return after, [talk.key for talk in talks if talk not in kept]

    def _after_talk(self, states: list[_State], step: Step, only: _Only) -> list[_State]:
        """Of each number of compromises the first option is the best: it closes first and weighs least."""
        found = []
        for state in states:
            for level in self._levels(step):
                place = bisect_left(level.opens, state.closes)
                if step.own_day:
                    place = max(place, bisect_right(level.opens_on, state.closes_on))
                while place < len(level.on) and level.on[place] in only.barred:
                    place += 1
                if place < len(level.on) and level.on[place] <= only.latest:
                    chosen = level.options[place]
                    found.append(
                        _State(
                            weight=state.weight + self._weight(chosen),
                            closes=chosen.closes,
                            closes_on=chosen.closes_on.toordinal(),
                            dose_on=state.dose_on,
                            left=state.left,
                            before=state,
                            keys=(step.key,),
                            options=(chosen,),
                        )
                    )
        return [state for alike in _grouped(found).values() for state in alike]

    def _after_dose(
        self, states: list[_State], step: Step, talks: Sequence[Step], only: _Only
    ) -> list[_State]:
        """Of the way to a day only its weight matters, and what it leaves of the stocks."""
        assert step.dose is not None
        days = [day for day in self._days(step, talks) if only.allows(day.on)]
        keys = (step.key, *(talk.key for talk in talks))
        return [
            _State(
                weight=way.weight + pick.weight,
                closes=pick.closes,
                closes_on=pick.closes_on,
                dose_on=day.on,
                left=left,
                before=way.state,
                keys=keys,
                options=pick.options,
                gap=way.gap,
            )
            for day, ways in zip(days, self._ways(states, step.dose, days), strict=True)
            for left, way in ways.items()
            for pick in day.picks
        ]

    def _ways(self, states: list[_State], rule: DoseRule, days: list[_Day]) -> list[dict[_Left, _Way]]:
        """Return for each day the lightest ways to a dose on it, by what that leaves of the stocks.

        The days up to the longest gap are looked at one by one. Beyond it a gap weighs the same on every
        day, as it does where the dose before is none of the steps: there one joins the lightest so far.
        """
        opens_on, ons = [day.opens_on for day in days], [day.on for day in days]
        found: list[dict[_Left, _Way]] = [{} for _ in days]
        joining: list[list[_State]] = [[] for _ in days]
        beyond: tuple[str, ...] = ()
        for (dose_on, left), alike in _grouped(states).items():
            near, far = 0, 0
            if rule.last_on is None and dose_on:
                beyond = (LONGER_GAP,)
                near = bisect_left(ons, dose_on + rule.min_days)
                far = bisect_right(ons, dose_on + rule.longest_days)
            free_from = [bisect_right(opens_on, state.closes_on) for state in alike]
            for place in range(max(near, free_from[0]), far):
                state = alike[bisect_right(free_from, place) - 1]
                gap = rule.compromises(ons[place] - dose_on)
                self._give(
                    found[place], self.supply.pass_by(left, dose_on, ons[place]), ons[place], state, gap
                )
            for state, free in zip(alike, free_from, strict=True):
                if max(far, free) < len(days):
                    joining[max(far, free)].append(state)
        lightest: dict[_Left, _State] = {}
        passed_on = 0
        for place, on in enumerate(ons):
            both = [(self.supply.pass_by(left, passed_on, on), state) for left, state in lightest.items()]
            both += [(self.supply.pass_by(state.left, state.dose_on, on), state) for state in joining[place]]
            lightest, passed_on = {}, on
            for served, state in both:
                if served is not None and (served not in lightest or state.weight < lightest[served].weight):
                    lightest[served] = state
            days_since = None if rule.last_on is None else on - rule.last_on.toordinal()
            if days_since is None or days_since >= rule.min_days:
                gap = beyond if days_since is None else rule.compromises(days_since)
                for served, state in lightest.items():
                    self._give(found[place], served, on, state, gap)
        return found

    def _give(
        self, ways: dict[_Left, _Way], left: _Left | None, on: int, state: _State, gap: tuple[str, ...]
    ) -> None:
        given = None if left is None else self.supply.give(left, on)
        weight = state.weight + len(gap) * _COMPROMISE
        if given is not None and (given not in ways or weight < ways[given].weight):
            ways[given] = _Way(weight, state, gap)

    def _days(self, step: Step, talks: Sequence[Step]) -> list[_Day]:
        """The days for the dose and the best picks for each, ascending."""
        key = (id(step.options), tuple((id(talk.options), talk.window) for talk in talks))
        if key not in self._by_day:
            by_day: dict[tuple[int, int], list[_Pick]] = {}
            for chosen in step.options:
                day = (chosen.opens_on.toordinal(), chosen.on.toordinal())
                by_day.setdefault(day, []).extend(self._picks(chosen, talks))
            self._by_day[key] = [_Day(*day, _unbeaten(picks)) for day, picks in sorted(by_day.items())]
        return self._by_day[key]

    def _picks(self, dose: Option, talks: Sequence[Step]) -> list[_Pick]:
        picks = [_Pick(self._weight(dose), dose.closes, dose.closes_on.toordinal(), (dose,))]
        for talk in talks:
            from_wait, until_wait = talk.window or (timedelta(0), timedelta(0))
            from_at, until_at = dose.opening.end + from_wait, dose.opening.end + until_wait
            picks = [
                _Pick(
                    pick.weight + self._weight(chosen),
                    chosen.closes,
                    chosen.closes_on.toordinal(),
                    (*pick.options, chosen),
                )
                for pick in picks
                for level in self._levels(talk)
                for place in [max(bisect_left(level.starts, from_at), bisect_left(level.opens, pick.closes))]
                if place < len(level.starts) and level.starts[place] < until_at
                for chosen in [level.options[place]]
            ]
        return picks

    def _levels(self, step: Step) -> list[_Level]:
        if id(step.options) not in self._by_level:
            by_count: dict[int, _Level] = {}
            for each in step.options:
                level = by_count.setdefault(len(each.compromises), _Level(len(each.compromises)))
                level.options.append(each)
                level.starts.append(each.opening.start)
                level.opens.append(each.opens)
                level.opens_on.append(each.opens_on.toordinal())
                level.on.append(each.on.toordinal())
            self._by_level[id(step.options)] = [level for _, level in sorted(by_count.items())]
        return self._by_level[id(step.options)]

    def _weight(self, chosen: Option) -> int:
        return len(chosen.compromises) * _COMPROMISE + (chosen.opening.start - self.origin) // _SECOND

    def _proposal(
        self, states: list[_State], without_place: tuple[int, ...], waiting: tuple[int, ...]
    ) -> Proposal:
        best = min(states, key=lambda state: (state.weight // _COMPROMISE, state.closes, state.weight))
        placed: list[Placed] = []
        state: _State | None = best
        while state is not None:
            of_state = [
                Placed(key, chosen, (*chosen.compromises, *(state.gap if place == 0 else ())))
                for place, (key, chosen) in enumerate(zip(state.keys, state.options, strict=True))
            ]
            placed = of_state + placed
            state = state.before
        return Proposal(tuple(placed), without_place, waiting)


def _grouped(states: Iterable[_State]) -> dict[tuple[int, _Left], list[_State]]:
    """By what decides about the next dose; of each group those that none beats, ascending."""
    groups: dict[tuple[int, _Left], list[_State]] = {}
    for state in states:
        groups.setdefault((state.dose_on, state.left), []).append(state)
    return {key: _unbeaten(alike) for key, alike in groups.items()}


def _unbeaten(candidates: list[_C]) -> list[_C]:
    """Those for which no other closes as early and weighs as little: the later one closes, the lighter."""
    kept: list[_C] = []
    for each in sorted(candidates, key=lambda one: (one.closes, one.weight)):
        if not kept or each.weight < kept[-1].weight:
            kept.append(each)
    return kept
