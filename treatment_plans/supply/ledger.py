"""The medicine that clients hold: what was dispensed, brought, used, given back, lost, and what was counted.

A door that gives a dose calls `use_from_prescription`, one that checks a client in `brought` or `counted`.
All of them lock the client; who locks bookings too, locks the client before (docs/locking.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.doors import door, on_violation, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import Client, User
from treatment_plans.errors import AlreadySettled, EventCorrectedBefore, KeyUsedBefore, StillDoesNotFit
from treatment_plans.models import PlannedSession, Prescription, SupplyEvent, SupplyTask
from treatment_plans.rules import balances, supply
from treatment_plans.rules.balances import Entry

Kind = SupplyEvent.Kind

# What staff record as it happens. The others belong to a fill or to a settled count.
RECORDED = (Kind.BROUGHT, Kind.USED, Kind.COUNTED, Kind.RETURNED, Kind.WASTED, Kind.LOST)


class SupplyRefused(Refused):
    code = "supply_refused"
    message = _("This can't be recorded of this medicine.")


on_violation("treatment_plans_supply_event_key", KeyUsedBefore)
on_violation("treatment_plans_supply_event_corrected_once", EventCorrectedBefore)


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """`key` is made once, by whoever wants it saved; `occurred_at` is aware, None for now."""

    prescription_id: int
    kind: str
    amount: Decimal
    unit: str
    key: UUID
    planned_session_id: int | None = None
    witness_id: int | None = None
    occurred_at: datetime | None = None
    note: str = ""


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
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    first = SupplyEvent.objects.filter(pk=event_id).first()
    if first is None:
        raise OutOfScope
    new = NewEvent(
        prescription_id=first.prescription_id,
        kind=first.kind,
        amount=amount,
        unit=first.unit,
        key=key,
        planned_session_id=first.planned_session_id,
        witness_id=first.witness_id,
        occurred_at=first.occurred_at,
    )
    return keep(first.client_id, new, corrects=first, reason=reason.strip(), actor=actor, now=now)


@door
def settle(task_id: int, *, outcome: str, note: str, actor: User, now: datetime) -> SupplyTask:
    """Close a count that did not fit with what was found.

    What stays unexplained (adjusted, reported) makes the ledger take the count. Raises AlreadySettled,
    StillDoesNotFit when the outcome says that it fits by now and it does not.
    """
    if not note.strip():
        raise Invalid(_("Say what was found."), code="required", pointer="/note")
    found = SupplyTask.objects.select_related("event").filter(pk=task_id).first()
    if found is None:
        raise OutOfScope
    _lock(found.client_id)
    task = lock_for_edit(SupplyTask.objects.select_related("event"), task_id, revision=None)
    if task.settled_at is not None:
        raise AlreadySettled
    event = task.event
    if outcome in SupplyTask.TAKES_THE_COUNT:
        keep(
            task.client_id,
            NewEvent(
                prescription_id=event.prescription_id,
                kind=Kind.ADJUSTED,
                amount=task.counted - task.expected,
                unit=task.unit,
                key=uuid4(),
            ),
            actor=actor,
            now=now,
        )
    elif (expected := balances.still_unfitting(entries_of(event.prescription_id), event.pk)) is not None:
        raise StillDoesNotFit(params={"expected": balances.shown(expected)}, client_id=task.client_id)
    values = {"outcome": outcome, "note": note.strip(), "settled_at": now, "settled_by": actor}
    save_changes(task, values)
    activity.record(
        "supply_task.settled",
        task,
        actor=actor,
        at=now,
        client=task.client_id,
        data={"outcome": outcome},
    )
    return task


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
def counted(
    client_id: int,
    prescription_id: int,
    amount: Decimal,
    unit: str,
    planned_session_id: int | None,
    key: UUID,
    actor: User,
    now: datetime,
) -> SupplyEvent:
    """All that the client holds was counted. What differs opens a supply task. Locks the client."""
    new = NewEvent(
        prescription_id=prescription_id,
        kind=Kind.COUNTED,
        amount=amount,
        unit=unit,
        key=key,
        planned_session_id=planned_session_id,
    )
    return keep(client_id, new, actor=actor, now=now)


@step
def keep(
    client_id: int,
    new: NewEvent,
    *,
    corrects: SupplyEvent | None = None,
    reason: str = "",
    actor: User,
    now: datetime,
) -> SupplyEvent:
    """Lock the client, judge, save, record; open a task for a count that does not fit."""
    client = _lock(client_id)
    saved = _saved_before(client_id, new)
    if saved is not None:
        return saved
    prescription = Prescription.objects.filter(pk=new.prescription_id, client=client_id).first()
    if prescription is None:
        raise OutOfScope(pointer="/prescription")
    session = _session(client_id, new.planned_session_id)
    if new.witness_id is not None and not User.objects.filter(pk=new.witness_id, is_active=True).exists():
        raise OutOfScope(pointer="/witness")
    occurred_at = new.occurred_at or now
    if occurred_at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/occurred_at")
    entries = entries_of(prescription.pk)
    entry = Entry(None, new.kind, new.amount, occurred_at, corrects.pk if corrects else None)
    save = balances.Save(
        unit=new.unit,
        unit_of_ledger=prescription.quantity_unit,
        recorder_id=actor.pk,
        witness_id=new.witness_id,
    )
    day = clock.local_day(occurred_at, clock.zone(client.location.time_zone))
    blockers = (
        *(_prescription_blockers(prescription, session, entry, day=day) if corrects is None else ()),
        *_fill_blockers(prescription, entries, entry),
        *balances.entry_blockers(entries, entry, save),
    )
    if blockers:
        raise SupplyRefused(blockers=blockers, client_id=client_id)
    event = save_new(
        SupplyEvent(
            client=client,
            prescription=prescription,
            planned_session=session,
            kind=new.kind,
            amount=new.amount,
            unit=new.unit,
            key=new.key,
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
    activity.record(f"supply.{verb}", event, actor=actor, at=now, client=client_id)
    _compare(event, entries, replaces=corrects, actor=actor, now=now)
    return event


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
    by_prescription = _entries(SupplyEvent.objects.filter(client=client_id))
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


def entries_of(prescription_id: int) -> list[Entry]:
    return _entries(SupplyEvent.objects.filter(prescription=prescription_id)).get(prescription_id, [])


def _entries(rows: Iterable[SupplyEvent]) -> Mapping[int, list[Entry]]:
    found: dict[int, list[Entry]] = defaultdict(list)
    for row in rows:
        found[row.prescription_id].append(
            Entry(row.pk, row.kind, row.amount, row.occurred_at, row.corrects_id)
        )
    return found


def _lock(client_id: int) -> Client:
    found = (
        Client.objects.select_for_update(no_key=True, of=("self",))
        .select_related("location")
        .filter(pk=client_id)
        .first()
    )
    if found is None:
        raise OutOfScope(pointer="/client")
    return found


def _saved_before(client_id: int, new: NewEvent) -> SupplyEvent | None:
    saved = SupplyEvent.objects.filter(key=new.key).first()
    if saved is None:
        return None
    if (saved.client_id, saved.prescription_id, saved.kind, saved.amount, saved.unit) != (
        client_id,
        new.prescription_id,
        new.kind,
        new.amount,
        new.unit,
    ):
        raise KeyUsedBefore
    return saved


def _session(client_id: int, planned_session_id: int | None) -> PlannedSession | None:
    if planned_session_id is None:
        return None
    found = (
        PlannedSession.objects.select_related("plan__protocol")
        .filter(pk=planned_session_id, plan__client=client_id)
        .first()
    )
    if found is None:
        raise OutOfScope(pointer="/planned_session")
    return found


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
    if entry.kind != Kind.DISPENSED:
        return ()
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


def _compare(
    event: SupplyEvent, entries: list[Entry], *, replaces: SupplyEvent | None, actor: User, now: datetime
) -> None:
    """Open a task where a look does not fit; a corrected look closes the task of the one before."""
    if event.kind not in balances.LOOKS:
        return
    look = Entry(event.pk, event.kind, event.amount, event.occurred_at, event.corrects_id)
    if replaces is not None:
        for task in SupplyTask.objects.select_for_update(no_key=True).filter(event=replaces, settled_at=None):
            save_changes(
                task,
                {
                    "outcome": SupplyTask.Outcome.MISCOUNTED,
                    "note": event.correction_reason,
                    "settled_at": now,
                    "settled_by": actor,
                },
            )
    expected = balances.does_not_fit([*entries, look], look)
    if expected is None:
        return
    task = SupplyTask.objects.create(
        client_id=event.client_id,
        event=event,
        expected=expected,
        counted=event.amount,
        unit=event.unit,
        raised_at=now,
    )
    activity.record("supply_task.raised", task, actor=actor, at=now, client=event.client_id)
