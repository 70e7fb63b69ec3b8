"""Rows to the frozen facts that the gates judge, in a fixed number of queries for any number of sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from django.db.models import BigIntegerField, OuterRef

from practice.models import Client, Consent, ConsentDocument, Licence
from practice.packed import day, instant, packed, unpacked
from practice.prepared import Prepared, is_one_of
from treatment_plans.models import (
    Clearance,
    ClinicalResult,
    CourseHold,
    PlanReview,
    Prescription,
    Protocol,
    RemsEnrollment,
    Route,
    SafetyAlert,
    ScreeningFlag,
)
from treatment_plans.rules import gates
from treatment_plans.rules.flags import FlagFact, ResultFact
from treatment_plans.rules.screening import BLOCKING
from treatment_plans.rules.supply import PrescriptionFact


@dataclass(frozen=True)
class ClientFacts:
    signatures: tuple[gates.SignatureFact, ...] = ()
    clearances: tuple[gates.ClearanceFact, ...] = ()
    prescriptions: tuple[PrescriptionFact, ...] = ()
    enrollments: tuple[gates.EnrollmentFact, ...] = ()
    has_open_alert: bool = False
    flags: tuple[FlagFact, ...] = ()
    results: tuple[ResultFact, ...] = ()
    held_plans: frozenset[int] = frozenset()
    reviews: tuple[tuple[int, datetime], ...] = ()  # the plan, and when it was decided how it goes on


@dataclass(frozen=True)
class Facts:
    """What is on record about some clients and clinicians. Those without a row are there too, empty."""

    documents: tuple[gates.RequiredDocument, ...]
    clients: Mapping[int, ClientFacts]
    clinicians: Mapping[int, gates.ClinicianFact]

    def clinician(self, clinician_id: int | None) -> gates.ClinicianFact | None:
        """None for nobody. Who no longer works here has no licence that counts."""
        if clinician_id is None:
            return None
        return self.clinicians.get(clinician_id, gates.ClinicianFact(()))


_ON_RECORD = Prepared(
    lambda: (
        Client.objects.filter(is_one_of("pk", "clients", BigIntegerField()))
        .order_by()
        .values_list(
            "pk",
            packed(
                Consent.objects.filter(client=OuterRef("pk")),
                "document__kind",
                "document__version",
                "signed_at",
                "valid_through_on",
                "withdrawn_at",
            ),
            packed(
                Clearance.objects.filter(client=OuterRef("pk"), superseded_at=None),
                "decision",
                "valid_from_on",
                "valid_through_on",
            ),
            packed(
                Prescription.objects.filter(client=OuterRef("pk")),
                "pk",
                "route",
                "issued_on",
                "valid_through_on",
                "revoked_at",
                "doses_per_fill",
                "refills",
                "signed_at",
                "reported_lost_at",
            ),
            packed(RemsEnrollment.objects.filter(client=OuterRef("pk")), "enrolled_on", "ended_on"),
            packed(SafetyAlert.objects.filter(client=OuterRef("pk"), disposed_at=None), "pk"),
            packed(
                ScreeningFlag.objects.filter(client=OuterRef("pk"), rule__effect__in=sorted(BLOCKING)),
                "pk",
                "rule__effect",
                "rule__routes",
                "rule__fact",
                "rule__result_kind",
                "disposition__decision",
                "disposition__valid_through_on",
            ),
            packed(
                ClinicalResult.objects.filter(client=OuterRef("pk"), corrections=None),
                "pk",
                "kind",
                "taken_on",
                "valid_through_on",
            ),
            packed(CourseHold.objects.filter(plan__client=OuterRef("pk"), released_at=None), "plan"),
            packed(PlanReview.objects.filter(plan__client=OuterRef("pk")), "plan", "decided_at"),
            # The same for every client
            packed(
                ConsentDocument.objects.filter(is_current=True, is_required=True), "kind", "version", "title"
            ),
            packed(
                Licence.objects.filter(
                    is_one_of("clinician", "clinicians", BigIntegerField()), clinician__is_active=True
                ),
                "clinician",
                "state",
                "valid_from_on",
                "valid_through_on",
            ),
        )
    )
)


def load(client_ids: Iterable[int], clinician_ids: Iterable[int]) -> Facts:
    """One query, whatever the numbers."""
    rows = _ON_RECORD.rows(clients=sorted(set(client_ids)), clinicians=sorted(set(clinician_ids)))
    clients = {pk: _client_facts(*map(unpacked, columns[:9])) for pk, *columns in rows}
    documents, licences = map(unpacked, rows[0][-2:]) if rows else ([], [])
    held: dict[int, tuple[gates.LicenceFact, ...]] = defaultdict(tuple)
    for clinician_id, state, first, last in licences:
        held[clinician_id] += (gates.LicenceFact(state, date.fromisoformat(first), date.fromisoformat(last)),)
    return Facts(
        tuple(gates.RequiredDocument(*each) for each in sorted(documents)),
        clients,
        {pk: gates.ClinicianFact(licences) for pk, licences in held.items()},
    )


def _client_facts(
    signatures: Sequence[Any],
    clearances: Sequence[Any],
    prescriptions: Sequence[Any],
    enrollments: Sequence[Any],
    open_alerts: Sequence[Any],
    flags: Sequence[Any],
    results: Sequence[Any],
    holds: Sequence[Any],
    reviews: Sequence[Any],
) -> ClientFacts:
    return ClientFacts(
        signatures=tuple(
            gates.SignatureFact(
                kind, version, datetime.fromisoformat(signed), day(through), instant(withdrawn)
            )
            for kind, version, signed, through, withdrawn in signatures
        ),
        clearances=tuple(
            gates.ClearanceFact(decision in Clearance.GRANTED, date.fromisoformat(first), day(last))
            for decision, first, last in clearances
        ),
        prescriptions=tuple(
            PrescriptionFact(
                pk,
                route,
                day(issued) or date.min,
                day(last) or date.max,
                instant(revoked),
                Prescription.count_doses(per_fill, refills),
                is_signed=signed is not None,
                lost_at=instant(lost),
            )
            for pk, route, issued, last, revoked, per_fill, refills, signed, lost in prescriptions
        ),
        enrollments=tuple(
            gates.EnrollmentFact(date.fromisoformat(first), day(end)) for first, end in enrollments
        ),
        has_open_alert=bool(open_alerts),
        flags=tuple(
            FlagFact(pk, effect, frozenset(routes), fact, kind, decision, day(through))
            for pk, effect, routes, fact, kind, decision, through in sorted(flags, key=itemgetter(0))
        ),
        results=tuple(
            ResultFact(pk, kind, date.fromisoformat(taken), day(through))
            for pk, kind, taken, through in results
        ),
        held_plans=frozenset(plan for (plan,) in holds),
        reviews=tuple((plan, datetime.fromisoformat(decided)) for plan, decided in reviews),
    )


def needs_rems_enrollment(protocol: Protocol) -> bool:
    """Locked: Spravato is not given to anyone who is not enrolled. Source: Spravato REMS."""
    return protocol.route == Route.SPRAVATO
