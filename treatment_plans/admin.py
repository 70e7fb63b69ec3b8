from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from practice.access import APPROVES_PROTOCOLS, CLINICAL, READS_PROTOCOLS
from practice.admin_base import READS_CLIENTS_BY_NAME, RoleAdmin, UseCaseAdmin, user_of
from treatment_plans.models import (
    AnswerSheet,
    Clearance,
    FollowUp,
    Measure,
    PlannedSession,
    Prescription,
    Protocol,
    RemsEnrollment,
    SafetyAlert,
    TreatmentPlan,
)

DECIDED = ("approved_by", "approved_at", "retired_at")


@admin.register(Protocol)
class ProtocolAdmin(RoleAdmin):
    """A prescriber writes a version until one approves it; afterwards it stays as it is."""

    viewers = READS_PROTOCOLS
    editors = APPROVES_PROTOCOLS
    list_display = ("name", "route", "version", "approved_by", "approved_at", "retired_at")
    list_filter = ("route", ("approved_at", admin.EmptyFieldListFilter))
    list_select_related = ("approved_by",)
    search_fields = ("name",)
    readonly_fields = DECIDED
    fieldsets = (
        (None, {"fields": ("name", "route", "version", *DECIDED)}),
        (
            _("Course"),
            {
                "fields": (
                    "series_length",
                    "min_days_between_doses",
                    "usual_interval_days",
                    "interval_steps",
                    "preparation_sessions",
                    "integration_from_hours",
                    "integration_until_hours",
                    "appointment_minutes",
                )
            },
        ),
        (
            _("Before the session"),
            {
                "fields": (
                    "solids_fast_minutes",
                    "liquids_fast_minutes",
                    "nasal_spray_gap_minutes",
                    "stimulant_hold_days_before",
                    "benzodiazepine_hold_hours",
                    "benzodiazepine_hold_target_hours",
                    "alcohol_hold_hours",
                    "cannabis_hold_hours",
                    "lamotrigine_policy",
                )
            },
        ),
        (
            _("During the session"),
            {
                "fields": (
                    "bp_warn_systolic",
                    "bp_warn_diastolic",
                    "bp_hold_systolic",
                    "bp_hold_diastolic",
                    "bp_recheck_wait_minutes",
                    "bp_recheck_max_count",
                    "vitals_schedule_minutes",
                    "vitals_at_discharge",
                    "oximetry",
                    "min_observation_minutes",
                    "prescriber_presence",
                )
            },
        ),
        (
            _("Going home"),
            {"fields": ("ride_required", "escort_required", "support_person_required", "no_driving_until")},
        ),
        (
            _("Supply and review"),
            {
                "fields": (
                    "client_brings_medication",
                    "supply_before_review_doses",
                    "review_after_days",
                    "review_after_doses",
                    "prescription_max_refills",
                    "prescription_max_months",
                    "rems_form_due_days",
                    "outcome_measures",
                    "sources",
                )
            },
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or (obj.approved_at is None and obj.retired_at is None)
        return is_open and super().has_change_permission(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?based_on=7` starts the next version with the settings of protocol 7."""
        based_on = request.GET.get("based_on", "")
        found = Protocol.objects.filter(pk=based_on).first() if based_on.isdecimal() else None
        if found is None:
            return {}
        versions = Protocol.objects.filter(route=found.route).values_list("version", flat=True)
        left_out = {"id", "revision", *DECIDED}
        same = {field.name: field.value_from_object(found) for field in found._meta.concrete_fields}
        return {
            **{name: value for name, value in same.items() if name not in left_out},
            "version": max(versions) + 1,
        }


class ClinicalAdmin(UseCaseAdmin):
    viewers = CLINICAL
    client = "client"
    list_select_related: ClassVar[tuple[str, ...]] = ("client",)
    search_fields: ClassVar[tuple[str, ...]] = ("client__legal_name", "client__preferred_name")


@admin.register(Clearance)
class ClearanceAdmin(ClinicalAdmin):
    list_display = ("client", "decision", "decided_by", "decided_at", "valid_through_on", "superseded_at")
    list_filter = (
        "decision",
        ("superseded_at", admin.EmptyFieldListFilter),
        ("valid_through_on", admin.DateFieldListFilter),
    )
    list_select_related = ("client", "decided_by")


@admin.register(Prescription)
class PrescriptionAdmin(ClinicalAdmin):
    list_display = ("client", "route", "prescriber", "issued_on", "valid_through_on", "status")
    list_filter = ("status", "route", ("valid_through_on", admin.DateFieldListFilter))
    list_select_related = ("client", "prescriber")
    search_fields = ("client__legal_name", "client__preferred_name", "reference")


@admin.register(RemsEnrollment)
class RemsEnrollmentAdmin(ClinicalAdmin):
    list_display = ("client", "reference", "enrolled_on", "ended_on")


@admin.register(TreatmentPlan)
class TreatmentPlanAdmin(ClinicalAdmin):
    list_display = ("client", "protocol", "therapist", "prescriber", "status", "activated_at")
    list_filter = ("status", ("protocol", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("client", "protocol", "therapist", "prescriber")


@admin.register(PlannedSession)
class PlannedSessionAdmin(UseCaseAdmin):
    """The desk books these, so it sees them, but not the plan with its protocol."""

    viewers = READS_CLIENTS_BY_NAME
    client = "plan__client"
    list_display = (
        "of_client",
        "kind",
        "dose_number",
        "position",
        "due_from_at",
        "due_until_at",
        "completed_at",
    )
    list_filter = ("kind", ("completed_at", admin.EmptyFieldListFilter))
    list_select_related = ("plan__client", "plan__protocol", "after_session")
    search_fields = ("plan__client__legal_name", "plan__client__preferred_name")

    @admin.display(description=_("client"), ordering="plan__client__legal_name")
    def of_client(self, session: PlannedSession) -> str:
        return str(session.plan.client)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        names = list(super().get_fields(request, obj))
        sees_plan = user_of(request).has_role(*CLINICAL)
        return ["of_client", *(name for name in names if sees_plan or name != "plan")]


@admin.register(FollowUp)
class FollowUpAdmin(ClinicalAdmin):
    list_display = ("client", "kind", "due_from_at", "due_until_at", "done_at", "done_by")
    list_filter = ("kind", ("done_at", admin.EmptyFieldListFilter))
    list_select_related = ("client", "done_by")
    date_hierarchy = "due_from_at"


@admin.register(Measure)
class MeasureAdmin(ClinicalAdmin):
    list_display = ("client", "instrument", "total", "band", "answered_at", "source")
    list_filter = ("instrument", "source")
    date_hierarchy = "answered_at"


@admin.register(SafetyAlert)
class SafetyAlertAdmin(ClinicalAdmin):
    list_display = ("client", "reason", "severity", "raised_at", "acknowledged_at", "disposition")
    list_filter = ("severity", ("disposed_at", admin.EmptyFieldListFilter))


@admin.register(AnswerSheet)
class AnswerSheetAdmin(ClinicalAdmin):
    list_display = ("client", "instrument", "occasion", "started_at", "measure")
    list_filter = ("instrument", "occasion")
