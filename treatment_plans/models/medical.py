from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans.models.base import ends_before_it_begins


class Clearance(Revisioned):
    """A prescriber's decision on whether a client may be treated. A new one supersedes it; none is edited."""

    class Decision(models.TextChoices):
        CLEARED = "cleared", _("cleared")
        CONDITIONAL = "conditional", _("cleared with conditions")
        NOT_NOW = "not_now", _("not now")
        NEEDS_MORE = "needs_more", _("more is needed")

    GRANTED = frozenset({Decision.CLEARED, Decision.CONDITIONAL})

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    decided_by = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided"))
    decision = models.CharField(_("decision"), max_length=12, choices=Decision.choices)
    conditions = models.TextField(_("conditions or reason"), blank=True)
    valid_from_on = models.DateField(_("valid from"))
    valid_through_on = models.DateField(_("last valid day"), null=True, blank=True)
    superseded_at = models.DateTimeField(_("superseded"), null=True, blank=True)

    class Meta:
        verbose_name = _("clearance")
        verbose_name_plural = _("clearances")
        ordering = ("client", "-decided_at")
        constraints = (
            models.UniqueConstraint(
                "client",
                condition=Q(superseded_at=None),
                name="treatment_plans_one_current_clearance",
                violation_error_message=_("The client has a current clearance already."),
            ),
            models.CheckConstraint(
                condition=Q(valid_through_on=None) | Q(valid_through_on__gte=F("valid_from_on")),
                name="treatment_plans_clearance_dates",
                violation_error_message=_("The last valid day lies before the first."),
            ),
            models.CheckConstraint(
                condition=~Q(decision__in=["cleared", "conditional"]) | Q(valid_through_on__isnull=False),
                name="treatment_plans_clearance_ends",
                violation_error_message=_("A clearance needs a last valid day."),
            ),
        )

    def __str__(self) -> str:
        return self.get_decision_display()

    def clean(self) -> None:
        super().clean()
        if self.valid_through_on is None and self.decision in self.GRANTED:
            raise ValidationError(
                {"valid_through_on": ValidationError(_("A clearance has an end."), "required")}
            )
        if self.valid_from_on and self.valid_through_on and self.valid_through_on < self.valid_from_on:
            raise ends_before_it_begins()


class RemsEnrollment(Revisioned):
    """A client's enrolment in the Spravato REMS, without which no dose is given."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    enrolled_on = models.DateField(_("enrolled"))
    reference = models.CharField(_("enrolment number"), max_length=40, blank=True)
    ended_on = models.DateField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("REMS enrolment")
        verbose_name_plural = _("REMS enrolments")
        constraints = (
            models.UniqueConstraint(
                "client", condition=Q(ended_on=None), name="treatment_plans_one_rems_enrollment"
            ),
        )

    def __str__(self) -> str:
        return self.reference or str(self.enrolled_on)
