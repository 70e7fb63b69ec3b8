"""What a decision on clearance would mean for the sessions that are booked: run for real, and undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from practice.blockers import Blocker
from practice.doors import rehearse
from practice.models import Clinician, User
from scheduling import conflicts, gate
from scheduling.models import Booking
from treatment_plans.screening import clearances
from treatment_plans.screening.flags import Disposal


@dataclass(frozen=True)
class Touched:
    """A session ahead, with the reasons why not as they would be, or for one that is freed as they are."""

    booking: Booking
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True)
class ClearancePreview:
    """`blocks` may take place as it is and could not any more, `frees` is the other way round."""

    blocks: tuple[Touched, ...]
    frees: tuple[Touched, ...]
    stays_blocked: tuple[Touched, ...]


def preview(
    client_id: int,
    values: Mapping[str, Any],
    *,
    flags: Sequence[Disposal] = (),
    decided_by: Clinician,
    actor: User,
    now: datetime,
) -> ClearancePreview:
    """Decide for real, judge every session ahead again, and undo it. Refuses as `clearances.decide` does."""
    ahead = conflicts.to_come(Booking.objects.filter(client=client_id), now=now, ahead=None)
    joined = ahead.select_related("client", "location", "appointment_type", "planned_session__plan__protocol")
    bookings = list(joined.order_by("starts_at", "pk"))
    before = _judge(bookings, now=now)

    def look(_decided: object) -> ClearancePreview:
        after = _judge(bookings, now=now)
        changed = [(booking, before[booking.pk], after[booking.pk]) for booking in bookings]
        return ClearancePreview(
            tuple(Touched(each, new) for each, old, new in changed if new and not old),
            tuple(Touched(each, old) for each, old, new in changed if old and not new),
            tuple(Touched(each, new) for each, old, new in changed if old and new),
        )

    return rehearse(
        lambda: clearances.decide(
            client_id, values, flags=flags, decided_by=decided_by, actor=actor, now=now
        ),
        look,
    )


def _judge(bookings: Sequence[Booking], *, now: datetime) -> dict[int, tuple[Blocker, ...]]:
    sessions = {booking.pk: gate.session_of(booking) for booking in bookings}
    loaded = gate.load(sessions.values(), now=now)
    return {
        booking.pk: loaded.blockers(sessions[booking.pk], starts_at=booking.starts_at, now=now)
        for booking in bookings
    }
