"""Who works when, and when a place is closed. What a change hits is named before it is kept.

Practice knows nothing of what is booked in these hours; the app above subscribes a watcher, once, when
Django starts (docs/adr/). It looks before the change and again after it, in the same transaction, and names
what the change leaves without somebody or somewhere. The change is kept only by a caller who has seen those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext

from practice import activity
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Refused
from practice.models import Client, Closure, ExtraHours, Holiday, TimeOff, User, WorkingHours
from practice.models.base import Revisioned

E = TypeVar("E", bound=Revisioned)

ENTRIES: tuple[type[Revisioned], ...] = (WorkingHours, ExtraHours, TimeOff, Closure, Holiday)


@dataclass(frozen=True)
class Scope:
    """Whose calendars change."""

    clinician_ids: frozenset[int]
    location_ids: frozenset[int]


@dataclass(frozen=True)
class Hit:
    """A booking that the change would leave without somebody or somewhere, and why."""

    booking_id: int
    client: Client
    session: str
    starts_at: datetime
    time_zone: str
    when: str
    blockers: tuple[Blocker, ...]

    @property
    def reasons(self) -> list[str]:
        """In the active language."""
        return [blocker.text(gettext) for blocker in self.blockers]


Watcher = Callable[[Scope, datetime], Callable[[], Sequence[Hit]]]
Listener = Callable[[Revisioned | None, Revisioned | None, datetime], None]

_watchers: list[Watcher] = []
_listeners: list[Listener] = []


class HitsBookings(Refused):
    """Each blocker names a booking; `hits` are all of them, earliest first."""

    code = "hits_bookings"
    message = _("Sessions are booked at that time. Look at them, then confirm.")

    def __init__(self, hits: Sequence[Hit]) -> None:
        self.hits = tuple(hits)
        message = _("%(session)s on %(when)s")
        super().__init__(
            blockers=[
                Blocker(
                    "hits_booking",
                    message,
                    {"booking": hit.booking_id, "session": hit.session, "when": hit.when},
                )
                for hit in hits
            ],
            pointer="/confirmed",
        )


def subscribe(watcher: Watcher) -> None:
    if watcher not in _watchers:
        _watchers.append(watcher)


def subscribe_kept(listener: Listener) -> None:
    """`listener(before, after, now)` hears of every change that is kept, inside its transaction.

    `before` is None for what is new, `after` for what is removed. What it raises undoes the change.
    """
    if listener not in _listeners:
        _listeners.append(listener)


@step
def announce(before: Revisioned | None, after: Revisioned | None, *, now: datetime) -> None:
    for listener in _listeners:
        listener(before, after, now)


@door
def add(instance: E, *, confirmed: Collection[int] | None, actor: User, now: datetime) -> E:
    """`confirmed` are the ids of the bookings that the caller knows it hits, None: whatever it hits.

    Raises HitsBookings with all of them if there are others, ValidationError with every field's reasons.
    """
    hits = watch(instance, now=now)
    save_new(instance)
    _record("added", instance, actor=actor, now=now)
    check(hits(), confirmed)
    announce(None, instance, now=now)
    return instance


@door
def change(
    model: type[E],
    pk: int,
    values: Mapping[str, Any],
    *,
    revision: int | None,
    confirmed: Collection[int] | None,
    actor: User,
    now: datetime,
) -> E:
    instance = lock_for_edit(model._default_manager.all(), pk, revision=revision)
    hits, before = watch(instance, now=now), copy(instance)
    changed = save_changes(instance, values)
    if changed:
        _record("changed", instance, actor=actor, now=now, fields=changed)
        announce(before, instance, now=now)
    check(hits(), confirmed)
    return instance


@door
def remove(
    model: type[E],
    pk: int,
    *,
    revision: int | None,
    confirmed: Collection[int] | None,
    actor: User,
    now: datetime,
) -> None:
    instance = lock_for_edit(model._default_manager.all(), pk, revision=revision)
    hits = watch(instance, now=now)
    _record("removed", instance, actor=actor, now=now)
    announce(instance, None, now=now)
    instance.delete()
    check(hits(), confirmed)


def watch(instance: Revisioned, *, now: datetime) -> Callable[[], tuple[Hit, ...]]:
    """Look now; what is returned says, after the change, what it has hit that was not hit before."""
    scope = Scope(
        frozenset({pk for pk in [getattr(instance, "clinician_id", None)] if pk is not None}),
        frozenset({pk for pk in [getattr(instance, "location_id", None)] if pk is not None}),
    )
    compares = [watcher(scope, now) for watcher in _watchers]
    return lambda: tuple(hit for compare in compares for hit in compare())


def check(hits: Sequence[Hit], confirmed: Collection[int] | None) -> None:
    if confirmed is not None and not {hit.booking_id for hit in hits} <= set(confirmed):
        raise HitsBookings(hits)


@step
def _record(
    verb: str, instance: Revisioned, *, actor: User, now: datetime, fields: Sequence[str] = ()
) -> None:
    data = {"fields": list(fields)} if fields else {}
    activity.record(f"{instance._meta.model_name}.{verb}", instance, actor=actor, at=now, data=data)
