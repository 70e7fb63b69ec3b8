from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans.models.protocols import Protocol


class TreatmentPlan(Revisioned):
    """A clinician's decided course for one client, under one version of a protocol."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("active")
        CLOSED = "closed", _("closed")

    OPEN = frozenset({Status.DRAFT, Status.ACTIVE})

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="plans", verbose_name=_("protocol"))
    therapist = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("therapist"))
    prescriber = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("prescriber"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"))
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)
    # While it is paused no dose is given; integration and other sessions go on.
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    # From then on doses are planned one at a time, at the protocol's interval for it.
    maintenance_at = models.DateTimeField(_("in maintenance since"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    close_reason = models.CharField(_("why closed"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("treatment plan")
        verbose_name_plural = _("treatment plans")
        ordering = ("-created_at", "pk")
        constraints = (
            models.UniqueConstraint(
                "client", condition=Q(status__in=["draft", "active"]), name="treatment_plans_one_open_plan"
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at=None)),
                name="treatment_plans_plan_closed_at",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", activated_at=None)
                | Q(status="active", activated_at__isnull=False)
                | Q(status="closed"),
                name="treatment_plans_plan_activated_at",
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None) | Q(status="active"), name="treatment_plans_plan_paused"
            ),
            models.CheckConstraint(
                condition=Q(maintenance_at=None) | ~Q(status="draft"), name="treatment_plans_plan_maintenance"
            ),
        )

    def __str__(self) -> str:
        return f"{self.protocol} ({self.get_status_display()})"


class PlannedSession(Revisioned):
    """One intended step of a plan, without a time of its own."""

    class Kind(models.TextChoices):
        CONSULT = "consult", _("consult")
        EVALUATION = "evaluation", _("evaluation")
        PREPARATION = "preparation", _("preparation")
        DOSING = "dosing", _("dosing")
        INTEGRATION = "integration", _("integration")
        REVIEW = "review", _("review")

    plan = models.ForeignKey(TreatmentPlan, models.PROTECT, related_name="sessions", verbose_name=_("plan"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(_("position"))
    dose_number = models.PositiveSmallIntegerField(_("dose number"), null=True, blank=True)
    after_session = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by", verbose_name=_("after")
    )
    due_from_at = models.DateTimeField(_("due from"), null=True, blank=True)
    due_until_at = models.DateTimeField(_("due until"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("planned session")
        verbose_name_plural = _("planned sessions")
        ordering = ("plan", "position")
        constraints = (
            models.UniqueConstraint("plan", "position", name="treatment_plans_session_position_unique"),
            models.UniqueConstraint("plan", "dose_number", name="treatment_plans_session_dose_unique"),
            models.CheckConstraint(
                condition=Q(kind="dosing", dose_number__isnull=False)
                | (~Q(kind="dosing") & Q(dose_number=None)),
                name="treatment_plans_session_dose_number",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(withdrawn_at=None), name="treatment_plans_session_one_end"
            ),
            models.CheckConstraint(
                condition=Q(due_until_at=None) | Q(due_until_at__gt=F("due_from_at")),
                name="treatment_plans_session_due_order",
            ),
        )

    def __str__(self) -> str:
        if self.dose_number:
            return f"{self.get_kind_display()} {self.dose_number}"
        return str(self.get_kind_display())
