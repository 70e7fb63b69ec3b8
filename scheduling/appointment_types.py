"""The appointment types that a new practice starts with, to be edited in the admin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduling.models import AppointmentType, Phase
from treatment_plans.defaults.protocols import DEFAULT_PROTOCOLS
from treatment_plans.models import PlannedSession, Route

Kind = PlannedSession.Kind

SET_UP_MINUTES, CLEANING_MINUTES, BREAK_MINUTES = 15, 15, 10
PRESCRIBER_FIRST_MINUTES, PRESCRIBER_LAST_MINUTES = 15, 10


@dataclass(frozen=True)
class Part:
    """A phase by the role or kind of room that it takes, in minutes from the start."""

    takes: str
    from_minutes: int
    until_minutes: int


def talk(minutes: int) -> tuple[Part, ...]:
    """A therapist and a therapy room; ten minutes for the notes."""
    return Part("therapist", 0, minutes + BREAK_MINUTES), Part("therapy", 0, minutes)


def remote(role: str, minutes: int) -> tuple[Part, ...]:
    return (Part(role, 0, minutes + BREAK_MINUTES),)


def dosing(minutes: int, *, with_prescriber: bool) -> tuple[Part, ...]:
    """The therapist throughout; the prescriber at the beginning and the end, where the protocol wants one."""
    parts = (
        Part("therapist", 0, minutes),
        Part("dosing", -SET_UP_MINUTES, minutes + CLEANING_MINUTES),
    )
    if not with_prescriber:
        return parts
    return (
        *parts,
        Part("psychiatrist", 0, PRESCRIBER_FIRST_MINUTES),
        Part("psychiatrist", minutes - PRESCRIBER_LAST_MINUTES, minutes),
    )


def add_missing() -> list[AppointmentType]:
    """Create the types whose code is not there yet, with their phases; returns them. Changes none."""
    present = set(AppointmentType.objects.values_list("code", flat=True))
    missing = [(kind, parts) for kind, parts in _defaults() if kind.code not in present]
    added = AppointmentType.objects.bulk_create(kind for kind, _parts in missing)
    Phase.objects.bulk_create(
        Phase(
            appointment_type=kind,
            role=part.takes if part.takes in Phase.Role.values else "",
            room_kind="" if part.takes in Phase.Role.values else part.takes,
            from_minutes=part.from_minutes,
            until_minutes=part.until_minutes,
        )
        for kind, parts in missing
        for part in parts
    )
    return added


def _defaults() -> Iterator[tuple[AppointmentType, tuple[Part, ...]]]:
    remote_visit = AppointmentType.Modality.TELEHEALTH
    yield _type("consult", "Consult", Kind.CONSULT, 45), talk(45)
    yield (
        _type("evaluation", "Medical evaluation", Kind.EVALUATION, 60, modality=remote_visit),
        remote("psychiatrist", 60),
    )
    yield _type("preparation", "Preparation", Kind.PREPARATION, 60), talk(60)
    yield _type("integration", "Integration", Kind.INTEGRATION, 60), talk(60)
    yield (
        _type("review", "Prescriber review", Kind.REVIEW, 30, modality=remote_visit),
        remote("psychiatrist", 30),
    )
    for route, settings in DEFAULT_PROTOCOLS.items():
        minutes = settings["appointment_minutes"]
        yield (
            _type(
                f"dosing-{route.replace('_', '-')}",
                f"Dosing, {Route(route).label}",
                Kind.DOSING,
                minutes,
                route=route,
                notice=24 * 60,
            ),
            dosing(minutes, with_prescriber=settings["prescriber_presence"] == "on_site"),
        )


def _type(
    code: str,
    name: str,
    kind: str,
    minutes: int,
    *,
    route: str = "",
    modality: str = AppointmentType.Modality.IN_PERSON,
    notice: int = 2 * 60,
) -> AppointmentType:
    return AppointmentType(
        code=code,
        name=name,
        kind=kind,
        route=route,
        modality=modality,
        duration_minutes=minutes,
        start_step_minutes=30,
        min_notice_minutes=notice,
    )
