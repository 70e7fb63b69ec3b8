"""The arithmetic of a ledger: never less than nothing, nothing converted, a witness who is somebody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatment_plans.rules.balances import (
    LOOKS,
    Entry,
    Save,
    balance,
    does_not_fit,
    entry_blockers,
    in_force,
    still_unfitting,
    total,
)

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAIN = Save(unit="dose", unit_of_ledger="dose", recorder_id=1)


def entry(
    kind: str, amount: str, *, hour: int = 0, id: int | None = None, corrects: int | None = None
) -> Entry:
    return Entry(id, kind, Decimal(amount), NINE + timedelta(hours=hour), corrects)


def book(*rows: tuple[str, str]) -> list[Entry]:
    """One an hour, numbered from 1."""
    return [entry(kind, amount, hour=at, id=at + 1) for at, (kind, amount) in enumerate(rows)]


SIX_HELD = book(("dispensed", "6"))


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([], "0"),
        ([("dispensed", "6")], "6"),
        ([("dispensed", "6"), ("brought", "2"), ("used", "1")], "5"),
        ([("dispensed", "6"), ("used", "0.5"), ("wasted", "0.5")], "5"),
        ([("dispensed", "6"), ("returned", "2"), ("lost", "1"), ("counted", "3")], "3"),
        ([("dispensed", "2"), ("dispensed", "4"), ("adjusted", "-1")], "5"),
        ([("received", "10"), ("moved_out", "4"), ("moved_in", "1"), ("disposed", "2")], "5"),
    ],
)
def test_what_is_left(rows: list[tuple[str, str]], left: str) -> None:
    assert balance(book(*rows)) == Decimal(left)


def test_a_correction_counts_in_place_of_what_it_corrects() -> None:
    rows = [*book(("dispensed", "6"), ("used", "3")), entry("used", "1", hour=1, id=3, corrects=2)]
    assert (balance(rows), total(rows, "used")) == (5, 1)
    undone = [*rows, entry("used", "0", hour=1, id=4, corrects=3)]
    assert balance(undone) == 6


def codes(rows: list[Entry], new: Entry, save: Save = PLAIN) -> list[str]:
    return [blocker.code for blocker in entry_blockers(rows, new, save)]


@pytest.mark.parametrize(
    ("rows", "new", "expected"),
    [
        (SIX_HELD, entry("used", "6", hour=1), []),
        (SIX_HELD, entry("used", "6.001", hour=1), ["not_enough_left"]),
        ([], entry("used", "1"), ["not_enough_left"]),
        (SIX_HELD, entry("used", "0", hour=1), ["amount_not_positive"]),
        (SIX_HELD, entry("used", "-1", hour=1), ["amount_not_positive"]),
        (SIX_HELD, entry("counted", "0", hour=1), []),
        (SIX_HELD, entry("counted", "-1", hour=1), ["amount_not_positive"]),
        (SIX_HELD, entry("adjusted", "-6", hour=1), []),
        (SIX_HELD, entry("adjusted", "-7", hour=1), ["not_enough_left"]),
        # recorded late: before it was dispensed there was nothing
        (SIX_HELD, entry("used", "1", hour=-1), ["not_enough_left"]),
        # at the very instant of the fill
        (SIX_HELD, entry("used", "1", hour=0), []),
        # then there was enough, but it is used since
        (book(("dispensed", "2"), ("used", "2")), entry("used", "1", hour=0), ["not_enough_later"]),
        # less was dispensed than is used by now
        (
            book(("dispensed", "6"), ("used", "3")),
            entry("dispensed", "2", corrects=1),
            ["not_enough_later"],
        ),
        (book(("dispensed", "6"), ("used", "3")), entry("dispensed", "3", corrects=1), []),
        (book(("dispensed", "6"), ("used", "3")), entry("used", "0", hour=1, corrects=2), []),
    ],
)
def test_it_never_goes_below_nothing(rows: list[Entry], new: Entry, expected: list[str]) -> None:
    assert codes(rows, new) == expected


@pytest.mark.parametrize(
    ("kind", "save", "expected"),
    [
        ("used", Save(unit="ml", unit_of_ledger="dose", recorder_id=1), ["wrong_unit"]),
        ("wasted", PLAIN, ["witness_missing"]),
        ("disposed", PLAIN, ["witness_missing"]),
        ("wasted", Save(unit="dose", unit_of_ledger="dose", recorder_id=1, witness_id=2), []),
        (
            "wasted",
            Save(unit="dose", unit_of_ledger="dose", recorder_id=1, witness_id=1),
            ["witness_is_recorder"],
        ),
        (
            "used",
            Save(unit="dose", unit_of_ledger="dose", recorder_id=1, witness_id=1),
            ["witness_is_recorder"],
        ),
    ],
)
def test_units_and_witnesses(kind: str, save: Save, expected: list[str]) -> None:
    assert codes(SIX_HELD, entry(kind, "1", hour=1), save) == expected


def test_all_reasons_come_at_once() -> None:
    save = Save(unit="ml", unit_of_ledger="dose", recorder_id=1, witness_id=1)
    assert codes([], entry("wasted", "1"), save) == ["wrong_unit", "witness_is_recorder", "not_enough_left"]


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (entry("counted", "6", hour=1), None),
        (entry("counted", "5", hour=1), Decimal(6)),
        (entry("counted", "7", hour=1), Decimal(6)),
        (entry("brought", "6", hour=1), None),
        (entry("brought", "2", hour=1), None),  # the rest is at home
        (entry("brought", "7", hour=1), Decimal(6)),
        (entry("counted", "0", hour=-1), None),  # before it was dispensed
    ],
)
def test_a_look_that_does_not_fit(look: Entry, expected: Decimal | None) -> None:
    assert does_not_fit(SIX_HELD, look) == expected


def test_what_is_still_unexplained() -> None:
    rows = book(("dispensed", "6"), ("used", "1"), ("counted", "4"))
    assert still_unfitting(rows, 3) == 5
    assert still_unfitting([*rows, entry("lost", "1", hour=1, id=4)], 3) is None  # recorded late
    assert still_unfitting([*rows, entry("counted", "5", hour=3, id=4)], 3) is None  # counted again
    assert still_unfitting([*rows, entry("counted", "4", hour=3, id=4)], 3) == 5
    assert still_unfitting([*rows, entry("counted", "5", hour=2, id=4, corrects=3)], 3) is None


KINDS = st.sampled_from(["dispensed", "used", "returned", "wasted", "lost", "brought", "counted"])
ROWS = st.lists(st.tuples(KINDS, st.integers(1, 5), st.integers(-3, 3)), max_size=12)


@given(ROWS)
def test_whatever_is_tried_in_whatever_order_it_is_never_negative(rows: list[tuple[str, int, int]]) -> None:
    kept: list[Entry] = []
    save = Save(unit="dose", unit_of_ledger="dose", recorder_id=1, witness_id=2)
    for number, (kind, amount, hour) in enumerate(rows, start=1):
        new = entry(kind, str(amount), hour=hour)
        if not entry_blockers(kept, new, save):
            kept.append(Entry(number, new.kind, new.amount, new.occurred_at))
        for each in kept:
            assert balance(kept, at=each.occurred_at) >= 0
    assert sum(each.change for each in in_force(kept) if each.kind not in LOOKS) == balance(kept)
