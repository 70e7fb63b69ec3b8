"""Call the provider for what was claimed: begin, send, mark. `notifications.leases` writes these down."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from django.conf import settings

from notifications import leases
from notifications.channels import Channel, DeliveryError, OutcomeUnknown
from notifications.crash import crash_here
from notifications.leases import Claimed, Result
from notifications.models import Message, Reminder

State = Reminder.State
logger = logging.getLogger(__name__)

PROVIDER_TIMEOUT = timedelta(seconds=settings.REMINDER_PROVIDER_SECONDS)
IN_DOUBT_SECONDS, MOST_BEGUN = 0.2, 40  # of sending, that a killed worker leaves for others to find out about
MARK_WITHIN = timedelta(seconds=1)  # a result waits no longer for its batch
MOST_ATTEMPTS = 8
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=30), timedelta(minutes=30)


def send_all(
    claimed: Sequence[Claimed], channel: Channel, *, clock: Callable[[], datetime], stop_at: datetime | None
) -> None:
    """A few at once: as many as the provider has lately taken in the time that may be left in doubt."""
    at_once, rest = channel.begins_at_once, list(claimed)
    with ThreadPoolExecutor(channel.calls_at_once) as pool:  # no thread before the first call
        while rest:
            some, rest = rest[:at_once], rest[at_once:]
            began = time.monotonic()
            try:
                _send_some(some, channel, pool, clock=clock, stop_at=stop_at)
            except Exception:  # their lease will end, and `resolve` finds out; the others can still go
                logger.exception("reminders %s: sending broke", [one.reminder.pk for one in some])
            seconds_each = max((time.monotonic() - began) / len(some), 0.001)
            at_once = max(1, min(MOST_BEGUN, int(IN_DOUBT_SECONDS / seconds_each)))
            if at_once > channel.calls_at_once:  # whole rounds, or threads wait for the last one's
                at_once -= at_once % channel.calls_at_once


def _send_some(
    some: Sequence[Claimed],
    channel: Channel,
    pool: Executor,
    *,
    clock: Callable[[], datetime],
    stop_at: datetime | None,
) -> None:
    """Begin these at once, call the provider for each, outside any transaction, and mark them together."""
    began_at = clock()
    in_time = [one for one in some if began_at <= _last_start(one, stop_at)]
    too_late = [one for one in some if one not in in_time]
    ours = leases.begin(in_time, now=began_at) if in_time else []

    def call(one: Claimed) -> Result | Claimed:
        """What became of it, or itself if it is too late for it."""
        crash_here("before_send")
        if clock() > _last_start(one, None):  # we were slow, or slept
            return one
        return _send(one, channel, clock=clock)

    results: list[Result] = []
    for done in _called(call, ours, pool if channel.calls_at_once > 1 else None):
        results += [each for each in done if isinstance(each, Result)]
        too_late += [each for each in done if isinstance(each, Claimed)]
        if clock() - began_at > MARK_WITHIN:
            leases.mark(results, now=clock())
            results = []
    leases.mark(results, now=clock())
    if too_late:
        leases.give_back(too_late, now=clock())


def _called(
    call: Callable[[Claimed], Result | Claimed], ours: Sequence[Claimed], pool: Executor | None
) -> Iterator[list[Result | Claimed]]:
    """What is done, as it gets done: one by one, or by several threads that wait for a slow provider."""
    if pool is None:
        for one in ours:
            yield [call(one)]
        return
    waiting = {pool.submit(call, one) for one in ours}
    while waiting:
        done, waiting = wait(waiting, timeout=MARK_WITHIN.total_seconds())
        yield [each.result() for each in done]


def _last_start(one: Claimed, stop_at: datetime | None) -> datetime:
    last_start = one.lease_until - PROVIDER_TIMEOUT
    return min(last_start, stop_at or last_start)


def _send(one: Claimed, channel: Channel, *, clock: Callable[[], datetime]) -> Result:
    """One provider call."""
    try:
        receipt = channel.send(one.outgoing)
        crash_here("after_accept")
    except OutcomeUnknown as lost:
        return _unknown(one, lost.code, at=clock())
    except DeliveryError as error:
        return _refused(one, error, now=clock())
    except Exception:
        logger.exception("reminder %s: sending broke", one.reminder.pk)
        return _unknown(one, "exception", at=clock())
    return Result(
        claimed=one, state=State.SENT, outcome=Message.Outcome.ACCEPTED, at=clock(), receipt=receipt
    )


def _unknown(one: Claimed, code: str, *, at: datetime) -> Result:
    return Result(claimed=one, state=State.UNKNOWN, outcome=Message.Outcome.UNKNOWN, at=at, error_code=code)


def _refused(one: Claimed, error: DeliveryError, *, now: datetime) -> Result:
    reminder = one.reminder
    next_attempt_at = now + backoff(reminder.attempt_count, retry_after=error.retry_after)
    may_retry = reminder.attempt_count < MOST_ATTEMPTS and next_attempt_at < reminder.expires_at
    return Result(
        claimed=one,
        state=State.PLANNED if may_retry and not error.permanent else State.FAILED,
        outcome=Message.Outcome.REFUSED,
        at=now,
        error_code=error.code,
        next_attempt_at=next_attempt_at,
    )


def backoff(attempt: int, *, retry_after: float | None = None) -> timedelta:
    """Exponential with full jitter, at least what the provider asked for."""
    ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(attempt - 1, 10))
    jittered = ceiling * random.uniform(0.5, 1)  # noqa: S311  jitter, not a secret
    return max(jittered, timedelta(seconds=retry_after or 0))
