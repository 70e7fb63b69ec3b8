import random
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.engine.spans import contains, erode, gaps, intersect, overlaps, subtract, union
from scheduling.engine.types import Demand, GridRule, HoursRule, Need, ResourceKey, Span

MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
LAST = 40

Pairs = list[tuple[int, int]]


def span(start: int, end: int) -> Span:
    return Span(MIDNIGHT + timedelta(minutes=start), MIDNIGHT + timedelta(minutes=end))


def spans(pairs: Pairs) -> list[Span]:
    return [span(*pair) for pair in pairs]


def minutes_of(found: tuple[Span, ...]) -> set[int]:
    return {
        minute
        for minute in range(-LAST, 3 * LAST)
        if any(one.start <= MIDNIGHT + timedelta(minutes=minute) < one.end for one in found)
    }


def minutes(pairs: Pairs) -> set[int]:
    return {minute for start, end in pairs for minute in range(start, end)}


def test_a_span_refuses_naive_ends() -> None:
    naive = MIDNIGHT.replace(tzinfo=None)
    for start, end in ((naive, MIDNIGHT + timedelta(days=1)), (MIDNIGHT, naive + timedelta(days=1))):
        with pytest.raises(ValueError, match="zone"):
            Span(start, end)


def test_a_span_refuses_to_be_empty_or_backwards() -> None:
    for end in (0, -1):
        with pytest.raises(ValueError, match="ends after"):
            span(0, end)


def test_a_span_is_kept_in_utc() -> None:
    there = timezone(timedelta(hours=-8))
    found = Span(datetime(2026, 5, 4, 1, tzinfo=there), datetime(2026, 5, 4, 2, tzinfo=there))
    assert found == Span(datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 5, 4, 10, tzinfo=UTC))
    assert found.start.tzinfo is UTC
    assert found.end.tzinfo is UTC


def test_a_span_is_judged_by_elapsed_time_when_clocks_go_back() -> None:
    tz = ZoneInfo("America/Los_Angeles")
    first = datetime(2026, 11, 1, 1, 45, tzinfo=tz)
    second = datetime(2026, 11, 1, 1, 15, tzinfo=tz, fold=1)
    # On the wall 01:45 comes after 01:15; these two are half an hour apart the other way.
    assert Span(first, second).end - Span(first, second).start == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("given_pairs", "expected"),
    [
        ([], []),
        # Touching spans become one.
        ([(0, 5), (5, 9)], [(0, 9)]),
        # A minute apart, they stay two, in order.
        ([(6, 9), (0, 5)], [(0, 5), (6, 9)]),
        # One inside the other, also when they start together.
        ([(0, 9), (2, 3)], [(0, 9)]),
        ([(0, 3), (0, 9)], [(0, 9)]),
        ([(0, 5), (0, 5)], [(0, 5)]),
    ],
)
def test_union(given_pairs: Pairs, expected: Pairs) -> None:
    assert union(spans(given_pairs)) == tuple(spans(expected))


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], [(10, 20)]),
        # Touching at either end takes nothing.
        ([(5, 10), (20, 25)], [(10, 20)]),
        # A bite from each side, and a hole.
        ([(5, 12), (18, 25)], [(12, 18)]),
        ([(13, 15)], [(10, 13), (15, 20)]),
        # All of it, exactly and with room to spare.
        ([(10, 20)], []),
        ([(0, 30)], []),
    ],
)
def test_subtract_and_gaps(taken: Pairs, expected: Pairs) -> None:
    assert subtract([span(10, 20)], spans(taken)) == tuple(spans(expected))
    assert gaps(spans(taken), span(10, 20)) == tuple(spans(expected))


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        # From the start itself.
        ((0, 5), 10, 15),
        # Exactly as long: one start.
        ((0, 10), 10, 10),
        # A minute too long: none.
        ((0, 11), None, None),
        # Set-up before the start, cleaning after it.
        ((-3, 5), 13, 15),
        # Only before, only later.
        ((-5, -2), 15, 22),
        ((4, 6), 6, 14),
    ],
)
def test_erode_gives_every_start_that_fits_the_last_included(
    window: tuple[int, int], first: int | None, last: int | None
) -> None:
    found = erode([span(10, 20)], *(timedelta(minutes=offset) for offset in window))
    if first is None or last is None:
        assert found == ()
    else:
        # Half-open, so the end is the smallest step past the last start.
        start, end = MIDNIGHT + timedelta(minutes=first), MIDNIGHT + timedelta(minutes=last, microseconds=1)
        assert found == (Span(start, end),)


def test_erode_fits_a_window_over_spans_that_touch() -> None:
    found = erode([span(10, 15), span(15, 20)], timedelta(0), timedelta(minutes=10))
    assert [one.start for one in found] == [MIDNIGHT + timedelta(minutes=10)]


def test_erode_refuses_an_empty_window() -> None:
    with pytest.raises(ValueError, match="ends after"):
        erode([span(10, 20)], timedelta(0), timedelta(0))


def test_contains_and_overlaps_are_half_open() -> None:
    halves = [span(15, 20), span(10, 15)]
    assert contains(halves, span(10, 20))
    assert not contains(halves, span(9, 11))
    assert not contains([span(10, 15), span(16, 20)], span(14, 17))
    assert not contains([], span(1, 2))
    assert overlaps(halves, span(19, 30))
    assert overlaps(halves, span(0, 40))
    assert not overlaps(halves, span(20, 30))
    assert not overlaps(halves, span(0, 10))


