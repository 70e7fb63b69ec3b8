from __future__ import annotations

from django.contrib import admin

from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import Clearance, Prescription, RemsEnrollment


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
