"""Nudges: what they do would be found by the next sweep anyway. No task takes an argument."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from notifications import deliver, reconcile, resolve

ROUNDS = 100
RECENT = timedelta(minutes=15)


@shared_task(ignore_result=True)
def deliver_due() -> None:
    for _each in range(ROUNDS):
        if deliver.deliver_due(clock=timezone.now) < deliver.BATCH:
            return


@shared_task(ignore_result=True)
def resolve_unknown() -> None:
    resolve.expire_leases(now=timezone.now())
    resolve.resolve_unknown(clock=timezone.now)


@shared_task(ignore_result=True)
def reconcile_changed() -> None:
    now = timezone.now()
    reconcile.reconcile_touched(since=now - RECENT, now=now)


@shared_task(ignore_result=True)
def reconcile_all() -> None:
    now, after_id = timezone.now(), 0
    while (last := reconcile.reconcile_upcoming(now=now, after_id=after_id)) is not None:
        after_id = last
