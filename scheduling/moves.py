"""Moving a booking to another time, other people or another room."""

from __future__ import annotations

from datetime import datetime, timedelta

from practice import activity
from practice.clients import join_care_team
from practice.doors import door, step
from practice.models import User
from scheduling import booking, changes, freed_times
from scheduling.booking import Choice, Request
from scheduling.models import Booking, FreedTime, Occupancy
from scheduling.starts import promise


def reschedule(
    booking_id: int,
    starts_at: datetime,
    *,
    therapist_id: int | None = None,
    psychiatrist_id: int | None = None,
    room_id: int | None = None,
    actor: User,
    now: datetime,
) -> Booking:
    """Move a booking; a failed move leaves it as it was. Answers about the old time no longer count.

    With the same start it only changes who and where: no notice is needed, and the client is told nothing.

    Who was booked stays unless named anew; the room may change if it must. Errors and locks as in `book`.
    """
    moving = booking.load_booking(booking_id)
    request = Request(
        client=moving.client,
        appointment_type=moving.appointment_type,
        location=moving.location,
        planned_session=moving.planned_session,
        therapist_id=therapist_id or moving.therapist_id,
        psychiatrist_id=psychiatrist_id or moving.psychiatrist_id,
        room_id=room_id,
        moving=moving,
    )
    return booking.explained(
        request, starts_at, now, lambda wanted: _reschedule(wanted, starts_at, actor=actor, now=now)
    )


@door
def _reschedule(request: Request, starts_at: datetime, *, actor: User, now: datetime) -> Booking:
    request, choice = booking.decide(request, starts_at, now=now)
    return shift(request, starts_at, choice, actor=actor, now=now)


@step
def shift(
    request: Request, starts_at: datetime, choice: Choice, *, actor: User | None, now: datetime
) -> Booking:
    """Write, record and announce a move; the caller locks and judges."""
    moving = request.moving
    if moving is None:
        raise ValueError("There is no booking to move.")
    session = request.session(choice)
    room = booking.room_of(choice)
    local = promise(starts_at, request.location)
    is_new_time = starts_at != moving.starts_at
    new = {
        "therapist_id": session.therapist_id,
        "psychiatrist_id": session.psychiatrist_id,
        "room_id": room.id if room else None,
        "room_place": room.unit if room else None,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=request.appointment_type.duration_minutes),
        "starts_on": local.starts_on,
        "starts_local": local.starts_local,
        "time_zone": local.time_zone,
        "fold": local.fold,
        "version": moving.version + is_new_time,
        "revision": moving.revision + 1,
        "moved_at": now if is_new_time else moving.moved_at,
        "touched_at": now,
    }
    if is_new_time or session.therapist_id != moving.therapist_id:
        freed_times.note(moving, because=FreedTime.Because.MOVED, now=now)
    for name, value in new.items():
        setattr(moving, name, value)
    moving.save(update_fields=list(new))
    Occupancy.objects.filter(booking=moving).delete()
    booking.occupy(moving, choice)
    clinicians = [pk for pk in (session.therapist_id, session.psychiatrist_id) if pk]
    join_care_team(request.client.pk, clinicians, actor=actor, now=now)
    activity.record(
        "booking.moved",
        moving,
        actor=actor,
        at=now,
        client=request.client,
        data={"version": moving.version},
    )
    changes.announce([moving.pk], now=now)
    return moving
