"""Nudges: what they do would be found by the next sweep anyway. No task takes an argument."""

from __future__ import annotations

from celery import shared_task

from practice import present
from scheduling import sweeps


@shared_task
def expire_holds() -> None:
    sweeps.expire_holds(now=present.now())
