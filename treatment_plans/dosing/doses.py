"""The dose itself."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.access import TREATING, check_role
from practice.blockers import Blocker
from practice.doors import door, on_violation, step
from practice.errors import Refused, Taken
from practice.models import Clinician, User
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.rows import Values, add, correction, local_day, lock, saved
from treatment_plans.models import (
    Dose,
    DosingRecord,
    Prescription,
    RemsForm,
    Route,
    StockLot,
    SupplyUnit,
)
from treatment_plans.rules import dosing as dosing_rules
from treatment_plans.rules.dosing import WantedDose
from treatment_plans.supply import ledger as supply_ledger
from treatment_plans.supply import stock


class DoseRefused(Refused):
    code = "dose_refused"
    message = _("The dose may not be given.")


class DoseGivenBefore(Taken):
    code = "dose_given"
    message = _("This dose of the session was given before.")


@step
def give(
    record: DosingRecord,
    key: uuid.UUID,
    prescription: Prescription,
    wanted: WantedDose,
    *,
    lot_number: str,
    stock_lot: StockLot | None = None,
    units_used: Decimal | None = None,
    is_in_session: bool,
    on_site: Clinician | None,
    gate: tuple[Blocker, ...],
    actor: User,
    now: datetime,
) -> Dose:
    """The dose, or every reason why not: the closed `gate`'s, the record's, the order's, the supply's.

    `units_used` is counted in the unit of the lot, or of the client's supply. The caller locks the client.
    """
    values = {
        "number": wanted.number,
        "amount": wanted.amount,
        "unit": wanted.unit,
        "weight_kg": wanted.weight_kg,
        "route": wanted.route,
        "prescription": prescription,
        "lot_number": lot_number.strip() or (stock_lot.lot if stock_lot else ""),
        "stock_lot": stock_lot,
        "is_self_administered": wanted.is_self_administered,
        "witnessed_by": wanted.witnessed_by,
    }
    first = saved(Dose, record, key, values)
    if first is not None:
        return first
    values["units_used"] = units_used = _units(record, prescription, stock_lot, units_used)
    rows = dosing_facts.load(record)
    before = dosing_facts.before_dose(
        rows, is_in_session=is_in_session, is_prescriber_on_site=on_site is not None
    )
    day = local_day(record, now)
    blockers = (
        *gate,
        *dosing_rules.before_dose_blockers(before, number=wanted.number, now=now),
        *dosing_rules.order_blockers(
            wanted,
            dosing_facts.order(prescription),
            second_dose_max=record.protocol.second_dose_max_amount,
            day=day,
        ),
        *_plan_route_blockers(record, wanted),
        *_take(record, key, prescription, stock_lot, units_used, actor=actor, now=now),
    )
    if blockers:
        raise DoseRefused(blockers=distinct(blockers))
    if record.protocol.needs_prescriber_on_site:
        values["prescriber_on_site"] = on_site
    dose = add(Dose(record=record, key=key, given_at=now, **values), actor=actor, now=now)
    if record.protocol.route == Route.SPRAVATO and wanted.number == 1:
        _owe_rems_form(record, day, actor=actor, now=now)
    return dose


@door
def correct_dose(
    record_id: int, dose_id: int, key: uuid.UUID, values: Values, *, reason: str, actor: User, now: datetime
) -> Dose:
    """What was written wrongly about a dose. When it was given, and by which order, is not corrected."""
    check_role(actor, TREATING)
    record = lock(record_id)
    row, is_new = correction(Dose, record, dose_id, key, values, reason)
    return add(row, actor=actor, now=now) if is_new else row


def _units(
    record: DosingRecord, prescription: Prescription, lot: StockLot | None, said: Decimal | None
) -> Decimal | None:
    """How much goes out of a ledger; None where none is kept of it."""
    if said is not None or lot is not None or not record.protocol.client_brings_medication:
        return said
    if prescription.dispensed_at is None:  # nothing was written down that could be used up
        return None
    if prescription.quantity_unit == SupplyUnit.DOSE:
        return Decimal(1)
    return prescription.units_per_dose


@step
def _take(
    record: DosingRecord,
    key: uuid.UUID,
    prescription: Prescription,
    lot: StockLot | None,
    units: Decimal | None,
    *,
    actor: User,
    now: datetime,
) -> tuple[Blocker, ...]:
    """Take it from the lot or from what the client holds; the reasons why that can't be."""
    session_id = record.planned_session_id
    is_kept = lot is not None or (
        record.protocol.client_brings_medication and prescription.dispensed_at is not None
    )
    if units is None:
        missing = Blocker("units_missing", _("Say how much was used, in the unit of the lot or the supply."))
        return (missing,) if is_kept else ()
    try:
        if lot is not None:
            stock.use_from_lot(lot.pk, units, lot.unit, session_id, key, actor, now)
        else:
            unit = prescription.quantity_unit
            supply_ledger.use_from_prescription(
                record.client_id, prescription.pk, units, unit, session_id, key, actor, now
            )
    except (stock.StockRefused, supply_ledger.SupplyRefused) as refused:
        return refused.blockers
    return ()


@step
def _owe_rems_form(record: DosingRecord, day: date, *, actor: User, now: datetime) -> None:
    """Locked: due at most 7 days after the dose. Source: Spravato REMS."""
    days = min(record.protocol.rems_form_due_days or RemsForm.MOST_DAYS, RemsForm.MOST_DAYS)
    form = RemsForm.objects.create(record=record, treated_on=day, due_on=day + timedelta(days=days))
    activity.record("rems_form.owed", form, actor=actor, at=now, client=record.client_id)


def _plan_route_blockers(record: DosingRecord, wanted: WantedDose) -> tuple[Blocker, ...]:
    if wanted.route == record.protocol.route:
        return ()
    return (
        Blocker(
            "route_mismatch",
            _("This appointment is for another route (%(booked)s) than the plan (%(planned)s)."),
            {"booked": wanted.route, "planned": record.protocol.route},
        ),
    )


def distinct(blockers: tuple[Blocker, ...]) -> list[Blocker]:
    """Each reason once, though two rules found it; two flags are two reasons, though of one kind."""
    found = {(each.code, frozenset(each.params.items())): each for each in reversed(blockers)}
    return list(found.values())[::-1]


on_violation("treatment_plans_dose_once", DoseGivenBefore)
