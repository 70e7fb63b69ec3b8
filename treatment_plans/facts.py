"""Rows to the frozen facts that the gates judge, in a fixed number of queries for any number of sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from practice.models import Consent, ConsentDocument, Licence
from treatment_plans import gates
from treatment_plans.models import Clearance, Prescription, Protocol, RemsEnrollment, Route
from treatment_plans.supply import PrescriptionFact


@dataclass(frozen=True)
class ClientFacts:
    signatures: tuple[gates.SignatureFact, ...] = ()
    clearances: tuple[gates.ClearanceFact, ...] = ()
    prescriptions: tuple[PrescriptionFact, ...] = ()
    enrollments: tuple[gates.EnrollmentFact, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What is on record about some clients and clinicians. Those without a row are there too, empty."""

    documents: tuple[gates.RequiredDocument, ...]
    clients: Mapping[int, ClientFacts]
    clinicians: Mapping[int, gates.ClinicianFact]

    def clinician(self, clinician_id: int | None) -> gates.ClinicianFact | None:
        return None if clinician_id is None else self.clinicians[clinician_id]


def load(client_ids: Iterable[int], clinician_ids: Iterable[int]) -> Facts:
    """Six queries, whatever the numbers."""
    clients, clinicians = set(client_ids), set(clinician_ids)
    documents = tuple(
        gates.RequiredDocument(document.kind, document.version, document.title)
        for document in ConsentDocument.objects.filter(is_current=True, is_required=True)
    )
    signatures: dict[int, list[gates.SignatureFact]] = defaultdict(list)
    for consent in Consent.objects.filter(client__in=clients).select_related("document"):
        signatures[consent.client_id].append(
            gates.SignatureFact(
                consent.document.kind,
                consent.document.version,
                consent.signed_at,
                consent.valid_through_on,
                consent.withdrawn_at,
            )
        )
    clearances: dict[int, list[gates.ClearanceFact]] = defaultdict(list)
    for clearance in Clearance.objects.filter(client__in=clients, superseded_at=None):
        clearances[clearance.client_id].append(
            gates.ClearanceFact(
                clearance.decision in Clearance.GRANTED, clearance.valid_from_on, clearance.valid_through_on
            )
        )
    prescriptions: dict[int, list[PrescriptionFact]] = defaultdict(list)
    for row in Prescription.objects.filter(client__in=clients):
        prescriptions[row.client_id].append(prescription_fact(row))
    enrollments: dict[int, list[gates.EnrollmentFact]] = defaultdict(list)
    for enrollment in RemsEnrollment.objects.filter(client__in=clients):
        enrollments[enrollment.client_id].append(
            gates.EnrollmentFact(enrollment.enrolled_on, enrollment.ended_on)
        )
    licences: dict[int, list[gates.LicenceFact]] = defaultdict(list)
    for licence in Licence.objects.filter(clinician__in=clinicians):
        licences[licence.clinician_id].append(
            gates.LicenceFact(licence.state, licence.valid_from_on, licence.valid_through_on)
        )
    return Facts(
        documents,
        {
            client: ClientFacts(
                tuple(signatures[client]),
                tuple(clearances[client]),
                tuple(prescriptions[client]),
                tuple(enrollments[client]),
            )
            for client in clients
        },
        {clinician: gates.ClinicianFact(tuple(licences[clinician])) for clinician in clinicians},
    )


def prescription_fact(row: Prescription) -> PrescriptionFact:
    return PrescriptionFact(row.pk, row.route, row.issued_on, row.valid_through_on, row.revoked_at, row.doses)


def needs_rems_enrollment(protocol: Protocol) -> bool:
    """Locked: Spravato is not given to anyone who is not enrolled. Source: Spravato REMS."""
    return protocol.route == Route.SPRAVATO
