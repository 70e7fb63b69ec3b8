from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from practice.access import CLINICAL
from practice.admin_base import READS_CLIENTS_BY_NAME, UseCaseAdmin, user_of
from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import FollowUp, FollowUpAttempt, PlannedSession, PlanReview, TreatmentPlan


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


@admin.register(FollowUpAttempt)
class FollowUpAttemptAdmin(ClinicalAdmin):
    client = "follow_up__client"
    list_display = ("follow_up", "how", "reached", "made_at", "made_by")
    list_filter = ("how", "reached")
    list_select_related = ("follow_up", "made_by")
    search_fields = ("follow_up__client__legal_name", "follow_up__client__preferred_name")
    date_hierarchy = "made_at"


@admin.register(PlanReview)
class PlanReviewAdmin(ClinicalAdmin):
    client = "plan__client"
    list_display = ("plan", "decision", "decided_by", "decided_at")
    list_filter = ("decision",)
    list_select_related = ("plan__protocol", "decided_by")
    search_fields = ("plan__client__legal_name", "plan__client__preferred_name")
    date_hierarchy = "decided_at"
