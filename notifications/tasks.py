"""Nudges: what they do would be found by the next sweep anyway. No task takes an argument."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from celery import shared_task
from django.core.cache import cache
from kombu.exceptions import OperationalError

from notifications import (
    deliver,
    on_call,
    page_sending,
    reconcile,
    resolve,
    rule_book,
    session_alarms,
    staff,
)
from practice import present

# Together with one provider's timeout it stays below the task's time limit: nothing is cut off midway.
SENDING_LASTS = timedelta(seconds=10)
FAST, MOST_AT_ONCE = timedelta(seconds=2), 160
RECENT = timedelta(minutes=15)
# The same for the long sweep, whose steps are short.
SWEEPING_LASTS = timedelta(seconds=35)
SWEEP_STEP = 200
SWEEP_PLACE = "notifications.reconcile_all.place"
REPLANNED_FOR = "notifications.reconcile_changed.rules"  # the last change of the rules that all plans follow


@shared_task
def deliver_due() -> None:
    """In small batches while sends are slow, in larger ones while they are fast.

    A full batch means more than one worker's work: it calls the next, which calls the one after it.
    """
    stop_at = present.now() + SENDING_LASTS
    limit, has_called = deliver.BATCH, False
    while True:
        began_at = present.now()
        handled = deliver.deliver_due(clock=present.now, stop_at=stop_at, limit=limit)
        ended_at = present.now()
        if not handled or ended_at >= stop_at:
            return
        if handled == limit and not has_called:
            has_called = True
            _call_another_worker()
        if ended_at - began_at < FAST:
            limit = min(2 * limit, MOST_AT_ONCE)


def _call_another_worker() -> None:
    with contextlib.suppress(OperationalError):  # without a broker there is nobody to call
        deliver_due.apply_async(expires=SENDING_LASTS.total_seconds(), retry=False)


@shared_task
def alert_on_call() -> None:
    on_call.alert_due(clock=present.now)


@shared_task
def resolve_unknown() -> None:
    resolve.expire_leases(now=present.now())
    resolve.resolve_unknown(clock=present.now)


@shared_task
def reconcile_changed() -> None:
    now = present.now()
    reconcile.reconcile_touched(since=now - RECENT, now=now)
    _follow_the_rules(now)


def _follow_the_rules(now: datetime) -> None:
    """After a change of the rules, go through all sessions to come, in as many rounds as it takes."""
    change = rule_book.last_change(since=now - RECENT)
    if change is not None and cache.get(REPLANNED_FOR) != change:
        cache.delete(SWEEP_PLACE)
        cache.set(REPLANNED_FOR, change, timeout=None)
        reconcile_all()
    elif change is not None and cache.get(SWEEP_PLACE) is not None:
        reconcile_all()


@shared_task
def reconcile_all() -> None:
    """From where the last round stopped for want of time, or from the next session to come."""
    now, place = present.now(), cache.get(SWEEP_PLACE)
    while True:
        place = reconcile.reconcile_upcoming(now=now, after=place, limit=SWEEP_STEP)
        cache.set(SWEEP_PLACE, place, timeout=None)
        if place is None or present.now() - now >= SWEEPING_LASTS:
            return


@shared_task
def tell_staff() -> None:
    staff.raise_notices(now=present.now())
    staff.tell(clock=present.now)


@shared_task
def watch_sessions() -> None:
    session_alarms.watch(now=present.now())
    session_alarms.tell_due(clock=present.now)


@shared_task
def tell_of_pages() -> None:
    stop_at = present.now() + SENDING_LASTS
    while present.now() < stop_at and page_sending.tell_due(clock=present.now, stop_at=stop_at):
        continue
