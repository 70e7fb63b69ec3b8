"""What states and the DEA ask before a controlled medicine is prescribed, as rows that the clinic edits."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned


class StatePrescriptionLimit(Revisioned):
    """What one state allows of a prescription, and wants looked up before it, beyond federal law."""

    class PdmpCheck(models.TextChoices):
        NONE = "none", _("not asked for")
        WARN = "warn", _("asked for: a warning without it")
        BLOCK = "block", _("required: not signed without it")

    state = models.CharField(_("state"), max_length=2, unique=True)
    most_days_supply = models.PositiveSmallIntegerField(_("most days of supply"), null=True, blank=True)
    counts_refills = models.BooleanField(_("all refills together"), default=False)
    most_valid_days = models.PositiveSmallIntegerField(_("most days of validity"), null=True, blank=True)
    refill_days_before = models.PositiveSmallIntegerField(
        _("refill no earlier than days before the end of the supply"), null=True, blank=True
    )
    pdmp_check = models.CharField(
        _("check of the monitoring programme"),
        max_length=5,
        choices=PdmpCheck.choices,
        default=PdmpCheck.NONE,
    )
    pdmp_valid_days = models.PositiveSmallIntegerField(_("a check counts for days"), default=7)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("state limit")
        verbose_name_plural = _("state limits")
        ordering = ("state",)

    def __str__(self) -> str:
        return self.state

    def clean(self) -> None:
        super().clean()
        self.state = self.state.strip().upper()


class PrescribingRule(Revisioned):
    """A rule that begins on a date and is switched by the clinic, with its source."""

    class Code(models.TextChoices):
        IN_PERSON_EVALUATION = "in_person_evaluation", _("an evaluation in person is on file")

    code = models.CharField(_("rule"), max_length=30, choices=Code.choices, unique=True)
    is_on = models.BooleanField(_("in use"), default=False)
    applies_from_on = models.DateField(_("from"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("prescribing rule")
        verbose_name_plural = _("prescribing rules")
        ordering = ("code",)

    def __str__(self) -> str:
        return str(self.get_code_display())


class PdmpCheck(models.Model):
    """That a prescriber looked a client up in a state's drug monitoring programme. Not edited."""

    class Result(models.TextChoices):
        NOTHING = "nothing", _("nothing found")
        EXPECTED = "expected", _("only what is known")
        CONCERN = "concern", _("something to talk about")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    prescriber = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("prescriber"))
    state = models.CharField(_("state"), max_length=2)
    checked_at = models.DateTimeField(_("checked"))
    result = models.CharField(_("result"), max_length=10, choices=Result.choices)
    note = models.TextField(_("note"), blank=True)
    next_due_on = models.DateField(_("next due"), null=True, blank=True)
    key = models.UUIDField(_("key"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("PDMP check")
        verbose_name_plural = _("PDMP checks")
        ordering = ("-checked_at", "-pk")
        constraints = (
            models.UniqueConstraint("key", name="treatment_plans_pdmp_check_key"),
            models.CheckConstraint(
                condition=Q(checked_at__lte=F("recorded_at")), name="treatment_plans_pdmp_check_not_ahead"
            ),
            models.CheckConstraint(
                condition=~Q(result="concern") | ~Q(note=""), name="treatment_plans_pdmp_check_concern"
            ),
        )
        indexes = (models.Index(fields=["client", "state", "checked_at"], name="treatment_plans_pdmp"),)

    def __str__(self) -> str:
        return f"{self.state}, {self.get_result_display()}"

    def clean(self) -> None:
        super().clean()
        self.state = self.state.strip().upper()
        if self.result == self.Result.CONCERN and not self.note.strip():
            raise ValidationError({"note": ValidationError(_("Say what was found."), "required")})


class InPersonEvaluation(models.Model):
    """That a prescriber saw the client in the same room, which telehealth may need. Not edited."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    clinician = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("by"))
    evaluated_on = models.DateField(_("on"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("evaluation in person")
        verbose_name_plural = _("evaluations in person")
        ordering = ("-evaluated_on", "-pk")
        constraints = (
            models.UniqueConstraint(
                "client", "clinician", "evaluated_on", name="treatment_plans_in_person_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.evaluated_on)
