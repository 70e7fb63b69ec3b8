from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans.models.base import Route
from treatment_plans.models.corrected import Correctable, correction_constraints
from treatment_plans.models.measures import SafetyAlert
from treatment_plans.models.medical import Clearance
from treatment_plans.rules import flags as flag_rules
from treatment_plans.rules import results as result_rules
from treatment_plans.rules import screening as screening_rules


class ResultKind(models.TextChoices):
    PREGNANCY_TEST = result_rules.PREGNANCY_TEST, _("pregnancy test")
    BLOOD_PRESSURE = result_rules.BLOOD_PRESSURE, _("blood pressure")
    ECG = result_rules.ECG, _("ECG")
    LIVER_TESTS = result_rules.LIVER_TESTS, _("liver tests")
    URINE_DRUG_TEST = result_rules.URINE_DRUG_TEST, _("urine drug test")


class ScreeningForm(Revisioned):
    """One version of what clients are asked about their health before they are treated (docs/screening.md).

    It is not used before a named prescriber approved it, and not changed afterwards: make a new version.
    """

    code = models.SlugField(_("code"), max_length=20)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    name = models.CharField(_("name"), max_length=120)
    questions = models.JSONField(_("questions"))
    approved_by = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("screening form")
        verbose_name_plural = _("screening forms")
        ordering = ("code", "-version")
        constraints = (
            models.UniqueConstraint(
                "code",
                "version",
                name="treatment_plans_form_version_unique",
                violation_error_message=_("There is this version already."),
            ),
            models.UniqueConstraint(
                "code",
                condition=Q(approved_at__isnull=False, retired_at=None),
                name="treatment_plans_one_form_in_use",
                violation_error_message=_("Another version is in use: retire that one first."),
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="treatment_plans_form_approver",
                violation_error_message=_("An approval has a day and a prescriber."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def is_usable(self) -> bool:
        return self.approved_at is not None and self.retired_at is None

    def clean(self) -> None:
        super().clean()
        if blockers := screening_rules.form_blockers(self.questions):
            raise ValidationError(
                {"questions": [ValidationError(each.text(gettext), each.code) for each in blockers]}
            )


class ScreeningRule(models.Model):
    """What follows from one answer to a form, as data with its source. Part of the form's version."""

    class Effect(models.TextChoices):
        EXCLUDE = screening_rules.EXCLUDE, _("stands against treatment")
        NEEDS_CLEARANCE = screening_rules.NEEDS_CLEARANCE, _("to be cleared first")
        NOTE = screening_rules.NOTE, _("to be known")

    class Clears(models.TextChoices):
        PRESCRIBER = "prescriber", _("the prescriber")
        PRIMARY_CARE = "primary_care", _("primary care")
        CARDIOLOGY = "cardiology", _("cardiology")
        NEUROLOGY = "neurology", _("neurology")
        OPHTHALMOLOGY = "ophthalmology", _("ophthalmology")
        OBSTETRICS = "obstetrics", _("obstetrics")
        HEPATOLOGY = "hepatology", _("hepatology")
        UROLOGY = "urology", _("urology")
        PULMONOLOGY = "pulmonology", _("pulmonology")
        ENDOCRINOLOGY = "endocrinology", _("endocrinology")

    form = models.ForeignKey(
        ScreeningForm, models.CASCADE, related_name="rules", verbose_name=_("screening form")
    )
    code = models.SlugField(_("code"), max_length=40)
    position = models.PositiveSmallIntegerField(_("place"), default=1)
    question = models.CharField(_("question"), max_length=40)
    condition = models.JSONField(_("condition"))
    routes = ArrayField(
        models.CharField(max_length=20, choices=Route.choices),
        default=list,
        blank=True,
        verbose_name=_("routes"),
        help_text=_("None: all of them."),
    )
    effect = models.CharField(_("effect"), max_length=15, choices=Effect.choices)
    cleared_by = models.CharField(_("cleared by"), max_length=15, choices=Clears.choices, blank=True)
    needs = models.CharField(_("document or result needed"), max_length=200, blank=True)
    result_kind = models.CharField(_("result kind"), max_length=20, choices=ResultKind.choices, blank=True)
    alert = models.CharField(
        _("safety alert"), max_length=4, choices=SafetyAlert.Severity.choices, blank=True
    )
    fact = models.CharField(_("fact"), max_length=200)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("screening rule")
        verbose_name_plural = _("screening rules")
        ordering = ("form", "position", "pk")
        constraints = (
            models.UniqueConstraint(
                "form",
                "code",
                name="treatment_plans_screening_rule_unique",
                violation_error_message=_("The form has a rule of this code already."),
            ),
            models.CheckConstraint(
                condition=Q(effect="needs_clearance") & ~Q(cleared_by="") | ~Q(effect="needs_clearance"),
                name="treatment_plans_screening_rule_cleared_by",
                violation_error_message=_("Say who clears it."),
            ),
        )

    def __str__(self) -> str:
        return self.fact

    def clean(self) -> None:
        super().clean()
        data = self.form.questions
        if screening_rules.form_blockers(data):
            return  # the form says so itself
        questions = screening_rules.questions_of(data)
        blockers = screening_rules.rule_blockers(questions, self.question, self.condition)
        if blockers:
            raise ValidationError([ValidationError(each.text(gettext), each.code) for each in blockers])


class Screening(Correctable):
    """One filled form. Append-only: a correction is a new row."""

    class Source(models.TextChoices):
        LINK = "link", _("by the client, on the link page")
        WITH_STAFF = "with_staff", _("with the client, by staff")
        PAPER = "paper", _("on paper, entered by staff")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    form = models.ForeignKey(
        ScreeningForm, models.PROTECT, related_name="+", verbose_name=_("screening form")
    )
    answers = models.JSONField(_("answers by question"))
    source = models.CharField(_("how"), max_length=12, choices=Source.choices)
    filled_at = models.DateTimeField(_("filled"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        ordering = ("client", "-filled_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(filled_at__lte=F("recorded_at")), name="treatment_plans_screening_not_ahead"
            ),
            *correction_constraints("screening"),
        )

    def __str__(self) -> str:
        return str(self.form)


class ScreeningSheet(models.Model):
    """A form that a client was asked to fill alone, with the answers so far.

    It is empty again once it is filled, or once its answers went along into a newer sheet. It keeps the
    version that was asked. An answer of '' says that a question was passed over.
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    form = models.ForeignKey(
        ScreeningForm, models.PROTECT, related_name="+", verbose_name=_("screening form")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("open until"))
    answers = models.JSONField(_("answers by question"), default=dict, blank=True)
    answered_at = models.DateTimeField(_("last answer"), null=True, blank=True)
    alert = models.ForeignKey(
        SafetyAlert, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("safety alert")
    )
    heard = models.JSONField(
        _("unsafe answers of which an alert told"),
        default=dict,
        blank=True,
        help_text=_("Severity by question."),
    )
    screening = models.ForeignKey(
        Screening, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("screening")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("screening sheet")
        verbose_name_plural = _("screening sheets")
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                "client",
                "form",
                condition=Q(screening=None, withdrawn_at=None),
                name="treatment_plans_one_open_sheet",
            ),
            models.UniqueConstraint("screening", name="treatment_plans_sheet_filled_once"),
            models.CheckConstraint(
                condition=Q(screening=None) | Q(withdrawn_at=None, answered_at__isnull=False),
                name="treatment_plans_sheet_filled",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("asked_at")), name="treatment_plans_sheet_expiry"
            ),
        )

    def __str__(self) -> str:
        return str(self.form)

    def is_over(self, now: datetime) -> bool:
        return self.screening_id is not None or self.withdrawn_at is not None or now >= self.expires_at


class FlagDisposition(models.Model):
    """What a prescriber decided about a flag, and until when. A later one takes its place; none is edited."""

    class Decision(models.TextChoices):
        ACCEPTED = flag_rules.ACCEPTED, _("may be treated")
        CONDITIONAL = flag_rules.CONDITIONAL, _("may be treated with conditions")
        NOT_NOW = flag_rules.NOT_NOW, _("not now")
        MISTAKE = flag_rules.MISTAKE, _("answered by mistake")

    flag = models.ForeignKey(
        "ScreeningFlag", models.PROTECT, related_name="dispositions", verbose_name=_("screening flag")
    )
    decision = models.CharField(_("decision"), max_length=12, choices=Decision.choices)
    reason = models.TextField(_("reason"))
    valid_through_on = models.DateField(_("look again after"), null=True, blank=True)
    decided_by = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided"))
    clearance = models.ForeignKey(
        Clearance,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="dispositions",
        verbose_name=_("clearance"),
    )

    class Meta:
        verbose_name = _("disposition of a flag")
        verbose_name_plural = _("dispositions of flags")
        ordering = ("flag", "-decided_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(decision__in=["accepted", "conditional"]) | Q(valid_through_on__isnull=False),
                name="treatment_plans_disposition_ends",
                violation_error_message=_("Say when it is to be looked at again."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="treatment_plans_disposition_reason"),
        )

    def __str__(self) -> str:
        return self.get_decision_display()


class ScreeningFlag(Revisioned):
    """A rule that a filled form met: a fact for a prescriber to dispose of, never a verdict."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    screening = models.ForeignKey(
        Screening, models.PROTECT, related_name="flags", verbose_name=_("screening")
    )
    rule = models.ForeignKey(
        ScreeningRule, models.PROTECT, related_name="+", verbose_name=_("screening rule")
    )
    answer = models.CharField(_("answer"), max_length=screening_rules.LONGEST_TEXT)
    raised_at = models.DateTimeField(_("raised"))
    disposition = models.ForeignKey(
        FlagDisposition,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("disposition"),
    )

    class Meta:
        verbose_name = _("screening flag")
        verbose_name_plural = _("screening flags")
        ordering = ("raised_at", "pk")
        constraints = (models.UniqueConstraint("screening", "rule", name="treatment_plans_flag_once"),)

    def __str__(self) -> str:
        return str(self.rule)


class ClinicalResult(Correctable):
    """What was measured or tested, with its last valid day. Append-only: a correction is a new row."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    kind = models.CharField(_("kind"), max_length=20, choices=ResultKind.choices)
    values = models.JSONField(_("values"))
    taken_on = models.DateField(_("taken"))
    valid_through_on = models.DateField(_("last valid day"), null=True, blank=True)
    document_note = models.CharField(_("where the document is"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("clinical result")
        verbose_name_plural = _("clinical results")
        ordering = ("client", "-taken_on", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(valid_through_on=None) | Q(valid_through_on__gte=F("taken_on")),
                name="treatment_plans_result_dates",
                violation_error_message=_("The last valid day lies before the day it was taken."),
            ),
            *correction_constraints("result"),
        )
        indexes = (models.Index(fields=["client", "kind"], name="treatment_plans_results"),)

    def __str__(self) -> str:
        return self.get_kind_display()
