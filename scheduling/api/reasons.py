"""Which reasons a reader may see: the front desk learns that a light is closed, not what is in the record."""

from __future__ import annotations

from collections.abc import Iterable

from practice.access import READS_MEDICAL
from practice.blockers import Blocker
from practice.models import User

# What is about people, places and the plan's state. A code that is not listed counts as clinical.
ABOUT_THE_CALENDAR = frozenset(
    {
        "off_grid",
        "too_soon",
        "too_far",
        "client_busy",
        "no_candidate",
        "outside_hours",
        "away",
        "busy",
        "not_licensed",
        "therapist_not_licensed",
        "prescriber_not_licensed",
        "prescriber_not_on_site",
        "protocol_not_approved",
        "plan_not_active",
        "route_mismatch",
        "kind_mismatch",
        "session_completed",
        "session_withdrawn",
        "too_many_holds",
        "too_many_holds_for_client",
    }
)


def shown(blockers: Iterable[Blocker], *, clinical: bool) -> tuple[Blocker, ...]:
    return tuple(blocker for blocker in blockers if clinical or blocker.code in ABOUT_THE_CALENDAR)


def shown_to(user: User, blockers: Iterable[Blocker]) -> tuple[Blocker, ...]:
    """For a page about a client whom the user may see by any of the roles."""
    return shown(blockers, clinical=user.has_role(*READS_MEDICAL))
