"""The seven lights of a booking. Judged from facts each time; never stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from practice.blockers import Blocker

CONSENT, CLEARANCE, PRESCRIPTION = "consent", "clearance", "prescription"
FASTING, RIDE, SUPPORT_PERSON, MEDICINE = "fasting", "ride", "support_person", "medicine"

# Not there yet, so somebody is still to act; every other reason means that something stands against it.
_NOT_YET = frozenset(
    {"consent_missing", "consent_outdated", "clearance_missing", "prescription_missing", "rems_not_enrolled"}
)


class LightState(StrEnum):
    READY = "ready"
    WAITING = "waiting"
    BLOCKED = "blocked"
    NOT_NEEDED = "not_needed"


_ANSWERS = {
    "confirmed": LightState.READY,
    "overridden": LightState.READY,
    "problem": LightState.BLOCKED,
}


@dataclass(frozen=True, slots=True)
class Light:
    """`blockers` only on the first three lights; who said so, how and when only on the other four."""

    name: str
    state: LightState
    blockers: tuple[Blocker, ...] = ()
    said_by: str | None = None
    source: str | None = None
    at: datetime | None = None
    overridden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What the protocol asks of the client beside consent, clearance and prescription."""

    fasting: bool = False
    ride: bool = False
    support_person: bool = False
    medicine: bool = False


@dataclass(frozen=True, slots=True)
class AcknowledgementFact:
    item: str
    for_starts_at: datetime
    answer: str
    said_by: str
    source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessFacts:
    """`blockers` are the gate's for this session, `acknowledgements` the booking's in any order."""

    starts_at: datetime
    is_dosing: bool
    requirements: Requirements
    blockers: tuple[Blocker, ...] = ()
    acknowledgements: tuple[AcknowledgementFact, ...] = ()


def lights(facts: ReadinessFacts) -> tuple[Light, ...]:
    """Return the seven lights, always in the same order.

    A session without a dose needs none of them; only what stands against it is shown.
    """
    needs = facts.requirements if facts.is_dosing else Requirements()
    return (
        _hard(CONSENT, facts),
        _hard(CLEARANCE, facts),
        _hard(PRESCRIPTION, facts),
        _judged(FASTING, facts, is_needed=needs.fasting),
        _judged(RIDE, facts, is_needed=needs.ride),
        _judged(SUPPORT_PERSON, facts, is_needed=needs.support_person),
        _judged(MEDICINE, facts, is_needed=needs.medicine),
    )


def missing(lights: Iterable[Light]) -> tuple[str, ...]:
    """Return the names of the lights that are needed and not ready."""
    return tuple(light.name for light in lights if light.state in (LightState.WAITING, LightState.BLOCKED))


def _light_of(blocker: Blocker) -> str:
    """Every reason shows on one light, so that a closed gate never looks ready.

    What is neither consent nor prescription (plan, spacing, licences, REMS) shows as clearance.
    """
    if blocker.code.startswith("consent_"):
        return CONSENT
    if blocker.code.startswith("prescription_") or blocker.code == "route_mismatch":
        return PRESCRIPTION
    return CLEARANCE


def _hard(name: str, facts: ReadinessFacts) -> Light:
    blockers = tuple(blocker for blocker in facts.blockers if _light_of(blocker) == name)
    if not blockers:
        return Light(name, LightState.READY if facts.is_dosing else LightState.NOT_NEEDED)
    is_waiting = all(blocker.code in _NOT_YET for blocker in blockers)
    return Light(name, LightState.WAITING if is_waiting else LightState.BLOCKED, blockers)


def _judged(name: str, facts: ReadinessFacts, *, is_needed: bool) -> Light:
    if not is_needed:
        return Light(name, LightState.NOT_NEEDED)
    latest = max(
        (
            said
            for said in facts.acknowledgements
            if said.item == name and said.for_starts_at == facts.starts_at
        ),
        key=lambda said: said.recorded_at,
        default=None,
    )
    if latest is None:
        return Light(name, LightState.WAITING)
    return Light(
        name,
        _ANSWERS[latest.answer],
        said_by=latest.said_by,
        source=latest.source,
        at=latest.recorded_at,
        overridden=latest.answer == "overridden",
    )
