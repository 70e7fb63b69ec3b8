"""A client's plans: where the open one stands, how it goes on, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from practice.access import DECIDES_MEDICAL, PLANS_COURSES
from practice.models import User
from scheduling.models import Booking
from treatment_plans.models import PlannedSession, PlanReview, TreatmentPlan
from treatment_plans.rules.instruments import INSTRUMENTS
from web.dashboard.deeds import WORDS, Deed, Field, of
from web.dashboard.frame import Page, here, page
from web.dashboard.reader import client_of


@dataclass(frozen=True)
class Step:
    session: PlannedSession
    booking: Booking | None


@dataclass(frozen=True)
class Shown:
    """A plan with its sessions in order, its reviews, the latest first, and what the reader may do."""

    plan: TreatmentPlan
    steps: Sequence[Step]
    reviews: Sequence[tuple[PlanReview, str]]
    deeds: Sequence[Deed]


@page()
def client_plans(user: User, client_id: int) -> Page:
    client = client_of(user, client_id)
    plans = TreatmentPlan.objects.filter(client=client).select_related("protocol", "therapist", "prescriber")
    shown = [_shown(user, plan) for plan in plans.order_by("-created_at", "pk")]
    return Page(
        "dashboard/plans.html",
        context={
            "client": client,
            "open": [one for one in shown if one.plan.status in TreatmentPlan.OPEN],
            "closed": [one for one in shown if one.plan.status not in TreatmentPlan.OPEN],
            "plans": user.has_role(*PLANS_COURSES),
            "zone": here(),
        },
        words=WORDS,
    )


def _shown(user: User, plan: TreatmentPlan) -> Shown:
    sessions = list(PlannedSession.objects.filter(plan=plan).order_by("position"))
    booked = {
        row.planned_session_id: row
        for row in Booking.objects.filter(planned_session__in=sessions, status__in=Booking.LIVE)
    }
    reviews = PlanReview.objects.filter(plan=plan).select_related("decided_by")
    return Shown(
        plan,
        [Step(each, booked.get(each.pk)) for each in sessions if each.withdrawn_at is None],
        [(each, _scores(each.outcomes)) for each in reviews.order_by("-decided_at", "-pk")],
        _deeds(user, plan, sessions),
    )


def _scores(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """First and last score of each then."""
    return ", ".join(
        f"{INSTRUMENTS[each['instrument']].name} {each['first']} → {each['last']}"
        for each in outcomes
        if each["first"] is not None and each["instrument"] in INSTRUMENTS
    )


def _deeds(user: User, plan: TreatmentPlan, sessions: Sequence[PlannedSession]) -> list[Deed]:
    at = f"treatment-plans/{plan.pk}"
    deeds = []
    is_active = plan.status == TreatmentPlan.Status.ACTIVE
    if is_active and user.has_role(*DECIDES_MEDICAL):
        open_reviews = [
            (each.pk, _("review, step %(position)s of the plan") % {"position": each.position})
            for each in sessions
            if each.kind == PlannedSession.Kind.REVIEW and each.completed_at is None and not each.withdrawn_at
        ]
        closes = of(PlanReview, "planned_session", choices=[("", _("none")), *open_reviews])
        deeds.append(
            Deed(
                f"review-{plan.pk}",
                _("Decide how it goes on"),
                f"{at}/review",
                [
                    of(PlanReview, "decision"),
                    of(PlanReview, "note", hint=_("Needed for all but to continue.")),
                    *([closes] if open_reviews else []),
                ],
                revision=plan.revision,
                rehearses="decision=stop",
                button=_("Decide"),
                done=_("The decision is recorded."),
            )
        )
    if is_active and plan.maintenance_at and user.has_role(*PLANS_COURSES):
        deeds.append(
            Deed(
                f"add-dose-{plan.pk}",
                _("Plan one more dose"),
                f"{at}/doses",
                intro=_("At the protocol's interval for maintenance, with its integration session."),
                done=_("One more dose is planned."),
            )
        )
    if plan.status in TreatmentPlan.OPEN and user.has_role(*PLANS_COURSES):
        deeds.append(
            Deed(
                f"close-{plan.pk}",
                _("Close the plan"),
                f"{at}/close",
                [Field("reason", _("Why"), is_required=True, most=200)],
                revision=plan.revision,
                rehearses="always",
                is_final=True,
                done=_("The plan is closed."),
            )
        )
    return deeds
