"""Which reasons a reader may see: the front desk learns that a light is closed, not what is in the record."""

from __future__ import annotations

from collections.abc import Iterable

from practice.access import READS_MEDICAL
from practice.blockers import Blocker
from practice.models import User

# What is about people, places and the state of plans. A code that is not listed counts as clinical.
ABOUT_THE_CALENDAR = frozenset(
    {
        "already_booked",
        "away",
        "before_booked",
        "before_its_dose",
        "busy",
        "client_busy",
        "changed_meanwhile",
        "client_inactive",
        "dose_out_of_order",
        "fasting_not_confirmed",
        "integration_too_early",
        "integration_too_late",
        "kind_mismatch",
        "limit_reached",
        "location_closed",
        "location_inactive",
        "medicine_not_confirmed",
        "no_candidate",
        "no_appointment_type",
        "nobody_licensed",
        "not_its_day",
        "not_licensed",
        "off_grid",
        "outside_hours",
        "plan_not_active",
        "prescriber_not_licensed",
        "prescriber_not_on_site",
        "protocol_not_approved",
        "ride_not_confirmed",
        "route_mismatch",
        "search_ends",
        "session_completed",
        "session_withdrawn",
        "support_person_not_confirmed",
        "therapist_not_licensed",
        "too_far",
        "too_many_holds",
        "too_many_holds_for_client",
        "too_soon",
        "waits_for",
        "window_over",
    }
)


def shown(blockers: Iterable[Blocker], *, clinical: bool) -> tuple[Blocker, ...]:
    return tuple(blocker for blocker in blockers if clinical or blocker.code in ABOUT_THE_CALENDAR)


def shown_to(user: User, blockers: Iterable[Blocker]) -> tuple[Blocker, ...]:
    """For a page about a client whom the user may see by any of the roles."""
    return shown(blockers, clinical=user.has_role(*READS_MEDICAL))
