"""Stopping messages: everything, a channel, a provider or a kind. And the ceiling that stops by itself.

A claim holds a shared lock while it reads the switches, and whoever flips one waits for the claims that
began before. So no claim commits after the flip has committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_noop as _

from notifications.models import Message, Reminder, Switch
from practice import activity
from practice.access import DESK, check_role
from practice.blockers import Blocker
from practice.doors import door, step
from practice.errors import Invalid
from practice.models import Channel, User

Scope = Switch.Scope
LOCK = 7_300_001  # an advisory lock: there is no row to lock before the first switch exists
RESTORED, CEILING = "restored", "ceiling"  # reasons of stops that no person chose

UNKNOWN_SWITCH = Blocker("unknown_switch", _("There is nothing of that name to switch."))
REASON_MISSING = Blocker("reason_missing", _("Say why, for those who find it switched."))


@dataclass(frozen=True)
class Stopped:
    """What may not be claimed now."""

    everything: bool = False
    channels: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


@step
def read() -> Stopped:
    """Read the switches, none of which changes before this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
    return _stopped()


def _stopped() -> Stopped:
    off = list(Switch.objects.filter(is_off=True).values_list("scope", "value"))

    def values(scope: str) -> frozenset[str]:
        return frozenset(value for of, value in off if of == scope)

    return Stopped(
        bool(values(Scope.EVERYTHING)), values(Scope.CHANNEL), values(Scope.PROVIDER), values(Scope.KIND)
    )


@door
def turn(scope: str, value: str = "", *, off: bool, reason: str, actor: User, now: datetime) -> Switch:
    """Flip a switch. When it returns, every claim that begins sees it, and none is still open that did not.

    Raises Invalid with all reasons.
    """
    check_role(actor, DESK)
    found = [*_name_blockers(scope, value), *([] if reason.strip() else [REASON_MISSING])]
    if found:
        raise Invalid(blockers=found, code=found[0].code)
    return _flip(scope, value, off=off, reason=reason.strip(), actor=actor, now=now)


@door
def stop_after_restore(*, now: datetime) -> Switch:
    """What was sent after the backup is not in it: nothing goes out until a person has looked."""
    return _flip(Scope.EVERYTHING, "", off=True, reason=RESTORED, actor=None, now=now)


@step
def stop_at_ceiling(*, now: datetime) -> None:
    """By the claim itself, which holds the shared lock: what it would add is left to the next round."""
    Switch.objects.bulk_create(
        [Switch(scope=Scope.EVERYTHING, is_off=True, reason=CEILING, changed_at=now)],
        update_conflicts=True,
        unique_fields=["scope", "value"],
        update_fields=["is_off", "reason", "changed_at", "changed_by"],
    )
    switch = Switch.objects.get(scope=Scope.EVERYTHING, value="")
    activity.record("sending.stopped", switch, actor=None, at=now, reason=CEILING)


def _flip(scope: str, value: str, *, off: bool, reason: str, actor: User | None, now: datetime) -> Switch:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    switch, _created = Switch.objects.update_or_create(
        scope=scope,
        value=value,
        defaults={"is_off": off, "reason": reason, "changed_at": now, "changed_by": actor},
    )
    activity.record(
        "sending.stopped" if off else "sending.started",
        switch,
        actor=actor,
        at=now,
        reason=reason,
        data={"scope": scope, "value": value},
    )
    return switch


def _name_blockers(scope: str, value: str) -> Iterable[Blocker]:
    known = {
        Scope.EVERYTHING: {""},
        Scope.CHANNEL: set(Channel.values),
        Scope.KIND: set(Reminder.Kind.values),
    }
    if scope == Scope.PROVIDER:
        is_known = value.isidentifier() and len(value) <= 20
    else:
        is_known = value in known.get(Scope(scope), set()) if scope in Scope.values else False
    return [] if is_known else [UNKNOWN_SWITCH]


def room_left(most: int, *, now: datetime) -> int | None:
    """How many more messages the practice may begin in this minute; None without a limit."""
    if not most:
        return None
    return max(0, most - Message.objects.filter(started_at__gt=now - timedelta(minutes=1)).count())
