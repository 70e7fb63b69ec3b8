"""Before the dose, and the dose: check-in, vitals, signatures."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician
from treatment_plans.models.base import Route
from treatment_plans.models.dosing_records import CorrectableRow, RecordRow, corrected, device_time, once
from treatment_plans.models.measures import Measure
from treatment_plans.models.prescriptions import Prescription
from treatment_plans.models.stock import StockLot


class CheckIn(RecordRow):
    """What is asked when the client is here. A later one supersedes it; none is edited."""

    class Identifier(models.TextChoices):
        NAME = "name", _("name")
        BIRTH_DATE = "birth_date", _("birth date")
        ADDRESS = "address", _("address")
        PHONE = "phone", _("phone number")
        PHOTO_ID = "photo_id", _("photo ID")

    identified_by = ArrayField(
        models.CharField(max_length=12, choices=Identifier.choices), verbose_name=_("identified by")
    )
    last_food_at = models.DateTimeField(_("last food"), null=True, blank=True)
    last_drink_at = models.DateTimeField(_("last drink"), null=True, blank=True)
    medicine_seen = models.BooleanField(_("medicine seen"), null=True, blank=True)
    medicine_count = models.PositiveSmallIntegerField(_("doses counted"), null=True, blank=True)
    ride_name = models.CharField(_("who takes them home"), max_length=120, blank=True)
    ride_phone = models.CharField(_("phone of the ride"), max_length=20, blank=True)
    has_new_medicines = models.BooleanField(_("medicines have changed"), null=True, blank=True)
    is_ill = models.BooleanField(_("ill"), null=True, blank=True)
    may_be_pregnant = models.BooleanField(_("may be pregnant"), null=True, blank=True)
    has_bladder_symptoms = models.BooleanField(_("bladder symptoms"), null=True, blank=True)
    changes = models.TextField(_("what has changed"), blank=True)
    cssrs = models.ForeignKey(
        Measure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("C-SSRS since last contact"),
    )

    class Meta(RecordRow.Meta):
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        constraints = (
            once("check_in"),
            models.CheckConstraint(
                condition=Q(identified_by__len__gte=2), name="treatment_plans_check_in_two_identifiers"
            ),
        )

    def __str__(self) -> str:
        return str(_("check-in"))

    @property
    def identified_words(self) -> list[str]:
        return [str(self.Identifier(each).label) for each in self.identified_by]


class Vitals(CorrectableRow):
    """One reading. Null is what was not measured."""

    class Source(models.TextChoices):
        STAFF = "staff", _("measured by staff")
        CLIENT = "client", _("reported by the client")

    class Method(models.TextChoices):
        DEVICE = "device", _("device")
        MANUAL = "manual", _("manual")

    taken_at = models.DateTimeField(_("taken"))
    device_at = device_time()
    systolic = models.PositiveSmallIntegerField(_("systolic"))
    diastolic = models.PositiveSmallIntegerField(_("diastolic"))
    heart_rate = models.PositiveSmallIntegerField(_("heart rate"))
    spo2 = models.PositiveSmallIntegerField(_("oxygen saturation, percent"), null=True, blank=True)
    respiratory_rate = models.PositiveSmallIntegerField(_("breaths a minute"), null=True, blank=True)
    sedation_score = models.PositiveSmallIntegerField(_("MOAA/S"), null=True, blank=True)
    source = models.CharField(_("who measured"), max_length=8, choices=Source.choices, default=Source.STAFF)
    method = models.CharField(_("how"), max_length=8, choices=Method.choices, default=Method.DEVICE)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta(CorrectableRow.Meta):
        verbose_name = _("vitals")
        verbose_name_plural = _("vitals")
        constraints = (
            *corrected("vitals"),
            models.CheckConstraint(
                condition=Q(taken_at__lte=F("recorded_at")), name="treatment_plans_vitals_not_ahead"
            ),
            models.CheckConstraint(
                condition=Q(diastolic__gt=0, diastolic__lt=F("systolic"), heart_rate__gt=0),
                name="treatment_plans_vitals_pressure",
            ),
            models.CheckConstraint(
                condition=(Q(spo2=None) | Q(spo2__lte=100))
                & (Q(sedation_score=None) | Q(sedation_score__lte=5)),
                name="treatment_plans_vitals_scales",
            ),
        )

    def __str__(self) -> str:
        return f"{self.systolic}/{self.diastolic}"


class DoseSignature(RecordRow):
    """A clinician's yes or no to today's dose, each for their own part. The latest of a part counts."""

    class Part(models.TextChoices):
        FIT = "fit", _("fit today")
        CLEARED = "cleared", _("cleared for the dose")

    part = models.CharField(_("part"), max_length=8, choices=Part.choices)
    is_yes = models.BooleanField(_("yes"), default=True)
    signed_by = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("signed by")
    )
    accepts = models.ForeignKey(
        Vitals,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accepts the reading"),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta(RecordRow.Meta):
        verbose_name = _("signature before the dose")
        verbose_name_plural = _("signatures before the dose")
        constraints = (
            once("signature"),
            models.CheckConstraint(
                condition=Q(accepts=None) | Q(part="cleared", is_yes=True),
                name="treatment_plans_signature_accepts",
            ),
            models.CheckConstraint(
                condition=Q(is_yes=True) | ~Q(note=""), name="treatment_plans_signature_no_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(part="fit") | Q(signed_by__isnull=False),
                name="treatment_plans_signature_signer",
            ),
        )

    def __str__(self) -> str:
        return str(self.get_part_display())


class Dose(CorrectableRow):
    """What was given, at the server's time. `number` is 1, or 2 where the protocol allows a second one."""

    number = models.PositiveSmallIntegerField(_("which dose of the session"), default=1)
    given_at = models.DateTimeField(_("given"))
    amount = models.DecimalField(_("amount"), max_digits=8, decimal_places=3)
    unit = models.CharField(_("unit"), max_length=10, choices=Prescription.Unit.choices)
    weight_kg = models.DecimalField(_("weight, kg"), max_digits=5, decimal_places=2, null=True, blank=True)
    route = models.CharField(_("route"), max_length=20, choices=Route.choices)
    prescription = models.ForeignKey(
        Prescription, models.PROTECT, related_name="+", verbose_name=_("prescription")
    )
    stock_lot = models.ForeignKey(
        StockLot,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lot of the clinic's stock"),
    )
    units_used = models.DecimalField(
        _("taken from the supply, in its unit"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    lot_number = models.CharField(_("lot number"), max_length=40, blank=True)
    is_self_administered = models.BooleanField(_("self-administered"), default=False)
    witnessed_by = models.CharField(_("witnessed by"), max_length=120, blank=True)
    prescriber_on_site = models.ForeignKey(
        Clinician,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("prescriber on site"),
    )

    class Meta(CorrectableRow.Meta):
        verbose_name = _("dose")
        verbose_name_plural = _("doses")
        constraints = (
            *corrected("dose"),
            models.UniqueConstraint(
                "record", "number", condition=Q(corrects=None), name="treatment_plans_dose_once"
            ),
            models.CheckConstraint(
                condition=Q(number__in=[1, 2], amount__gt=0), name="treatment_plans_dose_amount"
            ),
            models.CheckConstraint(
                condition=Q(is_self_administered=False) | ~Q(witnessed_by=""),
                name="treatment_plans_dose_witness",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.get_unit_display()}"
