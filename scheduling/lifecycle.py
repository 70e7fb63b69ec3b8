"""What happens to a booking: the one table of transitions, and the doors that walk along it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.doors import door, step
from practice.errors import Invalid, OutOfScope, Stale
from practice.models import User
from scheduling import changes, freed_times, readiness
from scheduling.errors import HoldOver, NotBookable, NotPossibleNow, NotReady
from scheduling.models import Booking, FreedTime, Occupancy
from treatment_plans import sessions
from treatment_plans.dosing import discharges

Status = Booking.Status

TRANSITIONS: dict[str, frozenset[str]] = {
    Status.HELD: frozenset({Status.BOOKED, Status.EXPIRED, Status.CANCELLED}),
    Status.BOOKED: frozenset({Status.ARRIVED, Status.CANCELLED, Status.NO_SHOW}),
    Status.ARRIVED: frozenset({Status.IN_SESSION, Status.CANCELLED, Status.NO_SHOW}),
    # Cancelled only by `end_without_dose`: otherwise a dose may have been given, which can't be undone.
    Status.IN_SESSION: frozenset({Status.COMPLETED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset(),
    Status.EXPIRED: frozenset(),
}

AROUND = timedelta(hours=3)  # for sessions near midnight

STAMPS: dict[str, str] = {
    Status.BOOKED: "booked_at",
    Status.ARRIVED: "arrived_at",
    Status.IN_SESSION: "started_at",
    Status.COMPLETED: "completed_at",
    Status.CANCELLED: "cancelled_at",
    Status.NO_SHOW: "no_show_at",
    Status.EXPIRED: "expired_at",
}

FREES: dict[str, str] = {
    Status.CANCELLED: FreedTime.Because.CANCELLED,
    Status.EXPIRED: FreedTime.Because.EXPIRED,
}


@door
def confirm(booking_id: int, *, revision: int | None = None, actor: User, now: datetime) -> Booking:
    """Turn a held time into a booking. Raises HoldOver once it is over, NotBookable at a closed gate."""
    booking = lock(booking_id, revision=revision)
    if booking.status == Status.EXPIRED or _hold_is_over(booking, now=now):
        raise HoldOver
    check_transition(booking, Status.BOOKED)
    closed = readiness.gate_blockers(booking, now=now)
    if closed:
        raise NotBookable(blockers=closed, client_id=booking.client_id)
    move_to(booking, Status.BOOKED, actor=actor, now=now)
    return booking


@door
def arrive(booking_id: int, *, revision: int | None = None, actor: User, now: datetime) -> Booking:
    """The client is here. Refused on another day only: what is missing is looked at before the start."""
    booking = lock(booking_id, revision=revision)
    check_transition(booking, Status.ARRIVED)
    check_its_day(booking, now=now)
    move_to(booking, Status.ARRIVED, actor=actor, now=now)
    return booking


@door
def start(booking_id: int, *, revision: int | None = None, actor: User, now: datetime) -> Booking:
    """Begin the session. Raises NotReady with every light that is not ready, judged again for now."""
    booking = lock(booking_id, revision=revision)
    check_transition(booking, Status.IN_SESSION)
    check_its_day(booking, now=now)
    blockers = readiness.start_blockers(booking, now=now)
    if blockers:
        raise NotReady(blockers=blockers, client_id=booking.client_id)
    move_to(booking, Status.IN_SESSION, actor=actor, now=now)
    return booking


@door
def complete(booking_id: int, *, revision: int | None = None, actor: User, now: datetime) -> Booking:
    """The session took place. A dosing session's follow-ups are created with it, once.

    Raises RecordNotFinished for a dosing session without a record that says that the client was discharged.
    """
    booking = lock(booking_id, revision=revision)
    check_transition(booking, Status.COMPLETED)
    if booking.is_dosing and booking.planned_session_id:
        discharges.check_finished(booking.planned_session_id)
    move_to(booking, Status.COMPLETED, actor=actor, now=now)
    if booking.planned_session_id:
        sessions.complete(booking.planned_session_id, completed_at=now, actor=actor)
    return booking


@door
def cancel(
    booking_id: int, *, party: str, reason: str, revision: int | None = None, actor: User, now: datetime
) -> Booking:
    """Free the time. `party` is "client" or "clinic"; a reason is required."""
    return call_off(booking_id, party=party, reason=reason, revision=revision, actor=actor, now=now)


@step
def call_off(
    booking_id: int,
    *,
    party: str,
    reason: str,
    revision: int | None = None,
    actor: User | None,
    now: datetime,
) -> Booking:
    """The work of `cancel`; nobody is the actor of what a client does without our help."""
    if not reason.strip():
        raise Invalid(_("Say why the session is cancelled."), code="required", pointer="/reason")
    booking = lock(booking_id, revision=revision)
    if booking.is_in_session:
        raise NotPossibleNow(
            params={"status": booking.get_status_display(), "wanted": str(Status.CANCELLED.label)}
        )
    was_here = booking.is_here
    _cancel(booking, party=party, reason=reason.strip(), actor=actor, now=now)
    if was_here:
        _end_record(booking, reason=reason.strip(), actor=actor, now=now)
    return booking


@step
def end_without_dose(booking: Booking, *, reason: str, actor: User, now: datetime) -> None:
    """The client was here and no dose was given: the planned session stays to be booked again.

    The caller holds the locked `booking`, and has its record say so.
    """
    _cancel(booking, party=Booking.Party.CLINIC, reason=reason.strip(), actor=actor, now=now)


@step
def _cancel(booking: Booking, *, party: str, reason: str, actor: User | None, now: datetime) -> None:
    booking.cancelled_by_party = party
    booking.cancel_reason = reason
    move_to(booking, Status.CANCELLED, actor=actor, now=now, also=("cancelled_by_party", "cancel_reason"))


@door
def mark_no_show(booking_id: int, *, revision: int | None = None, actor: User, now: datetime) -> Booking:
    """The client did not come. Raises Invalid before the start."""
    booking = lock(booking_id, revision=revision)
    check_transition(booking, Status.NO_SHOW)
    if now < booking.starts_at:
        raise Invalid(_("The session has not started yet."), code="not_started")
    was_here = booking.is_here
    move_to(booking, Status.NO_SHOW, actor=actor, now=now)
    if was_here:
        _end_record(booking, reason=str(Status.NO_SHOW.label), actor=actor, now=now)
    return booking


@step
def expire(booking_id: int, *, now: datetime) -> bool:
    """Free a held time whose minutes are over; False if it was confirmed, cancelled or freed before."""
    booking = lock(booking_id)
    if not _hold_is_over(booking, now=now):
        return False
    move_to(booking, Status.EXPIRED, actor=None, now=now)
    return True


@step
def lock(booking_id: int, *, revision: int | None = None) -> Booking:
    """The booking with its type, locked until the end of the transaction.

    Raises OutOfScope, and Stale unless it still has `revision` (None: any).
    """
    found = (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related("appointment_type", "location", "client")
        .filter(pk=booking_id)
        .first()
    )
    if found is None:
        raise OutOfScope
    if revision is not None and found.revision != revision:
        raise Stale(pointer="/headers/If-Match")
    return found


def check_its_day(booking: Booking, *, now: datetime) -> None:
    """A session takes place on the day for which it was judged, or in the night around it."""
    opens_at, closes_at = clock.day_span(booking.starts_on, clock.zone(booking.time_zone))
    if not min(opens_at, booking.starts_at - AROUND) <= now < max(closes_at, booking.ends_at + AROUND):
        raise NotReady(blockers=[Blocker("not_its_day", _("This session is booked for another day."))])


def check_transition(booking: Booking, status: str) -> None:
    if status not in TRANSITIONS[booking.status]:
        raise NotPossibleNow(
            params={"status": booking.get_status_display(), "wanted": str(Status(status).label)}
        )


@step
def move_to(
    booking: Booking, status: str, *, actor: User | None, now: datetime, also: Sequence[str] = ()
) -> None:
    """Take one transition of the locked `booking`; save `also` with it, free what it took when it ends.

    Raises NotPossibleNow for a step that the table does not have.
    """
    check_transition(booking, status)
    stamp = STAMPS[status]
    booking.status = status
    booking.touched_at = now
    booking.revision += 1
    setattr(booking, stamp, now)
    booking.save(update_fields=["status", "touched_at", "revision", stamp, *also])
    if not booking.is_live:
        Occupancy.objects.filter(booking=booking).delete()
    if status in FREES and booking.group_session_id is None:  # of a group session only a seat is free
        freed_times.note(booking, because=FREES[status], now=now)
    activity.record(f"booking.{status}", booking, actor=actor, at=now, client=booking.client_id)
    changes.announce([booking.pk], now=now)


def _end_record(booking: Booking, *, reason: str, actor: User | None, now: datetime) -> None:
    if booking.is_dosing and booking.planned_session_id:
        discharges.end_with_booking(booking.planned_session_id, reason=reason, actor=actor, now=now)


def _hold_is_over(booking: Booking, *, now: datetime) -> bool:
    return booking.status == Status.HELD and booking.held_until is not None and booking.held_until <= now
