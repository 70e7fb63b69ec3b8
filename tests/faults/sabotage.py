"""The controls: each takes a guard away, and the matrix must see it. What can't fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from notifications import deliver, leases, resolve, sending
from notifications.channels import Outgoing, sms
from notifications.crash import crash_here
from notifications.leases import Claimed
from notifications.models import Message, Reminder
from notifications.rules import Wanted
from scheduling import changes


@dataclass(frozen=True)
class Control:
    fault: str
    place: str
    shows: str  # which count
    in_the_worker: Callable[[], None]
    around_the_desk: Callable[[], AbstractContextManager[Any]] = nullcontext
    must_fail: bool = True  # each time; or never, where another guard stands behind the one that is gone


def no_fence() -> None:
    """What was planned goes out; nobody looks again."""

    def may_send(row: Reminder, *_rest: Any, **_now: Any) -> tuple[Wanted, str]:
        return Wanted(row.kind, row.channel, row.due_at, row.expires_at), ""  # type: ignore[arg-type]

    deliver.may_send = may_send  # type: ignore[assignment]


@contextmanager
def nobody_listens() -> Iterator[None]:
    """The plan is not told of cancellations: its own way to withdraw what is planned would hide the fence."""
    with mock.patch.object(changes, "_listeners", []):
        yield


def no_token() -> None:
    """A worker that was given up believes that it still has its rows; and its clock does not tell it."""

    def begin(batch: Sequence[Claimed], *, now: datetime) -> list[Claimed]:
        Message.objects.filter(token__in=[one.token for one in batch]).update(begun_at=now)
        return list(batch)

    leases.begin = begin
    clock_behind()


def clock_behind() -> None:
    """On a machine whose clock is behind, no look at it tells that a lease is over. The token does."""
    no_last_look()
    sending._last_start = lambda one, stop_at: one.lease_until + timedelta(days=1)


def no_last_look() -> None:
    """Whoever looked once, before the connection was made, need not look again."""

    def refuse_if_late(_outgoing: Outgoing) -> None:
        crash_here("at_hand_over")

    sms.refuse_if_late = refuse_if_late


def expired_is_planned() -> None:
    """Whoever does not answer any more has not sent: what almost everybody believes."""

    def expire_leases(*, now: datetime, limit: int = 200) -> int:
        rows = Reminder.objects.filter(state="sending", lease_until__lt=now)
        Message.objects.filter(reminder__in=rows, outcome="open").update(outcome="unknown", ended_at=now)
        return rows.update(state="planned", lease_token=None, lease_until=None)

    resolve.expire_leases = expire_leases


CONTROLS = {
    "no_fence": Control("cancel", "before_claim", "after_cancel", no_fence, nobody_listens),
    "no_token": Control("oversleep", "after_claim", "doubled", no_token),
    "token_alone": Control("oversleep", "after_claim", "doubled", clock_behind, must_fail=False),
    "no_last_look": Control("oversleep", "at_hand_over", "doubled", no_last_look),
    "expired_lease_is_planned": Control("kill_child", "after_accept", "doubled", expired_is_planned),
}
