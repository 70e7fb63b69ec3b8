"""Nudges: what they do would be found by the next sweep anyway. No task takes an argument."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from practice import present
from scheduling import offering, sweeps, waitlist
from scheduling.calendars import busy_times

# With the reading that began last it stays below the task's time limit.
READING_BEGINS_WITHIN = timedelta(seconds=10)


@shared_task
def expire_holds() -> None:
    sweeps.expire_holds(now=present.now())


@shared_task
def read_busy_calendars() -> None:
    busy_times.read_due(clock=present.now, stop_at=present.now() + READING_BEGINS_WITHIN)


@shared_task
def offer_freed_times() -> None:
    waitlist.end_over(now=present.now())
    offering.offer_due(now=present.now())
