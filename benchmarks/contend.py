"""Many processes book the same hours through the door, without HTTP. Then the rows are asked who overlaps."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from django.db import connection, connections

from benchmarks import sizes
from benchmarks.client import Answers
from benchmarks.http_cases import judge
from benchmarks.load import Line, line_of
from benchmarks.samples import Samples, ground_of
from benchmarks.sizes import SIZES
from practice import clock, present
from practice.models import Client, User
from scheduling import booking
from scheduling.booking import Request
from scheduling.invariants import CHECKS
from scheduling.models import AppointmentType, Booking, Occupancy

PROCESSES, WANTED = 16, 6  # six therapists are wanted by all
ON_EACH_START = 24  # so many attempts, on average, for three that can win
STARTS_A_DAY = 2 * sizes.HOURS  # every half hour, so that many overlap without being the same


def lines(*, attempts: int) -> Iterator[Line]:
    size, now = SIZES["tiny"], present.now()
    samples = Samples(size, ground_of(size), now)
    each = -(-attempts // PROCESSES)
    before, stopped = Booking.objects.count(), deadlocks()
    connections.close_all()
    began = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        parts = pool.starmap(race, [(samples, number, each) for number in range(PROCESSES)])
    answers, outcomes = Answers(), Counter[str]()
    for times, counts in parts:
        answers.times += times
        outcomes.update(counts)
    answers.wall = time.perf_counter() - began
    time.sleep(1)  # ended processes report a moment later
    line = line_of("contend", f"{PROCESSES} processes book through the door", answers, clients=PROCESSES)
    rows = Booking.objects.count() - before
    overlapping = sum(len(check.find(now)) for check in CHECKS if check.name.endswith("_overlap"))
    broken = deadlocks() - stopped
    taken = Occupancy.objects.filter(booking__status="booked").count()
    line.notes = {
        "outcomes": dict(outcomes.most_common()),
        "winners": rows,
        "overlaps": overlapping,
        "deadlocks": broken,
        "occupancies": taken,
    }
    known = {"booked", "NotBookable", "Taken"}
    if overlapping or broken or rows != outcomes["booked"] or set(outcomes) - known:
        line.wrong = str(line.notes)
    judge(line, [("0 overlaps, 0 deadlocks", not overlapping and not broken)])
    print(f"  {line.notes}")
    yield line


def race(samples: Samples, number: int, count: int) -> tuple[list[float], Counter[str]]:
    """All processes go through the same half hours, so each is wanted by many at the same time."""
    rng, times, outcomes = Random(number), [], Counter[str]()
    ground, now = samples.ground, samples.now
    consult = AppointmentType.objects.prefetch_related("phases").get(pk=ground.consult)
    people = list(Client.objects.select_related("location").filter(pk__in=samples.free_clients))
    desk = User.objects.get(pk=ground.desk)
    starts = list(islice(half_hours(samples), max(12, count * PROCESSES // ON_EACH_START)))
    per_start = count / len(starts)
    for attempt in range(count):
        wanted = min(int(attempt / per_start), len(starts) - 1)
        starts_at = starts[min(wanted + rng.randrange(3), len(starts) - 1)]
        client = rng.choice(people)
        request = Request(
            client, consult, client.location, therapist_id=ground.talkers + rng.randrange(WANTED)
        )
        began = time.perf_counter()
        outcomes[tried(request, starts_at, desk, now)] += 1
        times.append(time.perf_counter() - began)
    connections.close_all()
    return times, outcomes


def tried(request: Request, starts_at: datetime, desk: User, now: datetime) -> str:
    try:
        booking.book(request, starts_at, actor=desk, now=now)
    except Exception as refusal:  # every kind is counted, the unexpected ones too
        return type(refusal).__name__
    return "booked"


def half_hours(samples: Samples) -> Iterator[datetime]:
    """Of all days on which nothing was booked when the data were written."""
    tz = clock.zone("America/Los_Angeles")
    for day in range(samples.size.days + 1, 170):
        start, _end = clock.day_span(samples.built_on + timedelta(days=day), tz)
        for half_hour in range(STARTS_A_DAY):
            yield start + timedelta(hours=8, minutes=30 * half_hour)


def deadlocks() -> int:
    """How many PostgreSQL has broken in this database so far: the door repeats them, so nobody else sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        row: Any = cursor.fetchone()
    return int(row[0])
