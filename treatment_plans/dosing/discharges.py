"""How a dosing session ends: the client is discharged, or there was no dose."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.access import PRESCRIBING, check_signature
from practice.blockers import Blocker
from practice.doors import door, step
from practice.errors import Invalid, Refused
from practice.models import User
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.doses import DoseGivenBefore
from treatment_plans.dosing.rows import RecordEnded, Values, add, check_open, licence_blockers, lock, saved
from treatment_plans.models import (
    DischargeCheck,
    Dose,
    DosingRecord,
)
from treatment_plans.rules import discharge as discharge_rules
from treatment_plans.rules.discharge import Criteria


class NotDischarged(Refused):
    code = "not_discharged"
    message = _("The client may not leave yet.")


class RecordNotFinished(Refused):
    code = "record_not_finished"
    message = _("The record of this dosing session is not finished.")


@door
def discharge(
    record_id: int,
    key: uuid.UUID,
    values: Values,
    *,
    override_reason: str = "",
    actor: User,
    now: datetime,
) -> DischargeCheck:
    """The client leaves, and a licensed clinician signs for it: whoever is signed in.

    A prescriber may override with a reason what is not locked. Raises NotDischarged with all reasons.
    """
    record = lock(record_id)
    signer = check_signature(actor, None, pointer="/signed_by")
    first = saved(DischargeCheck, record, key, values)
    if first is not None:
        return first
    rows = dosing_facts.load(record)
    to_emergency_care = values.get("leaves_to") == DischargeCheck.LeavesTo.EMERGENCY_CARE
    leaving = dosing_facts.leaving(rows, to_emergency_care=to_emergency_care)
    not_licensed = licence_blockers(record, signer, now)
    blockers = (
        *discharge_rules.discharge_blockers(leaving, _criteria(values), now=now),
        *not_licensed,
    )
    if record.ended_without_dose_at is not None:
        raise RecordEnded
    reason = override_reason.strip()
    is_overridden = bool(reason) and not not_licensed and actor.has_role(*PRESCRIBING)
    if blockers and (not is_overridden or any(each.code in discharge_rules.LOCKED for each in blockers)):
        raise NotDischarged(blockers=blockers)
    row = DischargeCheck(
        record=record,
        key=key,
        signed_by=signer,
        vitals_id=leaving.last.id if leaving.last else None,
        overridden=[each.code for each in blockers],
        override_reason=reason if blockers else "",
        **values,
    )
    return add(row, actor=actor, now=now)


@step
def end_without_dose(record: DosingRecord, *, reason: str, actor: User | None, now: datetime) -> None:
    """Raises RecordEnded, or DoseGivenBefore: after a dose only a discharge ends the session."""
    if not reason.strip():
        raise Invalid(_("Say why no dose was given."), code="required", pointer="/reason")
    check_open(record)
    if Dose.objects.filter(record=record).exists():
        raise DoseGivenBefore
    record.ended_without_dose_at, record.ended_by, record.end_reason = now, actor, reason.strip()
    record.revision += 1
    record.save(update_fields=["ended_without_dose_at", "ended_by", "end_reason", "revision"])
    activity.record("dosing_record.ended_without_dose", record, actor=actor, at=now, client=record.client_id)


@step
def end_with_booking(planned_session_id: int, *, reason: str, actor: User | None, now: datetime) -> None:
    """The booking of a client who had arrived is over before its start: so is a record that was opened."""
    record = (
        DosingRecord.objects.select_for_update(no_key=True)
        .filter(planned_session=planned_session_id, ended_without_dose_at=None)
        .first()
    )
    if record is not None and not Dose.objects.filter(record=record).exists():
        end_without_dose(record, reason=reason, actor=actor, now=now)


def check_finished(planned_session_id: int) -> None:
    """Raises RecordNotFinished unless the session's record says that a dose was given and the client left."""
    record = DosingRecord.objects.filter(
        planned_session=planned_session_id, ended_without_dose_at=None
    ).first()
    if record is None:
        blocker = Blocker("record_missing", _("There is no record of this dosing session."))
    elif not DischargeCheck.objects.filter(record=record).exists():
        blocker = Blocker(
            "discharge_missing",
            _("The client has not been discharged; without a dose, end the session without one."),
        )
    else:
        return
    raise RecordNotFinished(blockers=[blocker])


def _criteria(values: Values) -> Criteria:
    return Criteria(
        sedation_score=values.get("sedation_score"),
        is_oriented=values["is_oriented"],
        walks_steadily=values["walks_steadily"],
        nausea=values["nausea"],
        pain=values["pain"],
        taken_over_by=values.get("taken_over_by", "").strip(),
        aftercare_given=values["aftercare_given"],
        medicine_remaining=values.get("medicine_remaining"),
    )
