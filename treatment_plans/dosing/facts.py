"""The rows of a dosing record to the values that its rules judge, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from practice.blockers import Blocker
from treatment_plans.models import (
    AdverseEvent,
    CheckIn,
    DischargeCheck,
    Dose,
    DoseSignature,
    DosingRecord,
    Mark,
    Measure,
    Prescription,
    Protocol,
    Vitals,
)
from treatment_plans.rules import check_in, vitals
from treatment_plans.rules.check_in import CheckedIn
from treatment_plans.rules.discharge import Leaving
from treatment_plans.rules.dosing import BeforeDose, Given, Order, Signed
from treatment_plans.rules.vitals import Limits, Reading

C = TypeVar("C", Vitals, Dose, Mark, AdverseEvent)


@dataclass(frozen=True)
class Rows:
    """All that was recorded, what was corrected too, in the order in which it was saved."""

    record: DosingRecord
    check_ins: Sequence[CheckIn]
    vitals: Sequence[Vitals]
    signatures: Sequence[DoseSignature]
    doses: Sequence[Dose]
    marks: Sequence[Mark]
    events: Sequence[AdverseEvent]
    discharge: DischargeCheck | None

    @property
    def is_screened(self) -> bool:
        """Whether the C-SSRS was asked today, at whichever check-in."""
        return any(row.cssrs_id is not None for row in self.check_ins)

    @property
    def is_ended(self) -> bool:
        return self.discharge is not None or self.record.ended_without_dose_at is not None

    @property
    def remarks(self) -> tuple[Blocker, ...]:
        """On the check-in that counts, the last one."""
        if not self.check_ins:
            return ()
        return check_in_remarks(self.check_ins[-1], self.record, is_screened=self.is_screened)

    @property
    def given(self) -> tuple[Given, ...]:
        return tuple(Given(dose.number, dose.given_at) for dose in current(self.doses))

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Those that count, by their times."""
        return tuple(
            sorted((reading(row) for row in current(self.vitals)), key=lambda each: (each.at, each.id))
        )

    @property
    def before_dose(self) -> tuple[Reading, ...]:
        given = self.given
        if not given:
            return self.readings
        first = min(dose.at for dose in given)
        return tuple(each for each in self.readings if each.at <= first)

    def signed(self, part: str) -> Signed | None:
        """The latest of a part."""
        latest = next((row for row in reversed(self.signatures) if row.part == part), None)
        return Signed(latest.is_yes, latest.recorded_at, latest.accepts_id) if latest else None

    def marked(self, kind: str) -> Mark | None:
        """The latest mark of a kind that counts."""
        return next((row for row in reversed(current(self.marks)) if row.kind == kind), None)


def load(record: DosingRecord) -> Rows:
    """Seven queries. The record comes with its protocol."""
    discharges = DischargeCheck.objects.filter(record=record).select_related("signed_by", "recorded_by")
    return Rows(
        record,
        list(CheckIn.objects.filter(record=record).select_related("recorded_by").order_by("pk")),
        list(Vitals.objects.filter(record=record).select_related("recorded_by").order_by("pk")),
        list(
            DoseSignature.objects.filter(record=record)
            .select_related("recorded_by", "signed_by")
            .order_by("pk")
        ),
        list(Dose.objects.filter(record=record).select_related("recorded_by").order_by("pk")),
        list(Mark.objects.filter(record=record).select_related("recorded_by").order_by("pk")),
        list(AdverseEvent.objects.filter(record=record).select_related("recorded_by").order_by("pk")),
        discharges.first(),
    )


def current(rows: Iterable[C]) -> list[C]:
    """Those that nothing has corrected."""
    rows = list(rows)
    corrected = {row.corrects_id for row in rows}
    return [row for row in rows if row.pk not in corrected]


def reading(row: Vitals) -> Reading:
    return Reading(
        at=row.taken_at,
        systolic=row.systolic,
        diastolic=row.diastolic,
        heart_rate=row.heart_rate,
        spo2=row.spo2,
        respiratory_rate=row.respiratory_rate,
        sedation_score=row.sedation_score,
        id=row.pk or 0,
    )


def limits(protocol: Protocol) -> Limits:
    return Limits(
        warn_systolic=protocol.bp_warn_systolic,
        warn_diastolic=protocol.bp_warn_diastolic,
        hold_systolic=protocol.bp_hold_systolic,
        hold_diastolic=protocol.bp_hold_diastolic,
        emergency_systolic=protocol.bp_emergency_systolic,
        emergency_diastolic=protocol.bp_emergency_diastolic,
        heart_rate_low=protocol.heart_rate_low,
        heart_rate_high=protocol.heart_rate_high,
        spo2_low=protocol.spo2_low,
        spo2_required=protocol.oximetry == Protocol.Oximetry.REQUIRED,
        sedation_alert=protocol.sedation_alert_score,
        sedation_emergency=protocol.sedation_emergency_score,
        recheck_wait=timedelta(minutes=protocol.bp_recheck_wait_minutes),
        recheck_max=protocol.bp_recheck_max_count,
        tolerance=timedelta(minutes=protocol.vitals_tolerance_minutes),
        valid_for=timedelta(minutes=protocol.vitals_valid_minutes),
    )


