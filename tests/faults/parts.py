"""The three parts of `make faults`: the matrix, the random run, and the controls that must fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import django

django.setup()

from django_celery_beat.models import IntervalSchedule, PeriodicTask  # noqa: E402  Django first

from config import celery  # noqa: E402, F401  the tasks find our broker
from config.schedule import ensure_schedule  # noqa: E402
from notifications import deliver  # noqa: E402
from notifications.models import SendingPolicy  # noqa: E402
from practice import present  # noqa: E402
from tests.cast import Clinic, make_clinic  # noqa: E402
from tests.faults import cells, crowd, random_run, sabotage  # noqa: E402
from tests.faults.lane import Lane  # noqa: E402
from tests.faults.oracle import Counts, ProviderLog  # noqa: E402

SEEDS = {"small": 0, "thousands": 1, "medium": 1, "full": 2}
FAR_AWAY = 900_000  # the number of a client whom no cell has
SMALL_STEP = 9  # every ninth cell of one seed


def open_practice(lane: Lane) -> Clinic:
    """A clinic, and beat's schedule at a second instead of ten or more."""
    lane.migrate()
    ensure_schedule()
    names = ("notifications.tasks.deliver_due", "notifications.tasks.resolve_unknown")
    second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(name__in=names).update(interval=second, expire_seconds=5)
    # No caps: they would hide a double.
    SendingPolicy.objects.update_or_create(
        pk=1,
        defaults={"practice_per_minute": 0, "client_per_hour": 0, "texts_per_day": 0, "texts_per_week": 0},
    )
    clinic = make_clinic()
    warm_up(clinic)
    lane.start_worker()
    lane.start_beat()
    return clinic


def warm_up(clinic: Clinic) -> None:
    """Send two messages from here: the workers that are forked from here then have what they need at hand.

    Who must get ready first is in the middle of nothing when it is killed.
    """
    crowd.due_now(clinic, ["sms", "email"], first=FAR_AWAY)
    deliver.deliver_due(clock=present.now)


def matrix(lane: Lane, *, size: str, seed: int, share: tuple[int, int]) -> dict[str, Any]:
    wanted = cells.matrix(max(1, SEEDS[size]), first_seed=seed)
    if size == "small":
        wanted = wanted[::SMALL_STEP]
    return run_cells(wanted[share[0] - 1 :: share[1]], lane, open_practice(lane))


def run_cells(wanted: list[cells.Cell], lane: Lane, clinic: Clinic) -> dict[str, Any]:
    log, counts, began = ProviderLog(lane.folder), Counts(), time.monotonic()
    failed, rows = [], []
    for cell in wanted:
        outcome = cells.run(cell, lane, clinic, log)
        counts += outcome.counts
        rows.append([cell.name, outcome.counts.wrong, round(outcome.seconds, 2)])
        if outcome.counts.wrong or outcome.trouble:
            failed.append({"cell": cell.name, "trouble": outcome.trouble, **asdict(outcome.counts)})
            print(f"{cell.name}: {outcome.counts} {outcome.trouble}", flush=True)
    return {
        "cells": len(rows),
        **asdict(counts),
        "failed": failed,
        "as_it_should_be": not failed,
        "seconds": round(time.monotonic() - began, 1),
        "workers_that_ended": lane.workers_that_ended,
        "workers_that_went_deaf": lane.workers_that_went_deaf,
        "by_cell": rows,
    }


def controls(lane: Lane, *, size: str, seed: int, share: tuple[int, int]) -> dict[str, Any]:
    """The same cells with one guard taken away from the worker: each must show what the guard is for."""
    clinic, log, report = open_practice(lane), ProviderLog(lane.folder), {}
    began, rounds = time.monotonic(), 2 if size == "small" else 6
    for name, control in sabotage.CONTROLS.items():
        report[name] = without_a_guard(control, lane, clinic, log, seed=seed, rounds=rounds)
    return {
        **report,
        "as_it_should_be": all(each["as_it_should_be"] for each in report.values()),
        "seconds": round(time.monotonic() - began, 1),
    }


def without_a_guard(
    control: sabotage.Control, lane: Lane, clinic: Clinic, log: ProviderLog, *, seed: int, rounds: int
) -> dict[str, Any]:
    counts, failed, troubles = Counts(), 0, []
    with control.around_the_desk():
        lane.sabotage = control.in_the_worker
        cells.kill_worker_of(lane)
        for number in range(rounds):
            cell = cells.Cell(control.fault, control.place, "sms", seed + number)
            outcome = cells.run(cell, lane, clinic, log)
            failed += getattr(outcome.counts, control.shows) > 0
            counts += outcome.counts
            troubles += [outcome.trouble] if outcome.trouble else []
    return {
        **asdict(counts),
        "rounds": rounds,
        "failed_in": failed,
        "trouble": troubles,
        "as_it_should_be": failed == (rounds if control.must_fail else 0) and not troubles,
    }


def few(lane: Lane, *, size: str, seed: int, share: tuple[int, int]) -> dict[str, Any]:
    """What the suite has time for."""
    clinic = open_practice(lane)
    wanted = [
        cells.Cell("kill_child", "after_accept", "sms", seed),
        cells.Cell("postgres_crash", "before_send", "sms", seed),
        cells.Cell("cancel", "before_claim", "email", seed),
    ]
    report = run_cells(wanted, lane, clinic)
    log, control = ProviderLog(lane.folder), sabotage.CONTROLS["no_token"]
    found = without_a_guard(control, lane, clinic, log, seed=seed, rounds=1)
    return {**report, "control": found}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "matrix": matrix,
    "controls": controls,
    "random": random_run.run,
    "few": few,
}
