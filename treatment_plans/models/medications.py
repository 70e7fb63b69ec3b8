from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans.models.base import Route
from treatment_plans.rules import interactions as classes


class MedicineClass(models.TextChoices):
    BENZODIAZEPINE = classes.BENZODIAZEPINE, _("benzodiazepines and Z-drugs")
    LAMOTRIGINE = classes.LAMOTRIGINE, _("lamotrigine")
    STIMULANT = classes.STIMULANT, _("stimulants, modafinil")
    MAOI = classes.MAOI, _("MAO inhibitors")
    DEPRESSANT = classes.DEPRESSANT, _("opioids and other depressants")
    ALCOHOL = classes.ALCOHOL, _("alcohol")
    CANNABIS = classes.CANNABIS, _("cannabis")
    CYP_INHIBITOR = classes.CYP_INHIBITOR, _("CYP3A4 or CYP2B6 inhibitors")
    CYP_INDUCER = classes.CYP_INDUCER, _("inducers")
    THEOPHYLLINE = classes.THEOPHYLLINE, _("theophylline, aminophylline")
    PRESSOR = classes.PRESSOR, _("thyroid hormone, sympathomimetics, vasopressin")
    ANTIHYPERTENSIVE = classes.ANTIHYPERTENSIVE, _("antihypertensives")
    NALTREXONE = classes.NALTREXONE, _("naltrexone")
    ANTIPSYCHOTIC = classes.ANTIPSYCHOTIC, _("antipsychotics")
    ANTIDEPRESSANT = classes.ANTIDEPRESSANT, _("SSRI, SNRI, bupropion")
    OTHER = classes.OTHER, _("none of these")


class CurrentMedication(Revisioned):
    """What a client says they take, or a document says so. Stopped, not removed; a new dose is a new row."""

    class Source(models.TextChoices):
        CLIENT = "client", _("the client")
        PRESCRIBER = "prescriber", _("a prescriber")
        PHARMACY = "pharmacy", _("a pharmacy")
        DOCUMENT = "document", _("a document")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    name = models.CharField(_("name"), max_length=120)
    medicine_class = models.CharField(
        _("class"),
        max_length=20,
        choices=MedicineClass.choices,
        blank=True,
        help_text=_("Empty until somebody has looked at it."),
    )
    dose_text = models.CharField(_("dose"), max_length=120, blank=True)
    since_on = models.DateField(_("since"), null=True, blank=True)
    stopped_on = models.DateField(_("last day"), null=True, blank=True)
    source = models.CharField(_("who said so"), max_length=12, choices=Source.choices)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("current medication")
        verbose_name_plural = _("current medications")
        ordering = ("client", "name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(stopped_on=None) | Q(since_on=None) | Q(stopped_on__gte=F("since_on")),
                name="treatment_plans_medication_dates",
                violation_error_message=_("The last day lies before the first."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class InteractionRule(Revisioned):
    """What a class of medicines means around a dose, as data with its source, for the prescriber's eyes."""

    medicine_class = models.CharField(_("class"), max_length=20, choices=MedicineClass.choices)
    effect = models.CharField(_("effect"), max_length=300)
    advice = models.CharField(_("advice to the prescriber"), max_length=300)
    hold_hours = models.PositiveSmallIntegerField(_("hours before"), null=True, blank=True)
    hold_days = models.PositiveSmallIntegerField(_("days before, and the day"), null=True, blank=True)
    routes = ArrayField(
        models.CharField(max_length=20, choices=Route.choices),
        default=list,
        blank=True,
        verbose_name=_("routes"),
        help_text=_("None: all of them."),
    )
    source = models.CharField(_("source"), max_length=300)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("interaction rule")
        verbose_name_plural = _("interaction rules")
        ordering = ("medicine_class", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(hold_hours=None) | Q(hold_days=None),
                name="treatment_plans_interaction_one_hold",
                violation_error_message=_("Give hours or days, not both."),
            ),
        )

    def __str__(self) -> str:
        return self.get_medicine_class_display()


class HoldInstruction(models.Model):
    """Words about a client's medicines that the prescriber approved for that client, in both languages.

    The only text about medicines that may reach a client. Withdrawn, never edited.
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    medication = models.ForeignKey(
        CurrentMedication,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("current medication"),
    )
    text_en = models.TextField(_("words in English"), max_length=1000)
    text_es = models.TextField(_("words in Spanish"), max_length=1000)
    approved_by = models.ForeignKey(
        Clinician, models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"))
    withdrawn_by = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdraw_reason = models.CharField(_("why withdrawn"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("hold instruction")
        verbose_name_plural = _("hold instructions")
        ordering = ("client", "approved_at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="treatment_plans_hold_withdrawn",
            ),
            models.CheckConstraint(
                condition=~Q(text_en="") & ~Q(text_es=""), name="treatment_plans_hold_both_languages"
            ),
        )

    def __str__(self) -> str:
        return str(self.approved_at.date())


class Evaluation(models.Model):
    """That a client waits for a prescriber's decision: who referred them, and what became of it."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    referred_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("referred by")
    )
    referred_at = models.DateTimeField(_("referred"))
    asked_at = models.DateTimeField(_("client asked"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ("referred_at", "pk")
        constraints = (
            models.UniqueConstraint(
                "client", condition=Q(closed_at=None), name="treatment_plans_one_open_evaluation"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("referred_at")),
                name="treatment_plans_evaluation_order",
            ),
        )

    def __str__(self) -> str:
        return str(self.client)
