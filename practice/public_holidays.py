"""Public holidays of a location's country and state, as days off that the clinic may edit or remove.

Each date is offered to a location once. Loading again adds what the law has added since, and leaves alone
what the clinic has renamed, moved, removed, or entered by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import holidays
from django.utils.translation import gettext_noop as _

from practice import activity, calendars, clock
from practice.doors import door
from practice.errors import Invalid, OutOfScope
from practice.models import Holiday, Location, PublicHoliday, User

MOST_YEARS = 5
LONGEST_NAME = 80


class UnknownPlace(Invalid):
    code = "unknown_place"
    message = _("There are no public holidays known for %(state)s, %(country)s.")


@door
def load(
    location_id: int,
    *,
    years: int,
    confirmed: Collection[int] | None,
    actor: User | None,
    now: datetime,
) -> list[Holiday]:
    """Add the holidays from today to the end of the year `years - 1` years on; returns those added.

    `confirmed` are the bookings that the caller knows this hits, None: whatever it hits.
    Raises OutOfScope, UnknownPlace, HitsBookings. Locks the location.
    """
    location = Location.objects.select_for_update(no_key=True).filter(pk=location_id).first()
    if location is None:
        raise OutOfScope
    if not 1 <= years <= MOST_YEARS:
        raise Invalid(_("Between one and five years."), code="out_of_range", pointer="/years")
    today = clock.local_day(now, clock.zone(location.time_zone))
    hits = calendars.watch(Holiday(location=location), now=now)
    known = set(PublicHoliday.objects.filter(location=location).values_list("on", flat=True))
    days_off = set(Holiday.objects.filter(location=location).values_list("on", flat=True))
    new = {on: name for on, name in public(location, today, years).items() if on not in known}
    PublicHoliday.objects.bulk_create(
        PublicHoliday(location=location, on=on, name=name, loaded_at=now) for on, name in new.items()
    )
    added = Holiday.objects.bulk_create(
        Holiday(location=location, on=on, name=name) for on, name in new.items() if on not in days_off
    )
    activity.record(
        "location.holidays_loaded",
        location,
        actor=actor,
        at=now,
        data={"holidays": [row.pk for row in added]},
    )
    calendars.check(hits(), confirmed)
    return added


def public(location: Location, today: date, years: int) -> dict[date, str]:
    """From `today` on, by date. Raises UnknownPlace."""
    wanted = range(today.year, today.year + years)
    try:
        found = holidays.country_holidays(
            location.country, subdiv=location.state, years=wanted, language="en_US"
        )
    except NotImplementedError as unknown:
        raise UnknownPlace(params={"state": location.state, "country": location.country}) from unknown
    return {on: name[:LONGEST_NAME] for on, name in sorted(found.items()) if on >= today}
