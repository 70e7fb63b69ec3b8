from __future__ import annotations

from django.contrib import admin

from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import AnswerSheet, Measure, SafetyAlert


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
