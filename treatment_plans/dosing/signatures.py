"""The signatures before a dose: the therapist's and the prescriber's."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice.access import PRESCRIBING, check_role, check_signature
from practice.blockers import Blocker
from practice.doors import door
from practice.errors import Invalid, NotAllowed, Refused
from practice.models import Clinician, Role, User
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.rows import add, check_open, licence_blockers, lock, saved
from treatment_plans.errors import NotAPrescriber, NotATherapist
from treatment_plans.models import (
    Delegate,
    DoseSignature,
    DosingRecord,
)
from treatment_plans.rules import vitals


class SignatureRefused(Refused):
    code = "signature_refused"
    message = _("This can't be signed.")


@door
def sign(
    record_id: int,
    key: uuid.UUID,
    *,
    part: str,
    is_yes: bool = True,
    accepts: int | None = None,
    note: str = "",
    actor: User,
    now: datetime,
) -> DoseSignature:
    """A therapist signs "fit", a prescriber "cleared", or a nurse whom they named and the protocol lets.

    `accepts` is the reading out of range that a prescriber gives the dose in spite of. Raises NotAllowed for
    the wrong role, SignatureRefused with all reasons.
    """
    record = lock(record_id)
    signer = _signer(record, part, actor)
    values = {"part": part, "is_yes": is_yes, "accepts_id": accepts, "note": note.strip()}
    first = saved(DoseSignature, record, key, values)
    if first is not None:
        return first
    check_open(record)
    if not is_yes and not values["note"]:
        raise Invalid(_("Say why not."), code="required", pointer="/note")
    blockers = [*licence_blockers(record, signer, now), *_acceptance_blockers(record, part, accepts, signer)]
    if blockers:
        raise SignatureRefused(blockers=blockers)
    return add(DoseSignature(record=record, key=key, signed_by=signer, **values), actor=actor, now=now)


def _signer(record: DosingRecord, part: str, actor: User) -> Clinician | None:
    """In whose name `actor` signs; None for a delegated nurse, who signs in their own, as a user."""
    if part == DoseSignature.Part.FIT:
        check_role(actor, {Role.THERAPIST})
        signer = check_signature(actor, None, pointer="/signed_by")
        if signer.kind != Clinician.Kind.THERAPIST:
            raise NotATherapist
        return signer
    if actor.has_role(Role.NURSE) and not actor.has_role(*PRESCRIBING):
        is_named = Delegate.objects.filter(
            plan=record.planned_session.plan_id, nurse=actor, ended_at=None
        ).exists()
        if not (record.protocol.nurse_may_clear and is_named):
            raise NotAllowed
        return None
    check_role(actor, PRESCRIBING)
    signer = check_signature(actor, None, pointer="/signed_by")
    if signer.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber
    return signer


def _acceptance_blockers(
    record: DosingRecord, part: str, accepts: int | None, signer: Clinician | None
) -> tuple[Blocker, ...]:
    if accepts is None:
        return ()
    if part != DoseSignature.Part.CLEARED or signer is None:
        return (Blocker("not_yours_to_accept", _("Only a prescriber accepts a reading out of range.")),)
    rows = dosing_facts.load(record)
    readings, limits = rows.readings, dosing_facts.limits(record.protocol)
    if not readings or readings[-1].id != accepts:
        return (Blocker("not_the_last_reading", _("This is not the last reading of this session.")),)
    if vitals.is_held(readings[-1], limits):
        return (Blocker("bp_on_hold", _("The protocol gives no dose at this pressure: measure again.")),)
    return ()
