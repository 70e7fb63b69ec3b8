"""Flags of the screening: open until a prescriber disposes of them, with a reason and a day to look again.

While one is open, or due again, no dose is given (`flag_rules`). A flag states a fact, never a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.blockers import Blocker
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import Clinician, User
from treatment_plans.errors import NotAPrescriber
from treatment_plans.models import Clearance, FlagDisposition, ScreeningFlag
from treatment_plans.rules import flags as flag_rules
from treatment_plans.rules.flags import FlagFact
from treatment_plans.rules.screening import BLOCKING

Decision = FlagDisposition.Decision


class FlagDisposedMeanwhile(Refused):
    code = "already_disposed"
    message = _("Somebody has disposed of this flag meanwhile: look at it again.")


class FlagsNotCovered(Refused):
    code = "flags_not_covered"
    message = _("A clearance has to say something about each open flag.")


@dataclass(frozen=True)
class Disposal:
    """What is decided about a flag. `replaces` is the id of the disposition that was seen there, if any."""

    flag_id: int
    decision: str
    reason: str
    valid_through_on: date | None = None
    replaces: int | None = None


@door
def dispose(disposal: Disposal, *, decided_by: Clinician, actor: User, now: datetime) -> ScreeningFlag:
    """Record what a prescriber decided about a flag.

    Raises NotAPrescriber, FlagDisposedMeanwhile when another disposition stands there than was seen,
    Invalid without a reason or, where treatment goes on, without a day to look again.
    """
    if decided_by.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/decided_by")
    flag = lock_for_edit(ScreeningFlag.objects.all(), disposal.flag_id, revision=None)
    apply(flag, disposal, decided_by=decided_by, actor=actor, now=now)
    return flag


@step
def apply(
    flag: ScreeningFlag,
    disposal: Disposal,
    *,
    decided_by: Clinician,
    actor: User,
    now: datetime,
    clearance: Clearance | None = None,
    pointer: str = "",
) -> FlagDisposition:
    if not disposal.reason.strip():
        raise Invalid(_("Say why."), code="required", pointer=f"{pointer}/reason")
    is_going_on = disposal.decision in (Decision.ACCEPTED, Decision.CONDITIONAL)
    if is_going_on and disposal.valid_through_on is None:
        raise Invalid(
            _("Say when it is to be looked at again."), code="required", pointer=f"{pointer}/valid_through_on"
        )
    if flag.disposition_id != disposal.replaces:
        raise FlagDisposedMeanwhile(pointer=f"{pointer}/replaces")
    disposition = save_new(
        FlagDisposition(
            flag=flag,
            decision=disposal.decision,
            reason=disposal.reason.strip(),
            valid_through_on=disposal.valid_through_on if is_going_on else None,
            decided_by=decided_by,
            decided_at=now,
            clearance=clearance,
        )
    )
    save_changes(flag, {"disposition": disposition})
    activity.record(
        "screening_flag.disposed",
        flag,
        actor=actor,
        at=now,
        client=flag.client_id,
        data={"decision": disposal.decision},
    )
    return disposition


@step
def cover(
    clearance: Clearance,
    disposals: Sequence[Disposal],
    *,
    on: date,
    decided_by: Clinician,
    actor: User,
    now: datetime,
) -> None:
    """Dispose of flags as a part of deciding. A granted clearance has to name each that is open on `on`.

    The client is locked. Raises FlagsNotCovered naming those left out, OutOfScope for a flag of another
    client, Invalid when a granted clearance says of one that there is no treatment now.
    """
    ids = {each.flag_id for each in disposals}
    if clearance.decision in Clearance.GRANTED:
        left_out = [each for each in open_flags(clearance.client_id, on=on) if each.id not in ids]
        if left_out:
            raise FlagsNotCovered(blockers=[_not_covered(each) for each in left_out])
    rows = ScreeningFlag.objects.filter(pk__in=ids, client=clearance.client_id).order_by("pk")
    flags = {flag.pk: flag for flag in rows.select_for_update(no_key=True, of=("self",))}
    for place, disposal in enumerate(disposals):
        pointer = f"/flags/{place}"
        if disposal.flag_id not in flags:
            raise OutOfScope(pointer=f"{pointer}/flag")
        if clearance.decision in Clearance.GRANTED and disposal.decision == Decision.NOT_NOW:
            raise Invalid(
                _("A clearance can't leave a flag that stands against treatment."),
                code="contradiction",
                pointer=f"{pointer}/decision",
            )
        apply(
            flags[disposal.flag_id],
            disposal,
            decided_by=decided_by,
            actor=actor,
            now=now,
            clearance=clearance,
            pointer=pointer,
        )


def open_flags(client_id: int, *, on: date) -> list[FlagFact]:
    """Flags that a clearance has to cover, on any route: not disposed of, refused, or due again on `on`."""
    rows = ScreeningFlag.objects.filter(client=client_id, rule__effect__in=BLOCKING).select_related(
        "rule", "disposition"
    )
    facts = map(fact_of, rows.order_by("raised_at", "pk"))
    return [each for each in facts if each.is_open(on) or each.decision == flag_rules.NOT_NOW]


def fact_of(flag: ScreeningFlag) -> FlagFact:
    """With its rule and disposition at hand."""
    disposed = flag.disposition
    return FlagFact(
        flag.pk,
        flag.rule.effect,
        frozenset(flag.rule.routes),
        flag.rule.fact,
        flag.rule.result_kind,
        disposed.decision if disposed else None,
        disposed.valid_through_on if disposed else None,
    )


def _not_covered(flag: FlagFact) -> Blocker:
    return Blocker(
        "screening_flag_open",
        _("A prescriber has not disposed of this yet: %(fact)s"),
        {"flag": flag.id, "fact": flag.fact},
    )
