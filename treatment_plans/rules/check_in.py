"""What a client says at the door, and what somebody should look at before the dose. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIn:
    """What the client said at the door, and what the protocol asks. None is what is not known."""

    last_food_at: datetime | None
    last_drink_at: datetime | None
    solids_fast: timedelta
    liquids_fast: timedelta
    brings_medicine: bool
    medicine_seen: bool | None
    ride_needed: bool
    has_ride_phone: bool
    has_new_medicines: bool | None
    is_ill: bool | None
    may_be_pregnant: bool | None
    has_bladder_symptoms: bool | None
    cssrs_wanted: bool
    has_cssrs: bool


def remarks(facts: CheckedIn, *, starts_at: datetime) -> tuple[Blocker, ...]:
    """What somebody should look at before the dose. Explained, never refused."""
    return (*_fasting_remarks(facts, starts_at), *_told_remarks(facts))


def _fasting_remarks(facts: CheckedIn, starts_at: datetime) -> Iterable[Blocker]:
    minute = timedelta(minutes=1)
    if facts.last_food_at is not None and starts_at - facts.last_food_at < facts.solids_fast:
        yield Blocker(
            "food_too_late",
            _("Ate %(minutes)s min before the start; the protocol asks for %(wanted)s min without food."),
            {"minutes": (starts_at - facts.last_food_at) // minute, "wanted": facts.solids_fast // minute},
        )
    if facts.last_drink_at is not None and starts_at - facts.last_drink_at < facts.liquids_fast:
        yield Blocker(
            "drink_too_late",
            _("Drank %(minutes)s min before the start; the protocol asks for %(wanted)s min without drinks."),
            {"minutes": (starts_at - facts.last_drink_at) // minute, "wanted": facts.liquids_fast // minute},
        )
    if facts.solids_fast and facts.last_food_at is None:
        yield Blocker("food_not_known", _("When the client last ate is not known."))


def _told_remarks(facts: CheckedIn) -> Iterable[Blocker]:
    if facts.brings_medicine and not facts.medicine_seen:
        yield Blocker("medicine_not_seen", _("The medicine has not been seen."))
    if facts.ride_needed and not facts.has_ride_phone:
        yield Blocker("ride_phone_missing", _("There is no phone number of the ride home."))
    if facts.has_new_medicines:
        yield Blocker("new_medicines", _("Medicines have changed: tell the prescriber."))
    if facts.is_ill:
        yield Blocker("ill", _("The client is ill: tell the prescriber."))
    if facts.may_be_pregnant:
        yield Blocker("may_be_pregnant", _("The client may be pregnant: tell the prescriber."))
    if facts.has_bladder_symptoms:
        yield Blocker("bladder_symptoms", _("The client has bladder symptoms: tell the prescriber."))
    if facts.cssrs_wanted and not facts.has_cssrs:
        yield Blocker("cssrs_missing", _("The C-SSRS screener for today has not been done."))
