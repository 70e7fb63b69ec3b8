"""After the dose: what was seen, what went wrong, and how the session ended."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician
from practice.models.base import Revisioned
from treatment_plans.models.dosing_records import CorrectableRow, RecordRow, corrected, device_time, once
from treatment_plans.models.dosing_rows import Vitals
from treatment_plans.models.plans import TreatmentPlan


class Degree(models.TextChoices):
    NONE = "none", _("none")
    MILD = "mild", _("mild")
    MODERATE = "moderate", _("moderate")
    SEVERE = "severe", _("severe")


class Mark(CorrectableRow):
    """Something that was seen or done, with its time."""

    class Kind(models.TextChoices):
        CALM = "calm", _("calm")
        TALKING = "talking", _("talking")
        TEARFUL = "tearful", _("tearful")
        NAUSEA = "nausea", _("nausea")
        DIZZY = "dizzy", _("dizzy")
        BP_HIGH = "bp_high", _("blood pressure high")
        GAVE_ANTIEMETIC = "gave_antiemetic", _("gave antiemetic")
        NOTE = "note", _("note")
        PHASE = "phase", _("phase begins")
        INTENTION = "intention", _("intention")
        TECHNIQUE = "technique", _("technique")
        CALLED_PRESCRIBER = "called_prescriber", _("called the prescriber")
        INFUSION_ENDED = "infusion_ended", _("infusion ended")
        MONITORING_ENDED = "monitoring_ended", _("monitoring ended")

    class Phase(models.TextChoices):
        QUIET = "quiet", _("quiet")
        MUSIC = "music", _("music")
        TALK = "talk", _("talk")

    SAID_IN_WORDS = frozenset({Kind.NOTE, Kind.INTENTION, Kind.TECHNIQUE})

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    phase = models.CharField(_("phase"), max_length=8, choices=Phase.choices, blank=True)
    text = models.TextField(_("text"), blank=True)
    seen_at = models.DateTimeField(_("seen"))
    device_at = device_time()

    class Meta(CorrectableRow.Meta):
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        constraints = (
            *corrected("mark"),
            models.CheckConstraint(
                condition=(Q(kind="phase") & ~Q(phase="")) | (~Q(kind="phase") & Q(phase="")),
                name="treatment_plans_mark_phase",
            ),
            models.CheckConstraint(
                condition=Q(seen_at__lte=F("recorded_at")), name="treatment_plans_mark_not_ahead"
            ),
        )

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        if self.kind == self.Kind.PHASE:
            return f"{self.get_kind_display()}: {self.get_phase_display()}"
        return str(self.get_kind_display())


class AdverseEvent(CorrectableRow):
    """Something unwanted that happened, coded. Whether a dose caused it is said, not assumed."""

    class Kind(models.TextChoices):
        DISSOCIATION = "dissociation", _("dissociation")
        DIZZINESS = "dizziness", _("dizziness")
        NAUSEA_VOMITING = "nausea_vomiting", _("nausea or vomiting")
        SEDATION = "sedation", _("sedation")
        VERTIGO = "vertigo", _("vertigo")
        NUMBNESS = "numbness", _("numbness")
        ANXIETY = "anxiety", _("anxiety")
        HEADACHE = "headache", _("headache")
        BP_RISE = "bp_rise", _("rise of blood pressure")
        RESPIRATORY_DEPRESSION = "respiratory_depression", _("respiratory depression")
        AGITATION = "agitation", _("agitation")
        PANIC = "panic", _("panic")
        FALL = "fall", _("fall")
        SYNCOPE = "syncope", _("syncope")
        SEIZURE = "seizure", _("seizure")
        URINARY = "urinary", _("urinary symptoms")
        SUICIDALITY = "suicidality", _("suicidality")
        OTHER = "other", _("other")

    class Severity(models.TextChoices):
        MILD = "mild", _("mild")
        MODERATE = "moderate", _("moderate")
        SEVERE = "severe", _("severe")

    class Relatedness(models.TextChoices):
        UNRELATED = "unrelated", _("unrelated")
        POSSIBLE = "possible", _("possible")
        PROBABLE = "probable", _("probable")
        DEFINITE = "definite", _("definite")
        UNKNOWN = "unknown", _("not yet judged")

    class Action(models.TextChoices):
        NONE = "none", _("none")
        WATCHED = "watched", _("watched more closely")
        MEDICINE = "medicine", _("medicine given")
        STOPPED = "stopped", _("dose stopped")
        EMERGENCY = "emergency", _("emergency services called")

    class Outcome(models.TextChoices):
        RESOLVED = "resolved", _("resolved")
        RESOLVING = "resolving", _("resolving")
        ONGOING = "ongoing", _("ongoing")
        UNKNOWN = "unknown", _("unknown")

    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices)
    is_serious = models.BooleanField(
        _("serious"),
        default=False,
        help_text=_(
            "Death, danger to life, hospital, disability, birth defect, or an important medical event."
        ),
    )
    relatedness = models.CharField(
        _("related to the dose"), max_length=10, choices=Relatedness.choices, default=Relatedness.UNKNOWN
    )
    action = models.CharField(_("action"), max_length=10, choices=Action.choices, default=Action.NONE)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.UNKNOWN)
    began_at = models.DateTimeField(_("began"))
    device_at = device_time()
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    note = models.TextField(_("what happened"), blank=True)

    class Meta(CorrectableRow.Meta):
        verbose_name = _("adverse event")
        verbose_name_plural = _("adverse events")
        constraints = (
            *corrected("event"),
            models.CheckConstraint(
                condition=Q(began_at__lte=F("recorded_at")), name="treatment_plans_event_not_ahead"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")),
                name="treatment_plans_event_order",
            ),
        )

    def __str__(self) -> str:
        return str(self.get_kind_display())


class DischargeCheck(RecordRow):
    """How the client was when they left, who took over, and which clinician signs for it. One per record."""

    class LeavesTo(models.TextChoices):
        HOME = "home", _("home")
        EMERGENCY_CARE = "emergency_care", _("emergency care")

    leaves_to = models.CharField(
        _("leaves to"), max_length=16, choices=LeavesTo.choices, default=LeavesTo.HOME
    )
    sedation_score = models.PositiveSmallIntegerField(_("MOAA/S"), null=True, blank=True)
    is_oriented = models.BooleanField(_("alert and oriented"))
    walks_steadily = models.BooleanField(_("walks steadily"))
    nausea = models.CharField(_("nausea"), max_length=10, choices=Degree.choices)
    pain = models.CharField(_("pain"), max_length=10, choices=Degree.choices)
    vitals = models.ForeignKey(
        Vitals, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("last reading")
    )
    taken_over_by = models.CharField(_("who takes over"), max_length=120, blank=True)
    taken_over_phone = models.CharField(_("phone of who takes over"), max_length=20, blank=True)
    aftercare_given = models.BooleanField(_("aftercare given"))
    medicine_remaining = models.PositiveSmallIntegerField(_("doses remaining"), null=True, blank=True)
    signed_by = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("signed by"))
    override_reason = models.CharField(_("why in spite of it"), max_length=200, blank=True)
    overridden = models.JSONField(_("what was overridden"), default=list, blank=True)

    class Meta(RecordRow.Meta):
        verbose_name = _("discharge check")
        verbose_name_plural = _("discharge checks")
        constraints = (
            once("discharge"),
            models.UniqueConstraint("record", name="treatment_plans_one_discharge"),
            models.CheckConstraint(
                condition=Q(overridden=[], override_reason="") | (~Q(overridden=[]) & ~Q(override_reason="")),
                name="treatment_plans_discharge_override",
            ),
        )

    def __str__(self) -> str:
        return str(self.get_leaves_to_display())


class CourseHold(Revisioned):
    """No further dose of the plan until a prescriber has looked at what happened."""

    class Disposition(models.TextChoices):
        CONTINUE = "continue", _("go on as planned")
        CONTINUE_CHANGED = "continue_changed", _("go on with changes")

    plan = models.ForeignKey(
        TreatmentPlan, models.PROTECT, related_name="holds", verbose_name=_("treatment plan")
    )
    event = models.ForeignKey(
        AdverseEvent, models.PROTECT, related_name="holds", verbose_name=_("because of")
    )
    raised_at = models.DateTimeField(_("raised"))
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("released by")
    )
    disposition = models.CharField(_("disposition"), max_length=20, choices=Disposition.choices, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("hold of a course")
        verbose_name_plural = _("holds of a course")
        ordering = ("-raised_at", "-pk")
        constraints = (
            models.UniqueConstraint("event", name="treatment_plans_one_hold_per_event"),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None, disposition="")
                | (
                    Q(released_at__isnull=False, released_by__isnull=False) & ~Q(disposition="") & ~Q(note="")
                ),
                name="treatment_plans_hold_release",
            ),
        )
        indexes = (
            models.Index(fields=["plan"], condition=Q(released_at=None), name="treatment_plans_holds_open"),
        )

    def __str__(self) -> str:
        return str(self.event)


class Delegate(Revisioned):
    """A nurse whom a prescriber named for one plan, to sign "cleared" where the protocol lets a nurse."""

    plan = models.ForeignKey(
        TreatmentPlan, models.PROTECT, related_name="delegates", verbose_name=_("treatment plan")
    )
    nurse = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("nurse")
    )
    named_by = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("named by"))
    named_at = models.DateTimeField(_("named"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("delegate")
        verbose_name_plural = _("delegates")
        ordering = ("-named_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                "plan", "nurse", condition=Q(ended_at=None), name="treatment_plans_one_delegation"
            ),
        )

    def __str__(self) -> str:
        return str(self.nurse)
