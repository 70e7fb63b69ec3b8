"""The search for a course against brute force over every combination, and what tables can say of it.

HYPOTHESIS_PROFILE=deep tries many more examples.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.engine import series
from scheduling.engine.openings import find_openings
from scheduling.engine.series import Course, DoseRule, Option, Proposal, Step, Stock, propose
from scheduling.engine.types import Calendar, Demand, GridRule, Need, Opening, ResourceKey, Span
from tests.scheduling.engine.test_openings_against_minutes import Situation, situations
from treatment_plans.rules.supply import DoseFact, PrescriptionFact, prescription_blockers

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = DoseRule(min_days=2, usual_days=7, longest_days=14)
NEXT_DAYS = (timedelta(hours=24), timedelta(hours=72))
PLENTY = (Stock(date(2026, 1, 1), date(2027, 12, 31), 99),)


def property_test(examples: int) -> settings:
    return settings(
        deadline=None,
        max_examples=examples * 40 if DEEP else examples,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def opt(
    day: int, hour: int = 9, *, hours: int = 1, before: int = 0, after: int = 0, against: int = 0
) -> Option:
    """An option `day` days after the Monday, in UTC, with set-up and notes in hours."""
    start = MONDAY + day * DAY + hour * HOUR
    end = start + hours * HOUR
    opens, closes = start - before * HOUR, end + after * HOUR
    return Option(
        Opening(start, end, {}),
        opens,
        closes,
        start.date(),
        opens.date(),
        (closes - datetime.resolution).date(),
        tuple(f"against_{place}" for place in range(against)),
    )


def on_days(*days: int, **also: int) -> tuple[Option, ...]:
    return tuple(opt(day, **also) for day in days)


def dose(key: int, options: Iterable[Option], rule: DoseRule = RULE) -> Step:
    return Step(key, tuple(options), own_day=True, dose=rule)


def talk(key: int, options: Iterable[Option]) -> Step:
    return Step(key, tuple(options), window=NEXT_DAYS)


def days_of(proposal: Proposal) -> list[int]:
    return [(each.option.on - MONDAY.date()).days for each in proposal.placed]


def best(*steps: Step, stocks: tuple[Stock, ...] = PLENTY, booked_on: tuple[date, ...] = ()) -> Proposal:
    return propose(Course(steps, stocks, booked_on), limit=1)[0]


def day(number: int) -> date:
    return MONDAY.date() + number * DAY


WORKDAYS = [number for number in range(28) if number % 7 < 5]


@pytest.mark.parametrize(
    ("first", "second", "expected", "codes"),
    [
        # the usual distance is kept though an earlier finish were possible
        ((0,), (1, 2, 6, 7, 8), [0, 7], ()),
        # nearer only for want of anything else, and not nearer than the least
        ((0,), (1, 2, 6), [0, 2], ("shorter_gap",)),
        ((0,), (1,), [0], ()),
        # up to the longest without a compromise
        ((0,), (14, 15), [0, 14], ()),
        ((0,), (15, 16), [0, 15], ("longer_gap",)),
        # a later first dose when that spares a compromise
        ((0, 1), (15,), [1, 15], ()),
        ((0, 9), (16,), [9, 16], ()),
    ],
)
def test_doses_keep_their_distance(first, second, expected, codes) -> None:
    found = best(dose(1, on_days(*first)), dose(2, on_days(*second)))
    assert days_of(found) == expected
    assert found.placed[-1].compromises == codes


@pytest.mark.parametrize(
    ("last", "options", "expected", "codes"),
    [
        (-7, (0, 1), [0], ()),
        (-6, (0, 1), [1], ()),
        (-6, (0,), [0], ("shorter_gap",)),
        (-1, (0,), [], ()),
        (-2, (0,), [0], ("shorter_gap",)),
        (-20, (0, 1), [0], ("longer_gap",)),
    ],
)
def test_the_first_dose_keeps_its_distance_from_one_that_was_given(last, options, expected, codes) -> None:
    found = best(dose(1, on_days(*options), replace(RULE, last_on=day(last))))
    assert days_of(found) == expected
    assert tuple(code for each in found.placed for code in each.compromises) == codes


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # the dose is from 9 to 10 on day 0, so the window is from 10 on day 1 to before 10 on day 3
        ([opt(1, 9), opt(1, 10)], (1, 10)),
        ([opt(1, 9), opt(3, 9)], (3, 9)),
        ([opt(1, 9), opt(3, 10)], None),
        # one that closes before the next session opens
        ([opt(2, 9, against=1), opt(3, 8)], (3, 8)),
    ],
)
def test_what_follows_a_dose_lies_in_its_window(options, expected) -> None:
    found = best(dose(1, on_days(0)), talk(2, options))
    if expected is None:
        assert ([each.key for each in found.placed], found.without_place) == ([1], (2,))
    else:
        assert found.placed[1].option.opening.start == MONDAY + expected[0] * DAY + expected[1] * HOUR


def test_another_day_of_the_dose_is_taken_for_what_follows_it() -> None:
    found = best(dose(1, on_days(0, 1, 2)), talk(2, on_days(4)), dose(3, on_days(9)))
    assert days_of(found) == [1, 4, 9]


def test_what_follows_a_dose_comes_before_the_next_dose() -> None:
    near = replace(RULE, usual_days=2)
    found = best(dose(1, on_days(0)), talk(2, [opt(2, 9), opt(2, 11)]), dose(3, on_days(2, 3), near))
    assert days_of(found) == [0, 2, 3]


@pytest.mark.parametrize(
    ("next_dose", "expected", "compromises"),
    [(2, [0, 1, 2], 1), (4, [0, 3, 4], 0), (30, [0, 3, 30], 1)],
)
def test_how_long_a_dose_takes_up_with_what_follows_it_depends_on_the_next(
    next_dose, expected, compromises
) -> None:
    either = talk(2, [opt(1, 10, against=1), opt(3, 9)])
    found = best(dose(1, on_days(0)), either, dose(3, on_days(next_dose), replace(RULE, usual_days=2)))
    assert (days_of(found), found.compromise_count) == (expected, compromises)


@pytest.mark.parametrize(("first", "second"), [((1, 2), ()), ((2,), (9,)), ((), (1, 2)), ((9,), (2,))])
def test_of_two_that_follow_a_dose_one_may_have_a_place(first, second) -> None:
    found = best(dose(1, on_days(0)), talk(2, on_days(*first, hour=11)), talk(3, on_days(*second, hour=11)))
    placed, without = ([1, 2], (3,)) if first in ((1, 2), (2,)) else ([1, 3], (2,))
    assert ([each.key for each in found.placed], found.without_place) == (placed, without)


def test_a_dose_goes_without_what_fits_nowhere_but_not_without_what_must_come_before() -> None:
    found = best(dose(1, on_days(0)), talk(2, on_days(5)), dose(3, on_days(7)))
    assert (days_of(found), found.without_place, found.waiting) == ([0, 7], (2,), ())
    review = Step(2, on_days(-1), own_day=True)
    found = best(dose(1, on_days(0)), review, dose(3, on_days(7)))
    assert (days_of(found), found.without_place, found.waiting) == ([0], (2,), (3,))
    found = best(dose(1, on_days(0)), replace(review, may_be_left_out=True), dose(3, on_days(7)))
    assert (days_of(found), found.without_place, found.waiting) == ([0, 7], (2,), ())


@pytest.mark.parametrize(
    ("stocks", "booked", "expected"),
    [
        ([(0, 30, 2)], [], [0, 7]),
        ([(0, 1, 99)], [], [0]),
        ([(0, 14, 99)], [], [0, 7, 14]),
        ([(7, 30, 99)], [], [7, 14, 21]),
        # shorter gaps are compromises, but a session without a place is worse
        ([(0, 8, 99)], [], [0, 2, 7]),
        # a dose that is booked later keeps what it counts on
        ([(0, 30, 3)], [25], [0, 7]),
        ([(0, 20, 2), (22, 30, 1)], [25], [0, 7]),
        # the one that ends first is used first
        ([(0, 30, 1), (0, 7, 2)], [], [0, 7, 14]),
        ([(0, 30, 1), (0, 6, 2)], [], [0, 2, 14]),
        # a booking without a dose of its own stands in nobody's way
        ([(0, 20, 3)], [25], [0, 7, 14]),
    ],
)
def test_doses_share_what_is_prescribed(stocks, booked, expected) -> None:
    free = on_days(0, 2, 7, 14, 21, 28)
    found = best(
        *(dose(key, free) for key in (1, 2, 3)),
        stocks=tuple(Stock(day(first), day(last), doses) for first, last, doses in stocks),
        booked_on=tuple(map(day, booked)),
    )
    assert days_of(found) == expected


def test_fewer_compromises_win_over_an_earlier_finish_and_that_over_earlier_starts() -> None:
    visit = Step(1, (opt(0, against=1), opt(1)))
    assert days_of(best(visit)) == [1]
    assert days_of(best(visit, Step(2, on_days(2, 3)))) == [1, 2]
    assert days_of(best(visit, Step(2, (*on_days(1, against=1), *on_days(2))))) == [1, 2]
    assert days_of(best(Step(1, on_days(0, 1, 2)), Step(2, on_days(3)))) == [0, 3]


def test_an_earlier_finish_wins_over_earlier_starts() -> None:
    """One compromise either way: a day that does not suit, or a long gap after an earlier first dose."""
    found = best(dose(1, on_days(0, 3)), dose(2, (opt(17, against=1), opt(18))))
    assert (days_of(found), found.compromise_count) == ([3, 17], 1)


def test_sessions_may_touch_but_not_overlap_set_up_and_notes_included() -> None:
    first = Step(1, (opt(0, 9, after=1),))
    assert len(best(first, Step(2, (opt(0, 11),))).placed) == 2
    assert len(best(first, Step(2, (opt(0, 10),))).placed) == 1
    assert len(best(first, Step(2, (opt(0, 11, before=1),))).placed) == 1
    soon = Step(2, (opt(0, 11), opt(0, 12)), window=(timedelta(0), DAY))
    found = best(dose(1, [opt(0, 9, after=2)]), soon)
    assert found.placed[1].option.opening.start == MONDAY + 12 * HOUR


def test_a_day_of_its_own_counts_set_up_and_notes() -> None:
    late = opt(0, 22, hours=1, after=2)  # its notes reach into the next day
    assert days_of(best(Step(1, (late,)), Step(2, on_days(1, 2), own_day=True))) == [0, 2]
    assert days_of(best(Step(1, (late,)), Step(2, on_days(1, 2)))) == [0, 1]


def test_another_proposal_is_another_rhythm() -> None:
    weekly = [dose(key, [opt(each, hour) for each in WORKDAYS for hour in (9, 10)]) for key in (1, 2, 3)]
    found = propose(Course(tuple(weekly), PLENTY), limit=3)
    assert [days_of(each) for each in found] == [[0, 7, 14], [1, 8, 15], [2, 9, 16]]
    assert [each.compromise_count for each in found] == [0, 0, 0]


def test_another_proposal_starts_a_week_later_where_only_one_weekday_suits() -> None:
    options = [opt(each, against=int(each % 7 != 0)) for each in WORKDAYS]
    found = propose(Course((dose(1, options), dose(2, options)), PLENTY), limit=3)
    assert [days_of(each) for each in found] == [[0, 7], [7, 14], [14, 21]]


def test_there_may_be_only_one() -> None:
    found = propose(Course((dose(1, on_days(0)), dose(2, on_days(7))), PLENTY), limit=3)
    assert len(found) == 1
    assert propose(Course(()), limit=3) == ()


def test_without_doses_every_session_changes_its_day() -> None:
    found = propose(Course((Step(1, on_days(0, 1)), Step(2, on_days(1, 2)))), limit=3)
    assert [days_of(each) for each in found] == [[0, 1], [1, 2]]


def test_a_window_follows_a_dose() -> None:
    with pytest.raises(ValueError, match="follows a dose"):
        Course((Step(1, ()), talk(2, ())))


# The oracle: every combination, looked at as a whole.

Combination = tuple[Option | None, ...]


def combinations(steps: Sequence[Step]) -> Iterator[Combination]:
    """Each step with each of its options or without; without a step that must be, none comes after it."""
    if not steps:
        yield ()
        return
    step, rest = steps[0], steps[1:]
    for chosen in step.options:
        for others in combinations(rest):
            yield (chosen, *others)
    if step.window or step.may_be_left_out:
        for others in combinations(rest):
            yield (None, *others)
    else:
        yield (None,) * len(steps)


def holds(course: Course, combination: Combination) -> bool:
    placed = [
        (step, chosen) for step, chosen in zip(course.steps, combination, strict=True) if chosen is not None
    ]
    for (_, before), (step, chosen) in pairwise(placed):
        if chosen.opens < before.closes or (step.own_day and chosen.opens_on <= before.closes_on):
            return False
    doses = [(step, chosen) for step, chosen in placed if step.dose]
    for place, (step, _) in enumerate(doses):
        since = days_since(doses, place)
        if since is not None and step.dose and since < step.dose.min_days:
            return False
    last: Option | None = None
    for step, chosen in zip(course.steps, combination, strict=True):
        if step.dose:
            last = chosen
        if step.window and chosen is not None:
            if last is None:
                return False
            waited = chosen.opening.start - last.opening.end
            if not step.window[0] <= waited < step.window[1]:
                return False
    served: list[date] = []
    for on in sorted(course.booked_on):
        if can_serve(course.stocks, (*served, on)):
            served.append(on)
    return can_serve(course.stocks, (*served, *(chosen.on for _, chosen in doses)))


def days_since(doses: list[tuple[Step, Option]], place: int) -> int | None:
    step, chosen = doses[place]
    assert step.dose
    if step.dose.last_on is not None:
        return (chosen.on - step.dose.last_on).days
    return (chosen.on - doses[place - 1][1].on).days if place else None


def can_serve(stocks: tuple[Stock, ...], days: tuple[date, ...]) -> bool:
    """Whether there is any way at all to give each dose its own."""
    if not days:
        return True
    return any(
        stock.doses > 0
        and stock.first_on <= days[0] <= stock.through_on
        and can_serve(
            (*stocks[:place], replace(stock, doses=stock.doses - 1), *stocks[place + 1 :]), days[1:]
        )
        for place, stock in enumerate(stocks)
    )


def worth(course: Course, combination: Combination) -> tuple[object, ...]:
    """The less the better."""
    placed = [chosen for chosen in combination if chosen is not None]
    doses = [
        (step, chosen)
        for step, chosen in zip(course.steps, combination, strict=True)
        if step.dose and chosen is not None
    ]
    gaps = 0
    for place, (step, _) in enumerate(doses):
        since = days_since(doses, place)
        if since is not None and step.dose:
            gaps += since < step.dose.usual_days or since > step.dose.longest_days
    return (
        tuple(chosen is None for chosen in combination),
        gaps + sum(len(chosen.compromises) for chosen in placed),
        max((chosen.opening.end for chosen in placed), default=MONDAY),
        sum((chosen.opening.start - MONDAY for chosen in placed), timedelta(0)),
    )


def as_combination(course: Course, proposal: Proposal) -> Combination:
    by_key = {each.key: each.option for each in proposal.placed}
    return tuple(by_key.get(step.key) for step in course.steps)


STARTS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([8, 9, 10, 22]), st.sampled_from([0, 0, 0, 1, 2])),
    max_size=5,
    unique_by=lambda each: each[:2],
).map(sorted)
# One step is of one appointment type, so all its options take the same time.
SHAPES = st.tuples(st.sampled_from([1, 1, 3]), st.sampled_from([0, 0, 1]), st.sampled_from([0, 0, 2]))
OPTIONS = st.builds(
    lambda starts, shape: tuple(
        opt(day, hour, hours=shape[0], before=shape[1], after=shape[2], against=against)
        for day, hour, against in starts
    ),
    STARTS,
    SHAPES,
)
RULES = st.builds(
    DoseRule,
    min_days=st.sampled_from([0, 1, 2, 3]),
    usual_days=st.sampled_from([1, 2, 3, 5]),
    longest_days=st.sampled_from([2, 4, 6]),
    last_on=st.sampled_from([None, None, None, day(-3), day(0)]),
)
WINDOWS = st.sampled_from([NEXT_DAYS, (timedelta(0), 30 * HOUR), (24 * HOUR, 120 * HOUR)])
STOCKS = st.lists(
    st.builds(
        lambda first, length, doses: Stock(day(first), day(first + length), doses),
        st.sampled_from([-9, -9, 0, 3, 5]),
        st.integers(0, 20),
        st.integers(0, 3),
    ),
    max_size=2,
).map(tuple)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    steps: list[Step] = []
    for key in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["dose", "dose", "talk", "other"]))
        # Often the same options for all, as it is when nothing but the order tells doses apart.
        options = steps[0].options if steps and draw(st.booleans()) else draw(OPTIONS)
        if kind == "dose":
            steps.append(Step(key, options, own_day=True, dose=draw(RULES)))
        elif kind == "talk" and steps and (steps[-1].dose or steps[-1].window):
            steps.append(Step(key, options, window=draw(WINDOWS)))
        else:
            steps.append(Step(key, options, own_day=draw(st.booleans()), may_be_left_out=draw(st.booleans())))
    booked = draw(st.lists(st.integers(0, 14).map(day), max_size=2))
    stocks = draw(st.one_of(st.just(PLENTY), STOCKS))
    return Course(tuple(steps), stocks, tuple(booked))


@property_test(300)
@given(courses(), st.integers(1, 3), st.integers(-15, 15))
def test_each_proposal_is_the_best_of_all_combinations(course: Course, limit: int, spare_days: int) -> None:
    every = [each for each in combinations(course.steps) if holds(course, each)]
    found = propose(course, limit=limit, spare_days=spare_days)
    assert found
    wanted = min(worth(course, each) for each in every)
    for proposal in found:
        combination = as_combination(course, proposal)
        assert holds(course, combination)
        assert worth(course, combination) == wanted
        assert proposal.compromise_count == wanted[1]
        told = [*(each.key for each in proposal.placed), *proposal.without_place, *proposal.waiting]
        assert sorted(told) == [step.key for step in course.steps]
        every = [each for each in every if is_another(course, each, combination)]
        wanted = min((worth(course, each) for each in every), default=((True,) * 99, 0, MONDAY))
        if wanted[0] != worth(course, combination)[0]:
            break
    assert len(found) == limit or wanted[0] != worth(course, combination)[0] or not every


def is_another(course: Course, one: Combination, other: Combination) -> bool:
    moving = [place for place, step in enumerate(course.steps) if step.dose and other[place]]
    moving = moving or [place for place, chosen in enumerate(other) if chosen]
    return bool(moving) and all(
        (mine := one[place]) is None or (theirs := other[place]) is None or mine.on != theirs.on
        for place in moving
    )


@property_test(150)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 15), st.integers(0, 3)), max_size=3),
    st.lists(st.integers(0, 25), max_size=3, unique=True),
    st.lists(st.integers(0, 25), min_size=1, max_size=4, unique=True),
)
def test_stocks_serve_whom_prescriptions_serve(stocks, booked, wanted) -> None:
    """A course is placed on these days exactly if its doses pass the gate's own rule one after the other."""
    prescriptions = [
        PrescriptionFact(number, "im", day(first), day(first + length), None, doses)
        for number, (first, length, doses) in enumerate(stocks)
    ]
    others = [DoseFact(each, "im", MONDAY + each * DAY, day(each)) for each in booked]
    passing = 0
    for each in sorted(wanted):
        fact = DoseFact(None, "im", MONDAY + each * DAY, day(each))
        if prescription_blockers(prescriptions, others, fact, may_displace=False):
            break
        others.append(fact)
        passing += 1
    free = replace(RULE, min_days=0, usual_days=0)
    found = best(
        *(dose(each, on_days(each), free) for each in sorted(wanted)),
        stocks=tuple(Stock(day(first), day(first + length), doses) for first, length, doses in stocks),
        booked_on=tuple(map(day, booked)),
    )
    assert len(found.placed) == passing


