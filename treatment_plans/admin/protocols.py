from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from practice.access import APPROVES_PROTOCOLS, READS_PROTOCOLS
from practice.admin_base import RoleAdmin
from treatment_plans.models import Protocol

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
                    "check_in_hours",
                    "journaling_prompt_hours",
                    "maintenance_interval_days",
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
