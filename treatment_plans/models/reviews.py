from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician
from treatment_plans.models.plans import PlannedSession, TreatmentPlan


class PlanReview(models.Model):
    """A prescriber's decision about how a plan goes on, with the scores as they stood then. Append-only."""

    class Decision(models.TextChoices):
        CONTINUE = "continue", _("continue")
        CHANGE = "change", _("change dose or interval")
        PAUSE = "pause", _("pause")
        MAINTENANCE = "maintenance", _("maintenance")
        STOP = "stop", _("stop")

    plan = models.ForeignKey(TreatmentPlan, models.PROTECT, related_name="reviews", verbose_name=_("plan"))
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("review session"),
    )
    decision = models.CharField(_("decision"), max_length=12, choices=Decision.choices)
    note = models.TextField(_("note"), blank=True)
    outcomes = models.JSONField(_("scores then"), default=list, blank=True)
    decided_by = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        verbose_name = _("plan review")
        verbose_name_plural = _("plan reviews")
        ordering = ("-decided_at", "-pk")
        constraints = (
            models.UniqueConstraint("planned_session", name="treatment_plans_one_review_per_session"),
            models.CheckConstraint(
                condition=Q(decision="continue") | ~Q(note=""), name="treatment_plans_review_note"
            ),
        )

    def __str__(self) -> str:
        return str(self.get_decision_display())
