"""What a prescriber looked up or saw before prescribing, and what the state's rows make of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.doors import door, on_violation
from practice.editing import save_new
from practice.errors import Invalid, Taken
from practice.models import Client, Clinician, User
from treatment_plans.errors import KeyUsedBefore, NotAPrescriber
from treatment_plans.models import InPersonEvaluation, PdmpCheck, PrescribingRule, StatePrescriptionLimit
from treatment_plans.rules.prescribing import Looked, StateLimit


class EvaluatedBefore(Taken):
    code = "evaluated_before"
    message = _("This evaluation is recorded already.")


on_violation("treatment_plans_pdmp_check_key", KeyUsedBefore)
on_violation("treatment_plans_in_person_once", EvaluatedBefore)


@door
def record_pdmp_check(
    client_id: int,
    *,
    prescriber: Clinician,
    result: str,
    key: UUID,
    state: str = "",
    note: str = "",
    checked_at: datetime | None = None,
    actor: User,
    now: datetime,
) -> PdmpCheck:
    """Record a look into a state's monitoring programme, by default that of the client's state.

    When it is due next follows from the state's row. Locks the client. The same `key` is the same check.
    Raises NotAPrescriber, Invalid for a time ahead of now, KeyUsedBefore.
    """
    if prescriber.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/prescriber")
    client = _lock(client_id)
    saved = PdmpCheck.objects.filter(key=key).first()
    if saved is not None:
        if (saved.client_id, saved.result) != (client_id, result):
            raise KeyUsedBefore
        return saved
    checked_at = checked_at or now
    if checked_at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/checked_at")
    state = (state or client.state).strip().upper()
    limit = StatePrescriptionLimit.objects.filter(state=state).first()
    on = clock.local_day(checked_at, clock.zone(client.location.time_zone))
    check = save_new(
        PdmpCheck(
            client=client,
            prescriber=prescriber,
            state=state,
            checked_at=checked_at,
            result=result,
            note=note.strip(),
            next_due_on=on + timedelta(days=limit.pdmp_valid_days) if limit else None,
            key=key,
            recorded_by=actor,
            recorded_at=now,
        )
    )
    activity.record("pdmp.checked", check, actor=actor, at=now, client=client_id)
    return check


@door
def record_in_person(
    client_id: int, *, clinician: Clinician, evaluated_on: date, note: str = "", actor: User, now: datetime
) -> InPersonEvaluation:
    """A prescriber saw the client in the same room. Raises NotAPrescriber, Invalid, EvaluatedBefore."""
    if clinician.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/clinician")
    client = _lock(client_id)
    if evaluated_on > clock.local_day(now, clock.zone(client.location.time_zone)):
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/evaluated_on")
    evaluation = save_new(
        InPersonEvaluation(
            client=client,
            clinician=clinician,
            evaluated_on=evaluated_on,
            note=note.strip(),
            recorded_by=actor,
            recorded_at=now,
        )
    )
    activity.record("in_person.recorded", evaluation, actor=actor, at=now, client=client_id)
    return evaluation


def state_limit(state: str) -> StateLimit | None:
    row = StatePrescriptionLimit.objects.filter(state=state).first()
    if row is None:
        return None
    return StateLimit(
        row.state,
        row.most_days_supply,
        row.counts_refills,
        row.most_valid_days,
        row.refill_days_before,
        row.pdmp_check,
    )


def looked(client_id: int, state: str) -> Looked:
    """What was looked up about the client, and whether they have to have been seen in person."""
    check = PdmpCheck.objects.filter(client=client_id, state=state).order_by("-checked_at", "-pk").first()
    rule = PrescribingRule.objects.filter(code=PrescribingRule.Code.IN_PERSON_EVALUATION, is_on=True).first()
    seen = InPersonEvaluation.objects.filter(client=client_id).order_by("evaluated_on").first()
    return Looked(
        pdmp_due_on=check.next_due_on if check else None,
        in_person_from_on=rule.applies_from_on if rule else None,
        seen_on=seen.evaluated_on if seen else None,
    )


def _lock(client_id: int) -> Client:
    rows = Client.objects.select_for_update(no_key=True, of=("self",)).select_related("location")
    return rows.get(pk=client_id)
