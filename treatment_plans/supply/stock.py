"""The clinic's own medicine by lot: received, used in sessions, wasted, counted, transferred.

A door that gives a dose from stock calls `use_from_lot`. The lot is locked last (docs/locking.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.doors import door, on_violation, step
from practice.editing import save_new
from practice.errors import Invalid, OutOfScope, Refused, Taken
from practice.models import Client, Location, User
from treatment_plans.errors import EventCorrectedBefore, KeyUsedBefore
from treatment_plans.models import PlannedSession, StockEvent, StockLot, StockTask
from treatment_plans.rules.balances import Entry
from treatment_plans.supply import accounts
from treatment_plans.supply.accounts import Account, NewEvent

Kind = StockEvent.Kind

# What staff record as it happens. The others belong to a delivery, a transfer or a settled count.
RECORDED = (Kind.USED, Kind.WASTED, Kind.DISPOSED, Kind.COUNTED)
_OTHER_END = UUID("5a0d1d0e-1c53-4f6b-9a49-7a4f0c6a7d11")


class StockRefused(Refused):
    code = "stock_refused"
    message = _("This can't be recorded of this lot.")


class LotExists(Taken):
    code = "lot_exists"
    message = _("This lot is there already.")


on_violation("treatment_plans_stock_event_key", KeyUsedBefore)
on_violation("treatment_plans_stock_event_corrected_once", EventCorrectedBefore)
on_violation("treatment_plans_stock_lot_once", LotExists)


@dataclass(frozen=True, kw_only=True)
class Lot(Account[StockEvent, StockTask]):
    """What there is of one lot at its place."""

    lot: StockLot

    def sessions(self) -> QuerySet[PlannedSession]:
        return PlannedSession.objects.select_related("plan__protocol")

    def blockers(
        self, entries: list[Entry], entry: Entry, session: PlannedSession | None, *, day: date
    ) -> Iterable[Blocker]:
        if entry.kind == Kind.USED and entry.corrects is None:
            yield from _lot_blockers(self.lot, session, day)


@door
def receive(
    location: Location,
    values: Mapping[str, Any],
    amount: Decimal,
    *,
    key: UUID,
    for_client: Client | None = None,
    actor: User,
    now: datetime,
) -> StockLot:
    """A delivery came in: a lot with its first amount. The same key again is the same lot.

    Locks the location. Raises LotExists, KeyUsedBefore.
    """
    Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    saved = StockEvent.objects.select_related("stock_lot").filter(key=key).first()
    if saved is not None:
        lot = saved.stock_lot
        if (saved.kind, lot.location_id, lot.lot, saved.amount) != (
            Kind.RECEIVED,
            location.pk,
            values["lot"],
            amount,
        ):
            raise KeyUsedBefore
        return lot
    lot = save_new(StockLot(location=location, for_client=for_client, **values))
    activity.record("stock_lot.received", lot, actor=actor, at=now, client=for_client)
    keep(lot.pk, NewEvent(kind=Kind.RECEIVED, amount=amount, unit=lot.unit, key=key), actor=actor, now=now)
    return lot


@door
def record(lot_id: int, new: NewEvent, *, actor: User, now: datetime) -> StockEvent:
    """Append an event to the lot's ledger. The same event again, by its key, is the first one.

    Raises StockRefused with every reason, Invalid for a time ahead of now, KeyUsedBefore.
    """
    return keep(lot_id, new, actor=actor, now=now)


@door
def correct(
    event_id: int, amount: Decimal, *, reason: str, key: UUID, actor: User, now: datetime
) -> StockEvent:
    """Put a row with the right amount in place of one that stays; an amount of nothing undoes it.

    Raises EventCorrectedBefore, Invalid for one end of a transfer (transfer it back), else as `record` does.
    """
    first = StockEvent.objects.filter(pk=event_id).first()
    if first is None:
        raise OutOfScope
    if first.other_lot_id is not None:
        raise Invalid(_("A transfer is undone by a transfer back."), code="is_transfer")
    account = _account(first.stock_lot_id)
    return accounts.correct(account, first, amount, reason=reason, key=key, actor=actor, now=now)


@door
def transfer(
    lot_id: int, amount: Decimal, *, unit: str, to: Location, key: UUID, actor: User, now: datetime
) -> StockEvent:
    """Move some of a lot to another location, where the same lot number goes on; returns the end that left.

    Locks both lots in the order of their keys. Raises as `record` does.
    """
    lot = StockLot.objects.filter(pk=lot_id).first()
    if lot is None:
        raise OutOfScope
    if lot.location_id == to.pk:
        raise Invalid(_("It is there already."), code="same_location", pointer="/to_location")
    same = {"location": to, "drug": lot.drug, "lot": lot.lot, "for_client": lot.for_client_id}
    other = StockLot.objects.filter(**same).first()
    if other is None:
        copied = (
            "drug",
            "strength_amount",
            "strength_unit",
            "form",
            "route",
            "lot",
            "unit",
            "expires_on",
            "use_by_on",
            "for_client_id",
        )
        at_other = {name: getattr(lot, name) for name in copied}
        received_on = clock.local_day(now, clock.zone(to.time_zone))
        other = save_new(StockLot(location=to, received_on=received_on, **at_other))
        activity.record("stock_lot.received", other, actor=actor, at=now, client=other.for_client_id)
    _lock(lot_id, other.pk)
    out = NewEvent(kind=Kind.TRANSFERRED_OUT, amount=amount, unit=unit, key=key)
    left = keep(lot_id, out, other_lot=other, actor=actor, now=now)
    other_key = uuid5(_OTHER_END, str(key))
    came = NewEvent(kind=Kind.TRANSFERRED_IN, amount=amount, unit=unit, key=other_key)
    keep(other.pk, came, other_lot=lot, actor=actor, now=now)
    return left


@door
def settle(task_id: int, *, outcome: str, note: str, actor: User, now: datetime) -> StockTask:
    """Close a count that did not fit with what was found.

    What stays unexplained (adjusted, reported) makes the ledger take the count. Raises AlreadySettled,
    StillDoesNotFit when the outcome says that it fits by now and it does not.
    """
    found = StockTask.objects.select_related("event").filter(pk=task_id).first()
    if found is None:
        raise OutOfScope
    account = _account(found.event.stock_lot_id)
    return accounts.settle(account, task_id, outcome=outcome, note=note, actor=actor, now=now)


@step
def use_from_lot(
    lot_id: int,
    amount: Decimal,
    unit: str,
    planned_session_id: int,
    key: UUID,
    actor: User,
    now: datetime,
    *,
    occurred_at: datetime | None = None,
) -> StockEvent:
    """A dose of the clinic's stock was given in a session. `unit` is the lot's `unit`.

    Raises StockRefused with every reason: expired, empty or not enough left, for another route, delivered for
    another client, another unit. The same `key` again changes nothing. Locks the lot.
    """
    new = NewEvent(
        kind=Kind.USED,
        amount=amount,
        unit=unit,
        key=key,
        planned_session_id=planned_session_id,
        occurred_at=occurred_at,
    )
    return keep(lot_id, new, actor=actor, now=now)


@step
def keep(
    lot_id: int, new: NewEvent, *, other_lot: StockLot | None = None, actor: User, now: datetime
) -> StockEvent:
    """Append a row, as a part of a door; `other_lot` is the other end of a transfer. Locks the lot."""
    return accounts.keep(_account(lot_id), new, actor=actor, now=now, other_lot=other_lot)


def last_day(lot: StockLot) -> date:
    """The last day on which a dose may be taken from it."""
    return min(lot.expires_on, lot.use_by_on or lot.expires_on)


def _account(lot_id: int) -> Lot:
    lot = _lock(lot_id)[lot_id]
    return Lot(
        events=StockEvent,
        tasks=StockTask,
        refused=StockRefused,
        name="stock",
        belongs={"stock_lot_id": lot_id},
        task_belongs={},
        unit=lot.unit,
        zone=clock.zone(lot.location.time_zone),
        client_id=None,
        lot=lot,
    )


def _lock(*lot_ids: int) -> dict[int, StockLot]:
    rows = StockLot.objects.select_for_update(no_key=True, of=("self",)).select_related("location")
    found = {lot.pk: lot for lot in rows.filter(pk__in=lot_ids).order_by("pk")}
    if set(lot_ids) - set(found):
        raise OutOfScope(pointer="/stock_lot")
    return found


def _lot_blockers(lot: StockLot, session: PlannedSession | None, day: date) -> Iterable[Blocker]:
    """Why no dose of it may be given in that session on `day` at the lot's place."""
    if session is None:
        yield Blocker("session_missing", _("A dose is used in a session: say in which."))
    if last_day(lot) < day:
        yield Blocker(
            "lot_expired", _("The lot was to be used by %(last_on)s."), {"last_on": last_day(lot).isoformat()}
        )
    if session is not None and session.plan.protocol.route != lot.route:
        yield Blocker(
            "lot_wrong_route",
            _("The lot is for another route (%(of_lot)s) than the plan (%(planned)s)."),
            {"of_lot": lot.route, "planned": session.plan.protocol.route},
        )
    if session is not None and lot.for_client_id not in (None, session.plan.client_id):
        yield Blocker("lot_of_another", _("The lot was delivered for another client."))