pairs = st.lists(
    st.tuples(st.integers(0, LAST), st.integers(1, 12)).map(lambda pair: (pair[0], sum(pair))), max_size=8
)


@settings(deadline=None, max_examples=60)
@given(pairs, pairs, st.integers(-15, 15), st.integers(1, 20), st.randoms(use_true_random=False))
def test_the_algebra_agrees_with_sets_of_minutes(
    left: Pairs, right: Pairs, offset: int, length: int, order: random.Random
) -> None:
    ours, theirs = spans(left), spans(right)
    assert minutes_of(union(ours)) == minutes(left)
    assert minutes_of(intersect(ours, theirs)) == minutes(left) & minutes(right)
    assert minutes_of(subtract(ours, theirs)) == minutes(left) - minutes(right)
    window = (timedelta(minutes=offset), timedelta(minutes=offset + length))
    assert minutes_of(erode(ours, *window)) == {
        start
        for start in range(-LAST, 3 * LAST)
        if all(minute in minutes(left) for minute in range(start + offset, start + offset + length))
    }
    for found in (union(ours), intersect(ours, theirs), subtract(ours, theirs)):
        assert all(one.end < other.start for one, other in pairwise(found))
    shuffled = order.sample(ours, len(ours))
    assert union(shuffled) == union(ours)
    assert intersect(shuffled, theirs) == intersect(theirs, ours)
    assert subtract(shuffled, theirs) == subtract(ours, theirs)


NINE, TEN = time(9), time(10)
DAY_ONE, DAY_TWO = date(2026, 5, 4), date(2026, 5, 5)


@pytest.mark.parametrize(
    ("weekday", "starts", "ends", "from_on", "until_on"),
    [
        # No such weekday.
        (7, NINE, TEN, DAY_ONE, None),
        # Over midnight, and empty.
        (0, TEN, NINE, DAY_ONE, None),
        (0, NINE, NINE, DAY_ONE, None),
        # A wall time with a zone.
        (0, NINE.replace(tzinfo=UTC), TEN.replace(tzinfo=UTC), DAY_ONE, None),
        # Never in force: the last day is not included.
        (0, NINE, TEN, DAY_TWO, DAY_TWO),
    ],
)
def test_hours_that_cannot_be_are_refused(
    weekday: int, starts: time, ends: time, from_on: date, until_on: date | None
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        HoursRule(weekday, starts, ends, from_on, until_on)


HOUR = timedelta(hours=1)
ANNA = ResourceKey("clinician", 1)
GRID = GridRule(15, ZoneInfo("UTC"))


def test_a_demand_that_cannot_be_is_refused() -> None:
    therapist = Need("therapist", ((timedelta(0), HOUR),), (ANNA,))
    with pytest.raises(ValueError, match="one need only"):
        Demand(HOUR, (therapist, Need("second", therapist.windows, (ANNA,))), GRID, MIDNIGHT, MIDNIGHT)
    with pytest.raises(ValueError, match="own key"):
        Demand(HOUR, (therapist, Need("therapist", therapist.windows, ())), GRID, MIDNIGHT, MIDNIGHT)
    with pytest.raises(ValueError, match="positive"):
        Demand(timedelta(0), (therapist,), GRID, MIDNIGHT, MIDNIGHT)
    naive = MIDNIGHT.replace(tzinfo=None)
    for earliest, latest in ((MIDNIGHT, naive), (naive, MIDNIGHT)):
        with pytest.raises(ValueError, match="zone"):
            Demand(HOUR, (therapist,), GRID, earliest, latest)
    for windows in ((), ((HOUR, HOUR),), ((timedelta(0), HOUR), (HOUR, timedelta(0)))):
        with pytest.raises(ValueError, match=r"\w"):
            Need("therapist", windows, ())
    for step_minutes in (0, 1441):
        with pytest.raises(ValueError, match="step"):
            GridRule(step_minutes, GRID.tz)


def test_the_reach_of_a_demand_covers_every_buffer() -> None:
    room = Need("room:dosing", ((-HOUR / 4, 3 * HOUR),), ())
    later = Need("therapist", ((4 * HOUR, 5 * HOUR),), ())
    at = Span(MIDNIGHT, MIDNIGHT + HOUR)
    assert Demand(HOUR, (), GRID, MIDNIGHT, MIDNIGHT).reach(at) == Span(MIDNIGHT, MIDNIGHT + 2 * HOUR)
    assert Demand(HOUR, (later, room), GRID, MIDNIGHT, MIDNIGHT).reach(at) == Span(
        MIDNIGHT - HOUR / 4, MIDNIGHT + 6 * HOUR
    )
    # A need that only comes later still leaves the client's own time in reach.
    assert Demand(HOUR, (later,), GRID, MIDNIGHT, MIDNIGHT).reach(at).start == MIDNIGHT
    # So does one that ends before the client leaves.
    early = Need("therapist", ((-HOUR, -HOUR / 2),), ())
    assert Demand(HOUR, (early,), GRID, MIDNIGHT, MIDNIGHT).reach(at) == Span(
        MIDNIGHT - HOUR, MIDNIGHT + 2 * HOUR
    )
