"""What a prescriber ordered, and its end. Nothing is cancelled here: bookings look at prescriptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from practice import activity
from practice.clients import join_care_team
from practice.doors import door
from practice.editing import lock_for_edit, save_changes, save_new
from practice.models import Client, Clinician, User
from treatment_plans.errors import AlreadyRevoked, NotAPrescriber
from treatment_plans.models import Prescription


@door
def issue(
    client_id: int, values: Mapping[str, Any], *, prescriber: Clinician, actor: User, now: datetime
) -> Prescription:
    """Record a prescription that was signed elsewhere.

    Locks the client. Raises NotAPrescriber, or ValidationError beyond the Schedule III limits.
    """
    if prescriber.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/prescriber")
    Client.objects.select_for_update(no_key=True).get(pk=client_id)
    prescription = save_new(Prescription(client_id=client_id, prescriber=prescriber, **values))
    activity.record("prescription.issued", prescription, actor=actor, at=now, client=client_id)
    join_care_team(client_id, [prescriber.pk], actor=actor, now=now)
    return prescription


@door
def revoke(prescription_id: int, *, reason: str, actor: User, now: datetime) -> Prescription:
    """End a prescription. Bookings that need it are on hold from this commit on; none is cancelled."""
    prescription = lock_for_edit(Prescription.objects.all(), prescription_id, revision=None)
    if prescription.status == Prescription.Status.REVOKED:
        raise AlreadyRevoked
    save_changes(
        prescription,
        {"status": Prescription.Status.REVOKED, "revoked_at": now, "revoke_reason": reason.strip()},
    )
    activity.record("prescription.revoked", prescription, actor=actor, at=now, client=prescription.client_id)
    return prescription
