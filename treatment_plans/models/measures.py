from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client
from practice.models.base import Revisioned
from treatment_plans.models.corrected import Correctable, correction_constraints
from treatment_plans.models.plans import PlannedSession
from treatment_plans.rules.instruments import INSTRUMENTS


class Measure(Correctable):
    """What a client answered once, and how it was scored then. Append-only: a correction is a new row."""

    class Instrument(models.TextChoices):
        PHQ9 = "phq9", INSTRUMENTS["phq9"].name
        GAD7 = "gad7", INSTRUMENTS["gad7"].name
        PCL5 = "pcl5", INSTRUMENTS["pcl5"].name
        CSSRS = "cssrs", INSTRUMENTS["cssrs"].name
        WHO5 = "who5", INSTRUMENTS["who5"].name
        QIDS16 = "qids16", INSTRUMENTS["qids16"].name
        MADRS = "madrs", INSTRUMENTS["madrs"].name
        CADSS6 = "cadss6", INSTRUMENTS["cadss6"].name

    class Source(models.TextChoices):
        LINK = "link", _("by the client, on the link page")
        WITH_STAFF = "with_staff", _("with the client, by staff")
        CLINICIAN = "clinician", _("rated by a clinician")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("about the session"),
    )
    instrument = models.CharField(_("instrument"), max_length=10, choices=Instrument.choices)
    instrument_version = models.PositiveSmallIntegerField(_("version of the instrument"))
    scorer_version = models.PositiveSmallIntegerField(_("version of the scoring"))
    answers = models.JSONField(_("answers by item"))
    total = models.SmallIntegerField(_("total"), null=True, blank=True)
    band = models.CharField(_("band"), max_length=20, blank=True)
    is_prorated = models.BooleanField(_("prorated over missing answers"), default=False)
    flags = models.JSONField(_("flags"), default=list, blank=True)
    answered_at = models.DateTimeField(_("answered"))
    source = models.CharField(_("how"), max_length=12, choices=Source.choices)
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
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        ordering = ("client", "answered_at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(answered_at__lte=F("recorded_at")), name="treatment_plans_measure_not_ahead"
            ),
            *correction_constraints("measure"),
        )
        indexes = (
            models.Index(fields=["client", "instrument", "answered_at"], name="treatment_plans_measures"),
        )

    def __str__(self) -> str:
        return str(self.get_instrument_display())


class SafetyAlert(Revisioned):
    """Something a client said that a clinician has to look at, open until its disposition is on record."""

    class Reason(models.TextChoices):
        PHQ9_ITEM_9 = "item_9", _("an answer about being better off dead")
        PHQ9_ITEM_9_MISSING = "item_9_missing", _("no answer about being better off dead")
        CSSRS_LOW = "cssrs_low", _("screener: low")
        CSSRS_MODERATE = "cssrs_moderate", _("screener: moderate")
        CSSRS_HIGH = "cssrs_high", _("screener: high")
        REPLY = "reply", _("a reply that sounds unsafe")
        SCREENING = "screening", _("an answer to the screening form")

    class Severity(models.TextChoices):
        HIGH = "high", _("high")
        LOW = "low", _("low")

    class Disposition(models.TextChoices):
        NO_ACUTE_RISK = "no_acute_risk", _("assessed: no acute risk")
        SAFETY_PLAN = "safety_plan", _("safety plan made or renewed")
        CRISIS_SERVICE = "crisis_service", _("handed over to a crisis service")
        EMERGENCY = "emergency", _("emergency services called")
        MISTAKE = "mistake", _("answered by mistake")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    measure = models.ForeignKey(
        Measure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="alerts",
        verbose_name=_("measure"),
    )
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    severity = models.CharField(_("severity"), max_length=4, choices=Severity.choices)
    raised_at = models.DateTimeField(_("raised"))
    acknowledge_by_at = models.DateTimeField(_("to be acknowledged by"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )
    escalated_at = models.DateTimeField(_("escalated"), null=True, blank=True)
    tell_at = models.DateTimeField(
        _("next message to whoever is on call"), null=True, blank=True, help_text=_("None once they have it.")
    )
    disposed_at = models.DateTimeField(_("disposed of"), null=True, blank=True)
    disposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("disposed of by"),
    )
    disposition = models.CharField(_("disposition"), max_length=20, choices=Disposition.choices, blank=True)
    note = models.TextField(_("what was done"), blank=True)

    class Meta:
        verbose_name = _("safety alert")
        verbose_name_plural = _("safety alerts")
        ordering = ("raised_at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(disposed_at=None, disposed_by=None, disposition="")
                | (
                    Q(disposed_at__isnull=False, disposed_by__isnull=False) & ~Q(disposition="") & ~Q(note="")
                ),
                name="treatment_plans_alert_disposition",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="treatment_plans_alert_acknowledged",
            ),
            models.CheckConstraint(
                condition=Q(disposed_at=None) | Q(acknowledged_at__isnull=False),
                name="treatment_plans_alert_acknowledged_first",
            ),
            models.UniqueConstraint("measure", name="treatment_plans_one_alert_per_measure"),
        )
        indexes = (
            models.Index(
                fields=["acknowledge_by_at"],
                condition=Q(acknowledged_at=None),
                name="treatment_plans_alerts_waiting",
            ),
            models.Index(
                fields=["client"], condition=Q(disposed_at=None), name="treatment_plans_alerts_open"
            ),
            models.Index(
                fields=["tell_at"], condition=Q(tell_at__isnull=False), name="treatment_plans_alerts_to_tell"
            ),
        )

    def __str__(self) -> str:
        return str(self.get_reason_display())


class AnswerSheet(models.Model):
    """Answers on their way to a measure, one question after the other; empty again once it is finished."""

    class Occasion(models.TextChoices):
        BEFORE = "before", _("before the session")
        AFTER = "after", _("after the session")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    planned_session = models.ForeignKey(
        PlannedSession, models.PROTECT, related_name="+", verbose_name=_("about the session")
    )
    occasion = models.CharField(_("when"), max_length=10, choices=Occasion.choices)
    instrument = models.CharField(_("instrument"), max_length=10, choices=Measure.Instrument.choices)
    answers = models.JSONField(_("answers by item"), default=dict, blank=True)
    started_at = models.DateTimeField(_("started"))
    alert = models.ForeignKey(
        SafetyAlert, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("safety alert")
    )
    heard = models.JSONField(
        _("unsafe answers of which an alert told"), default=dict, blank=True, help_text=_("Severity by item.")
    )
    measure = models.ForeignKey(
        Measure, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("measure")
    )

    class Meta:
        verbose_name = _("answer sheet")
        verbose_name_plural = _("answer sheets")
        ordering = ("-started_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                "planned_session", "occasion", "instrument", name="treatment_plans_one_answer_sheet"
            ),
        )

    def __str__(self) -> str:
        return str(self.get_instrument_display())
