from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models.base import Revisioned
from treatment_plans.models.dosing_records import DosingRecord


class RemsForm(Revisioned):
    """The monitoring form that is owed after each dose of Spravato. What is not here is read off the record.

    Source: Spravato REMS. Sent at the REMS's own site or by fax; kept here are the answers and the receipt.
    """

    class Sex(models.TextChoices):
        FEMALE = "female", _("female")
        MALE = "male", _("male")
        OTHER = "other", _("other")

    MOST_DAYS = 7  # locked

    record = models.OneToOneField(
        DosingRecord, models.PROTECT, related_name="rems_form", verbose_name=_("dosing record")
    )
    treated_on = models.DateField(_("treated"))
    due_on = models.DateField(_("last day to submit"))
    sex = models.CharField(_("sex"), max_length=8, choices=Sex.choices, blank=True)
    is_first_treatment = models.BooleanField(_("first treatment"), null=True, blank=True)
    takes_benzodiazepine = models.BooleanField(_("benzodiazepine"), null=True, blank=True)
    takes_hypnotic = models.BooleanField(_("other hypnotic"), null=True, blank=True)
    takes_psychostimulant = models.BooleanField(_("psychostimulant"), null=True, blank=True)
    takes_maoi = models.BooleanField(_("MAOI"), null=True, blank=True)
    takes_opioid = models.BooleanField(_("opioid"), null=True, blank=True)
    had_sedation = models.BooleanField(_("sedation"), null=True, blank=True)
    had_dissociation = models.BooleanField(_("dissociation"), null=True, blank=True)
    had_respiratory_depression = models.BooleanField(_("respiratory depression"), null=True, blank=True)
    ready_after_minutes = models.PositiveSmallIntegerField(
        _("would have been ready to leave after minutes"), null=True, blank=True
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("submitted by"),
    )
    confirmation_number = models.CharField(_("confirmation number"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("REMS monitoring form")
        verbose_name_plural = _("REMS monitoring forms")
        ordering = ("due_on", "pk")
        constraints = (
            # Locked: set by the Spravato REMS.
            models.CheckConstraint(
                condition=Q(due_on__gte=F("treated_on"), due_on__lte=F("treated_on") + timedelta(days=7)),
                name="treatment_plans_rems_form_seven_days",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at=None, submitted_by=None, confirmation_number="")
                | (Q(submitted_at__isnull=False, submitted_by__isnull=False) & ~Q(confirmation_number="")),
                name="treatment_plans_rems_form_submitted",
            ),
        )
        indexes = (
            models.Index(
                fields=["due_on"], condition=Q(submitted_at=None), name="treatment_plans_rems_forms_due"
            ),
        )

    def __str__(self) -> str:
        return str(self.treated_on)
