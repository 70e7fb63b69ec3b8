"""The life of a prescription, which is signed elsewhere: one table of transitions, and the doors along it.

Nothing is cancelled here: bookings look at prescriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.blockers import Blocker
from practice.clients import join_care_team
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Stale
from practice.models import Client, Clinician, User
from treatment_plans.errors import AlreadyRevoked, NotAPrescriber, NotSignable, PrescriptionNotPossible
from treatment_plans.models import Prescription, StatePrescriptionLimit, SupplyEvent
from treatment_plans.rules import balances, prescribing
from treatment_plans.supply import accounts, prescribing_checks
from treatment_plans.supply import ledger as supply_ledger

Status = Prescription.Status

TRANSITIONS: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({Status.SIGNED, Status.REVOKED}),
    Status.SIGNED: frozenset({Status.SENT, Status.DISPENSED, Status.REVOKED, Status.LOST}),
    Status.SENT: frozenset({Status.DISPENSED, Status.REVOKED, Status.LOST}),
    Status.DISPENSED: frozenset({Status.DISPENSED, Status.REVOKED, Status.LOST}),  # once for each fill
    Status.REVOKED: frozenset(),
    Status.LOST: frozenset(),
}

STAMPS: dict[str, str] = {
    Status.SIGNED: "signed_at",
    Status.SENT: "sent_at",
    Status.DISPENSED: "dispensed_at",
    Status.REVOKED: "revoked_at",
    Status.LOST: "reported_lost_at",
}


@door
def draft(
    client_id: int, values: Mapping[str, Any], *, prescriber: Clinician, actor: User, now: datetime
) -> Prescription:
    """Prepare a prescription; it counts for nothing until it was signed.

    Locks the client. Raises NotAPrescriber, OutOfScope for one to renew or replace that is not the client's,
    or ValidationError beyond the Schedule III limits.
    """
    return _write(client_id, values, status=Status.DRAFT, prescriber=prescriber, actor=actor, now=now)


@door
def issue(
    client_id: int, values: Mapping[str, Any], *, prescriber: Clinician, actor: User, now: datetime
) -> Prescription:
    """Record in one step a prescription that was signed elsewhere.

    Locks the client. Raises as `draft` does.
    """
    return _write(client_id, values, status=Status.SIGNED, prescriber=prescriber, actor=actor, now=now)


@door
def change(
    prescription_id: int, values: Mapping[str, Any], *, revision: int | None, actor: User, now: datetime
) -> Prescription:
    """Change a draft. Raises PrescriptionNotPossible once it is signed, Stale, ValidationError."""
    prescription = _lock(prescription_id, revision=revision)
    if prescription.status != Status.DRAFT:
        raise _not_possible(prescription, Status.DRAFT)
    _check_before(prescription.client_id, values)
    changed = save_changes(prescription, values)
    if changed:
        _record("changed", prescription, actor=actor, now=now, data={"fields": changed})
    return prescription


@door
def sign(
    prescription_id: int, *, reference: str, revision: int | None = None, actor: User, now: datetime
) -> Prescription:
    """Record that the prescriber signed it in the e-prescribing system, under `reference`.

    An undated one is dated today. Name and address are kept as they are now. Raises NotSignable with every
    reason, PrescriptionNotPossible.
    """
    prescription = _lock(prescription_id, revision=revision)
    _check_transition(prescription, Status.SIGNED)
    client, prescriber = prescription.client, prescription.prescriber
    today = clock.local_day(now, clock.zone(client.location.time_zone))
    prescription.reference = reference.strip()
    prescription.issued_on = prescription.issued_on or today
    prescription.client_name = prescription.client_name or client.legal_name
    against, _warnings = _reasons(prescription, client, prescriber, today=today)
    if against:
        raise NotSignable(blockers=against, client_id=client.pk)
    return _move_to(
        prescription,
        Status.SIGNED,
        {
            "reference": prescription.reference,
            "issued_on": prescription.issued_on,
            "client_name": prescription.client_name,
        },
        actor=actor,
        now=now,
    )


@dataclass(frozen=True)
class Signing:
    """What stands against a signature today, and what a prescriber should know before it."""

    blockers: tuple[Blocker, ...]
    warnings: tuple[Blocker, ...]


def before_signing(prescription: Prescription, *, now: datetime) -> Signing:
    """The same reasons as `sign` has, except that the reference comes with the signature. Writes nothing."""
    client = prescription.client
    today = clock.local_day(now, clock.zone(client.location.time_zone))
    prescription.issued_on = prescription.issued_on or today
    prescription.client_name = prescription.client_name or client.legal_name
    against, warnings = _reasons(prescription, client, prescription.prescriber, today=today)
    return Signing(tuple(each for each in against if each.code != "missing_reference"), warnings)


def state_of(prescription: Prescription, *, now: datetime) -> str:
    """The status, or what has become of it: in use, exhausted, expired. What is used the ledger says.

    With the supply events and the client's location at hand it asks for nothing.
    """
    rows = prescription.supply_events.all()
    used = balances.total(
        (balances.Entry(row.pk, row.kind, row.amount, row.occurred_at, row.corrects_id) for row in rows),
        SupplyEvent.Kind.USED,
    )
    return prescribing.state(
        prescription.status,
        is_in_force=prescription.status in Prescription.IN_FORCE,
        valid_through_on=prescription.valid_through_on,
        day=clock.local_day(now, clock.zone(prescription.client.location.time_zone)),
        prescribed=prescription.one_fill * (1 + prescription.refills),
        used=used,
    )


@door
def send(
    prescription_id: int, *, pharmacy: str, revision: int | None = None, actor: User, now: datetime
) -> Prescription:
    """The e-prescribing system sent it to a pharmacy."""
    prescription = _lock(prescription_id, revision=revision)
    return _move_to(prescription, Status.SENT, {"pharmacy": pharmacy.strip()}, actor=actor, now=now)


@door
def dispense(
    prescription_id: int,
    *,
    amount: Decimal | None = None,
    key: UUID,
    dispensed_at: datetime | None = None,
    actor: User,
    now: datetime,
) -> Prescription:
    """The client got a fill: from now on it is theirs in the ledger. `amount` defaults to one fill.

    The same `key` again changes nothing. Raises PrescriptionNotPossible, SupplyRefused with every reason.
    """
    prescription = _lock(prescription_id, revision=None)
    if SupplyEvent.objects.filter(key=key, prescription=prescription).exists():
        return prescription
    _check_transition(prescription, Status.DISPENSED)
    new = supply_ledger.NewEvent(
        prescription_id=prescription.pk,
        kind=SupplyEvent.Kind.DISPENSED,
        amount=prescription.one_fill if amount is None else amount,
        unit=prescription.quantity_unit,
        key=key,
        occurred_at=dispensed_at,
    )
    if prescription.dispensed_at is not None:
        _check_refill(prescription, dispensed_at or now)
    event = supply_ledger.keep(prescription.client_id, new, actor=actor, now=now)
    return _move_to(prescription, Status.DISPENSED, actor=actor, now=now, at=event.occurred_at)


@door
def revoke(prescription_id: int, *, reason: str, actor: User, now: datetime) -> Prescription:
    """End a prescription. Bookings that need it are on hold from this commit on; none is cancelled."""
    prescription = _lock(prescription_id, revision=None)
    if prescription.status == Status.REVOKED:
        raise AlreadyRevoked
    return _move_to(prescription, Status.REVOKED, {"revoke_reason": reason.strip()}, actor=actor, now=now)


@door
def report_lost(prescription_id: int, *, report: str, actor: User, now: datetime) -> Prescription:
    """The prescription or its medicine is gone: it counts no more, and what the client held is lost.

    Bookings that need it are on hold from this commit on. Raises Invalid without a report.
    """
    if not report.strip():
        raise Invalid(_("Say what was lost, and how."), code="required", pointer="/report")
    prescription = _lock(prescription_id, revision=None)
    _check_transition(prescription, Status.LOST)
    held = balances.balance(accounts.entries_of(prescription.supply_events.all()))
    if held > 0:
        new = supply_ledger.NewEvent(
            prescription_id=prescription.pk,
            kind=SupplyEvent.Kind.LOST,
            amount=held,
            unit=prescription.quantity_unit,
            key=uuid4(),
        )
        supply_ledger.keep(prescription.client_id, new, actor=actor, now=now)
    return _move_to(prescription, Status.LOST, {"loss_report": report.strip()}, actor=actor, now=now)


@step
def _write(
    client_id: int,
    values: Mapping[str, Any],
    *,
    status: str,
    prescriber: Clinician,
    actor: User,
    now: datetime,
) -> Prescription:
    if prescriber.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/prescriber")
    Client.objects.select_for_update(no_key=True).get(pk=client_id)
    _check_before(client_id, values)
    signed_at = now if status == Status.SIGNED else None
    prescription = save_new(
        Prescription(client_id=client_id, prescriber=prescriber, status=status, signed_at=signed_at, **values)
    )
    verb = "issued" if status == Status.SIGNED else "drafted"
    _record(verb, prescription, actor=actor, now=now)
    join_care_team(client_id, [prescriber.pk], actor=actor, now=now)
    return prescription


def _reasons(
    prescription: Prescription, client: Client, prescriber: Clinician, *, today: date
) -> tuple[tuple[Blocker, ...], tuple[Blocker, ...]]:
    """What stands against signing it today, and what only warns."""
    limit = prescribing_checks.state_limit(client.state)
    looked = prescribing_checks.looked(client.pk, client.state)
    pdmp = prescribing.pdmp_blockers(limit, looked, today=today)
    only_warns = limit is not None and limit.pdmp_check != StatePrescriptionLimit.PdmpCheck.BLOCK
    against = (
        *prescribing.signing_blockers(_content(prescription, client, prescriber), today=today),
        *prescribing.state_blockers(
            limit,
            days_supply=prescription.days_supply,
            refills=prescription.refills,
            days_valid=_days_valid(prescription),
        ),
        *prescribing.in_person_blockers(looked, today=today),
        *(() if only_warns else pdmp),
    )
    return against, pdmp if only_warns else ()


def _days_valid(prescription: Prescription) -> int | None:
    if prescription.issued_on is None or prescription.valid_through_on is None:
        return None
    return (prescription.valid_through_on - prescription.issued_on).days


def _check_refill(prescription: Prescription, at: datetime) -> None:
    """Raises SupplyRefused for one that comes too early in the client's state."""
    client = prescription.client
    zone = clock.zone(client.location.time_zone)
    assert prescription.dispensed_at is not None
    blockers = prescribing.refill_blockers(
        prescribing_checks.state_limit(client.state),
        last_filled_on=clock.local_day(prescription.dispensed_at, zone),
        days_supply=prescription.days_supply,
        day=clock.local_day(at, zone),
    )
    if blockers:
        raise supply_ledger.SupplyRefused(blockers=blockers, client_id=client.pk)


