"""How a plan goes on or ends, together with its bookings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, rehearse, step
from practice.errors import Refused
from practice.models import Clinician, User
from scheduling import changes, lifecycle
from scheduling.effects import Effect, spoken
from scheduling.models import Booking
from treatment_plans import closing, plan_reviews
from treatment_plans.models import PlannedSession, PlanReview, TreatmentPlan

Decision = PlanReview.Decision
CALLED_OFF = "plan closed"  # the desk reads this; why it was closed is clinical


class SessionUnderWay(Refused):
    code = "session_under_way"
    message = _("A session of this plan is under way: complete it first.")


class ReviewNotHeld(Refused):
    code = "review_not_held"
    message = _("This review is booked for %(when)s and has not begun. Decide in it, or without naming it.")


@dataclass(frozen=True)
class Ending:
    """What closing or reviewing a plan would mean. `revision` is the plan's as it is: nothing is written."""

    plan_id: int
    revision: int
    effects: tuple[Effect, ...]


@door
def close_plan(
    plan_id: int, *, reason: str, revision: int | None = None, actor: User, now: datetime
) -> TreatmentPlan:
    """Close a plan: what is still booked for it is cancelled in the same transaction, and nothing half.

    Locks the plan, then its bookings. Raises AlreadyClosed, SessionUnderWay, Stale, Invalid without a reason.
    """
    plan = closing.lock_open(plan_id, revision=revision)
    _end(plan, reason=reason, actor=actor, now=now)
    return plan


@door
def review_plan(
    plan_id: int,
    *,
    decision: str,
    note: str = "",
    planned_session: PlannedSession | None = None,
    decided_by: Clinician,
    revision: int | None = None,
    actor: User,
    now: datetime,
) -> PlanReview:
    """Decide how a plan goes on. To stop closes it, with the note as its reason.

    `revision` is the plan's. A review session that is under way is over with its decision. Raises
    ReviewNotHeld where it is booked and has not begun, and what `plan_reviews.decide` and `close_plan` do.
    """
    plan = closing.lock_open(plan_id, revision=revision)
    booked = [] if planned_session is None else _lock_bookings(planned_session)
    review = plan_reviews.decide(
        plan,
        decision=decision,
        note=note,
        planned_session=planned_session,
        decided_by=decided_by,
        actor=actor,
        now=now,
    )
    for booking in booked:
        _finish(booking, actor=actor, now=now)
    activity.record(
        "plan.reviewed", review, actor=actor, at=now, client=plan.client_id, data={"decision": decision}
    )
    if decision == Decision.STOP:
        _end(plan, reason=note[:200], actor=actor, now=now)
    return review


def preview_close(plan_id: int, *, reason: str, actor: User, now: datetime) -> Ending:
    """What `close_plan` would do, by doing it and undoing it. Raises as it does."""
    return _rehearsed(plan_id, lambda: close_plan(plan_id, reason=reason, actor=actor, now=now))


def preview_review(
    plan_id: int,
    *,
    decision: str,
    note: str = "",
    planned_session: PlannedSession | None = None,
    decided_by: Clinician,
    actor: User,
    now: datetime,
) -> Ending:
    """What `review_plan` would do to the bookings of the plan. Raises as it does."""

    def deed() -> PlanReview:
        return review_plan(
            plan_id,
            decision=decision,
            note=note,
            planned_session=planned_session,
            decided_by=decided_by,
            actor=actor,
            now=now,
        )

    return _rehearsed(plan_id, deed)


def _rehearsed(plan_id: int, deed: Callable[[], object]) -> Ending:
    """The bookings that are cancelled with it, and what that brings with it."""
    revision = TreatmentPlan.objects.filter(pk=plan_id).values_list("revision", flat=True).first()
    booked = list(_open_bookings(plan_id).order_by("starts_at", "pk"))
    watched = changes.watch([row.pk for row in booked])

    def look(_done: object) -> Ending:
        rows = Booking.objects.filter(pk__in=[row.pk for row in booked], cancelled_at__isnull=False)
        called_off = set(rows.values_list("pk", flat=True))
        cancelled = [_cancelled(row) for row in booked if row.pk in called_off]
        return Ending(plan_id, revision or 0, (*cancelled, *watched()))

    return rehearse(deed, look)


@step
def _end(plan: TreatmentPlan, *, reason: str, actor: User, now: datetime) -> None:
    closing.close_plan(plan, reason=reason, now=now)
    activity.record("plan.closed", plan, actor=actor, at=now, client=plan.client_id)
    booked = list(_open_bookings(plan.pk).order_by("pk").select_for_update(no_key=True, of=("self",)))
    if any(row.is_here for row in booked):
        raise SessionUnderWay
    for row in booked:
        lifecycle.call_off(row.pk, party=Booking.Party.CLINIC, reason=CALLED_OFF, actor=actor, now=now)


@step
def _lock_bookings(session: PlannedSession) -> list[Booking]:
    """Before the planned session itself, as everybody locks them."""
    rows = Booking.objects.filter(planned_session=session, status__in=Booking.LIVE).order_by("pk")
    return [lifecycle.lock(row.pk) for row in rows]


@step
def _finish(booking: Booking, *, actor: User, now: datetime) -> None:
    if not booking.is_in_session:
        raise ReviewNotHeld(params={"when": spoken(booking.starts_at, booking.time_zone)})
    lifecycle.move_to(booking, Booking.Status.COMPLETED, actor=actor, now=now)


def _open_bookings(plan_id: int) -> QuerySet[Booking]:
    return Booking.objects.filter(planned_session__plan=plan_id, status__in=Booking.LIVE)


def _cancelled(booking: Booking) -> Effect:
    return Effect(
        "booking_cancelled",
        _("Cancelled: the session on %(when)s"),
        booking.pk,
        {"when": spoken(booking.starts_at, booking.time_zone)},
    )
