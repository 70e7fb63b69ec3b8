"""Times that became free, noted in the transaction that frees them. Who is asked is `scheduling.offering`'s.

Nobody needs a nudge: in the first minutes a slip may be put right, and the sweep comes before they are over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from practice.doors import step
from practice.models import Clinician, Location
from scheduling.engine.types import Span
from scheduling.errors import NotPossibleNow
from scheduling.models import Booking, FreedTime, Occupancy
from scheduling.waitlist_rules import Policy

Status, Because = FreedTime.Status, FreedTime.Because
POLICY = Policy()
SHORTEST = timedelta(minutes=15)  # what is less is not worth a question
LONGEST = timedelta(hours=25)  # of what the desk opens: a day, also when the clocks change
LONG = frozenset({Because.ABSENCE, Because.BY_HAND})  # may hold several sessions

TRANSITIONS: dict[str, frozenset[str]] = {
    Status.OPEN: frozenset({Status.FILLED, Status.GONE, Status.HIDDEN}),
    Status.FILLED: frozenset(),
    Status.GONE: frozenset(),
    Status.HIDDEN: frozenset({Status.OPEN}),
}


@step
def note(booking: Booking, *, because: str, now: datetime) -> FreedTime | None:
    """The time of `booking` as it is now becomes free; None if it is over anyway."""
    if booking.starts_at <= now:
        return None
    return FreedTime.objects.create(
        location_id=booking.location_id,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        therapist_id=booking.therapist_id,
        psychiatrist_id=booking.psychiatrist_id,
        room_id=booking.room_id,
        because=because,
        booking=booking,
        freed_at=now,
        look_at=now + timedelta(minutes=POLICY.quiet_period_minutes),
    )


@step
def note_back(clinician: Clinician, location: Location, span: Span, *, now: datetime) -> FreedTime | None:
    """A clinician works after all in `span`: an absence was taken back or shortened."""
    if span.end <= now:
        return None
    return FreedTime.objects.create(
        location=location,
        starts_at=max(span.start, now),
        ends_at=span.end,
        therapist=clinician if clinician.kind == Clinician.Kind.THERAPIST else None,
        psychiatrist=clinician if clinician.kind == Clinician.Kind.PSYCHIATRIST else None,
        because=Because.ABSENCE,
        freed_at=now,
        look_at=now + timedelta(minutes=POLICY.quiet_period_minutes),
    )


@step
def note_rest(freed: FreedTime, taken: Span, *, now: datetime) -> None:
    """What a shorter session leaves of a freed time is free still."""
    for start, end in ((freed.starts_at, taken.start), (taken.end, freed.ends_at)):
        if end - start >= SHORTEST and end > now:
            FreedTime.objects.create(
                location_id=freed.location_id,
                starts_at=max(start, now),
                ends_at=end,
                therapist_id=freed.therapist_id,
                psychiatrist_id=freed.psychiatrist_id,
                room_id=freed.room_id,
                because=Because.REST,
                booking_id=freed.booking_id,
                freed_at=now,
                look_at=now,
            )


@step
def close(freed: FreedTime, status: str, *, now: datetime) -> None:
    """Take one step of the locked `freed`. Raises NotPossibleNow for one that the table does not have."""
    if status not in TRANSITIONS[freed.status]:
        raise NotPossibleNow(
            params={"status": freed.get_status_display(), "wanted": str(Status(status).label)}
        )
    freed.status = status
    freed.closed_at = None if status == Status.OPEN else now
    freed.save(update_fields=["status", "closed_at"])


def in_sight(now: datetime) -> QuerySet[FreedTime]:
    """What the desk may still fill: open, to come, and not booked again with the same clinician."""
    whom = Coalesce(OuterRef("therapist"), OuterRef("psychiatrist"))
    taken = Occupancy.objects.filter(
        clinician=whom,
        occupies__overlap=Func(OuterRef("starts_at"), OuterRef("ends_at"), function="tstzrange"),
    ).exclude(Booking.hold_is_over(now, path="booking__"))
    return FreedTime.objects.filter(
        Q(because__in=LONG) | ~Exists(taken), status__in=FreedTime.LIVE, ends_at__gt=now + SHORTEST
    )