# The survey of all openings.


@property_test(40)
@given(situations())
def test_a_survey_finds_what_find_openings_finds(situation: Situation) -> None:
    demand, calendars, window = situation.demand, situation.calendars, situation.window
    found, homes = series.survey(demand, calendars, window=window, home={})
    assert found == find_openings(demand, calendars, window=window, limit=9999)
    assert homes == {}
    if any(need.count > 1 for need in demand.needs):
        return  # who sits together has no home
    for need in demand.needs:
        for wanted in need.candidates:
            ordered = tuple(sorted(need.candidates, key=lambda key: key.id != wanted.id))
            needs = tuple(
                replace(each, candidates=ordered) if each is need else each for each in demand.needs
            )
            found, _ = series.survey(demand, calendars, window=window, home={need.key: wanted.id})
            assert found == find_openings(replace(demand, needs=needs), calendars, window=window, limit=9999)


def test_the_room_that_is_free_for_longest_is_home() -> None:
    rooms = [ResourceKey("room", number) for number in (1, 2)]
    demand = Demand(
        HOUR,
        (Need("room:dosing", ((timedelta(0), HOUR),), tuple(rooms)),),
        GridRule(60, ZoneInfo("UTC")),
        MONDAY,
        MONDAY + 99 * DAY,
    )
    busy = {
        rooms[0]: (Span(MONDAY, MONDAY + 5 * HOUR),),
        rooms[1]: (Span(MONDAY + 6 * HOUR, MONDAY + 9 * HOUR),),
    }
    calendars = {key: Calendar(None, busy=spans) for key, spans in busy.items()}
    window = Span(MONDAY, MONDAY + DAY)
    found, homes = series.survey(demand, calendars, window=window, home={"room:dosing": None})
    assert homes == {"room:dosing": 2}
    assert [each.chosen["room:dosing"].id for each in found[:10]] == [2, 2, 2, 2, 2, 2, 1, 1, 1, 2]