def _check_before(client_id: int, values: Mapping[str, Any]) -> None:
    """The one that it renews or replaces is the same client's."""
    for name in ("renews", "replaces"):
        before = values.get(name)
        if before is not None and before.client_id != client_id:
            raise OutOfScope(pointer=f"/{name}")


@step
def _lock(prescription_id: int, *, revision: int | None) -> Prescription:
    """The client, then the prescription. Raises OutOfScope, Stale."""
    client_id = Prescription.objects.filter(pk=prescription_id).values_list("client", flat=True).first()
    if client_id is None:
        raise OutOfScope
    Client.objects.select_for_update(no_key=True).get(pk=client_id)
    rows = Prescription.objects.select_related("client__location", "prescriber", "replaces")
    try:
        return lock_for_edit(rows, prescription_id, revision=revision)
    except Stale as stale:
        raise Stale(pointer="/headers/If-Match") from stale


def _check_transition(prescription: Prescription, status: str) -> None:
    if status not in TRANSITIONS[prescription.status]:
        raise _not_possible(prescription, status)


def _not_possible(prescription: Prescription, status: str) -> PrescriptionNotPossible:
    return PrescriptionNotPossible(
        params={"status": prescription.get_status_display(), "wanted": str(Status(status).label)}
    )


@step
def _move_to(
    prescription: Prescription,
    status: str,
    also: Mapping[str, Any] | None = None,
    *,
    actor: User,
    now: datetime,
    at: datetime | None = None,
) -> Prescription:
    """Take one transition of the locked prescription, with its stamp. Raises PrescriptionNotPossible."""
    _check_transition(prescription, status)
    values = {"status": status, STAMPS[status]: at or now, **(also or {})}
    for name, value in values.items():
        setattr(prescription, name, value)
    prescription.full_clean()
    prescription.revision += 1
    prescription.save(update_fields=[*values, "revision"])
    _record(status, prescription, actor=actor, now=now)
    return prescription


