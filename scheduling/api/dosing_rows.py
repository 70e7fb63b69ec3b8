"""How the entries of a dosing record are shown. The first of a correction stays, and names it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice.api.base import Out
from scheduling.api.serializers import BlockerOut, NamedRef
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.models import (
    AdverseEvent,
    CheckIn,
    DischargeCheck,
    Dose,
    DoseSignature,
    DosingRecord,
    Mark,
    Vitals,
)
from treatment_plans.rules import vitals

ROW = ("id", "record", "key", "recorded_by", "recorded_at")
CORRECTABLE = (*ROW, "corrects", "correction_reason", "corrected_by")


class _Row(Out[Any]):
    recorded_by = NamedRef()


class _Correctable(_Row):
    corrected_by = serializers.SerializerMethodField(
        help_text="The entry that corrects this one; null while this one counts."
    )

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_corrected_by(self, row: Any) -> int | None:
        found: int | None = self.context.get("corrected_by", {}).get(row.pk)
        return found


class DosingRecordOut(Out[DosingRecord]):
    class Meta:
        model = DosingRecord
        fields = (
            "id",
            "client",
            "planned_session",
            "protocol",
            "therapist",
            "psychiatrist",
            "location",
            "starts_at",
            "opened_at",
            "opened_by",
            "ended_without_dose_at",
            "ended_by",
            "end_reason",
            "revision",
        )


class CheckInOut(_Row):
    identified_by = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = CheckIn
        fields = (
            *ROW,
            "identified_by",
            "last_food_at",
            "last_drink_at",
            "medicine_seen",
            "medicine_count",
            "ride_name",
            "ride_phone",
            "has_new_medicines",
            "is_ill",
            "may_be_pregnant",
            "has_bladder_symptoms",
            "changes",
            "cssrs",
            "remarks",
        )

    remarks = serializers.SerializerMethodField(help_text="What somebody should look at before the dose.")

    @extend_schema_field(BlockerOut(many=True))
    def get_remarks(self, row: CheckIn) -> Any:
        record = self.context.get("record") or row.record
        is_screened = self.context.get("is_screened")
        if is_screened is None:
            is_screened = dosing_facts.is_screened(record)
        remarks = dosing_facts.check_in_remarks(row, record, is_screened=is_screened)
        return BlockerOut.show_all(remarks)


class VitalsOut(_Correctable):
    class Meta:
        model = Vitals
        fields = (
            *CORRECTABLE,
            "taken_at",
            "device_at",
            "minutes",
            "systolic",
            "diastolic",
            "heart_rate",
            "spo2",
            "respiratory_rate",
            "sedation_score",
            "source",
            "method",
            "note",
            "remarks",
        )

    minutes = serializers.SerializerMethodField(
        help_text="Whole minutes since the first dose, negative before it; null without a dose."
    )
    remarks = serializers.SerializerMethodField(
        help_text="What is out of the protocol's range, with what to do; empty when nothing is."
    )

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_minutes(self, row: Vitals) -> int | None:
        dosed_at = self.context["dosed_at"] if "dosed_at" in self.context else _dosed_at(row.record_id)
        return None if dosed_at is None else int((row.taken_at - dosed_at).total_seconds() // 60)

    @extend_schema_field(BlockerOut(many=True))
    def get_remarks(self, row: Vitals) -> Any:
        record = self.context.get("record") or row.record
        limits = dosing_facts.limits(record.protocol)
        remarks = vitals.remarks(dosing_facts.reading(row), limits)
        return BlockerOut.show_all((*remarks, *vitals.clock_remark(row.taken_at, row.device_at)))


class DoseSignatureOut(_Row):
    signed_by = NamedRef(allow_null=True, help_text="Null for a nurse: then `recorded_by` signed.")

    class Meta:
        model = DoseSignature
        fields = (*ROW, "part", "is_yes", "signed_by", "accepts", "note")


class DoseOut(_Correctable):
    class Meta:
        model = Dose
        fields = (
            *CORRECTABLE,
            "number",
            "given_at",
            "amount",
            "unit",
            "weight_kg",
            "route",
            "prescription",
            "stock_lot",
            "units_used",
            "lot_number",
            "is_self_administered",
            "witnessed_by",
            "prescriber_on_site",
        )


class MarkOut(_Correctable):
    words = serializers.CharField(read_only=True, help_text="The kind in the reader's language.")

    class Meta:
        model = Mark
        fields = (*CORRECTABLE, "kind", "words", "phase", "text", "seen_at", "device_at")


class AdverseEventOut(_Correctable):
    class Meta:
        model = AdverseEvent
        fields = (
            *CORRECTABLE,
            "kind",
            "severity",
            "is_serious",
            "relatedness",
            "action",
            "outcome",
            "began_at",
            "device_at",
            "ended_at",
            "note",
        )


class DischargeOut(_Row):
    signed_by = NamedRef()
    overridden = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = DischargeCheck
        fields = (
            *ROW,
            "leaves_to",
            "sedation_score",
            "is_oriented",
            "walks_steadily",
            "nausea",
            "pain",
            "vitals",
            "taken_over_by",
            "taken_over_phone",
            "aftercare_given",
            "medicine_remaining",
            "signed_by",
            "override_reason",
            "overridden",
        )


def _dosed_at(record_id: int) -> Any:
    return (
        Dose.objects.filter(record=record_id, corrects=None)
        .order_by("number")
        .values_list("given_at", flat=True)
        .first()
    )
