"""The clinic's own medicine by lot: received, used in sessions, wasted, counted, transferred.

A door that gives a dose from stock calls `use_from_lot`. The lot is locked last (docs/locking.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.doors import door, on_violation, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused, Taken
from practice.models import Client, Location, User
from treatment_plans.errors import AlreadySettled, EventCorrectedBefore, KeyUsedBefore, StillDoesNotFit
from treatment_plans.models import PlannedSession, StockEvent, StockLot, StockTask
from treatment_plans.rules import balances
from treatment_plans.rules.balances import Entry

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
class NewEvent:
    """`key` is made once, by whoever wants it saved; `occurred_at` is aware, None for now."""

    kind: str
    amount: Decimal
    unit: str
    key: UUID
    planned_session_id: int | None = None
    witness_id: int | None = None
    other_lot_id: int | None = None
    occurred_at: datetime | None = None
    note: str = ""


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
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    first = StockEvent.objects.filter(pk=event_id).first()
    if first is None:
        raise OutOfScope
    if first.other_lot_id is not None:
        raise Invalid(_("A transfer is undone by a transfer back."), code="is_transfer")
    new = NewEvent(
        kind=first.kind,
        amount=amount,
        unit=first.unit,
        key=key,
        planned_session_id=first.planned_session_id,
        witness_id=first.witness_id,
        occurred_at=first.occurred_at,
    )
    return keep(first.stock_lot_id, new, corrects=first, reason=reason.strip(), actor=actor, now=now)


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
    out = NewEvent(kind=Kind.TRANSFERRED_OUT, amount=amount, unit=unit, key=key, other_lot_id=other.pk)
    left = keep(lot_id, out, actor=actor, now=now)
    came = NewEvent(
        kind=Kind.TRANSFERRED_IN,
        amount=amount,
        unit=unit,
        key=uuid5(_OTHER_END, str(key)),
        other_lot_id=lot_id,
    )
    keep(other.pk, came, actor=actor, now=now)
    return left


@door
def settle(task_id: int, *, outcome: str, note: str, actor: User, now: datetime) -> StockTask:
    """Close a count that did not fit with what was found.

    What stays unexplained (adjusted, reported) makes the ledger take the count. Raises AlreadySettled,
    StillDoesNotFit when the outcome says that it fits by now and it does not.
    """
    if not note.strip():
        raise Invalid(_("Say what was found."), code="required", pointer="/note")
    found = StockTask.objects.select_related("event").filter(pk=task_id).first()
    if found is None:
        raise OutOfScope
    event = found.event
    _lock(event.stock_lot_id)
    task = lock_for_edit(StockTask.objects.all(), task_id, revision=None)
    if task.settled_at is not None:
        raise AlreadySettled
    if outcome in StockTask.TAKES_THE_COUNT:
        change = task.counted - task.expected
        adjusted = NewEvent(kind=Kind.ADJUSTED, amount=change, unit=task.unit, key=uuid4())
        keep(event.stock_lot_id, adjusted, actor=actor, now=now)
    elif (expected := balances.still_unfitting(entries_of(event.stock_lot_id), event.pk)) is not None:
        raise StillDoesNotFit(params={"expected": balances.shown(expected)})
    values = {"outcome": outcome, "note": note.strip(), "settled_at": now, "settled_by": actor}
    save_changes(task, values)
    activity.record("stock_task.settled", task, actor=actor, at=now, data={"outcome": outcome})
    return task


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
    lot_id: int,
    new: NewEvent,
    *,
    corrects: StockEvent | None = None,
    reason: str = "",
    actor: User,
    now: datetime,
) -> StockEvent:
    """Lock the lot, judge, save, record; open a task for a count that does not fit."""
    lot = _lock(lot_id)[lot_id]
    saved = _saved_before(lot_id, new)
    if saved is not None:
        return saved
    session = None
    if new.planned_session_id is not None:
        rows = PlannedSession.objects.select_related("plan__protocol")
        session = rows.filter(pk=new.planned_session_id).first()
        if session is None:
            raise OutOfScope(pointer="/planned_session")
    if new.witness_id is not None and not User.objects.filter(pk=new.witness_id, is_active=True).exists():
        raise OutOfScope(pointer="/witness")
    occurred_at = new.occurred_at or now
    if occurred_at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/occurred_at")
    entries = entries_of(lot_id)
    entry = Entry(None, new.kind, new.amount, occurred_at, corrects.pk if corrects else None)
    save = balances.Save(
        unit=new.unit, unit_of_ledger=lot.unit, recorder_id=actor.pk, witness_id=new.witness_id
    )
    day = clock.local_day(occurred_at, clock.zone(lot.location.time_zone))
    blockers = (
        *(_lot_blockers(lot, session, day) if new.kind == Kind.USED and corrects is None else ()),
        *balances.entry_blockers(entries, entry, save),
    )
    if blockers:
        raise StockRefused(blockers=blockers)
    event = save_new(
        StockEvent(
            stock_lot=lot,
            planned_session=session,
            kind=new.kind,
            amount=new.amount,
            unit=new.unit,
            key=new.key,
            other_lot_id=new.other_lot_id,
            occurred_at=occurred_at,
            note=new.note.strip(),
            witness_id=new.witness_id,
            recorded_by=actor,
            recorded_at=now,
            corrects=corrects,
            correction_reason=reason,
        )
    )
    verb = "corrected" if corrects else new.kind
    about = session.plan.client_id if session else None
    activity.record(f"stock.{verb}", event, actor=actor, at=now, client=about)
    _compare(event, entries, replaces=corrects, actor=actor, now=now)
    return event


def entries_of(lot_id: int) -> list[Entry]:
    return entries_by_lot(StockEvent.objects.filter(stock_lot=lot_id)).get(lot_id, [])


def entries_by_lot(rows: Iterable[StockEvent]) -> Mapping[int, list[Entry]]:
    found: dict[int, list[Entry]] = defaultdict(list)
    for row in rows:
        entry = Entry(row.pk, row.kind, row.amount, row.occurred_at, row.corrects_id)
        found[row.stock_lot_id].append(entry)
    return found


def last_day(lot: StockLot) -> date:
    """The last day on which a dose may be taken from it."""
    return min(lot.expires_on, lot.use_by_on or lot.expires_on)


def _lock(*lot_ids: int) -> dict[int, StockLot]:
    rows = StockLot.objects.select_for_update(no_key=True, of=("self",)).select_related("location")
    found = {lot.pk: lot for lot in rows.filter(pk__in=lot_ids).order_by("pk")}
    if set(lot_ids) - set(found):
        raise OutOfScope(pointer="/stock_lot")
    return found


def _saved_before(lot_id: int, new: NewEvent) -> StockEvent | None:
    saved = StockEvent.objects.filter(key=new.key).first()
    if saved is None:
        return None
    was = (saved.stock_lot_id, saved.kind, saved.amount, saved.unit, saved.planned_session_id)
    if was != (lot_id, new.kind, new.amount, new.unit, new.planned_session_id):
        raise KeyUsedBefore
    return saved


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


def _compare(
    event: StockEvent, entries: list[Entry], *, replaces: StockEvent | None, actor: User, now: datetime
) -> None:
    """Open a task where a count does not fit; a corrected count closes the task of the one before."""
    if event.kind not in balances.LOOKS:
        return
    if replaces is not None:
        for task in StockTask.objects.select_for_update(no_key=True).filter(event=replaces, settled_at=None):
            save_changes(
                task,
                {
                    "outcome": StockTask.Outcome.MISCOUNTED,
                    "note": event.correction_reason,
                    "settled_at": now,
                    "settled_by": actor,
                },
            )
    look = Entry(event.pk, event.kind, event.amount, event.occurred_at, event.corrects_id)
    expected = balances.does_not_fit([*entries, look], look)
    if expected is None:
        return
    task = StockTask.objects.create(
        event=event, expected=expected, counted=event.amount, unit=event.unit, raised_at=now
    )
    activity.record("stock_task.raised", task, actor=actor, at=now)
