"""The words and glyphs for states, the same on every page. Never colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.blockers import Blocker
from practice.models import Client
from scheduling import readiness_rules
from scheduling.api.reasons import shown
from scheduling.readiness_rules import LightState, ReadinessFacts, Requirements
from treatment_plans.models import PlannedSession

LIGHTS = {
    readiness_rules.CONSENT: _("Consent"),
    readiness_rules.CLEARANCE: _("Clearance"),
    readiness_rules.PRESCRIPTION: _("Prescription"),
    readiness_rules.FASTING: _("Fasting"),
    readiness_rules.RIDE: _("Ride home"),
    readiness_rules.SUPPORT_PERSON: _("Support person"),
    readiness_rules.MEDICINE: _("Medicine in hand"),
}
HARD = (readiness_rules.CONSENT, readiness_rules.CLEARANCE, readiness_rules.PRESCRIPTION)
STATES = {
    LightState.READY: ("✓", _("ready")),
    LightState.WAITING: ("…", _("waiting")),
    LightState.BLOCKED: ("✕", _("blocked")),
    LightState.NOT_NEEDED: ("–", _("not needed")),
}
OUTSTANDING = frozenset({LightState.WAITING, LightState.BLOCKED})

STATUS_GLYPHS = {
    "held": "◌",
    "booked": "○",
    "arrived": "◐",
    "in_session": "●",
    "completed": "✓",
    "cancelled": "✕",
    "no_show": "✕",
    "expired": "–",
}


@dataclass(frozen=True)
class Chip:
    """One light as it is shown: glyph, word and state; `url` is where to settle it."""

    name: str
    word: str
    state: str
    glyph: str
    state_word: str
    url: str = ""


def short_name(client: Client) -> str:
    """ "Maya R.": what to call someone, without the full name for all to read."""
    first = client.display_name.split()[0]
    last = client.legal_name.split()[-1]
    return f"{first} {last[0]}." if last != first else first


def place_in_series(session: PlannedSession | None, doses: int | None, otherwise: str) -> str:
    """ "Dosing 3 of 6", "Integration after dose 2", or the name of the appointment type."""
    if session is None:
        return otherwise
    kind = session.get_kind_display().capitalize()
    if session.dose_number:
        words = gettext("%(kind)s %(number)s of %(count)s") if doses else gettext("%(kind)s %(number)s")
        return words % {"kind": kind, "number": session.dose_number, "count": doses}
    if session.after_session_id and session.after_session and session.after_session.dose_number:
        return gettext("%(kind)s after dose %(number)s") % {
            "kind": kind,
            "number": session.after_session.dose_number,
        }
    return kind


def reasons(blockers: Iterable[Blocker], *, clinical: bool) -> list[str]:
    """Every reason in words. Who does not read the clinical ones learns which light they concern."""
    return [one.text(gettext) for one in shown(blockers, clinical=clinical)]


def hard_lights(blockers: Iterable[Blocker]) -> tuple[readiness_rules.Light, ...]:
    """Consent, clearance and prescription, as these reasons leave them."""
    lights = readiness_rules.lights(
        ReadinessFacts(
            starts_at=datetime.min.replace(tzinfo=UTC),
            is_dosing=True,
            requirements=Requirements(),
            blockers=tuple(blockers),
        )
    )
    return tuple(light for light in lights if light.name in HARD)
