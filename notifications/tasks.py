"""Nudges: what they do would be found by the next sweep anyway. No task takes an argument."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from notifications import deliver, reconcile, resolve
from practice import present

# Together with one provider's timeout it stays below the task's time limit: nothing is cut off midway.
SENDING_LASTS = timedelta(seconds=10)
RECENT = timedelta(minutes=15)


@shared_task
def deliver_due() -> None:
    stop_at = present.now() + SENDING_LASTS
    while deliver.deliver_due(clock=present.now, stop_at=stop_at) and present.now() < stop_at:
        continue


@shared_task
def resolve_unknown() -> None:
    resolve.expire_leases(now=present.now())
    resolve.resolve_unknown(clock=present.now)


@shared_task
def reconcile_changed() -> None:
    now = present.now()
    reconcile.reconcile_touched(since=now - RECENT, now=now)


@shared_task
def reconcile_all() -> None:
    now, after_id = present.now(), 0
    while (last := reconcile.reconcile_upcoming(now=now, after_id=after_id)) is not None:
        after_id = last
