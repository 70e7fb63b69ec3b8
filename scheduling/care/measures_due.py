"""Which questionnaires clients are to answer now: rows to the pure `cadence`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from practice import clock
from scheduling.models import Booking
from treatment_plans.measuring import measures
from treatment_plans.models import PlannedSession, TreatmentPlan
from treatment_plans.rules import cadence
from treatment_plans.rules.cadence import Course, Dose, Due

# Answers older than this meet no occasion any more, nor does a dose.
FAR_BACK = timedelta(days=200)


def load(client_ids: Iterable[int], *, now: datetime) -> Mapping[int, Sequence[Due]]:
    """By client, those with an active plan that asks for something. Four queries for any number."""
    plans = list(
        TreatmentPlan.objects.filter(client__in=set(client_ids), status=TreatmentPlan.Status.ACTIVE)
        .exclude(protocol__outcome_measures=[])
        .select_related("protocol", "client__location")
    )
    if not plans:
        return {}
    doses, planned = _doses([plan.pk for plan in plans], now=now)
    answered = measures.answers_of({plan.client_id for plan in plans}, since=now - FAR_BACK)
    return {
        plan.client_id: cadence.due(
            plan.protocol.outcome_measures,
            Course(
                begun_at=plan.activated_at or plan.created_at,
                doses=tuple(doses[plan.pk]),
                planned=planned[plan.pk],
                answered=answered[plan.client_id],
                zone=clock.zone(plan.client.location.time_zone),
            ),
            now=now,
        )
        for plan in plans
    }


def _doses(plan_ids: Sequence[int], *, now: datetime) -> tuple[Mapping[int, list[Dose]], Mapping[int, int]]:
    """By plan its doses given or booked, and how many it has in all."""
    doses: dict[int, list[Dose]] = defaultdict(list)
    planned: dict[int, int] = defaultdict(int)
    booked = Booking.objects.filter(Booking.in_force(now), planned_session__plan__in=plan_ids)
    starts = dict(
        booked.filter(planned_session__dose_number__isnull=False).values_list("planned_session", "starts_at")
    )
    rows = PlannedSession.objects.filter(
        plan__in=plan_ids, dose_number__isnull=False, withdrawn_at=None
    ).values_list("pk", "plan", "dose_number", "completed_at")
    for pk, plan_id, number, completed_at in rows:
        planned[plan_id] += 1
        at = completed_at or starts.get(pk)
        if at is not None and number is not None:
            doses[plan_id].append(Dose(number, at, completed_at is not None, pk))
    return doses, planned
