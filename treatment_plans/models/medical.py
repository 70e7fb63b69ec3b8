from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans import supply
from treatment_plans.models.base import Route

_PLACE_OF = {"prescription_too_many_refills": "refills", "prescription_valid_too_long": "valid_through_on"}


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
            raise _ends_before_it_begins()


class Prescription(Revisioned):
    """What a prescriber ordered. It is signed in a certified e-prescribing system; its reference is kept."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        REVOKED = "revoked", _("revoked")

    class Unit(models.TextChoices):
        MG = "mg", "mg"
        MG_PER_KG = "mg_per_kg", "mg/kg"

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    prescriber = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("prescriber"))
    route = models.CharField(_("route"), max_length=20, choices=Route.choices)
    drug = models.CharField(_("drug, strength and form"), max_length=160)
    dose_amount = models.DecimalField(_("dose"), max_digits=8, decimal_places=3)
    dose_unit = models.CharField(_("unit"), max_length=10, choices=Unit.choices, default=Unit.MG)
    directions = models.TextField(_("directions"), blank=True)
    doses_per_fill = models.PositiveSmallIntegerField(_("doses in one fill"))
    refills = models.PositiveSmallIntegerField(_("refills"), default=0)
    issued_on = models.DateField(_("issued"))
    valid_through_on = models.DateField(_("last valid day"))
    reference = models.CharField(_("e-prescribing reference"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoke_reason = models.CharField(_("why revoked"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("prescription")
        verbose_name_plural = _("prescriptions")
        ordering = ("client", "-issued_on")
        constraints = (
            models.CheckConstraint(
                condition=Q(refills__lte=5),
                name="treatment_plans_prescription_five_refills",
                violation_error_message=_("A prescription has at most five refills."),
            ),
            models.CheckConstraint(
                condition=Q(doses_per_fill__gte=1, dose_amount__gt=0),
                name="treatment_plans_prescription_doses",
                violation_error_message=_("A prescription has at least one dose of more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(valid_through_on__gte=F("issued_on")),
                name="treatment_plans_prescription_dates",
                violation_error_message=_("The last valid day lies before the day of issue."),
            ),
            models.CheckConstraint(
                condition=Q(status="revoked", revoked_at__isnull=False) | Q(status="active", revoked_at=None),
                name="treatment_plans_prescription_revoked_at",
            ),
        )
        indexes = (models.Index(fields=["client", "route"], name="treatment_plans_rx_client"),)

    def __str__(self) -> str:
        return f"{self.get_route_display()}, {self.issued_on}"

    @property
    def doses(self) -> int:
        """How many doses all fills together allow."""
        return self.count_doses(self.doses_per_fill, self.refills)

    @staticmethod
    def count_doses(doses_per_fill: int, refills: int) -> int:
        return doses_per_fill * (1 + refills)

    def clean(self) -> None:
        super().clean()
        if not self.issued_on or not self.valid_through_on:
            return
        if self.valid_through_on < self.issued_on:
            raise _ends_before_it_begins()
        blockers = supply.schedule_iii_blockers(self.issued_on, self.valid_through_on, self.refills or 0)
        if blockers:
            raise ValidationError(
                {
                    _PLACE_OF[blocker.code]: ValidationError(blocker.text(gettext), code=blocker.code)
                    for blocker in blockers
                }
            )


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


def _ends_before_it_begins() -> ValidationError:
    reason = ValidationError(_("The last day can't come before the first."), "ends_before_it_begins")
    return ValidationError({"valid_through_on": reason})
