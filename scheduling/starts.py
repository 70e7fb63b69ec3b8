"""When a session starts: from what a caller says to an instant, and to the promise that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils.translation import gettext_noop as _

from practice import clock
from practice.errors import Invalid
from practice.models import Location
from scheduling.errors import NoSuchTime, TimeIsAmbiguous


@dataclass(frozen=True)
class Promise:
    """A time on the clinic's clock, as it is stored with the booking."""

    starts_on: date
    starts_local: time
    time_zone: str
    fold: int


def resolve(
    location: Location, *, starts_at: datetime | None, starts_local: datetime | None, fold: int | None
) -> datetime:
    """The instant that is meant by either an instant or a wall-clock time at the location.

    Raises NoSuchTime with the nearest times, TimeIsAmbiguous with both, Invalid unless exactly one is given.
    """
    if starts_at is not None and starts_local is None:
        return starts_at
    if starts_at is not None or starts_local is None:
        raise Invalid(_("Give either starts_at or starts_local."), code="required", pointer="/starts_at")
    tz = clock.zone(location.time_zone)
    try:
        return clock.to_instant(starts_local, tz, fold=fold)
    except clock.ImpossibleLocalTime as wrong:
        raise NoSuchTime(
            pointer="/starts_local", alternatives=[at.astimezone(tz).isoformat() for at in wrong.nearest]
        ) from wrong
    except clock.AmbiguousLocalTime as wrong:
        raise TimeIsAmbiguous(
            pointer="/starts_local", alternatives=[at.astimezone(tz).isoformat() for at in wrong.options]
        ) from wrong


def promise(starts_at: datetime, location: Location) -> Promise:
    local = starts_at.astimezone(clock.zone(location.time_zone))
    return Promise(local.date(), local.time().replace(fold=0), location.time_zone, local.fold)
