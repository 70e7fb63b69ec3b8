"""The medicine that clients hold: what was dispensed, brought, used, given back, lost, and what was counted.

A door that gives a dose calls `use_from_prescription`, one that checks a client in `brought`.
All of them lock the client; who locks bookings too, locks the client before (docs/locking.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from practice import clock
from practice.blockers import Blocker
from practice.doors import door, on_violation, step
from practice.errors import OutOfScope, Refused
from practice.models import Client, User
from treatment_plans.errors import EventCorrectedBefore, KeyUsedBefore
from treatment_plans.models import PlannedSession, Prescription, SupplyEvent, SupplyTask
from treatment_plans.rules import balances, supply
from treatment_plans.rules.balances import Entry
from treatment_plans.supply import accounts
from treatment_plans.supply.accounts import Account

Kind = SupplyEvent.Kind

# What staff record as it happens. The others belong to a fill or to a settled count.
RECORDED = (Kind.BROUGHT, Kind.USED, Kind.COUNTED, Kind.RETURNED, Kind.WASTED, Kind.LOST)


class SupplyRefused(Refused):
    code = "supply_refused"
    message = _("This can't be recorded of this medicine.")


on_violation("treatment_plans_supply_event_key", KeyUsedBefore)
on_violation("treatment_plans_supply_event_corrected_once", EventCorrectedBefore)


@dataclass(frozen=True, kw_only=True)
class NewEvent(accounts.NewEvent):
    prescription_id: int


@dataclass(frozen=True, kw_only=True)
class Held(Account[SupplyEvent, SupplyTask]):
    """What a client holds of one prescription."""

    prescription: Prescription

    def sessions(self) -> QuerySet[PlannedSession]:
        return PlannedSession.objects.select_related("plan__protocol").filter(plan__client=self.client_id)

    def blockers(
        self, entries: list[Entry], entry: Entry, session: PlannedSession | None, *, day: date
    ) -> Iterable[Blocker]:
        if entry.corrects is None:
            yield from _prescription_blockers(self.prescription, session, entry, day=day)
        if entry.kind == Kind.DISPENSED:
            yield from _fill_blockers(self.prescription, entries, entry)


@door
def record(client_id: int, new: NewEvent, *, actor: User, now: datetime) -> SupplyEvent:
    """Append an event to the client's ledger. The same event again, by its key, is the first one.

    Raises SupplyRefused with every reason, Invalid for a time ahead of now, KeyUsedBefore.
    """
    return keep(client_id, new, actor=actor, now=now)


@door
def correct(
    event_id: int, amount: Decimal, *, reason: str, key: UUID, actor: User, now: datetime
) -> SupplyEvent:
    """Put a row with the right amount in place of one that stays; an amount of nothing undoes it.

    A count that fits now is no longer open. Raises EventCorrectedBefore, else as `record` does.
    """
    first = SupplyEvent.objects.filter(pk=event_id).first()
    if first is None:
        raise OutOfScope
    account = _account(first.client_id, first.prescription_id)
    return accounts.correct(account, first, amount, reason=reason, key=key, actor=actor, now=now)


@door
def settle(task_id: int, *, outcome: str, note: str, actor: User, now: datetime) -> SupplyTask:
    """Close a count that did not fit with what was found.

    What stays unexplained (adjusted, reported) makes the ledger take the count. Raises AlreadySettled,
    StillDoesNotFit when the outcome says that it fits by now and it does not.
    """
    found = SupplyTask.objects.select_related("event").filter(pk=task_id).first()
    if found is None:
        raise OutOfScope
    account = _account(found.client_id, found.event.prescription_id)
    return accounts.settle(account, task_id, outcome=outcome, note=note, actor=actor, now=now)


# For doors that do more than this


@step
def use_from_prescription(
    client_id: int,
    prescription_id: int,
    amount: Decimal,
    unit: str,
    planned_session_id: int,
    key: UUID,
    actor: User,
    now: datetime,
    *,
    occurred_at: datetime | None = None,
) -> SupplyEvent:
    """A dose of the client's own medicine was given in a session, in the prescription's `quantity_unit`.

    Raises SupplyRefused with every reason: not signed, revoked, lost, expired, for another route, another
    unit, not enough left. The same `key` again changes nothing. Locks the client.
    """
    return keep(
        client_id,
        NewEvent(
            prescription_id=prescription_id,
            kind=Kind.USED,
            amount=amount,
            unit=unit,
            key=key,
            planned_session_id=planned_session_id,
            occurred_at=occurred_at,
        ),
        actor=actor,
        now=now,
    )


@step
def brought(
    client_id: int,
    prescription_id: int,
    amount: Decimal,
    unit: str,
    planned_session_id: int,
    key: UUID,
    actor: User,
    now: datetime,
) -> SupplyEvent:
    """The client came with so much. More than they should hold opens a supply task. Locks the client."""
    new = NewEvent(
        prescription_id=prescription_id,
        kind=Kind.BROUGHT,
        amount=amount,
        unit=unit,
        key=key,
        planned_session_id=planned_session_id,
    )
    return keep(client_id, new, actor=actor, now=now)


@step
def keep(client_id: int, new: NewEvent, *, actor: User, now: datetime) -> SupplyEvent:
    """Append a row, as a part of a door. Locks the client."""
    return accounts.keep(_account(client_id, new.prescription_id), new, actor=actor, now=now)


# What there is


@dataclass(frozen=True)
class Supply:
    """What a client holds of one prescription."""

    prescription: Prescription
    dispensed: Decimal
    used: Decimal
    left: Decimal
    open_tasks: int


def supplies(client_id: int) -> list[Supply]:
    """Of every prescription of the client, the latest first. Three queries."""
    prescriptions = Prescription.objects.filter(client=client_id).order_by("-issued_on", "-pk")
    rows = SupplyEvent.objects.filter(client=client_id)
    by_prescription = accounts.entries_by("prescription_id", rows)
    open_tasks = list(
        SupplyTask.objects.filter(client=client_id, settled_at=None).values_list(
            "event__prescription", flat=True
        )
    )
    return [
        Supply(
            each,
            balances.total(entries, Kind.DISPENSED),
            balances.total(entries, Kind.USED),
            balances.balance(entries),
            open_tasks.count(each.pk),
        )
        for each in prescriptions
        for entries in [by_prescription.get(each.pk, [])]
    ]


def _prescription_blockers(
    prescription: Prescription, session: PlannedSession | None, entry: Entry, *, day: date
) -> tuple[Blocker, ...]:
    """Whether the prescription allows it on that day. What is left over may be given back at any time."""
    fact = prescription.fact
    if entry.kind == Kind.USED:
        if session is None:
            return (Blocker("session_missing", _("A dose is used in a session: say in which.")),)
        route = session.plan.protocol.route
        return supply.use_blockers(fact, route=route, at=entry.occurred_at, day=day)
    if entry.kind == Kind.DISPENSED:
        return supply.use_blockers(fact, route=None, at=entry.occurred_at, day=day)
    if not fact.is_signed:
        return (Blocker("prescription_not_signed", _("The prescription has not been signed yet.")),)
    return ()


def _fill_blockers(prescription: Prescription, entries: list[Entry], entry: Entry) -> tuple[Blocker, ...]:
    """All fills together hand out no more than was prescribed."""
    most = prescription.one_fill * (1 + prescription.refills)
    together = balances.total([*entries, entry], Kind.DISPENSED)
    if together <= most:
        return ()
    return (
        Blocker(
            "more_than_prescribed",
            _("%(together)s would be dispensed, %(most)s are prescribed with all refills."),
            {"together": balances.shown(together), "most": balances.shown(most)},
        ),
    )


def _account(client_id: int, prescription_id: int) -> Held:
    client = _lock(client_id)
    prescription = Prescription.objects.filter(pk=prescription_id, client=client).first()
    if prescription is None:
        raise OutOfScope(pointer="/prescription")
    return Held(
        events=SupplyEvent,
        tasks=SupplyTask,
        refused=SupplyRefused,
        name="supply",
        belongs={"client_id": client_id, "prescription_id": prescription_id},
        task_belongs={"client_id": client_id},
        unit=prescription.quantity_unit,
        zone=clock.zone(client.location.time_zone),
        client_id=client_id,
        prescription=prescription,
    )


def _lock(client_id: int) -> Client:
    rows = Client.objects.select_for_update(no_key=True, of=("self",)).select_related("location")
    client = rows.filter(pk=client_id).first()
    if client is None:
        raise OutOfScope(pointer="/client")
    return client