def before_dose(rows: Rows, *, is_in_session: bool, is_prescriber_on_site: bool) -> BeforeDose:
    """Of a second dose the readings after the first count too."""
    record, protocol = rows.record, rows.record.protocol
    return BeforeDose(
        is_in_session=is_in_session,
        is_ended=rows.is_ended,
        is_checked_in=bool(rows.check_ins),
        needs_therapist=record.therapist_id is not None,
        fit=rows.signed(DoseSignature.Part.FIT),
        cleared=rows.signed(DoseSignature.Part.CLEARED),
        readings=rows.readings,
        limits=limits(protocol),
        given=rows.given,
        second_dose_allowed=protocol.second_dose_allowed,
        needs_prescriber_on_site=protocol.needs_prescriber_on_site,
        is_prescriber_on_site=is_prescriber_on_site,
    )


def is_screened(record: DosingRecord) -> bool:
    """As `Rows.is_screened`, for who has no rows. One query."""
    return CheckIn.objects.filter(record=record, cssrs__isnull=False).exists()


def check_in_remarks(row: CheckIn, record: DosingRecord, *, is_screened: bool) -> tuple[Blocker, ...]:
    """`is_screened` says it of the whole record: who checks in again is not asked the C-SSRS twice."""
    return check_in.remarks(_checked_in(row, record, is_screened), starts_at=record.starts_at)


def _checked_in(row: CheckIn, record: DosingRecord, is_screened: bool) -> CheckedIn:
    protocol = record.protocol
    wanted = (each for each in protocol.outcome_measures if "dosing_day" in each["when"])
    return CheckedIn(
        last_food_at=row.last_food_at,
        last_drink_at=row.last_drink_at,
        solids_fast=timedelta(minutes=protocol.solids_fast_minutes),
        liquids_fast=timedelta(minutes=protocol.liquids_fast_minutes),
        brings_medicine=protocol.client_brings_medication,
        medicine_seen=row.medicine_seen,
        ride_needed=protocol.ride_required,
        has_ride_phone=bool(row.ride_phone),
        has_new_medicines=row.has_new_medicines,
        is_ill=row.is_ill,
        may_be_pregnant=row.may_be_pregnant,
        has_bladder_symptoms=row.has_bladder_symptoms,
        cssrs_wanted=any(each["measure"] == Measure.Instrument.CSSRS for each in wanted),
        has_cssrs=is_screened,
    )


def order(prescription: Prescription) -> Order:
    return Order(
        route=prescription.route,
        unit=prescription.dose_unit,
        amount=prescription.dose_amount,
        issued_on=prescription.issued_on,
        valid_through_on=prescription.valid_through_on,
        is_in_force=prescription.status in Prescription.IN_FORCE,
    )


def leaving(rows: Rows, *, to_emergency_care: bool = False) -> Leaving:
    protocol = rows.record.protocol
    ended = rows.marked(Mark.Kind.INFUSION_ENDED)
    before, readings = rows.before_dose, rows.readings
    return Leaving(
        route=protocol.route,
        is_discharged=rows.discharge is not None,
        to_emergency_care=to_emergency_care,
        has_serious_event=any(event.is_serious for event in current(rows.events)),
        given=rows.given,
        infusion_ended_at=ended.seen_at if ended else None,
        min_observation=timedelta(minutes=protocol.min_observation_minutes),
        before=before[-1] if before else None,
        last=readings[-1] if readings else None,
        limits=limits(protocol),
        vitals_needed=protocol.vitals_at_discharge,
        lowest_sedation_score=protocol.discharge_sedation_score,
        lowest_spo2=protocol.discharge_spo2,
        bp_percent=protocol.discharge_bp_percent,
        escort_needed=protocol.escort_required,
        client_keeps_medicine=protocol.client_brings_medication,
    )


def points(rows: Rows, *, now: datetime) -> tuple[vitals.Point, ...]:
    """When vitals are due after the first dose; none before it."""
    given = rows.given
    if not given:
        return ()
    protocol = rows.record.protocol
    return vitals.schedule(
        protocol.vitals_schedule_minutes,
        rows.readings,
        limits(protocol),
        dosed_at=min(dose.at for dose in given),
        now=now,
    )
