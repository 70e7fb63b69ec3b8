"""The engine against an oracle that walks minute by minute and knows nothing of spans.

In the suite it tries a dozen changes of clocks. EXAMPLES=20000 tries so many situations, around every change
that the IANA database knows from 2025 to 2030, and prints how many of them it met (`make proofs`).
"""

import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.engine.calendar import days_of, open_spans
from scheduling.engine.openings import find_openings, why_not
from scheduling.engine.types import Calendar, Demand, GridRule, HoursRule, Need, ResourceKey, Span
from tests.scheduling.engine import clock_changes

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
met: Counter[tuple[str, datetime]] = Counter()  # situations by zone and change
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MIDNIGHT = time(0)

# The instants at which clocks change, and two where they never do.
SCENES = (
    ("America/Los_Angeles", "2026-03-08 10:00"),
    ("America/Los_Angeles", "2026-11-01 09:00"),
    ("Europe/Berlin", "2026-03-29 01:00"),
    ("Europe/Berlin", "2026-10-25 01:00"),
    ("Australia/Lord_Howe", "2026-10-03 15:30"),
    ("Australia/Lord_Howe", "2027-04-03 15:00"),
    ("Africa/Cairo", "2026-04-23 22:00"),
    ("Africa/Cairo", "2026-10-29 21:00"),
    ("America/Santiago", "2026-04-05 03:00"),
    ("America/Santiago", "2026-09-06 04:00"),
    ("Asia/Kathmandu", "2026-05-04 18:15"),
    ("UTC", "2026-05-04 00:00"),
)


@dataclass(frozen=True)
class Situation:
    tz: ZoneInfo
    change: datetime
    rules: Mapping[ResourceKey, tuple[HoursRule, ...]]
    demand: Demand
    calendars: Mapping[ResourceKey, Calendar]
    window: Span


