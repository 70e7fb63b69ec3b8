"""The dosing session where it meets its booking: the record opens, a dose is given, or none is.

Each door locks the booking, then the record; a dose first the client, whose supply it may use.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from practice.doors import door, step
from practice.errors import OutOfScope, Refused
from practice.models import Client, Clinician, TimeOff, User
from scheduling import gate, lifecycle
from scheduling.availability import where_the_client_is
from scheduling.models import Booking
from treatment_plans.dosing import discharges, doses
from treatment_plans.dosing import records as dosing
from treatment_plans.dosing import rows as dosing_rows
from treatment_plans.models import Dose, DosingRecord, PlannedSession, Prescription, StockLot
from treatment_plans.rules.dosing import WantedDose


class NotHere(Refused):
    code = "not_here"
    message = _("A dosing record opens when the client has arrived for a dosing session.")


@door
def open_record(booking_id: int, *, actor: User, now: datetime) -> DosingRecord:
    """The record of a dosing session, opened if it isn't, with the protocol and the people of now."""
    booking = lifecycle.lock(booking_id)
    found = _record_of(booking)
    if found is not None:
        return found
    if not (booking.is_dosing and booking.is_here and booking.planned_session_id):
        raise NotHere
    planned = PlannedSession.objects.select_related("plan__protocol").get(pk=booking.planned_session_id)
    record = DosingRecord(
        client=booking.client,
        planned_session=planned,
        protocol=planned.plan.protocol,
        therapist_id=booking.therapist_id,
        psychiatrist_id=booking.psychiatrist_id,
        starts_at=booking.starts_at,
        location=booking.location,
        state=where_the_client_is(booking.appointment_type, booking.location, booking.client),
    )
    return dosing.open_record(record, actor=actor, now=now)


@door
def give_dose(
    record_id: int,
    key: uuid.UUID,
    wanted: WantedDose,
    *,
    prescription: Prescription,
    lot_number: str = "",
    stock_lot: StockLot | None = None,
    units_used: Decimal | None = None,
    actor: User,
    now: datetime,
) -> Dose:
    """Give a dose now. Raises DoseRefused with all reasons: of the gate, the record and the order.

    `prescription` is one of the client's; `units_used` is counted in the unit of the lot, or of their supply.
    """
    booking, record = _lock(record_id, with_client=True)
    fresh = Prescription.objects.select_for_update(no_key=True).get(pk=prescription.pk)
    return doses.give(
        record,
        key,
        fresh,
        wanted,
        lot_number=lot_number,
        stock_lot=stock_lot,
        units_used=units_used,
        is_in_session=booking.is_in_session,
        on_site=on_site(booking, now=now),
        gate=gate.load([session := gate.session_of(booking)], now=now).blockers(
            session, starts_at=now, now=now
        ),
        actor=actor,
        now=now,
    )


@door
def end_without_dose(record_id: int, *, reason: str, actor: User, now: datetime) -> DosingRecord:
    """No dose today. The booking is over, and the planned session can be booked again."""
    booking, record = _lock(record_id)
    discharges.end_without_dose(record, reason=reason, actor=actor, now=now)
    lifecycle.end_without_dose(booking, reason=reason, actor=actor, now=now)
    return record


def booking_of(record: DosingRecord) -> Booking | None:
    """The booking under which the record was opened: live, or over."""
    return (
        Booking.objects.select_related(
            "client",
            "location",
            "appointment_type",
            "planned_session__plan__protocol",
            "therapist",
            "psychiatrist",
            "room",
        )
        .filter(planned_session=record.planned_session_id, starts_at=record.starts_at)
        .order_by("-pk")
        .first()
    )


def on_site(booking: Booking, *, now: datetime) -> Clinician | None:
    """The psychiatrist who is booked, if they work here and are not away now."""
    psychiatrist = booking.psychiatrist
    if psychiatrist is None or not psychiatrist.is_active:
        return None
    if psychiatrist.kind != Clinician.Kind.PSYCHIATRIST:
        return None
    is_away = TimeOff.objects.filter(clinician=psychiatrist, starts_at__lte=now, ends_at__gt=now).exists()
    return None if is_away else psychiatrist


@step
def _lock(record_id: int, *, with_client: bool = False) -> tuple[Booking, DosingRecord]:
    record = DosingRecord.objects.filter(pk=record_id).first()
    found = booking_of(record) if record else None
    if found is None:
        raise OutOfScope
    if with_client:
        Client.objects.select_for_update(no_key=True).get(pk=found.client_id)
    booking = lifecycle.lock(found.pk)
    return booking, dosing_rows.lock(record_id)


def _record_of(booking: Booking) -> DosingRecord | None:
    """A booking that is over keeps the record that ended with it."""
    return (
        DosingRecord.objects.filter(planned_session=booking.planned_session_id, starts_at=booking.starts_at)
        .order_by("-pk")
        .first()
    )
