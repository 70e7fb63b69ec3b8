"""Tell the apps above that bookings changed, inside the transaction that changes them.

Scheduling may not import what depends on it, yet a booking's messages are to be planned together with
the booking or not at all. So the app above subscribes once, when Django starts (docs/adr/).
A listener writes its own rows only; what it raises undoes the change.

A watcher says what a change would mean for its app. It is asked before the change, keeps what it sees, and
what it returns is asked again after the change, in the same rehearsal. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from practice.doors import step
from scheduling.effects import Effect
from scheduling.models import Booking

Listener = Callable[[Sequence[int], datetime], None]
Watcher = Callable[[Sequence[int]], Callable[[], Sequence[Effect]]]


class BookingListener(Protocol):
    def __call__(self, booking_ids: Sequence[int], now: datetime, *, new: Sequence[Booking]) -> None: ...


_listeners: list[BookingListener] = []
_offer_listeners: list[Listener] = []
_watchers: list[Watcher] = []


def subscribe(listener: BookingListener) -> None:
    if listener not in _listeners:
        _listeners.append(listener)


@step
def announce(booking_ids: Sequence[int], *, now: datetime, new: Sequence[Booking] = ()) -> None:
    """`new` are bookings that this transaction has inserted, with client, location, type, plan and protocol
    as they are under its locks: nobody needs to read them, or what hangs on them, again.
    """
    for listener in _listeners:
        listener(booking_ids, now, new=new)


def subscribe_watcher(watcher: Watcher) -> None:
    if watcher not in _watchers:
        _watchers.append(watcher)


def subscribe_offers(listener: Listener) -> None:
    """`listener(offer_ids, now)` hears of every waitlist offer that was made, answered, lost or taken back.

    It is told no more than the ids. For each it reads the `WaitlistOffer` as it is now: while `is_open` its
    client is to be told of the time before `expires_at`, once; when it is not, what has not gone out is to be
    withdrawn. Who was told and lost it need not be told again: the link says so. An offer whose `expires_at`
    passes is announced only once the sweep has closed it, so look at `expires_at` before anything is sent.
    """
    if listener not in _offer_listeners:
        _offer_listeners.append(listener)


@step
def announce_offers(offer_ids: Sequence[int], *, now: datetime) -> None:
    for listener in _offer_listeners:
        listener(offer_ids, now)


def watch(booking_ids: Sequence[int]) -> Callable[[], tuple[Effect, ...]]:
    """Ask every watcher now; what is returned says, after a change, what it means for them."""
    compares = [watcher(booking_ids) for watcher in _watchers]
    return lambda: tuple(effect for compare in compares for effect in compare())
