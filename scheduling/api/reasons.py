"""Which reasons a reader may see: the front desk learns that a light is closed, not what is in the record.

The one place that decides it, for openings, refusals, lights and pages alike (docs/reasons.md).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext

from practice.access import DESK, READS_MEDICAL
from practice.blockers import Blocker, gettext_noop
from practice.models import User
from scheduling.api.pages import clients_within

NOT_IN_ORDER = gettext_noop("%(light)s: not in order. The prescriber knows why.")
SAYS_WHICH = frozenset({"booking", "entry", "index", "planned_session"})  # of several, kept for all

# What is about people, places, signatures and the state of plans. A code not listed counts as clinical.
ABOUT_THE_CALENDAR = frozenset(
    {
        "already_booked",
        "asleep",
        "away",
        "before_booked",
        "before_its_dose",
        "busy",
        "client_busy",
        "changed_meanwhile",
        "clearance_not_in_order",
        "client_inactive",
        "consent_expired",
        "consent_missing",
        "consent_outdated",
        "consent_withdrawn",
        "dose_out_of_order",
        "does_not_fit",
        "fasting_not_confirmed",
        "form_not_usable",
        "group_full",
        "group_over",
        "hits_booking",
        "in_group",
        "integration_too_early",
        "integration_too_late",
        "kind_mismatch",
        "limit_reached",
        "location_closed",
        "location_inactive",
        "medicine_not_confirmed",
        "moved_meanwhile",
        "no_candidate",
        "no_appointment_type",
        "no_birth_date",
        "no_time_left",
        "no_time_to_fast",
        "nobody_licensed",
        "not_free",
        "not_its_day",
        "not_licensed",
        "not_sooner",
        "off_grid",
        "outside_hours",
        "plan_not_active",
        "prescriber_not_licensed",
        "prescriber_not_on_site",
        "prescription_not_in_order",
        "protocol_not_approved",
        "review_due",
        "review_missing",
        "ride_not_confirmed",
        "route_mismatch",
        "search_ends",
        "session_completed",
        "session_withdrawn",
        "support_person_not_confirmed",
        "tentative_not_allowed",
        "therapist_not_licensed",
        "too_close_to_next_dose",
        "too_far",
        "too_many_holds",
        "too_many_holds_for_client",
        "too_soon",
        "too_soon_after_dose",
        "waits_for",
        "window_over",
        "wish_clinician",
        "wish_location",
        "wish_time",
        "wish_too_early",
        "wish_too_late",
        "wish_weekday",
        "wrong_status",
    }
)


def shown(blockers: Iterable[Blocker], *, clinical: bool) -> tuple[Blocker, ...]:
    """Every reason; a clinical one for those who may not read it becomes the light that it closes, once."""
    if clinical:
        return tuple(blockers)
    told: list[Blocker] = []
    for blocker in blockers:
        one = blocker if blocker.code in ABOUT_THE_CALENDAR else _neutral(blocker)
        if one not in told:
            told.append(one)
    return tuple(told)


def shown_to(
    user: User | AnonymousUser, blockers: Iterable[Blocker], client_id: int | None
) -> tuple[Blocker, ...]:
    """For a refusal about one client.

    None stands for several: who is at the desk too then reads the neutral ones, for some of the clients may
    be out of reach of their clinical role.
    """
    if not isinstance(user, User) or not user.has_role(*READS_MEDICAL):
        return shown(blockers, clinical=False)
    if client_id is None:
        return shown(blockers, clinical=not user.has_role(*DESK))
    return shown(blockers, clinical=client_id in clients_within(user, [client_id], READS_MEDICAL))


def _neutral(blocker: Blocker) -> Blocker:
    kept = {name: value for name, value in blocker.params.items() if name in SAYS_WHICH}
    if blocker.code.startswith("prescription_"):
        return Blocker("prescription_not_in_order", NOT_IN_ORDER, {**kept, "light": gettext("Prescription")})
    return Blocker("clearance_not_in_order", NOT_IN_ORDER, {**kept, "light": gettext("Clearance")})
