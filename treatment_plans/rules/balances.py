"""What a ledger of medicine says: how much is there, and what an entry may not do. Amounts are Decimal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

NOTHING = Decimal(0)

ADJUSTED = "adjusted"  # to a count: up or down
TAKES = frozenset({"used", "returned", "wasted", "lost", "disposed", "moved_out"})
LOOKS = frozenset({"brought", "counted"})  # says what was there, and changes nothing
WITNESSED = frozenset({"wasted", "disposed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a ledger. `id` is None for one that is proposed; `corrects` names the one it replaces."""

    id: int | None
    kind: str
    amount: Decimal
    occurred_at: datetime
    corrects: int | None = None

    @property
    def change(self) -> Decimal:
        if self.kind in LOOKS:
            return NOTHING
        return -self.amount if self.kind in TAKES else self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """How an entry is saved: counted in what, by whom, and who watched."""

    unit: str
    unit_of_ledger: str
    recorder_id: int
    witness_id: int | None = None


def in_force(entries: Iterable[Entry]) -> list[Entry]:
    """Those that no other corrects, in order of time; at one instant, what comes in is first."""
    entries = list(entries)
    corrected = {each.corrects for each in entries}
    return sorted(
        (each for each in entries if each.id is None or each.id not in corrected),
        key=lambda each: (each.occurred_at, each.change < 0, each.id is None, each.id or 0),
    )


def balance(entries: Iterable[Entry], *, at: datetime | None = None) -> Decimal:
    """How much is there at `at`, what happened at that very instant included; None for after everything."""
    return sum(
        (each.change for each in in_force(entries) if at is None or each.occurred_at <= at), start=NOTHING
    )


def total(entries: Iterable[Entry], kind: str) -> Decimal:
    return sum((each.amount for each in in_force(entries) if each.kind == kind), start=NOTHING)


def entry_blockers(entries: Iterable[Entry], new: Entry, save: Save) -> tuple[Blocker, ...]:
    """List why `new` can't be added to what is recorded of the same medicine."""
    entries = tuple(entries)
    return (
        *_amount_blockers(new),
        *_unit_blockers(save),
        *_witness_blockers(new, save),
        *_balance_blockers(entries, new),
    )


def does_not_fit(entries: Iterable[Entry], look: Entry) -> Decimal | None:
    """What the ledger expects where the look differs from it, or None where it fits.

    Who brings less than they hold has the rest at home; who brings more has too much.
    """
    expected = balance(entries, at=look.occurred_at)
    fits = look.amount <= expected if look.kind == "brought" else look.amount == expected
    return None if fits else expected


def still_unfitting(entries: Iterable[Entry], look_id: int) -> Decimal | None:
    """What is expected still, where neither the look nor the latest count after it fits by now.

    A look that was corrected is no longer one.
    """
    entries = tuple(entries)
    standing = in_force(entries)
    look = next((each for each in standing if each.id == look_id), None)
    if look is None:
        return None
    expected = does_not_fit(entries, look)
    later = [each for each in standing[standing.index(look) + 1 :] if each.kind == "counted"]
    if expected is None or (later and does_not_fit(entries, later[-1]) is None):
        return None
    return expected


def shown(amount: Decimal) -> str:
    """Without zeros at the end: 1.500 is 1.5, 10.000 is 10."""
    return f"{amount.normalize():f}"


def _amount_blockers(new: Entry) -> tuple[Blocker, ...]:
    may_be_nothing = new.kind == "counted" or new.corrects is not None
    if new.kind == ADJUSTED or new.amount > 0 or (may_be_nothing and new.amount == 0):
        return ()
    return (Blocker("amount_not_positive", _("The amount has to be more than nothing.")),)


def _unit_blockers(save: Save) -> tuple[Blocker, ...]:
    if save.unit == save.unit_of_ledger:
        return ()
    params = {"unit": save.unit, "counted_in": save.unit_of_ledger}
    return (
        Blocker(
            "wrong_unit",
            _("This is counted in %(counted_in)s, not in %(unit)s; nothing is converted."),
            params,
        ),
    )


def _witness_blockers(new: Entry, save: Save) -> tuple[Blocker, ...]:
    if save.witness_id == save.recorder_id:
        return (Blocker("witness_is_recorder", _("The witness has to be somebody else.")),)
    if new.kind in WITNESSED and save.witness_id is None:
        return (Blocker("witness_missing", _("This needs a witness.")),)
    return ()


def _balance_blockers(entries: tuple[Entry, ...], new: Entry) -> tuple[Blocker, ...]:
    """Never less than nothing: not now, nor at any time since, for what is recorded late."""
    left, lowest = NOTHING, NOTHING
    for each in in_force((*entries, new)):
        left += each.change
        lowest = min(lowest, left)
    if lowest >= 0:
        return ()
    there = max(NOTHING, balance(entries, at=new.occurred_at))
    if new.corrects is None and new.change < 0 and there + new.change < 0:
        return (
            Blocker(
                "not_enough_left",
                _("Only %(left)s are there, not %(amount)s."),
                {"left": shown(there), "amount": shown(-new.change)},
            ),
        )
    return (
        Blocker(
            "not_enough_later",
            _("Then %(missing)s more would have been taken since than were there."),
            {"missing": shown(-lowest)},
        ),
    )
