"""The same questions without HTTP: the use cases in this process, and the part that the database took."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle
from typing import Any

from django.db import connection

from benchmarks.client import Answers
from benchmarks.load import Line, line_of, percentile
from benchmarks.samples import Samples
from benchmarks.stand import BASE
from practice.models import Client
from scheduling import booking
from scheduling.booking import Request
from scheduling.course import series
from scheduling.course.steps import Preferences
from scheduling.engine.types import Span
from scheduling.models import AppointmentType
from treatment_plans.models import TreatmentPlan

MOST_CALLS, FEWEST_CALLS = 200, 3
PROFILED, PARTS = 3, 6


class Stopwatch:
    """An execute wrapper."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - began


def profile(calls: Iterator[Callable[[], Any]]) -> dict[str, int]:
    """Where the time of a few calls goes, in percent, by file of ours and by what it stands on."""
    profiler, seconds = cProfile.Profile(), Counter[str]()
    for _ in range(PROFILED):
        profiler.runcall(next(calls))
    spent_in: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    for (file, _line, function), (_calls, _all, itself, *_rest) in spent_in.items():
        seconds[_part(file, function)] += itself
    whole = sum(seconds.values()) or 1
    return {name: round(100 * spent / whole) for name, spent in seconds.most_common(PARTS)}


def _part(file: str, function: str) -> str:
    if "psycopg" in file or "psycopg" in function:
        return "PostgreSQL and its driver"
    if file.startswith(f"{BASE}/") and "/.venv/" not in file:
        return file.removeprefix(f"{BASE}/")
    return "Django" if "/django/" in file else "Python"


def measure(case: str, what: str, calls: Iterator[Callable[[], Any]], *, seconds: float) -> Line:
    answers, in_database = Answers(), []
    next(calls)()
    began = time.perf_counter()
    while len(answers.times) < FEWEST_CALLS or (
        time.perf_counter() - began < seconds and len(answers.times) < MOST_CALLS
    ):
        call, watch = next(calls), Stopwatch()
        with connection.execute_wrapper(watch):
            start = time.perf_counter()
            call()
            answers.times.append(time.perf_counter() - start)
        in_database.append(watch.seconds)
        answers.queries.append(watch.count)
    answers.wall = time.perf_counter() - began
    line = line_of(case, what, answers, clients=1)
    line.notes = {"in_database_p50": percentile(in_database, 0.5), "profile": profile(calls)}
    return line


def lines(samples: Samples, *, seconds: float) -> Iterator[Line]:
    now, ground = samples.now, samples.ground
    consult = AppointmentType.objects.prefetch_related("phases").get(pk=ground.consult)
    people = Client.objects.select_related("location")
    here, crowd = (people.filter(pk__in=pks[:10]) for pks in (samples.free_clients, samples.crowd_clients))

    def openings(request: Request, days: int, limit: int) -> Callable[[], Any]:
        window = Span(now, now + timedelta(days=days))
        return lambda: booking.openings(request, window, limit=limit, now=now)

    of_one = [
        openings(Request(each, consult, each.location, therapist_id=ground.talkers + number), 31, 20)
        for number, each in enumerate(here)
    ]
    of_few = [openings(Request(each, consult, each.location), 14, 20) for each in here]
    of_many = [openings(Request(each, consult, each.location), 14, 10) for each in crowd]
    explained = [
        lambda each=each: booking.blockers(  # type: ignore[misc]
            Request(each, consult, each.location), now + timedelta(days=7), now=now
        )
        for each in here
    ]
    plans = TreatmentPlan.objects.select_related("protocol", "client__location", "therapist", "prescriber")
    proposed = [
        lambda plan=plan: series.propose(  # type: ignore[misc]
            plan,
            Span(now, now + series.usual_length(plan)),
            preferences=Preferences(),
            limit=3,
            now=now,
        )
        for plan in plans.filter(pk__in=samples.series_plans)
    ]
    for case, what, calls in (
        ("engine_one", "engine: one clinician, 31 days, first 20", of_one),
        ("engine_50", "engine: any of 50 clinicians and 20 rooms, 14 days, first 20", of_few),
        ("engine_1000", "engine: any of 1,000 clinicians, 14 days, first 10", of_many),
        ("engine_explain", "engine: why not at this time, any of 50", explained),
        ("engine_series", "engine: 6 dosing and 6 integration sessions proposed", proposed),
    ):
        yield measure(case, what, cycle(calls), seconds=seconds)