class Oracle:
    """What each minute looks like, by looking at each minute."""

    def __init__(self, situation: Situation) -> None:
        self.demand = situation.demand
        self.window = situation.window
        self.calendars = situation.calendars
        self.tz, self.change = situation.tz, situation.change
        self.hours = {key: self.open_minutes(rules) for key, rules in situation.rules.items()}
        self.away = {key: minutes(calendar.away) for key, calendar in situation.calendars.items()}
        self.busy = {key: minutes(calendar.busy) for key, calendar in situation.calendars.items()}
        self.licensed = {
            key: None if calendar.licensed is None else minutes(calendar.licensed)
            for key, calendar in situation.calendars.items()
        }
        self.client = minutes(self.demand.client_busy)

    def open_minutes(self, rules: tuple[HoursRule, ...]) -> frozenset[datetime]:
        found: set[datetime] = set()
        for rule in rules:
            for day in dates_shown(self.tz, self.change):
                if day.weekday() != rule.weekday or day < rule.effective_from_on:
                    continue
                if rule.effective_until_on is not None and day >= rule.effective_until_on:
                    continue
                opens = datetime.combine(day, rule.starts_local)
                closes = datetime.combine(day + DAY * (rule.ends_local == MIDNIGHT), rule.ends_local)
                opened, closed = (first_shown(self.tz, self.change, wall) for wall in (opens, closes))
                found.update(opened + count * MINUTE for count in range((closed - opened) // MINUTE))
        return frozenset(found)

    def reasons(self, start: datetime, need: Need, key: ResourceKey) -> set[str]:
        taken = {
            start + count * MINUTE
            for from_offset, until_offset in need.windows
            for count in range(from_offset // MINUTE, until_offset // MINUTE)
        }
        licensed = self.licensed[key]
        found = {
            "outside_hours": not taken <= self.hours[key],
            "away": bool(taken & self.away[key]),
            "busy": bool(taken & self.busy[key]),
            "not_licensed": licensed is not None and not taken <= licensed,
        }
        return {code for code, holds in found.items() if holds}

    def of_the_time(self, start: datetime) -> set[str]:
        shown = start.astimezone(self.tz)
        taken = {start + count * MINUTE for count in range(self.demand.length // MINUTE)}
        found = {
            "off_grid": (shown.hour * 60 + shown.minute) % self.demand.grid.step_minutes != 0,
            "too_soon": start < self.demand.earliest,
            "too_far": not start < self.demand.latest,
            "client_busy": bool(taken & self.client),
        }
        return {code for code, holds in found.items() if holds}

    def choice(self, start: datetime) -> dict[str, ResourceKey] | None:
        """Return who and what would be taken, None if it cannot be."""
        if self.of_the_time(start):
            return None
        chosen: dict[str, ResourceKey] = {}
        for need in self.demand.needs:
            fitting = [key for key in need.candidates if not self.reasons(start, need, key)]
            if len(fitting) < need.count:
                return None
            chosen.update(zip(need.seats, fitting, strict=False))
        return chosen

    def starts(self) -> Iterator[datetime]:
        at = self.window.start
        while at < self.window.end:
            yield at
            at += MINUTE

    def openings(self) -> list[tuple[datetime, dict[str, ResourceKey]]]:
        answers = ((start, self.choice(start)) for start in self.starts())
        return [(start, chosen) for start, chosen in answers if chosen is not None]


@cache
def clock_face(tz: ZoneInfo, change: datetime) -> Mapping[datetime, datetime]:
    """Return what the clock shows at each minute of the two days either side of `change`."""
    every = (change + count * MINUTE for count in range(-2 * 1440, 2 * 1440))
    return {at: at.astimezone(tz).replace(tzinfo=None) for at in every}


@cache
def dates_shown(tz: ZoneInfo, change: datetime) -> frozenset[date]:
    return frozenset(shown.date() for shown in clock_face(tz, change).values())


@cache
def first_shown(tz: ZoneInfo, change: datetime, wall: datetime) -> datetime:
    """Return the first minute at which the clock shows `wall` or later; of the four days at most."""
    clock = clock_face(tz, change)
    return next((at for at, shown in clock.items() if shown >= wall), change + 2 * DAY)


def minutes(spans: tuple[Span, ...]) -> frozenset[datetime]:
    return frozenset(
        span.start + count * MINUTE for span in spans for count in range((span.end - span.start) // MINUTE)
    )


# Made once: hypothesis spends longer on building a strategy than on drawing from it. Spans are
# (start, length) in minutes, counted from the change.
Pairs = list[tuple[int, int]]


def pairs_up_to(longest: int, most: int) -> st.SearchStrategy[Pairs]:
    return st.lists(st.tuples(st.integers(-600, 600), st.integers(1, longest)), max_size=most)


def some_of(*pool: ResourceKey) -> st.SearchStrategy[list[ResourceKey]]:
    return st.lists(st.sampled_from(pool), min_size=1, unique=True)


SCENE = st.sampled_from(
    clock_changes.scenes()
    if EXAMPLES
    else [(name, datetime.fromisoformat(instant).replace(tzinfo=UTC)) for name, instant in SCENES]
)
CLINICIANS = some_of(*(ResourceKey("clinician", number) for number in (1, 2, 3)))
ROOMS = some_of(ResourceKey("room", 1), ResourceKey("room", 2, 1), ResourceKey("room", 2, 2))
ALWAYS = tuple(HoursRule(weekday, MIDNIGHT, MIDNIGHT, date(2020, 1, 1)) for weekday in range(7))
RULE_COUNTS = st.sampled_from([0, 0, 0, 1, 2, 3])
# Start, length, and days: which one around the change, in force since, until.
RULE = st.tuples(
    st.sampled_from([0, 0, 15, 60, 90, 120, 135, 150, 180, 540, 1380]),
    st.sampled_from([1440, 600, 240, 120, 60, 30, 15]),
    st.sampled_from([0, 0, -1, 1]),
    st.sampled_from([700, 0, -1]),
    st.sampled_from([None, None, 1, 900]),
)
WINDOWS = st.lists(
    st.tuples(st.sampled_from([0, 0, -15, -7, 10, 45]), st.sampled_from([1, 15, 50, 90])),
    min_size=1,
    max_size=2,
)
ONE_LONG, TWO_LONG, SHORT = pairs_up_to(240, 1), pairs_up_to(2000, 2), pairs_up_to(90, 3)
TWO_SEATS = st.sampled_from([1, 1, 1, 2])
ONE_IN_FIVE = st.sampled_from([False, False, False, False, True])
OF_STARTS = st.tuples(st.integers(-300, 120), st.integers(30, 420))
LENGTHS = st.sampled_from([1, 15, 50, 60, 90])
STEPS = st.sampled_from([5, 15, 20, 30, 45, 60])
EARLIEST = st.sampled_from([-3000, -3000, -3000, 0])
LATEST = st.sampled_from([3000, 3000, 3000, 60])


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    name, change = draw(SCENE)
    met[name, change] += 1
    tz = ZoneInfo(name)

    def span(pair: tuple[int, int]) -> Span:
        return Span(change + pair[0] * MINUTE, change + (pair[0] + pair[1]) * MINUTE)

    def some(pairs: st.SearchStrategy[Pairs]) -> tuple[Span, ...]:
        return tuple(span(pair) for pair in draw(pairs))

    def rule() -> HoursRule:
        # Mostly long, on whole quarters, on the days around the change.
        starts, length, days_on, days_since, days_left = draw(RULE)
        ends = min(starts + length, 1440)
        day = (change + days_on * DAY).date()
        from_on = day - days_since * DAY
        until_on = None if days_left is None else from_on + days_left * DAY
        return HoursRule(
            day.weekday(),
            time(starts // 60, starts % 60),
            time(ends // 60 % 24, ends % 60),
            from_on,
            until_on,
        )

    days = days_of(Span(change - 2 * DAY, change + 2 * DAY), tz)
    rules: dict[ResourceKey, tuple[HoursRule, ...]] = {}
    calendars: dict[ResourceKey, Calendar] = {}

    def need(key: str, pool: st.SearchStrategy[list[ResourceKey]], *, most: int) -> Need:
        windows = draw(WINDOWS)[:most]
        candidates = draw(pool)
        for candidate in candidates:
            rules[candidate] = tuple(rule() for _ in range(draw(RULE_COUNTS))) or ALWAYS
            calendars[candidate] = Calendar(
                hours=open_spans(rules[candidate], tz, days),
                away=some(ONE_LONG),
                busy=some(SHORT),
                licensed=some(TWO_LONG) if draw(ONE_IN_FIVE) else None,
            )
        spans = ((start * MINUTE, (start + length) * MINUTE) for start, length in windows)
        return Need(key, tuple(spans), tuple(candidates), count=draw(TWO_SEATS) if key == "therapist" else 1)

    window = span(draw(OF_STARTS))
    demand = Demand(
        length=draw(LENGTHS) * MINUTE,
        needs=(need("therapist", CLINICIANS, most=2), need("room:dosing", ROOMS, most=1)),
        grid=GridRule(draw(STEPS), tz),
        earliest=change + draw(EARLIEST) * MINUTE,
        latest=change + draw(LATEST) * MINUTE,
        client_busy=some(SHORT)[:2],
    )
    return Situation(tz, change, rules, demand, calendars, window)


def property_test(examples: int) -> settings:
    return settings(
        deadline=None,
        max_examples=EXAMPLES * examples // 100 or examples,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@property_test(100)
@given(situations())
def test_openings_are_what_the_oracle_finds(situation: Situation) -> None:
    oracle = Oracle(situation)
    found = find_openings(situation.demand, situation.calendars, window=situation.window, limit=9999)
    assert [(one.start, one.chosen) for one in found] == oracle.openings()
    assert all(one.end - one.start == situation.demand.length for one in found)


@property_test(40)
@given(situations())
def test_why_not_tells_all_the_oracle_sees_and_nothing_more(situation: Situation) -> None:
    oracle = Oracle(situation)
    demand, calendars = situation.demand, situation.calendars
    listed = {one.start for one in find_openings(demand, calendars, window=situation.window, limit=9999)}
    for start in oracle.starts():
        if start.minute % 5 and start.minute != 1:
            continue
        found = why_not(start, demand, calendars)
        assert (not found) == (start in listed)
        expected: list[tuple[str, ResourceKey | None]] = [(code, None) for code in oracle.of_the_time(start)]
        for need in demand.needs:
            against = [(key, oracle.reasons(start, need, key)) for key in need.candidates]
            if sum(not codes for _, codes in against) < need.count:
                expected += [(code, key) for key, codes in against for code in codes]
                if len(against) < need.count:
                    expected.append(("no_candidate", None))
            key, codes = against[-1]
            one = replace(need, count=1)
            alone = why_not(start, replace(demand, needs=(one,)), calendars, choice={need.key: key})
            assert {blocker.code for blocker in alone} == codes | oracle.of_the_time(start)
        assert sorted(expected, key=str) == sorted(
            ((blocker.code, resource(blocker.params)) for blocker in found), key=str
        )


def resource(params: Mapping[str, str | int]) -> ResourceKey | None:
    if "resource_id" not in params:
        return None
    return ResourceKey(str(params["resource_kind"]), int(params["resource_id"]), int(params["resource_unit"]))


@property_test(40)
@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(situation: Situation, order: random.Random) -> None:
    def shuffled(spans: tuple[Span, ...] | None) -> tuple[Span, ...] | None:
        return spans and tuple(order.sample(spans, len(spans)))

    calendars = {
        key: Calendar(
            shuffled(calendar.hours),
            shuffled(calendar.away) or (),
            shuffled(calendar.busy) or (),
            shuffled(calendar.licensed),
        )
        for key, calendar in order.sample(list(situation.calendars.items()), len(situation.calendars))
    }
    demand = replace(
        situation.demand,
        needs=tuple(replace(need, windows=need.windows[::-1]) for need in reversed(situation.demand.needs)),
        client_busy=situation.demand.client_busy[::-1],
    )
    given_calendars = dict(situation.calendars)
    assert find_openings(demand, calendars, window=situation.window, limit=9999) == find_openings(
        situation.demand, situation.calendars, window=situation.window, limit=9999
    )
    assert situation.calendars == given_calendars


@property_test(40)
@given(situations(), st.integers(-1200, 1200), st.integers(1, 300), st.data())
def test_more_busy_time_never_adds_a_start(
    situation: Situation, offset: int, length: int, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(situation.calendars)))
    calendar = situation.calendars[key]
    more = Span(situation.change + offset * MINUTE, situation.change + (offset + length) * MINUTE)
    busier = {**situation.calendars, key: replace(calendar, busy=(*calendar.busy, more))}
    before = find_openings(situation.demand, situation.calendars, window=situation.window, limit=9999)
    after = find_openings(situation.demand, busier, window=situation.window, limit=9999)
    assert {one.start for one in after} <= {one.start for one in before}
    for one in after:
        need = next(need for need in situation.demand.needs if key in need.candidates)
        if key in one.chosen.values():
            for from_offset, until_offset in need.windows:
                assert more.end <= one.start + from_offset or one.start + until_offset <= more.start


@property_test(40)
@given(situations(), st.integers(1, 400))
def test_two_windows_that_touch_find_what_one_finds(situation: Situation, minute: int) -> None:
    window = situation.window
    middle = window.start + minute * MINUTE
    pieces = [window]
    if middle < window.end:
        pieces = [Span(window.start, middle), Span(middle, window.end)]
    whole = find_openings(situation.demand, situation.calendars, window=window, limit=9999)
    apart = [
        find_openings(situation.demand, situation.calendars, window=piece, limit=9999) for piece in pieces
    ]
    assert whole == tuple(one for found in apart for one in found)
    # The first few are the first of all.
    assert find_openings(situation.demand, situation.calendars, window=window, limit=2) == whole[:2]


def test_it_says_what_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """Last in this file, for the long run."""
    if not EXAMPLES:
        pytest.skip("Only the long run counts.")
    every, names = set(clock_changes.scenes()), {name for name, _change in met}
    with capsys.disabled():
        print(
            f"\n{met.total()} situations around {len(met)} of {len(every)} changes of clocks "
            f"in {len(names)} zones that differ, 2025 to 2030"
        )
    if 20 * len(every) <= EXAMPLES:
        assert 100 * len(met) >= 98 * len(every)  # they are drawn, not counted off
