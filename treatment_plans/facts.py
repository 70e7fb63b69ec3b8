"""Rows to the frozen facts that the gates judge, in a fixed number of queries for any number of sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef

from practice.models import Client, Clinician, Consent, ConsentDocument, Licence
from practice.packed import day, instant, packed
from treatment_plans import gates
from treatment_plans.models import Clearance, Prescription, Protocol, RemsEnrollment, Route, SafetyAlert
from treatment_plans.supply import PrescriptionFact


@dataclass(frozen=True)
class ClientFacts:
    signatures: tuple[gates.SignatureFact, ...] = ()
    clearances: tuple[gates.ClearanceFact, ...] = ()
    prescriptions: tuple[PrescriptionFact, ...] = ()
    enrollments: tuple[gates.EnrollmentFact, ...] = ()
    has_open_alert: bool = False


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


def load(client_ids: Iterable[int], clinician_ids: Iterable[int]) -> Facts:
    """Three queries, whatever the numbers."""
    documents = ConsentDocument.objects.filter(is_current=True, is_required=True)
    clients = Client.objects.filter(pk__in=set(client_ids)).annotate(
        signatures=packed(
            Consent.objects.filter(client=OuterRef("pk")),
            "document__kind",
            "document__version",
            "signed_at",
            "valid_through_on",
            "withdrawn_at",
        ),
        clearances=packed(
            Clearance.objects.filter(client=OuterRef("pk"), superseded_at=None),
            "decision",
            "valid_from_on",
            "valid_through_on",
        ),
        prescriptions=packed(
            Prescription.objects.filter(client=OuterRef("pk")),
            "pk",
            "route",
            "issued_on",
            "valid_through_on",
            "revoked_at",
            "doses_per_fill",
            "refills",
        ),
        enrollments=packed(RemsEnrollment.objects.filter(client=OuterRef("pk")), "enrolled_on", "ended_on"),
        has_open_alert=Exists(SafetyAlert.objects.filter(client=OuterRef("pk"), disposed_at=None)),
    )
    clinicians = Clinician.objects.filter(pk__in=set(clinician_ids), is_active=True).annotate(
        held=packed(
            Licence.objects.filter(clinician=OuterRef("pk")), "state", "valid_from_on", "valid_through_on"
        )
    )
    return Facts(
        tuple(gates.RequiredDocument(each.kind, each.version, each.title) for each in documents),
        {client.pk: _client_facts(client) for client in clients},
        {
            clinician.pk: gates.ClinicianFact(
                tuple(
                    gates.LicenceFact(state, date.fromisoformat(first), date.fromisoformat(last))
                    for state, first, last in clinician.held or ()
                )
            )
            for clinician in clinicians
        },
    )


def _client_facts(client: Any) -> ClientFacts:
    return ClientFacts(
        signatures=tuple(
            gates.SignatureFact(
                kind, version, datetime.fromisoformat(signed), day(through), instant(withdrawn)
            )
            for kind, version, signed, through, withdrawn in client.signatures or ()
        ),
        clearances=tuple(
            gates.ClearanceFact(decision in Clearance.GRANTED, date.fromisoformat(first), day(last))
            for decision, first, last in client.clearances or ()
        ),
        prescriptions=tuple(
            PrescriptionFact(
                pk,
                route,
                date.fromisoformat(issued),
                date.fromisoformat(last),
                instant(revoked),
                Prescription.count_doses(per_fill, refills),
            )
            for pk, route, issued, last, revoked, per_fill, refills in client.prescriptions or ()
        ),
        enrollments=tuple(
            gates.EnrollmentFact(date.fromisoformat(first), day(end))
            for first, end in client.enrollments or ()
        ),
        has_open_alert=client.has_open_alert,
    )


def needs_rems_enrollment(protocol: Protocol) -> bool:
    """Locked: Spravato is not given to anyone who is not enrolled. Source: Spravato REMS."""
    return protocol.route == Route.SPRAVATO
