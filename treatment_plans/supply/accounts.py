"""What a client's supply and the clinic's stock do alike: rows that stay, corrections, counts that don't fit.

Who makes an account has locked what it belongs to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.doors import step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import User
from treatment_plans.errors import AlreadySettled, KeyUsedBefore, StillDoesNotFit
from treatment_plans.models import PlannedSession
from treatment_plans.models.counted import CountMismatch, LedgerEvent
from treatment_plans.rules import balances
from treatment_plans.rules.balances import Entry

E = TypeVar("E", bound=LedgerEvent)
T = TypeVar("T", bound=CountMismatch)


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """`key` is made once, by whoever wants it saved; `occurred_at` is aware, None for now."""

    kind: str
    amount: Decimal
    unit: str
    key: UUID
    planned_session_id: int | None = None
    witness_id: int | None = None
    occurred_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Account(ABC, Generic[E, T]):
    """The rows of one medicine in one hand. `belongs` are the columns that say whose, `unit` is counted."""

    events: type[E]
    tasks: type[T]
    refused: type[Refused]
    name: str  # of its activities
    belongs: Mapping[str, int]
    task_belongs: Mapping[str, int]
    unit: str
    zone: ZoneInfo
    client_id: int | None

    @abstractmethod
    def sessions(self) -> QuerySet[PlannedSession]:
        """Those that a row may name, with plan and protocol."""

    @abstractmethod
    def blockers(
        self, entries: list[Entry], entry: Entry, session: PlannedSession | None, *, day: date
    ) -> Iterable[Blocker]:
        """What stands against it here, besides the rules of every ledger. `day` is the local one."""

    def entries(self) -> list[Entry]:
        return entries_of(self.events._default_manager.filter(**self.belongs))


@step
def keep(
    account: Account[E, T],
    new: NewEvent,
    *,
    corrects: E | None = None,
    reason: str = "",
    actor: User,
    now: datetime,
    **columns: Any,
) -> E:
    """Judge, save, record; open a task for a count that does not fit. The same key again is the first row."""
    said = {
        "kind": new.kind,
        "amount": new.amount,
        "unit": new.unit,
        "planned_session_id": new.planned_session_id,
    }
    saved = account.events._default_manager.filter(key=new.key).first()
    if saved is not None:
        if any(getattr(saved, name) != value for name, value in {**account.belongs, **said}.items()):
            raise KeyUsedBefore
        return saved
    session = _session(account, new.planned_session_id)
    if new.witness_id is not None and not User.objects.filter(pk=new.witness_id, is_active=True).exists():
        raise OutOfScope(pointer="/witness")
    occurred_at = new.occurred_at or now
    if occurred_at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/occurred_at")
    entries = account.entries()
    entry = Entry(None, new.kind, new.amount, occurred_at, corrects.pk if corrects else None)
    save = balances.Save(
        unit=new.unit, unit_of_ledger=account.unit, recorder_id=actor.pk, witness_id=new.witness_id
    )
    blockers = (
        *account.blockers(entries, entry, session, day=clock.local_day(occurred_at, account.zone)),
        *balances.entry_blockers(entries, entry, save),
    )
    if blockers:
        raise account.refused(blockers=blockers, client_id=account.client_id)
    event = save_new(
        account.events(
            **account.belongs,
            **said,
            **columns,
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
    about = account.client_id or (session.plan.client_id if session else None)
    verb = "corrected" if corrects else new.kind
    activity.record(f"{account.name}.{verb}", event, actor=actor, at=now, client=about)
    if event.kind in balances.LOOKS:
        _compare(account, event, entries, replaces=corrects, actor=actor, now=now)
    return event


@step
def correct(
    account: Account[E, T], first: E, amount: Decimal, *, reason: str, key: UUID, actor: User, now: datetime
) -> E:
    """Put a row with the right amount in place of `first`, which stays; an amount of nothing undoes it."""
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    new = NewEvent(
        kind=first.kind,
        amount=amount,
        unit=first.unit,
        key=key,
        planned_session_id=first.planned_session_id,
        witness_id=first.witness_id,
        occurred_at=first.occurred_at,
    )
    return keep(account, new, corrects=first, reason=reason.strip(), actor=actor, now=now)


@step
def settle(
    account: Account[E, T],
    task_id: int,
    *,
    outcome: str,
    note: str,
    actor: User,
    now: datetime,
) -> T:
    """Close a count that did not fit. What stays unexplained makes the ledger take the count."""
    if not note.strip():
        raise Invalid(_("Say what was found."), code="required", pointer="/note")
    task = lock_for_edit(account.tasks._default_manager.all(), task_id, revision=None)
    if task.settled_at is not None:
        raise AlreadySettled
    if outcome in account.tasks.TAKES_THE_COUNT:
        change = NewEvent(
            kind=balances.ADJUSTED, amount=task.counted - task.expected, unit=task.unit, key=uuid4()
        )
        keep(account, change, actor=actor, now=now)
    elif (expected := balances.still_unfitting(account.entries(), task.event_id)) is not None:
        raise StillDoesNotFit(params={"expected": balances.shown(expected)}, client_id=account.client_id)
    _close(task, outcome, note.strip(), actor=actor, now=now)
    activity.record(
        f"{account.name}_task.settled",
        task,
        actor=actor,
        at=now,
        client=account.client_id,
        data={"outcome": outcome},
    )
    return task


def entries_of(rows: Iterable[LedgerEvent]) -> list[Entry]:
    return [Entry(row.pk, row.kind, row.amount, row.occurred_at, row.corrects_id) for row in rows]


def entries_by(column: str, rows: Iterable[LedgerEvent]) -> Mapping[int, list[Entry]]:
    """The rows as entries, by what `column` holds."""
    found: dict[int, list[LedgerEvent]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return {value: entries_of(theirs) for value, theirs in found.items()}


def _session(account: Account[E, T], planned_session_id: int | None) -> PlannedSession | None:
    if planned_session_id is None:
        return None
    found = account.sessions().filter(pk=planned_session_id).first()
    if found is None:
        raise OutOfScope(pointer="/planned_session")
    return found


@step
def _compare(
    account: Account[E, T],
    event: E,
    entries: list[Entry],
    *,
    replaces: E | None,
    actor: User,
    now: datetime,
) -> None:
    """Open a task where a look does not fit; a corrected look closes the task of the one before."""
    tasks = account.tasks._default_manager
    if replaces is not None:
        for task in tasks.select_for_update(no_key=True).filter(event=replaces, settled_at=None):
            _close(task, CountMismatch.Outcome.MISCOUNTED, event.correction_reason, actor=actor, now=now)
    (look,) = entries_of([event])
    expected = balances.does_not_fit([*entries, look], look)
    if expected is None:
        return
    raised = tasks.create(
        **account.task_belongs,
        event=event,
        expected=expected,
        counted=event.amount,
        unit=event.unit,
        raised_at=now,
    )
    activity.record(f"{account.name}_task.raised", raised, actor=actor, at=now, client=account.client_id)


def _close(task: CountMismatch, outcome: str, note: str, *, actor: User, now: datetime) -> None:
    save_changes(task, {"outcome": outcome, "note": note, "settled_at": now, "settled_by": actor})
