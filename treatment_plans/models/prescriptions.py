from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans.models.base import Form, Route, StrengthUnit, SupplyUnit, ends_before_it_begins
from treatment_plans.rules import supply

_PLACE_OF = {"prescription_too_many_refills": "refills", "prescription_valid_too_long": "valid_through_on"}
_NOT_ENDED = Q(revoked_at=None, reported_lost_at=None)


class Prescription(Revisioned):
    """What a prescriber ordered. It is signed in a certified e-prescribing system; its reference is kept.

    In use, exhausted and expired are derived (`prescribing.state`), never stored.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SIGNED = "signed", _("signed elsewhere")
        SENT = "sent", _("sent to the pharmacy")
        DISPENSED = "dispensed", _("dispensed")
        REVOKED = "revoked", _("revoked")
        LOST = "lost", _("reported lost")

    IN_FORCE = frozenset({Status.SIGNED, Status.SENT, Status.DISPENSED})

    class Unit(models.TextChoices):
        MG = "mg", "mg"
        MG_PER_KG = "mg_per_kg", "mg/kg"

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    prescriber = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("prescriber"))
    client_name = models.CharField(_("client's full name as signed"), max_length=160, blank=True)
    client_address = models.CharField(_("client's address as signed"), max_length=200, blank=True)
    route = models.CharField(_("route"), max_length=20, choices=Route.choices)
    drug = models.CharField(_("drug"), max_length=160)
    strength_amount = models.DecimalField(
        _("strength"), max_digits=8, decimal_places=3, null=True, blank=True
    )
    strength_unit = models.CharField(
        _("unit of the strength"), max_length=10, choices=StrengthUnit.choices, blank=True
    )
    form = models.CharField(_("form"), max_length=12, choices=Form.choices, blank=True)
    dose_amount = models.DecimalField(_("dose"), max_digits=8, decimal_places=3)
    dose_unit = models.CharField(_("unit"), max_length=10, choices=Unit.choices, default=Unit.MG)
    directions = models.TextField(_("directions"), blank=True)
    doses_per_fill = models.PositiveSmallIntegerField(_("doses in one fill"))
    quantity = models.DecimalField(
        _("quantity of one fill"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    quantity_unit = models.CharField(
        _("counted in"), max_length=10, choices=SupplyUnit.choices, default=SupplyUnit.DOSE
    )
    units_per_dose = models.DecimalField(
        _("of these for one dose"), max_digits=8, decimal_places=3, null=True, blank=True
    )
    days_supply = models.PositiveSmallIntegerField(_("days that one fill lasts"), null=True, blank=True)
    refills = models.PositiveSmallIntegerField(_("refills"), default=0)
    issued_on = models.DateField(_("issued"), null=True, blank=True)
    valid_through_on = models.DateField(_("last valid day"), null=True, blank=True)
    reference = models.CharField(_("e-prescribing reference"), max_length=80, blank=True)
    pharmacy = models.CharField(_("pharmacy"), max_length=120, blank=True)
    other_prescribers = models.TextField(_("who else prescribes controlled medicines"), blank=True)
    renews = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="renewals", verbose_name=_("renews")
    )
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replacements", verbose_name=_("replaces")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    signed_at = models.DateTimeField(_("signature recorded"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    dispensed_at = models.DateTimeField(_("last dispensed"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoke_reason = models.CharField(_("why revoked"), max_length=200, blank=True)
    reported_lost_at = models.DateTimeField(_("reported lost"), null=True, blank=True)
    loss_report = models.CharField(_("what was lost, and how"), max_length=400, blank=True)

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
                condition=Q(status__in=["draft", "revoked"])
                | Q(issued_on__isnull=False, valid_through_on__isnull=False),
                name="treatment_plans_prescription_dated",
                violation_error_message=_("A prescription has a day of issue and a last valid day."),
            ),
            models.CheckConstraint(
                condition=(Q(status="draft", signed_at=None, sent_at=None, dispensed_at=None) & _NOT_ENDED)
                | (Q(status__in=["signed", "sent", "dispensed"], signed_at__isnull=False) & _NOT_ENDED)
                | Q(status="lost", signed_at__isnull=False)
                | Q(status="revoked"),
                name="treatment_plans_prescription_signed_at",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False),
                name="treatment_plans_prescription_sent_at",
            ),
            models.CheckConstraint(
                condition=~Q(status="dispensed") | Q(dispensed_at__isnull=False),
                name="treatment_plans_prescription_dispensed_at",
            ),
            models.CheckConstraint(
                condition=Q(status="revoked", revoked_at__isnull=False)
                | (~Q(status="revoked") & Q(revoked_at=None)),
                name="treatment_plans_prescription_revoked_at",
            ),
            models.CheckConstraint(
                condition=Q(status="lost", reported_lost_at__isnull=False)
                | (~Q(status="lost") & Q(reported_lost_at=None)),
                name="treatment_plans_prescription_lost_at",
            ),
            models.CheckConstraint(
                condition=Q(renews=None) | Q(replaces=None),
                name="treatment_plans_prescription_one_before",
                violation_error_message=_("It renews or replaces another, not both."),
            ),
            models.CheckConstraint(
                condition=(Q(strength_amount=None) | Q(strength_amount__gt=0))
                & (Q(quantity=None) | Q(quantity__gt=0))
                & (Q(units_per_dose=None) | Q(units_per_dose__gt=0)),
                name="treatment_plans_prescription_amounts",
                violation_error_message=_("Strength and quantities are more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_unit="dose") | Q(quantity__isnull=False),
                name="treatment_plans_prescription_quantity",
                violation_error_message=_("Say how much one fill has of what it is counted in."),
            ),
        )
        indexes = (models.Index(fields=["client", "route"], name="treatment_plans_rx_client"),)

    def __str__(self) -> str:
        return f"{self.get_route_display()}, {self.issued_on or self.get_status_display()}"

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def is_in_force(self) -> bool:
        """Signed, and neither revoked nor lost; whether it has expired is a question of the day."""
        return self.status in self.IN_FORCE

    @property
    def doses(self) -> int:
        """How many doses all fills together allow."""
        return self.count_doses(self.doses_per_fill, self.refills)

    @property
    def one_fill(self) -> Decimal:
        """The quantity of one fill, counted in `quantity_unit`."""
        return Decimal(self.doses_per_fill) if self.quantity is None else self.quantity

    @property
    def fact(self) -> supply.PrescriptionFact:
        return supply.PrescriptionFact(
            self.pk,
            self.route,
            self.issued_on or date.min,
            self.valid_through_on or date.max,
            self.revoked_at,
            self.doses,
            is_signed=self.signed_at is not None,
            lost_at=self.reported_lost_at,
        )

    @staticmethod
    def count_doses(doses_per_fill: int, refills: int) -> int:
        return doses_per_fill * (1 + refills)

    def clean(self) -> None:
        super().clean()
        if not self.issued_on or not self.valid_through_on:
            return
        if self.valid_through_on < self.issued_on:
            raise ends_before_it_begins()
        blockers = supply.schedule_iii_blockers(self.issued_on, self.valid_through_on, self.refills or 0)
        if blockers:
            raise ValidationError(
                {
                    _PLACE_OF[blocker.code]: ValidationError(blocker.text(gettext), code=blocker.code)
                    for blocker in blockers
                }
            )
