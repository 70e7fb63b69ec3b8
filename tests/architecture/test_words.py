"""A status has one owner: others ask it (`is_live`, `Booking.LIVE`), they don't compare words."""

from __future__ import annotations

import ast

from notifications.models import Reminder
from scheduling.models import Booking
from tests.architecture.sources import Source, dotted, sources, strings

BOOKING_WORDS = set(Booking.Status.values)
REMINDER_WORDS = set(Reminder.State.values)
# Where the words are at home. The rules and gates are pure: they are told words, and may not import models.
OWNERS = {
    "scheduling/models/bookings.py",
    "scheduling/models/waitlist.py",
    "scheduling/lifecycle.py",
    "notifications/models/reminders.py",
    "notifications/rules.py",
    "treatment_plans/rules/gates.py",
    "treatment_plans/models/prescriptions.py",  # a prescription is sent too
}
# Who may give a booking a status.
WRITERS = {
    "scheduling/booking.py",
    "scheduling/groups.py",
    "scheduling/lifecycle.py",
    "scheduling/models/bookings.py",
}


def others() -> list[Source]:
    return [source for source in sources() if str(source.path) not in OWNERS]


def is_about_a_status(node: ast.AST) -> bool:
    return dotted(node).rpartition(".")[2] in {"status", "state", "before", "after"}


def test_nobody_else_compares_with_a_word() -> None:
    found = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in others()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Compare)
        and any(is_about_a_status(side) for side in (node.left, *node.comparators))
        and strings(node) & (BOOKING_WORDS | REMINDER_WORDS)
    ]
    assert found == []


def test_nobody_else_filters_by_a_word() -> None:
    found = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in others()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword)
        and node.arg is not None
        and set(node.arg.split("__")) & {"status", "state"}
        and strings(node.value) & (BOOKING_WORDS | REMINDER_WORDS)
    ]
    assert found == []


def test_nobody_else_compares_with_a_bookings_status() -> None:
    """By its constant it is the same in better clothes. A page may have a word or a sign for each."""
    found = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in others()
        if str(source.path) not in WRITERS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Compare) or (isinstance(node, ast.keyword) and "status" in (node.arg or ""))
        if any(names_a_status(inner) for inner in ast.walk(node))
    ]
    assert found == []


def names_a_status(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and dotted(node.value).endswith("Booking.Status")
        and node.attr in Booking.Status.__members__
    )
