"""The decided course: a plan with its planned sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.clients import join_care_team
from practice.doors import door
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid
from practice.models import Client, Clinician, User
from treatment_plans.errors import (
    InactiveClinician,
    NotAPrescriber,
    NotATherapist,
    PlanNotDraft,
    ProtocolNotUsable,
)
from treatment_plans.models import PlannedSession, Protocol, TreatmentPlan
from treatment_plans.rules import spacing

Kind = PlannedSession.Kind
MOST_DOSES = 30


@door
def draft(
    client_id: int,
    protocol: Protocol,
    *,
    therapist: Clinician,
    prescriber: Clinician,
    doses: int | None = None,
    with_intake: bool = True,
    actor: User,
    now: datetime,
) -> TreatmentPlan:
    """Plan a course under an approved protocol; `doses` defaults to the protocol's series.

    `with_intake` plans the consult and the evaluation too, for a client who has had neither.
    Locks the client.
    Raises HasAnOpenPlan, ProtocolNotUsable, NotATherapist, NotAPrescriber, InactiveClinician.
    """
    if not protocol.is_usable:
        raise ProtocolNotUsable(pointer="/protocol")
    if therapist.kind != Clinician.Kind.THERAPIST:
        raise NotATherapist(pointer="/therapist")
    if prescriber.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/prescriber")
    for role, clinician in (("therapist", therapist), ("prescriber", prescriber)):
        if not clinician.is_active:
            raise InactiveClinician(pointer=f"/{role}")
    doses = protocol.series_length if doses is None else doses
    if not 1 <= doses <= MOST_DOSES:
        raise Invalid(_("A course has 1 to 30 doses."), pointer="/doses")
    Client.objects.select_for_update(no_key=True).get(pk=client_id)
    plan = save_new(
        TreatmentPlan(
            client_id=client_id,
            protocol=protocol,
            therapist=therapist,
            prescriber=prescriber,
            created_by=actor,
            created_at=now,
        )
    )
    _plan_sessions(plan, doses=doses, with_intake=with_intake)
    activity.record(
        "plan.drafted", plan, actor=actor, at=now, client=client_id, data={"protocol": protocol.pk}
    )
    join_care_team(client_id, [therapist.pk, prescriber.pk], actor=actor, now=now)
    return plan


@door
def activate(plan_id: int, *, actor: User, now: datetime) -> TreatmentPlan:
    """From now on its dosing sessions may be booked."""
    plan = lock_for_edit(TreatmentPlan.objects.select_related("protocol"), plan_id, revision=None)
    if plan.status != TreatmentPlan.Status.DRAFT:
        raise PlanNotDraft
    if not plan.protocol.is_usable:
        raise ProtocolNotUsable
    save_changes(plan, {"status": TreatmentPlan.Status.ACTIVE, "activated_at": now})
    activity.record("plan.activated", plan, actor=actor, at=now, client=plan.client_id)
    return plan


def _plan_sessions(plan: TreatmentPlan, *, doses: int, with_intake: bool) -> None:
    previous_dose: PlannedSession | None = None
    for position, (kind, dose_number) in enumerate(_course(plan.protocol, doses, with_intake), start=1):
        session = PlannedSession.objects.create(
            plan=plan,
            kind=kind,
            position=position,
            dose_number=dose_number,
            after_session=previous_dose if kind == Kind.INTEGRATION else None,
        )
        if kind == Kind.DOSING:
            previous_dose = session


def _course(protocol: Protocol, doses: int, with_intake: bool) -> Iterator[tuple[str, int | None]]:
    """Kind and dose number of each session, in order; reviews after so many doses or days, and at the end."""
    if with_intake:
        yield Kind.CONSULT, None
        yield Kind.EVALUATION, None
    for _each in range(protocol.preparation_sessions):
        yield Kind.PREPARATION, None
    pace = spacing.usual_pace(protocol.usual_interval_days, protocol.interval_steps)
    days = [day for day, _interval in islice(pace, doses + 1)]
    first = 1  # dose since the last review
    for number in range(1, doses + 1):
        yield Kind.DOSING, number
        if protocol.integration_until_hours:
            yield Kind.INTEGRATION, None
        is_enough = number - first + 1 == protocol.review_after_doses
        is_long = protocol.review_after_days and days[number] - days[first - 1] > protocol.review_after_days
        if number == doses or is_enough or is_long:
            first = number + 1
            yield Kind.REVIEW, None
