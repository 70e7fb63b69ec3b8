from __future__ import annotations

from django.contrib import admin

from practice.access import ADMIN, CLINICAL, PRESCRIBING
from practice.admin_base import RoleAdmin
from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import InPersonEvaluation, PdmpCheck, PrescribingRule, StatePrescriptionLimit


@admin.register(StatePrescriptionLimit)
class StatePrescriptionLimitAdmin(RoleAdmin):
    viewers = CLINICAL | ADMIN
    editors = PRESCRIBING | ADMIN
    list_display = ("state", "most_days_supply", "counts_refills", "refill_days_before", "pdmp_check")
    list_filter = ("pdmp_check",)


@admin.register(PrescribingRule)
class PrescribingRuleAdmin(RoleAdmin):
    viewers = CLINICAL | ADMIN
    editors = PRESCRIBING | ADMIN
    list_display = ("code", "is_on", "applies_from_on")


@admin.register(PdmpCheck)
class PdmpCheckAdmin(ClinicalAdmin):
    list_display = ("client", "state", "result", "checked_at", "next_due_on", "prescriber")
    list_filter = ("state", "result")
    list_select_related = ("client", "prescriber")


@admin.register(InPersonEvaluation)
class InPersonEvaluationAdmin(ClinicalAdmin):
    list_display = ("client", "clinician", "evaluated_on", "recorded_by")
    list_select_related = ("client", "clinician", "recorded_by")
