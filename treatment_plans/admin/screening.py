from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from practice.access import APPROVES_PROTOCOLS, CLINICAL, READS_PROTOCOLS
from practice.admin_base import RoleAdmin, RoleInline, UseCaseAdmin
from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import (
    ClinicalResult,
    CurrentMedication,
    Evaluation,
    FlagDisposition,
    HoldInstruction,
    InteractionRule,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningRule,
    ScreeningSheet,
)

DECIDED = ("approved_by", "approved_at", "retired_at")


def _is_open(form: Any) -> bool:
    return form is None or (form.approved_at is None and form.retired_at is None)


class ScreeningRuleInline(RoleInline):
    model = ScreeningRule
    viewers = READS_PROTOCOLS
    editors = APPROVES_PROTOCOLS
    removers = APPROVES_PROTOCOLS

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_delete_permission(request, obj)


@admin.register(ScreeningForm)
class ScreeningFormAdmin(RoleAdmin):
    """A prescriber writes a version with its rules until one approves it; afterwards it stays as it is."""

    viewers = READS_PROTOCOLS
    editors = APPROVES_PROTOCOLS
    list_display = ("name", "code", "version", "approved_by", "approved_at", "retired_at")
    list_filter = (("approved_at", admin.EmptyFieldListFilter),)
    list_select_related = ("approved_by",)
    search_fields = ("name",)
    readonly_fields = DECIDED
    inlines = (ScreeningRuleInline,)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_change_permission(request, obj)


@admin.register(ScreeningRule)
class ScreeningRuleAdmin(UseCaseAdmin):
    """Read here; written on the page of its form."""

    viewers = READS_PROTOCOLS
    list_display = ("form", "code", "effect", "fact", "source")
    list_filter = ("effect",)
    list_select_related = ("form",)


@admin.register(Screening)
class ScreeningAdmin(ClinicalAdmin):
    list_display = ("client", "form", "filled_at", "source", "corrects")
    list_filter = ("source",)
    list_select_related: ClassVar[tuple[str, ...]] = ("client", "form")
    date_hierarchy = "filled_at"


@admin.register(ScreeningSheet)
class ScreeningSheetAdmin(ClinicalAdmin):
    list_display = ("client", "form", "asked_by", "asked_at", "expires_at", "answered_at", "screening")
    list_filter = (("screening", admin.EmptyFieldListFilter), ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related: ClassVar[tuple[str, ...]] = ("client", "form", "asked_by", "screening__form")


class DispositionInline(RoleInline):
    model = FlagDisposition
    fk_name = "flag"
    viewers = CLINICAL


@admin.register(ScreeningFlag)
class ScreeningFlagAdmin(ClinicalAdmin):
    list_display = ("client", "rule", "answer", "raised_at", "disposition")
    list_filter = ("rule__effect", ("disposition", admin.EmptyFieldListFilter))
    list_select_related: ClassVar[tuple[str, ...]] = ("client", "rule", "disposition")
    inlines = (DispositionInline,)


@admin.register(FlagDisposition)
class FlagDispositionAdmin(ClinicalAdmin):
    client = "flag__client"
    list_display = ("flag", "decision", "valid_through_on", "decided_by", "decided_at")
    list_filter = ("decision",)
    list_select_related: ClassVar[tuple[str, ...]] = ("flag__rule", "decided_by")
    search_fields: ClassVar[tuple[str, ...]] = ()


@admin.register(ClinicalResult)
class ClinicalResultAdmin(ClinicalAdmin):
    list_display = ("client", "kind", "taken_on", "valid_through_on", "recorded_by")
    list_filter = ("kind",)
    list_select_related: ClassVar[tuple[str, ...]] = ("client", "recorded_by")


@admin.register(CurrentMedication)
class CurrentMedicationAdmin(ClinicalAdmin):
    list_display = ("client", "name", "medicine_class", "dose_text", "since_on", "stopped_on", "source")
    list_filter = ("medicine_class", ("stopped_on", admin.EmptyFieldListFilter))


@admin.register(InteractionRule)
class InteractionRuleAdmin(RoleAdmin):
    """Prescribers keep it as their clinic practises."""

    viewers = CLINICAL
    editors = APPROVES_PROTOCOLS
    list_display = ("medicine_class", "effect", "hold_hours", "hold_days", "is_active")
    list_filter = ("is_active",)


@admin.register(HoldInstruction)
class HoldInstructionAdmin(ClinicalAdmin):
    list_display = ("client", "medication", "approved_by", "approved_at", "withdrawn_at")
    list_select_related: ClassVar[tuple[str, ...]] = ("client", "medication", "approved_by")


@admin.register(Evaluation)
class EvaluationAdmin(ClinicalAdmin):
    list_display = ("client", "referred_by", "referred_at", "asked_at", "closed_at")
    list_select_related: ClassVar[tuple[str, ...]] = ("client", "referred_by")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
