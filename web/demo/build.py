"""Builds the demo practice in one transaction: all of it or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from random import Random
from unittest import mock

from django.db import connection, transaction
from django.utils.translation import gettext as _

from notifications.reconcile import STILL_OWED
from practice import activity, clock
from practice.doors import step
from practice.models import Activity
from web.demo import bulk
from web.demo import clinic as places
from web.demo.clinic import Clinic
from web.demo.course import Course
from web.demo.diary import Diary, NothingFree
from web.demo.parts import PARTS, Part, more_parts
from web.demo.play import play
from web.demo.stores import fill_the_cabinet
from web.demo.story import tell
from web.demo.visits import Planner
from web.demo.waiting import put_some_on_the_waitlist

BUILT = "demo.built"
OPENED_DAYS_AGO = 45
UNREACHABLE = 5  # whose number has gone out of service; their session is tomorrow
OWED_DAYS = STILL_OWED.days + 2
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Size:
    """`teams` is how many times the staff of a small practice there is, `casts` how many times all parts are
    played through the doors. All other clients are written in bulk; what they had is up to `past_days` ago.
    """

    clients: int
    teams: int
    casts: int
    past_days: int = 0


SIZES = {
    "small": Size(clients=60, teams=1, casts=1),
    "medium": Size(clients=600, teams=2, casts=2, past_days=200),
    "large": Size(clients=10_000, teams=8, casts=4, past_days=900),
}


def find_demo() -> Activity | None:
    """What was noted when this database was filled, or None if it never was."""
    return Activity.objects.filter(action=BUILT).first()


@contextmanager
def all_or_none() -> Iterator[None]:
    """One transaction around doors, which otherwise insist on being the outermost.

    Whoever stops the building leaves the database as it was, and no worker sees half a practice. Any refusal
    ends it too, so the doors need no savepoints of their own; without them it is a third faster.
    """
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]  # what Django's own test cases say to nest them
    with atomic, mock.patch.object(connection.features, "uses_savepoints", False):
        yield


def build(size_name: str, *, seed: int, now: datetime, progress: Progress) -> None:
    """Raises nothing that the doors don't; whatever it raises, the database is as before."""
    size, rng = SIZES[size_name], Random(seed)  # noqa: S311  invented people, not secrets
    tz = clock.zone(places.ZONE)
    today = clock.local_day(now, tz)
    with all_or_none():
        progress(_("practice"), 0, 1)
        opened_on = today - timedelta(days=OPENED_DAYS_AGO + size.past_days)
        opened_at = clock.first_instant(datetime.combine(opened_on, time(8)), tz)
        clinic = places.open_clinic(teams=size.teams, today=today, now=opened_at)
        planner = Planner(clinic, Diary(clinic, today))
        cast = [tell(planner, number, part, rng=rng) for number, part in enumerate(PARTS * size.casts)]
        if extras := size.clients - len(cast):
            add_extras(planner, len(cast), extras, size, rng, now, progress)
        play(
            clinic,
            cast,
            rng=rng,
            today=today,
            until=now,
            out_of_service={cast[UNREACHABLE].person.phone: planner.at(-2, time(0))},
            tick=partial(progress, _("what happened so far")),
        )
        fill_the_cabinet(clinic, today=today, now=now)
        put_some_on_the_waitlist(clinic, today=today, now=now)
        note(clinic, size_name, seed, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def add_extras(
    planner: Planner, first: int, count: int, size: Size, rng: Random, now: datetime, progress: Progress
) -> None:
    told, courses = partial(progress, _("courses of more clients")), []
    for number, part in enumerate(more_parts(count, rng=rng, past_days=size.past_days), start=first):
        courses.append(tell_if_it_fits(planner, number, part, rng))
        told(number - first + 1, count)
    clinic, today = planner.clinic, planner.diary.today
    written, booked_at = partial(progress, _("more clients")), planner.at(-1, time(16, 40))
    bulk.write(clinic, courses, rng=rng, today=today, now=now, booked_at=booked_at, tick=written)
    bulk.plan_messages(booked_at)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def tell_if_it_fits(planner: Planner, number: int, part: Part, rng: Random) -> Course:
    """They have only asked so far when the practice is too full, or when a message about a dose of theirs
    would still be owed: what is written in bulk has no messages of the past.
    """
    try:
        course = tell(planner, number, part, rng=rng)
    except NothingFree:
        pass
    else:
        if not any(
            -OWED_DAYS < planner.diary.day_of(dose.place.starts_at) <= 0 for dose in course.doses_told
        ):
            return course
    return tell(planner, number, Part("inquiry", -rng.randint(2, 60)), rng=rng)


@step
def note(clinic: Clinic, size_name: str, seed: int, now: datetime) -> None:
    data = {"size": size_name, "seed": seed}
    activity.record(BUILT, clinic.location, actor=None, at=now, data=data)