def _record(
    verb: str,
    prescription: Prescription,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    activity.record(
        f"prescription.{verb}", prescription, actor=actor, at=now, client=prescription.client_id, data=data
    )


def _content(prescription: Prescription, client: Client, prescriber: Clinician) -> prescribing.Content:
    return prescribing.Content(
        client_name=prescription.client_name,
        client_address=prescription.client_address,
        drug=prescription.drug,
        strength_amount=prescription.strength_amount,
        strength_unit=prescription.strength_unit,
        form=prescription.form,
        dose_amount=prescription.dose_amount,
        dose_unit=prescription.dose_unit,
        doses_per_fill=prescription.doses_per_fill,
        quantity=prescription.quantity,
        quantity_unit=prescription.quantity_unit,
        units_per_dose=prescription.units_per_dose,
        days_supply=prescription.days_supply,
        refills=prescription.refills,
        directions=prescription.directions,
        issued_on=prescription.issued_on,
        valid_through_on=prescription.valid_through_on,
        reference=prescription.reference,
        prescriber_name=prescriber.name,
        prescriber_address=client.location.address,
        dea_number=prescriber.dea_number,
        replaces_one_in_force=(
            prescription.replaces is not None and prescription.replaces.status in Prescription.IN_FORCE
        ),
    )
