"""The pieces that the stories of the demo's clients are told with: visits, answers, calls at the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import product

from treatment_plans.models import PlannedSession
from web.demo.clinic import Clinic
from web.demo.course import THERAPIST, Answer, Course, Visit
from web.demo.diary import Diary, Place

Kind = PlannedSession.Kind

# What is tried first comes first.
TALK_TIMES = tuple(time(hour) for hour in (10, 11, 14, 15, 12, 16, 9, 13, 8))
REMOTE_TIMES = tuple(time(hour, minute) for hour in (10, 14, 12, 15, 13, 9) for minute in (0, 30))
DOSING_TIMES = tuple(time(hour, minute) for hour in (9, 13, 10, 14, 15, 11) for minute in (0, 30))
CALLS_BEGIN_LOCAL, BETWEEN_CALLS, MOST_CALLS = time(12, 5), timedelta(seconds=40), 400
BEFORE_THE_START = timedelta(minutes=8)
CALLS_DAYS_BEFORE = 3

# The questions that nobody has answered before the day comes, by the turn of the part.
OPEN = {
    "ride_open": ("ride",),
    "support_open": ("support_person",),
    "ride_problem": ("ride",),
    "override": ("support_person",),
}


class Planner:
    def __init__(self, clinic: Clinic, diary: Diary) -> None:
        self.clinic, self.diary = clinic, diary
        self._calls: Counter[int] = Counter()

    def at(self, day: int, local: time) -> datetime:
        return self.diary.at(day, local)

    def desk(self, day: int) -> datetime:
        """When the desk gets to it on that day: its calls come one after the other from noon on."""
        self._calls[day] += 1
        return self.at(day, CALLS_BEGIN_LOCAL) + BETWEEN_CALLS * (self._calls[day] % MOST_CALLS)

    def reserve(self, course: Course, code: str, slots: Iterable[tuple[int, time]]) -> Place:
        return self.diary.reserve(code, slots, client=course.number, therapist_id=course.therapist_id)

    def talk(
        self,
        course: Course,
        kind: str,
        day: int,
        local: time,
        *,
        number: int = 1,
        booked_on: int | None = None,
    ) -> Visit:
        """A visit without a dose on that day or near it; booked four days before, or yesterday."""
        is_remote = kind in (Kind.EVALUATION, Kind.REVIEW)
        days = (day, day + 1, day + 2) if day >= 0 else (day, day - 1, day + 1, day - 2)
        place = self.reserve(
            course, kind, product(days, (local, *(REMOTE_TIMES if is_remote else TALK_TIMES)))
        )
        if booked_on is None:
            booked_on = self.diary.day_of(place.starts_at) - 4
        visit = Visit(kind, kind, number, self.desk(min(booked_on, -1)), place)
        course.visits.append(visit)
        return visit

    def dosing_place(self, course: Course, day: int, local: time, *, later: bool) -> Place:
        step = 1 if later else -1
        days = (day, day + step, day + 2 * step)
        return self.reserve(course, dosing_code(course.route), product(days, (local, *DOSING_TIMES)))

    def brings_medicine(self, course: Course) -> bool:
        return self.clinic.protocols[course.route].client_brings_medication

    def integration(self, course: Course, dose: Visit, *, after_two_days: bool) -> None:
        """From 24 to 72 hours after the dose, booked together with it."""
        day = self.diary.day_of(dose.place.starts_at)
        earliest = dose.place.ends_at + timedelta(hours=24)
        next_day = [(day + 1, local) for local in TALK_TIMES if self.at(day + 1, local) >= earliest]
        two_days = [(day + 2, local) for local in TALK_TIMES]
        slots = [*two_days, *next_day] if after_two_days else [*next_day, *two_days]
        place = self.reserve(course, Kind.INTEGRATION, slots)
        booked_at = dose.booked_at + timedelta(seconds=20)
        course.visits.append(Visit(Kind.INTEGRATION, Kind.INTEGRATION, dose.number, booked_at, place))

    def answers(self, course: Course, place: Place, turn: str = "") -> list[Answer]:
        """What is said before a dosing session: by phone in the days before, the rest at the door."""
        day = self.diary.day_of(place.starts_at)
        calls_at = self.at(min(day - 2, -1), time(15, 30))
        stays = self.clinic.protocols[course.route].support_person_required
        people = ["ride", "support_person"] if stays else ["ride"]
        said = [Answer(item, calls_at) for item in people if item not in OPEN.get(turn, ())]
        if day > CALLS_DAYS_BEFORE:
            said = []
        if turn == "all_set":
            said.append(Answer("fasting", self.at(-1, time(17, 40))))
        if turn == "override":
            reason = "Lives with two nurses, both at home tonight"
            said.append(
                Answer(
                    "support_person",
                    self.at(-1, time(16, 20)),
                    "overridden",
                    said_by="staff",
                    detail=reason,
                    recorded_by=THERAPIST,
                )
            )
        settled = {answer.item for answer in said}
        if turn == "ride_problem":
            said.append(Answer("ride", self.at(-1, time(17, 5)), "problem", detail="The brother can’t come"))
        at_the_door = [item for item in (*people, "fasting") if item not in settled]
        if self.brings_medicine(course):
            at_the_door.append("medicine")
        return said + [
            Answer(
                item,
                place.starts_at - BEFORE_THE_START,
                said_by="staff" if item == "medicine" else "client",
                source="in_person",
                recorded_by=THERAPIST,
            )
            for item in at_the_door
        ]


def dosing_code(route: str) -> str:
    return f"dosing-{route.replace('_', '-')}"
