"""What ends soon, or has ended, and the dosing sessions that it will block: the soonest blocked first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from practice import clock
from practice.access import CLINICAL, DESK, visible_to
from practice.models import Client, Clinician, Consent, Licence, User
from scheduling import gate
from scheduling.availability import where_the_client_is
from scheduling.models import Booking
from treatment_plans.models import (
    Clearance,
    ClinicalResult,
    PlannedSession,
    Prescription,
    RemsEnrollment,
    Route,
    ScreeningFlag,
)
from treatment_plans.rules import flags as flag_rules
from treatment_plans.rules import supply
from treatment_plans.rules.screening import BLOCKING
from treatment_plans.rules.supply import DoseFact

READS = DESK | CLINICAL
FAR = "9999"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Supply:
    """Of a prescription, in doses."""

    doses: int
    used: int
    booked: int


@dataclass(frozen=True, kw_only=True)
class Expiring:
    """`ends_on` is the last valid day. `owner` says by role who can do something about it."""

    kind: str
    subject_id: int
    what: str
    ends_on: date
    because: str  # "date" or "used_up"
    owner: str
    client: Client | None = None
    clinician: Clinician | None = None
    supply: Supply | None = None
    blocks: tuple[Booking, ...] = ()

    @property
    def place(self) -> list[str | int]:
        """Its place in the order; nothing in it says who it is about."""
        first = self.blocks[0].starts_at.isoformat() if self.blocks else FAR
        return [first, self.ends_on.isoformat(), self.kind, self.subject_id]


def expiring(user: User, *, days: int, client_id: int | None = None, now: datetime) -> list[Expiring]:
    """What ends within `days` from today, and what has ended while a session still counts on it.

    Clinical things about the clients whom clinicians see; consents and licences for the desk too. With
    `client_id` of one client alone, and licences where they block a session of theirs. Ten queries, whatever
    the numbers.
    """
    looked = _Look(user, days, now, client_id)
    found = [one for source in SOURCES for one in source(looked)]
    return sorted(found, key=lambda one: one.place)


class _Look:
    """One reader's view of the sessions ahead."""

    def __init__(self, user: User, days: int, now: datetime, client_id: int | None) -> None:
        self.user, self.days, self.now, self.client_id = user, days, now, client_id
        self.until_on = clock.local_day(now, clock.zone("UTC")) + days * DAY

    @cached_property
    def sessions(self) -> Mapping[int, Sequence[Booking]]:
        """Dosing sessions ahead, by client, of those whom the reader sees."""
        ahead = Booking.objects.filter(
            Booking.in_force(self.now),
            starts_at__gte=self.now,
            appointment_type__kind=PlannedSession.Kind.DOSING,
        )
        found: dict[int, list[Booking]] = defaultdict(list)
        for row in self.visible(ahead, READS).order_by("starts_at", "pk"):
            found[row.client_id].append(row)
        return found

    @cached_property
    def clinical(self) -> set[int]:
        """Of those with a session ahead, whom the reader sees as a clinician."""
        clients = self.visible(Client.objects.filter(pk__in=list(self.sessions)), CLINICAL, client="pk")
        return set(clients.values_list("pk", flat=True))

    def visible(self, rows: QuerySet[Any], roles: frozenset[Any], *, client: str = "client") -> QuerySet[Any]:
        joined: tuple[str, ...] = ("client__location",) if client == "client" else ()
        if rows.model is Booking:
            joined = ("client", "location", "appointment_type", "planned_session")
        if self.client_id is not None:
            rows = rows.filter(**{client: self.client_id})
        return visible_to(self.user, rows.select_related(*joined), client=client, roles=roles)

    def ending(self, rows: QuerySet[Any], field: str = "valid_through_on") -> QuerySet[Any]:
        """Those that end by the last day looked at, unless they are over and no session is ahead."""
        since = self.until_on - (self.days + 1) * DAY
        return rows.filter(
            Q((f"{field}__gte", since)) | Q(client__in=list(self.sessions)),
            **{f"{field}__lte": self.until_on},
            client__is_active=True,
        )

    def after(self, client_id: int, last_on: date) -> tuple[Booking, ...]:
        return tuple(each for each in self.sessions.get(client_id, ()) if each.starts_on > last_on)

    def matters(self, client: Client, last_on: date, blocks: Sequence[Booking]) -> bool:
        """What is over already, and blocks nothing, is no news."""
        today = clock.local_day(self.now, clock.zone(client.location.time_zone))
        return bool(blocks) or today <= last_on <= today + self.days * DAY


