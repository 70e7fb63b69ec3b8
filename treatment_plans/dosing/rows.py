"""How an entry of a dosing record is saved: once, by the key of its device, under the lock of the record."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.doors import on_violation, step
from practice.editing import save_new
from practice.errors import Invalid, KeyReused, OutOfScope, Refused, Taken
from practice.models import Clinician, User
from treatment_plans import facts
from treatment_plans.models import (
    DischargeCheck,
    DosingRecord,
)
from treatment_plans.models.dosing_records import CorrectableRow, RecordRow

R = TypeVar("R", bound=RecordRow)
Values = Mapping[str, Any]
STAMPS = ("taken_at", "seen_at", "began_at")  # set by the device


class RecordEnded(Refused):
    code = "record_ended"
    message = _("This session has ended.")


class RowCorrectedBefore(Taken):
    code = "row_corrected_before"
    message = _("This entry was corrected before: correct the correction.")


@step
def lock(record_id: int) -> DosingRecord:
    found = (
        DosingRecord.objects.select_for_update(no_key=True, of=("self",))
        .select_related("protocol", "client", "location", "planned_session__plan")
        .filter(pk=record_id)
        .first()
    )
    if found is None:
        raise OutOfScope
    return found


@step
def add(row: R, *, actor: User, now: datetime, is_judged: bool = False) -> R:
    """Save a row of the locked record, and count its revision.

    Where the rules have judged every value (`is_judged`) the database alone looks at it once more: validating
    it beside that takes twenty statements, and vitals have to be saved in an instant.
    """
    row.recorded_by, row.recorded_at = actor, now
    if is_judged:
        row.clean_fields(exclude=[each.name for each in row._meta.concrete_fields if each.is_relation])
        row.save(force_insert=True)
    else:
        save_new(row)
    record = row.record
    record.revision += 1
    record.save(update_fields=["revision"])
    verb = "corrected" if getattr(row, "corrects_id", None) else "recorded"
    activity.record(f"{row._meta.model_name}.{verb}", row, actor=actor, at=now, client=record.client_id)
    return row


def saved(model: type[R], record: DosingRecord, key: uuid.UUID, values: Values) -> R | None:
    """The row that this key saved before. Raises KeyReused when it says something else."""
    found = model._default_manager.filter(record=record, key=key).first()
    if found is not None and any(_differs(_said(found, name), value) for name, value in values.items()):
        raise KeyReused(pointer="/key")
    return found


def _said(row: RecordRow, name: str) -> Any:
    """What the device sent, where the server's time was taken instead."""
    device_at = getattr(row, "device_at", None)
    return device_at if name in STAMPS and device_at is not None else getattr(row, name)


def _differs(stored: Any, sent: Any) -> bool:
    """Texts are stored without the blanks around them."""
    if isinstance(sent, str):
        sent = sent.strip()
        return bool(str(stored).strip() != sent)
    if isinstance(sent, Model) and isinstance(stored, Model):
        return bool(stored.pk != sent.pk)
    return bool(stored != sent)


def correction(
    model: type[R], record: DosingRecord, pk: int, key: uuid.UUID, values: Values, reason: str
) -> tuple[R, bool]:
    """A row like the one of `pk` with other `values`, unsaved; or what this key saved before, and False."""
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    first = saved(model, record, key, {**values, "corrects_id": pk})
    if first is not None:
        return first, False
    old: Any = model._default_manager.filter(record=record, pk=pk).first()
    if old is None:
        raise OutOfScope
    if model._default_manager.filter(corrects=old).exists():
        raise RowCorrectedBefore
    own = {field.attname for field in model._meta.concrete_fields}
    base = {field.attname for field in CorrectableRow._meta.concrete_fields} | {"id"}
    copied = {name: getattr(old, name) for name in own - base - {"record_id"}}
    if any(name in STAMPS for name in values):
        copied["device_at"] = None
    row: Any = model(
        record=record, key=key, corrects=old, correction_reason=reason.strip(), **(copied | dict(values))
    )
    return row, True


def check_open(record: DosingRecord, *, at: datetime | None = None) -> None:
    """What was seen before the client left may still arrive after it: a device may have been offline."""
    if record.ended_without_dose_at is not None:
        ended_at: datetime | None = record.ended_without_dose_at
    else:
        left = DischargeCheck.objects.filter(record=record).first()
        ended_at = left.recorded_at if left else None
    if ended_at is not None and (at is None or at > ended_at):
        raise RecordEnded


def stamp(row: Any, name: str, *, now: datetime) -> None:
    """The server's time leads: one that lies ahead is kept as what the device said. Nothing said is now."""
    said = getattr(row, name)
    if said is not None and said > now:
        row.device_at = said
    setattr(row, name, min(said or now, now))


def check_not_ahead(at: datetime | None, now: datetime, pointer: str) -> None:
    if at is not None and at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer=pointer)


def local_day(record: DosingRecord, at: datetime) -> date:
    return clock.local_day(at, clock.zone(record.time_zone))


def licence_blockers(record: DosingRecord, signer: Clinician | None, now: datetime) -> tuple[Blocker, ...]:
    if signer is None:
        return ()
    held = facts.load([record.client_id], [signer.pk]).clinician(signer.pk)
    day = local_day(record, now)
    if held is not None and held.is_licensed(record.state, day):
        return ()
    return (
        Blocker(
            "signer_not_licensed",
            _("You are not licensed in %(state)s on %(day)s."),
            {"state": record.state, "day": day.isoformat()},
        ),
    )


for _name in ("vitals", "dose", "mark", "event"):
    on_violation(f"treatment_plans_{_name}_corrected_once", RowCorrectedBefore)
