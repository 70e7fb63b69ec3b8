from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import (
    AdverseEvent,
    CheckIn,
    CourseHold,
    Delegate,
    DischargeCheck,
    Dose,
    DoseSignature,
    DosingRecord,
    Mark,
    RemsForm,
    Vitals,
)


class OfRecordAdmin(ClinicalAdmin):
    client = "record__client"
    list_select_related: ClassVar[tuple[str, ...]] = ("record__client", "record__planned_session")
    search_fields: ClassVar[tuple[str, ...]] = (
        "record__client__legal_name",
        "record__client__preferred_name",
    )


class OfPlanAdmin(ClinicalAdmin):
    client = "plan__client"
    list_select_related: ClassVar[tuple[str, ...]] = ("plan__client", "plan__protocol")
    search_fields: ClassVar[tuple[str, ...]] = ("plan__client__legal_name", "plan__client__preferred_name")


@admin.register(DosingRecord)
class DosingRecordAdmin(ClinicalAdmin):
    list_display = ("client", "planned_session", "starts_at", "opened_at", "ended_without_dose_at")
    list_select_related = ("client", "planned_session")
    date_hierarchy = "starts_at"


@admin.register(CheckIn)
class CheckInAdmin(OfRecordAdmin):
    list_display = ("record", "recorded_at", "last_food_at", "last_drink_at", "medicine_seen")


@admin.register(Vitals)
class VitalsAdmin(OfRecordAdmin):
    list_display = ("record", "taken_at", "systolic", "diastolic", "heart_rate", "spo2", "corrects")


@admin.register(DoseSignature)
class DoseSignatureAdmin(OfRecordAdmin):
    list_display = ("record", "part", "is_yes", "signed_by", "recorded_at")
    list_select_related = (*OfRecordAdmin.list_select_related, "signed_by")


@admin.register(Dose)
class DoseAdmin(OfRecordAdmin):
    list_display = ("record", "number", "given_at", "amount", "unit", "corrects")


@admin.register(Mark)
class MarkAdmin(OfRecordAdmin):
    list_display = ("record", "kind", "seen_at", "corrects")
    list_filter = ("kind",)


@admin.register(AdverseEvent)
class AdverseEventAdmin(OfRecordAdmin):
    list_display = ("record", "kind", "severity", "is_serious", "began_at", "outcome")
    list_filter = ("severity", "is_serious", "kind")


@admin.register(DischargeCheck)
class DischargeCheckAdmin(OfRecordAdmin):
    list_display = ("record", "leaves_to", "recorded_at", "signed_by")
    list_select_related = (*OfRecordAdmin.list_select_related, "signed_by")


@admin.register(CourseHold)
class CourseHoldAdmin(OfPlanAdmin):
    list_display = ("plan", "event", "raised_at", "released_at", "disposition")
    list_select_related = (*OfPlanAdmin.list_select_related, "event")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)


@admin.register(Delegate)
class DelegateAdmin(OfPlanAdmin):
    list_display = ("plan", "nurse", "named_by", "named_at", "ended_at")
    list_select_related = (*OfPlanAdmin.list_select_related, "nurse", "named_by")


@admin.register(RemsForm)
class RemsFormAdmin(OfRecordAdmin):
    list_display = ("record", "treated_on", "due_on", "submitted_at", "confirmation_number")
    list_filter = (("submitted_at", admin.EmptyFieldListFilter),)