def _prescriptions(look: _Look) -> Iterator[Expiring]:
    """By date and by doses: each session without a dose counts against the one that ends last."""
    in_force = Prescription.objects.filter(status__in=Prescription.IN_FORCE, client__is_active=True)
    since = look.until_on - (look.days + 1) * DAY
    concerned = Q(client__in=list(look.clinical)) | Q(valid_through_on__range=(since, look.until_on))
    rows = look.visible(in_force.filter(concerned), CLINICAL).select_related("client__location", "prescriber")
    of_client: dict[int, list[Prescription]] = defaultdict(list)
    for row in rows:
        of_client[row.client_id].append(row)
    doses = gate.booked_doses(of_client, now=look.now)
    for client_id, held in of_client.items():
        yield from _of_one_client(look, held, doses.get(client_id, ()))


def _of_one_client(
    look: _Look, held: Sequence[Prescription], doses: Sequence[DoseFact]
) -> Iterator[Expiring]:
    facts = [each.fact for each in held]
    missing, tallies = supply.left_without(facts, doses), supply.tally(facts, doses)
    sessions = {each.pk: each for each in look.sessions.get(held[0].client_id, ())}
    for each, fact in zip(held, facts, strict=True):
        ahead = [sessions[dose.booking_id] for dose in missing[each.pk] if dose.booking_id in sessions]
        tally, last_on = tallies[each.pk], fact.valid_through_on
        goes_on = any(one.route == each.route and one.valid_through_on > last_on for one in facts)
        if not ahead and (goes_on or not look.matters(each.client, last_on, ())):
            continue
        is_used_up = bool(ahead) and ahead[0].starts_on <= last_on
        yield Expiring(
            kind="prescription",
            subject_id=each.pk,
            what=str(Route(each.route).label),
            ends_on=last_on,
            because="used_up" if is_used_up else "date",
            owner="psychiatrist",
            client=each.client,
            clinician=each.prescriber,
            supply=Supply(fact.doses, tally.used, tally.booked),
            blocks=tuple(ahead),
        )


def _clearances(look: _Look) -> Iterator[Expiring]:
    granted = Clearance.objects.filter(superseded_at=None, decision__in=Clearance.GRANTED)
    rows = look.visible(look.ending(granted), CLINICAL).select_related("client__location", "decided_by")
    for row in rows:
        blocks = look.after(row.client_id, row.valid_through_on)
        if look.matters(row.client, row.valid_through_on, blocks):
            yield Expiring(
                kind="clearance",
                subject_id=row.pk,
                what=row.get_decision_display(),
                ends_on=row.valid_through_on,
                because="date",
                owner="psychiatrist",
                client=row.client,
                clinician=row.decided_by,
                blocks=blocks,
            )


def _enrollments(look: _Look) -> Iterator[Expiring]:
    """An enrolment has an end only once somebody ended it; on that day it counts no more."""
    rows = look.visible(look.ending(RemsEnrollment.objects.all(), "ended_on"), CLINICAL)
    again = RemsEnrollment.objects.filter(client=OuterRef("client"), ended_on=None)
    for row in rows.filter(~Exists(again)):
        last_on = row.ended_on - DAY
        blocks = tuple(
            each
            for each in look.after(row.client_id, last_on)
            if each.appointment_type.route == Route.SPRAVATO
        )
        if look.matters(row.client, last_on, blocks):
            yield Expiring(
                kind="rems_enrollment",
                subject_id=row.pk,
                what=str(Route.SPRAVATO.label),
                ends_on=last_on,
                because="date",
                owner="psychiatrist",
                client=row.client,
                blocks=blocks,
            )


