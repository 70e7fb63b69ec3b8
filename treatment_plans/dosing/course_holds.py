"""A course that an adverse event holds, and the prescriber who lets it go on; the nurses they name."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.access import PRESCRIBING, check_role, check_signature
from practice.doors import door, on_violation
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, Refused, Taken
from practice.models import Clinician, Role, User
from treatment_plans.errors import NotAPrescriber
from treatment_plans.models import CourseHold, Delegate, TreatmentPlan


class AlreadyReleased(Refused):
    code = "already_released"
    message = _("This hold was released before.")


class NotANurse(Invalid):
    code = "not_a_nurse"
    message = _("A delegate is one of the nurses.")
    pointer = "/nurse"


class AlreadyNamed(Taken):
    code = "already_named"
    message = _("This nurse is named for the plan already.")


class AlreadyEnded(Refused):
    code = "already_ended"
    message = _("This nurse is no longer named.")


on_violation("treatment_plans_one_delegation", AlreadyNamed)


@door
def release(hold_id: int, *, disposition: str, note: str, actor: User, now: datetime) -> CourseHold:
    """The course goes on. Raises AlreadyReleased, Invalid without a note."""
    signer = _prescriber(actor)
    if not note.strip():
        raise Invalid(_("Say what was found and decided."), code="required", pointer="/note")
    hold = lock_for_edit(CourseHold.objects.all(), hold_id, revision=None)
    if hold.released_at is not None:
        raise AlreadyReleased
    save_changes(
        hold,
        {"released_at": now, "released_by": signer, "disposition": disposition, "note": note.strip()},
    )
    activity.record(
        "course_hold.released",
        hold,
        actor=actor,
        at=now,
        client=hold.plan.client_id,
        data={"disposition": disposition},
    )
    return hold


@door
def name_delegate(plan: TreatmentPlan, nurse: User, *, actor: User, now: datetime) -> Delegate:
    signer = _prescriber(actor)
    if not (nurse.is_active and nurse.has_role(Role.NURSE)):
        raise NotANurse
    delegate = save_new(Delegate(plan=plan, nurse=nurse, named_by=signer, named_at=now))
    activity.record("delegate.named", delegate, actor=actor, at=now, client=plan.client_id)
    return delegate


@door
def end_delegate(delegate_id: int, *, actor: User, now: datetime) -> Delegate:
    _prescriber(actor)
    delegate = lock_for_edit(Delegate.objects.all(), delegate_id, revision=None)
    if delegate.ended_at is not None:
        raise AlreadyEnded
    save_changes(delegate, {"ended_at": now})
    activity.record("delegate.ended", delegate, actor=actor, at=now, client=delegate.plan.client_id)
    return delegate


def _prescriber(actor: User) -> Clinician:
    check_role(actor, PRESCRIBING)
    signer = check_signature(actor, None, pointer="/signed_by")
    if signer.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber
    return signer
