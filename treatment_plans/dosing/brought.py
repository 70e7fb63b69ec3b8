"""What a client brings to a session, held against what they should hold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from practice.doors import step
from practice.models import User
from treatment_plans.models import DosingRecord, Prescription, SupplyUnit
from treatment_plans.supply import ledger as supply_ledger


@step
def compare(record: DosingRecord, doses: int, *, key: UUID, actor: User, now: datetime) -> None:
    """Write down what was counted, of the prescription filled last; too much opens a supply task.

    Nothing is refused: where no fill is on record, or one dose is not so many units, there is nothing to
    hold it against. The caller has locked the client, before the record.
    """
    if not (doses and record.protocol.client_brings_medication):
        return
    filled = Prescription.objects.filter(
        client=record.client_id,
        route=record.protocol.route,
        status__in=Prescription.IN_FORCE,
        dispensed_at__isnull=False,
    )
    prescription = filled.order_by("-dispensed_at", "-pk").first()
    if prescription is None:
        return
    unit = prescription.quantity_unit
    of_one = Decimal(1) if unit == SupplyUnit.DOSE else prescription.units_per_dose
    if of_one is None:
        return
    supply_ledger.brought(
        record.client_id, prescription.pk, doses * of_one, unit, record.planned_session_id, key, actor, now
    )