def test_an_option_knows_what_it_takes_in_all() -> None:
    demand = Demand(
        HOUR,
        (Need("room:dosing", ((-HOUR, 2 * HOUR),), ()),),
        GridRule(60, ZoneInfo("America/Los_Angeles")),
        MONDAY,
        MONDAY + DAY,
    )
    start = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # midnight in Los Angeles
    found = series.option(Opening(start, start + HOUR, {}), demand, ("x",))
    assert (found.opens, found.closes) == (start - HOUR, start + 2 * HOUR)
    assert (found.opens_on, found.on, found.closes_on) == (day(0), day(1), day(1))


def test_six_doses_with_integration_over_ten_weeks_take_little_time() -> None:
    """As much as a clinic offers: every half hour of ten weeks of workdays, some with compromises."""
    free = [each for each in range(70) if each % 7 < 5]
    doses = [opt(each, hour, hours=3, before=1, against=hour % 3) for each in free for hour in range(8, 24)]
    talks = [opt(each, hour, against=hour % 2) for each in free for hour in range(6, 24)]
    steps: list[Step] = []
    both = tuple(doses), tuple(talks)
    for number in range(6):
        steps += [Step(2 * number, both[0], own_day=True, dose=RULE)]
        steps += [Step(2 * number + 1, both[1], window=NEXT_DAYS)]
    course = Course(tuple(steps), (Stock(day(0), day(30), 4), Stock(day(10), day(90), 4)), (day(60),))
    began = time.perf_counter()
    found = propose(course, limit=3)
    took = time.perf_counter() - began
    assert [len(each.placed) for each in found] == [12, 12, 12]
    assert took < 1  # usually a tenth of it, but machines are shared
