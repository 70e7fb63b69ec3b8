"""Which questionnaire is due when: the cadence of a protocol, laid over the doses of one course. Pure.

An occasion asks for an instrument in a window of time; any answer in the window meets it, and so does one
that comes up to two days early. What was not answered in its window is no longer asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from practice import clock

WEEK = timedelta(days=7)  # before a dose, and after one
EARLY = timedelta(days=2)
ASKED_FOR = timedelta(days=7)  # from the begin of a window that no dose ends
MONTH = timedelta(days=30)
# The occasions around one dose, by when a client is asked by link.
AROUND = {"before": "before_dose", "after": "week_after_dose"}


class Answer(NamedTuple):
    """When somebody answered, alone or with staff, and the dose that it was taken for, if it was for one."""

    at: datetime
    planned_session_id: int | None = None


Answers = Mapping[str, Sequence[Answer]]  # by instrument


@dataclass(frozen=True, slots=True)
class Dose:
    """`at` is the end of a dose that was given, or the start of one that is booked."""

    number: int
    at: datetime
    is_given: bool
    planned_session_id: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """One client's course so far. `doses` are those given or booked, `planned` how many the course has.

    Of `answered` those that were corrected are left out.
    """

    begun_at: datetime
    doses: tuple[Dose, ...]
    planned: int
    answered: Answers
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Due:
    """An instrument in [from_at, until_at); `until_at` is None while nothing ends it."""

    instrument: str
    occasion: str
    dose_number: int | None
    planned_session_id: int | None
    from_at: datetime
    until_at: datetime | None


def instruments_around(cadence: Iterable[Mapping[str, Any]], occasion: str) -> tuple[str, ...]:
    """Those that a protocol asks for "before" or "after" each dose."""
    return tuple(each["measure"] for each in cadence if AROUND[occasion] in each["when"])


def open_around(
    cadence: Iterable[Mapping[str, Any]], occasion: str, dose: Dose, answered: Answers
) -> tuple[str, ...]:
    """Of those that a protocol asks for "before" or "after" `dose`, what nobody has answered yet."""
    begins = dose.at - WEEK if occasion == "before" else dose.at + WEEK
    return tuple(
        code
        for code in instruments_around(cadence, occasion)
        if not _is_met(_due(code, AROUND[occasion], dose, begins, None), answered)
    )


def due(cadence: Iterable[Mapping[str, Any]], course: Course, *, now: datetime) -> tuple[Due, ...]:
    """What is to be answered now, the first to end first. `only_for` needs an answer that began it."""
    found = [
        one
        for each in cadence
        if "only_for" not in each or course.answered.get(each["measure"])
        for one in _windows(each["measure"], each["when"], course)
        if one.from_at <= now
        and (one.until_at is None or now < one.until_at)
        and not _is_met(one, course.answered)
    ]
    return tuple(sorted(found, key=lambda one: (one.until_at is None, one.until_at or one.from_at)))


def _windows(instrument: str, occasions: Iterable[str], course: Course) -> Iterator[Due]:
    doses = sorted(course.doses, key=lambda dose: dose.at)
    first = next(iter(doses), None)
    for occasion in occasions:
        if occasion == "baseline":
            yield _due(instrument, occasion, None, course.begun_at, first.at if first else None)
        elif occasion == "monthly":
            answers = course.answered.get(instrument, ())
            last = max((answer.at for answer in answers), default=course.begun_at)
            yield _due(instrument, occasion, None, last + MONTH, None)
        else:
            for dose in doses:
                yield from _around(instrument, occasion, dose, course)


def _around(instrument: str, occasion: str, dose: Dose, course: Course) -> Iterator[Due]:
    middle = (course.planned + 1) // 2
    if occasion == "before_dose" and not dose.is_given:
        yield _due(instrument, occasion, dose, dose.at - WEEK, dose.at)
    elif occasion == "dosing_day" and not dose.is_given:
        opens_at, _closes_at = clock.day_span(clock.local_day(dose.at, course.zone), course.zone)
        yield _due(instrument, occasion, dose, opens_at, dose.at)
    elif occasion == "week_after_dose" and dose.is_given:
        yield _due(instrument, occasion, dose, dose.at + WEEK, dose.at + WEEK + ASKED_FOR)
    elif dose.is_given and (
        (occasion == "mid_series" and dose.number == middle != course.planned)
        or (occasion == "end_of_series" and dose.number == course.planned)
    ):
        yield _due(instrument, occasion, dose, dose.at, dose.at + ASKED_FOR)


def _due(
    instrument: str, occasion: str, dose: Dose | None, from_at: datetime, until_at: datetime | None
) -> Due:
    number, session = (dose.number, dose.planned_session_id) if dose else (None, None)
    return Due(instrument, occasion, number, session, from_at, until_at)


def _is_met(one: Due, answered: Answers) -> bool:
    early = timedelta(0) if one.occasion in ("dosing_day", "monthly") else EARLY
    # What somebody answered before the course began is a baseline as well, if it is not older than a month.
    since = one.from_at - (MONTH if one.occasion == "baseline" else early)
    return any(
        answer.at >= since or _was_taken_for(answer, one) for answer in answered.get(one.instrument, ())
    )


def _was_taken_for(answer: Answer, one: Due) -> bool:
    """Before a dose that was moved since: it is not asked twice."""
    is_before = one.occasion == AROUND["before"]
    return (
        is_before
        and answer.planned_session_id is not None
        and (answer.planned_session_id == one.planned_session_id)
    )
