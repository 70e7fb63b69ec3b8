"""Tell the apps above that bookings changed, inside the transaction that changes them.

Scheduling may not import what depends on it, yet a booking's messages are to be planned together with
the booking or not at all. So the app above subscribes once, when Django starts (docs/adr/).
A listener writes its own rows only; what it raises undoes the change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from practice.doors import step

Listener = Callable[[Sequence[int], datetime], None]

_listeners: list[Listener] = []


def subscribe(listener: Listener) -> None:
    if listener not in _listeners:
        _listeners.append(listener)


@step
def announce(booking_ids: Sequence[int], *, now: datetime) -> None:
    for listener in _listeners:
        listener(booking_ids, now)
