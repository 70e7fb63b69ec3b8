"""Each part as a story: what happened to the client so far, and what is planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from itertools import product
from random import Random

from treatment_plans.models import PlannedSession
from web.demo.course import Course, Decision, Order, Screened, Visit
from web.demo.diary import Place
from web.demo.parts import Part
from web.demo.people import invent
from web.demo.visits import TALK_TIMES, Planner, dosing_code

Kind = PlannedSession.Kind
WEEK, TWICE_A_WEEK = 7, 3
STAYS_ON_THE_LIST = 4
LAST_DAYS = 4  # how long after the next dose a prescription that ends soon is valid
CONDITIONS = {
    "conditional": "Blood pressure at home for two weeks first",
    "needs_more": "Waiting for the cardiologist’s letter",
    "not_now": "To be looked at again in three months",
}

EVALUATED_ELSEWHERE = frozenset({"conditional", "needs_more", "not_now"})
OWED_A_TALK = frozenset({"revoked", "override"})  # nobody has booked their integration yet
BOOKED_TOGETHER_DAYS = 1  # integration of a dose further ahead is not booked yet


def tell(planner: Planner, number: int, part: Part, *, rng: Random) -> Course:
    """The course of the client of that number. Raises NothingFree when the practice is too full."""
    clinic = planner.clinic
    course = Course(
        number=number,
        stage=part.stage,
        person=invent(number, rng, today=planner.diary.today),
        registered_at=planner.desk(min(part.day, 0) - 6),
        therapist_id=clinic.therapists[number % len(clinic.therapists)].pk,
        psychiatrist_id=clinic.psychiatrists[number % len(clinic.psychiatrists)].pk,
        route=part.route,
    )
    STORIES[part.stage](planner, course, part)
    return course


def _inquiry(planner: Planner, course: Course, part: Part) -> None:
    course.registered_at = planner.desk(part.day)


def _consult_booked(planner: Planner, course: Course, part: Part) -> None:
    consult = planner.talk(course, Kind.CONSULT, part.day, part.local)
    _begin_before(course, consult)
    if part.turn == "stays_away":
        consult.came = False
    if part.turn == "calls_off":
        consult.cancelled_at = planner.at(-1, time(17, 20))
        consult.cancelled_by, consult.cancel_reason = "client", "Has a cold"


def _evaluation_waiting(planner: Planner, course: Course, part: Part) -> None:
    consult = planner.talk(course, Kind.CONSULT, -4, time(11))
    _begin_before(course, consult)
    course.referred_at = consult.place.ends_at + timedelta(minutes=20)
    asked_at = planner.desk(planner.diary.day_of(course.referred_at) + 1)
    course.screened = _screened(part.turn, asked_at)
    signatures = {"flagged": 1, "half_filled": 0}.get(part.turn, 2)
    course.signed_at = tuple(asked_at + timedelta(minutes=10) for _each in range(signatures))
    if part.turn != "unbooked":
        planner.talk(course, Kind.EVALUATION, part.day, part.local, booked_on=-2)


def _screened(turn: str, at: datetime) -> Screened:
    if turn == "flagged":
        answers = {"heart": "yes", "blood_pressure": {"systolic": 148, "diastolic": 92}}
        medicines = (("lorazepam 0.5 mg", "benzodiazepine"), ("biotin", ""))
        return Screened(at, answers=answers, medicines=medicines)
    if turn == "half_filled":
        return Screened(at, by="link", until=11)
    return Screened(at, by="link", answers={"sleep_apnoea": "yes"})


def _cleared(planner: Planner, course: Course, part: Part) -> None:
    if part.turn in EVALUATED_ELSEWHERE:
        course.with_intake = False
        course.drafted_at = course.registered_at + timedelta(minutes=20)
        course.decision = Decision(planner.at(-2, time(15, 10)), part.turn, CONDITIONS[part.turn])
        return
    consult = planner.talk(course, Kind.CONSULT, -9, time(14))
    _begin_before(course, consult)
    evaluation = planner.talk(course, Kind.EVALUATION, -3, time(13), booked_on=-6)
    decided_at = evaluation.place.ends_at + timedelta(minutes=40)
    course.decision = Decision(decided_at, part.turn, CONDITIONS.get(part.turn, ""))


def _prescribed(planner: Planner, course: Course, part: Part) -> None:
    _ready_from(planner, course, -6, signatures=course.number % 3)
    assert course.order is not None
    if part.turn:
        course.sent_at = course.order.at + timedelta(minutes=5)
    if part.turn == "dispensed":
        course.dispensed_at = planner.at(-4, time(13, 25))


def _preparing(planner: Planner, course: Course, part: Part) -> None:
    _ready_from(planner, course, -8)
    if part.turn == "moved":
        visit = planner.talk(course, Kind.PREPARATION, -1, part.local, booked_on=-5)
        visit.moved_at = planner.desk(-3)
        visit.moved_to = planner.reserve(
            course, Kind.PREPARATION, product((part.day, part.day + 1), (part.local, *TALK_TIMES))
        )
    else:
        planner.talk(course, Kind.PREPARATION, part.day, part.local, booked_on=-3)


def _in_series(planner: Planner, course: Course, part: Part) -> None:
    first = _doses(planner, course, part)
    upcoming = course.doses_told[-1]
    if part.turn == "moved":
        upcoming.moved_at = planner.at(-1, time(15, 5))
        upcoming.moved_to = planner.dosing_place(course, part.day + 1, part.local, later=True)
    if part.turn == "revoked":
        course.revoked_at = planner.at(-1, time(18, 10))
        upcoming.cancelled_at = upcoming.place.starts_at - timedelta(minutes=30)
        upcoming.cancelled_by, upcoming.cancel_reason = "clinic", "Waits for a new prescription"
    upcoming.answers = planner.answers(course, upcoming.last_place, part.turn)
    if part.turn == "adverse_event":
        had, upcoming = course.doses_told
        had.has_adverse_event = True
        upcoming.booked_at = had.booked_at + timedelta(minutes=2)  # afterwards it would be refused
    ends_soon = part.turn == "talk_after_two_days"
    if ends_soon and course.number % 2:
        course.renewed_at = planner.at(-1, time(18, 20))
    _ready_from(planner, course, first - 5, last_day=part.day + LAST_DAYS if ends_soon else None)


def _on_hold(planner: Planner, course: Course, part: Part) -> None:
    first = _doses(planner, course, part, with_next=False)
    _ready_from(planner, course, first - 5, last_day=part.day - 5)


def _review(planner: Planner, course: Course, part: Part) -> None:
    """A single dose five or six days ago, and the look back at it."""
    first = _doses(planner, course, Part("review", part.day + 1, done=1), with_next=False)
    course.doses = 1
    planner.talk(course, Kind.REVIEW, part.day, part.local, booked_on=-3)
    _ready_from(planner, course, first - 5)


def _finished(planner: Planner, course: Course, part: Part) -> None:
    first = _doses(planner, course, part, with_next=False)
    _ready_from(planner, course, first - 5)
    course.doses = part.done
    every = planner.clinic.protocols[course.route].review_after_doses or part.done
    reviewed = [dose for dose in course.doses_told if dose.number % every == 0 or dose.number == part.done]
    for number, dose in enumerate(reviewed, start=1):
        day = planner.diary.day_of(dose.place.starts_at) + 4
        review = planner.talk(course, Kind.REVIEW, day, time(15), number=number)
    if course.number % 5 != STAYS_ON_THE_LIST:
        course.left_at = review.place.ends_at + timedelta(hours=2)


def _begin_before(course: Course, consult: Visit) -> None:
    """They called, and were registered with a first plan; a day later the consult was booked."""
    course.registered_at = consult.booked_at - timedelta(days=1, minutes=10)
    course.drafted_at = consult.booked_at - timedelta(minutes=5)


def _ready_from(
    planner: Planner, course: Course, day: int, *, signatures: int = 2, last_day: int | None = None
) -> None:
    """From that day on doses can be booked; the evaluation was elsewhere, before they came to us."""
    course.with_intake = False
    course.registered_at = planner.desk(day - 4)
    course.drafted_at = course.registered_at + timedelta(minutes=20)
    course.signed_at = tuple(planner.desk(day - 2) for _each in range(signatures))
    course.decision = Decision(planner.at(day - 1, time(15, 40)), "cleared")
    doses_per_fill, refills = (2, 2) if planner.brings_medicine(course) else (8, 0)
    course.order = Order(planner.at(day - 1, time(15, 55)), doses_per_fill, refills, last_day)
    if course.route == "spravato":
        course.enrolled_at = planner.at(day - 1, time(16, 10))
    course.activated_at = planner.at(day - 1, time(16, 30))


def _doses(planner: Planner, course: Course, part: Part, *, with_next: bool = True) -> int:
    """Tell the series backwards from its next dose, on `part.day`; returns the day of the first visit."""
    protocol = planner.clinic.protocols[course.route]
    step = TWICE_A_WEEK if course.route == "spravato" else WEEK
    day = part.day
    places: list[Place] = []
    for number in range(part.done + 1, 0, -1):
        is_done = number <= part.done
        if is_done or with_next:
            places.append(planner.dosing_place(course, day, part.local, later=not is_done))
            day = planner.diary.day_of(places[-1].starts_at)
        day -= step
    first = planner.diary.day_of(places[-1].starts_at) if places else part.day
    for number in range(protocol.preparation_sessions, 0, -1):
        preparation = planner.talk(course, Kind.PREPARATION, first - 3, time(11), number=number)
        first = planner.diary.day_of(preparation.place.starts_at)
    booked_on = first if protocol.preparation_sessions else first - 2
    for number, place in enumerate(reversed(places), start=1):
        visit = Visit(dosing_code(course.route), Kind.DOSING, number, planner.desk(min(booked_on, -1)), place)
        course.visits.append(visit)
        if number <= part.done:
            visit.answers = planner.answers(course, place)
        is_near = planner.diary.day_of(place.starts_at) <= BOOKED_TOGETHER_DAYS
        is_owed = part.turn in OWED_A_TALK
        if protocol.integration_until_hours and is_near and not is_owed:
            planner.integration(course, visit, after_two_days=part.turn == "talk_after_two_days")
        booked_on = planner.diary.day_of(place.starts_at)
    return first


STORIES: dict[str, Callable[[Planner, Course, Part], None]] = {
    "inquiry": _inquiry,
    "consult_booked": _consult_booked,
    "evaluation_waiting": _evaluation_waiting,
    "cleared": _cleared,
    "prescribed": _prescribed,
    "preparing": _preparing,
    "in_series": _in_series,
    "on_hold": _on_hold,
    "review": _review,
    "finished": _finished,
}
