"""What the record of a session with a dose still lacks. Pure. It refuses nothing: it is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules.vitals import Due, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """`unattended` is what nobody has measured though its grace is over, while the session goes on."""

    points: Sequence[Point]
    unattended: Point | None
    is_cssrs_missing: bool
    has_unsigned_note: bool
    has_signed_note: bool
    has_left: bool
    is_rems_form_open: bool


def record_gaps(facts: OnRecord) -> tuple[Blocker, ...]:
    """In the order in which somebody would see to them."""
    return tuple(_found(facts))


def _found(facts: OnRecord) -> Iterable[Blocker]:
    overdue = facts.unattended
    if overdue is not None and not facts.has_left:
        yield Blocker(
            "vitals_overdue",
            _("The vitals of minute %(minutes)s are overdue: nobody has recorded any since."),
            {"minutes": overdue.minutes},
        )
    missed = [
        point.minutes for point in facts.points if point.state == Due.MISSED and point != facts.unattended
    ]
    if missed:
        yield Blocker(
            "vitals_missed",
            _("Vitals were not recorded in time at minute %(minutes)s."),
            {"minutes": ", ".join(map(str, missed))},
        )
    if facts.is_cssrs_missing:
        yield Blocker("cssrs_missing", _("The C-SSRS screener for today has not been done."))
    if facts.has_unsigned_note:
        yield Blocker("note_not_signed", _("Your note is not signed."))
    elif facts.has_left and not facts.has_signed_note:
        yield Blocker("note_missing", _("Nobody has signed a note about this session."))
    if facts.is_rems_form_open:
        yield Blocker("rems_form_open", _("The REMS form has not been submitted."))
