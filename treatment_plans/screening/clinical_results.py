"""Results of tests and readings: recording them, and correcting one by a new row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.doors import door, on_violation, step
from practice.editing import save_new
from practice.errors import DomainError, Invalid, OutOfScope, Taken
from practice.models import Client, User
from treatment_plans.models import ClinicalResult
from treatment_plans.rules import results as result_rules


class NotResultValues(DomainError):
    status = 400
    code = "not_values"
    message = _("These are no values of this kind of result.")
    pointer = "/values"


class ResultCorrectedBefore(Taken):
    code = "corrected_before"
    message = _("This result was corrected before: correct the correction.")


on_violation("treatment_plans_result_corrected_once", ResultCorrectedBefore)


@door
def record(
    client: Client,
    kind: str,
    values: Mapping[str, Any],
    *,
    taken_on: date,
    valid_through_on: date | None = None,
    document_note: str = "",
    actor: User,
    now: datetime,
) -> ClinicalResult:
    """Keep a result. Raises NotResultValues, Invalid for a day ahead or a last day before it was taken."""
    result = ClinicalResult(
        client=client,
        kind=kind,
        values=dict(values),
        taken_on=taken_on,
        valid_through_on=valid_through_on,
        document_note=document_note,
    )
    _keep(result, actor=actor, now=now)
    activity.record("clinical_result.recorded", result, actor=actor, at=now, client=client)
    return result


@door
def correct(
    result_id: int,
    values: Mapping[str, Any],
    *,
    taken_on: date,
    valid_through_on: date | None = None,
    reason: str,
    actor: User,
    now: datetime,
) -> ClinicalResult:
    """Put a corrected row beside the first, which stays. Raises ResultCorrectedBefore, or as `record`."""
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    rows = ClinicalResult.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "client__location"
    )
    first = rows.filter(pk=result_id).first()
    if first is None:
        raise OutOfScope
    result = ClinicalResult(
        client=first.client,
        kind=first.kind,
        values=dict(values),
        taken_on=taken_on,
        valid_through_on=valid_through_on,
        document_note=first.document_note,
        corrects=first,
        correction_reason=reason.strip(),
    )
    _keep(result, actor=actor, now=now)
    activity.record("clinical_result.corrected", result, actor=actor, at=now, client=first.client_id)
    return result


@step
def _keep(result: ClinicalResult, *, actor: User, now: datetime) -> None:
    blockers = result_rules.value_blockers(result.kind, result.values)
    if blockers:
        raise NotResultValues(blockers=blockers)
    if result.taken_on > clock.local_day(now, clock.zone(result.client.location.time_zone)):
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/taken_on")
    if result.valid_through_on is not None and result.valid_through_on < result.taken_on:
        raise Invalid(
            _("The last day can't come before the first."),
            code="ends_before_it_begins",
            pointer="/valid_through_on",
        )
    result.recorded_by, result.recorded_at = actor, now
    save_new(result)