def _consents(look: _Look) -> Iterator[Expiring]:
    in_force = Q(document__is_current=True, document__is_required=True, withdrawn_at=None)
    later = Consent.objects.filter(
        Q(valid_through_on=None) | Q(valid_through_on__gt=OuterRef("valid_through_on")),
        client=OuterRef("client"),
        document=OuterRef("document"),
        withdrawn_at=None,
    )
    ending = look.ending(Consent.objects.filter(in_force, ~Exists(later)))
    for row in look.visible(ending, READS).select_related("client__location", "document"):
        blocks = look.after(row.client_id, row.valid_through_on)
        if look.matters(row.client, row.valid_through_on, blocks):
            yield Expiring(
                kind="consent",
                subject_id=row.pk,
                what=row.document.title,
                ends_on=row.valid_through_on,
                because="date",
                owner="front_desk",
                client=row.client,
                blocks=blocks,
            )


def _licences(look: _Look) -> Iterator[Expiring]:
    """Of those who work here; a clinician reads which sessions of their own clients it concerns."""
    later = Licence.objects.filter(
        clinician=OuterRef("clinician"),
        state=OuterRef("state"),
        valid_through_on__gt=OuterRef("valid_through_on"),
    )
    rows = Licence.objects.filter(
        ~Exists(later), valid_through_on__lte=look.until_on, clinician__is_active=True
    ).select_related("clinician")
    today = look.until_on - look.days * DAY
    ahead = sorted(
        (each for of_client in look.sessions.values() for each in of_client),
        key=lambda each: (each.starts_at, each.pk),
    )
    for row in rows:
        blocks = tuple(
            each
            for each in ahead
            if row.clinician_id in (each.therapist_id, each.psychiatrist_id)
            and each.starts_on > row.valid_through_on
            and where_the_client_is(each.appointment_type, each.location, each.client) == row.state
        )
        if blocks or (look.client_id is None and row.valid_through_on >= today - DAY):
            yield Expiring(
                kind="licence",
                subject_id=row.pk,
                what=row.state,
                ends_on=row.valid_through_on,
                because="date",
                owner="practice_admin",
                clinician=row.clinician,
                blocks=blocks,
            )


def _flags(look: _Look) -> Iterator[Expiring]:
    """Of the screening: what a prescriber accepted, and has to look at again."""
    accepted = ScreeningFlag.objects.filter(
        rule__effect__in=BLOCKING, disposition__decision__in=(flag_rules.ACCEPTED, flag_rules.CONDITIONAL)
    )
    rows = look.visible(look.ending(accepted, "disposition__valid_through_on"), CLINICAL)
    for row in rows.select_related("client__location", "rule", "disposition__decided_by"):
        disposed = row.disposition
        assert disposed is not None
        assert disposed.valid_through_on is not None
        last_on, routes = disposed.valid_through_on, row.rule.routes
        blocks = tuple(
            each
            for each in look.after(row.client_id, last_on)
            if not routes or each.appointment_type.route in routes
        )
        if look.matters(row.client, last_on, blocks):
            yield Expiring(
                kind="screening_flag",
                subject_id=row.pk,
                what=row.rule.fact,
                ends_on=last_on,
                because="date",
                owner="psychiatrist",
                client=row.client,
                clinician=disposed.decided_by,
                blocks=blocks,
            )


def _results(look: _Look) -> Iterator[Expiring]:
    """Of each kind the latest, where a flag of the screening asks for it."""
    asking = ScreeningFlag.objects.filter(
        client=OuterRef("client"), rule__effect__in=BLOCKING, rule__result_kind=OuterRef("kind")
    ).exclude(disposition__decision=flag_rules.MISTAKE)
    same_kind = ClinicalResult.objects.filter(
        client=OuterRef("client"), kind=OuterRef("kind"), corrections=None
    )
    later = same_kind.filter(
        Q(taken_on__gt=OuterRef("taken_on")) | Q(taken_on=OuterRef("taken_on"), pk__gt=OuterRef("pk"))
    )
    latest = ClinicalResult.objects.filter(Exists(asking), ~Exists(later), corrections=None)
    for row in look.visible(look.ending(latest), CLINICAL):
        blocks = look.after(row.client_id, row.valid_through_on)
        if look.matters(row.client, row.valid_through_on, blocks):
            yield Expiring(
                kind="clinical_result",
                subject_id=row.pk,
                what=row.get_kind_display(),
                ends_on=row.valid_through_on,
                because="date",
                owner="nurse",
                client=row.client,
                blocks=blocks,
            )


SOURCES: tuple[Callable[[_Look], Iterable[Expiring]], ...] = (
    _prescriptions,
    _clearances,
    _enrollments,
    _consents,
    _licences,
    _flags,
    _results,
)
