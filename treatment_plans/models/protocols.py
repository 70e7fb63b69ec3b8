from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician
from practice.models.base import Revisioned
from treatment_plans.defaults.protocols import DEFAULT_PROTOCOLS, LOCKED
from treatment_plans.models.base import Route
from treatment_plans.rules.instruments import INSTRUMENTS

OCCASIONS = frozenset(
    {
        "baseline",
        "before_dose",
        "dosing_day",
        "week_after_dose",
        "mid_series",
        "end_of_series",
        "monthly",
    }
)


class Protocol(Revisioned):
    """One version of a route's clinical settings, which a medical director answers for (docs/protocols.md).

    It does nothing before a named prescriber approved it, and is not changed afterwards: make a new version.
    """

    class Presence(models.TextChoices):
        ON_SITE = "on_site", _("on site")
        ON_CALL = "on_call", _("on call")

    class Oximetry(models.TextChoices):
        REQUIRED = "required", _("required")
        RECOMMENDED = "recommended", _("recommended")

    class HoldsCourse(models.TextChoices):
        SERIOUS = "serious", _("serious ones only")
        SEVERE = "severe", _("severe and serious ones")
        MODERATE = "moderate", _("moderate, severe and serious ones")

    route = models.CharField(_("route"), max_length=20, choices=Route.choices)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    name = models.CharField(_("name"), max_length=120)
    approved_by = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    series_length = models.PositiveSmallIntegerField(_("doses in a series"))
    min_days_between_doses = models.PositiveSmallIntegerField(_("fewest days between doses"))
    usual_interval_days = models.PositiveSmallIntegerField(_("usual days between doses"))
    interval_steps = models.JSONField(_("interval by week of the course"), default=list, blank=True)
    preparation_sessions = models.PositiveSmallIntegerField(_("preparation sessions"))
    integration_from_hours = models.PositiveSmallIntegerField(
        _("integration from hours after"), null=True, blank=True
    )
    integration_until_hours = models.PositiveSmallIntegerField(
        _("integration until hours after"), null=True, blank=True
    )
    check_in_hours = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        verbose_name=_("check-ins hours after a dose"),
    )
    journaling_prompt_hours = models.PositiveSmallIntegerField(
        _("journaling prompt hours after a dose"), null=True, blank=True
    )
    maintenance_interval_days = models.PositiveSmallIntegerField(
        _("days between doses in maintenance"), null=True, blank=True
    )
    appointment_minutes = models.PositiveSmallIntegerField(_("length of a dosing session in minutes"))

    solids_fast_minutes = models.PositiveSmallIntegerField(_("no food for minutes before"))
    liquids_fast_minutes = models.PositiveSmallIntegerField(_("no drinks for minutes before"))
    nasal_spray_gap_minutes = models.PositiveSmallIntegerField(
        _("no other nasal spray for minutes before"), null=True, blank=True
    )
    stimulant_hold_days_before = models.PositiveSmallIntegerField(
        _("stimulant hold, days before"), null=True, blank=True
    )
    benzodiazepine_hold_hours = models.PositiveSmallIntegerField(
        _("benzodiazepine hold, hours"), null=True, blank=True
    )
    benzodiazepine_hold_target_hours = models.PositiveSmallIntegerField(
        _("benzodiazepine hold, hours aimed at"), null=True, blank=True
    )
    alcohol_hold_hours = models.PositiveSmallIntegerField(_("no alcohol, hours"))
    cannabis_hold_hours = models.PositiveSmallIntegerField(_("no cannabis, hours"))
    lamotrigine_policy = models.CharField(_("lamotrigine"), max_length=40)

    bp_warn_systolic = models.PositiveSmallIntegerField(_("blood pressure: warn from systolic"))
    bp_warn_diastolic = models.PositiveSmallIntegerField(_("blood pressure: warn from diastolic"))
    bp_hold_systolic = models.PositiveSmallIntegerField(
        _("blood pressure: hold from systolic"), null=True, blank=True
    )
    bp_hold_diastolic = models.PositiveSmallIntegerField(
        _("blood pressure: hold from diastolic"), null=True, blank=True
    )
    bp_recheck_wait_minutes = models.PositiveSmallIntegerField(_("blood pressure: minutes to the next try"))
    bp_recheck_max_count = models.PositiveSmallIntegerField(_("blood pressure: tries"))
    vitals_schedule_minutes = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("vitals at minutes")
    )
    vitals_at_discharge = models.BooleanField(_("vitals before leaving"))
    oximetry = models.CharField(_("oximetry"), max_length=12, choices=Oximetry.choices)
    bp_emergency_systolic = models.PositiveSmallIntegerField(
        _("blood pressure: emergency from systolic"), default=180
    )
    bp_emergency_diastolic = models.PositiveSmallIntegerField(
        _("blood pressure: emergency from diastolic"), default=120
    )
    heart_rate_low = models.PositiveSmallIntegerField(_("heart rate: low below"), default=50)
    heart_rate_high = models.PositiveSmallIntegerField(_("heart rate: high above"), default=110)
    spo2_low = models.PositiveSmallIntegerField(_("oxygen saturation: low below, percent"), default=94)
    sedation_alert_score = models.PositiveSmallIntegerField(_("MOAA/S: alert from"), default=3)
    sedation_emergency_score = models.PositiveSmallIntegerField(_("MOAA/S: emergency from"), default=1)
    vitals_tolerance_minutes = models.PositiveSmallIntegerField(
        _("vitals: minutes before they are overdue"), default=5
    )
    vitals_valid_minutes = models.PositiveSmallIntegerField(
        _("vitals: minutes for which a reading counts"), default=30
    )
    second_dose_allowed = models.BooleanField(_("second dose allowed"), default=False)
    second_dose_max_amount = models.DecimalField(
        _("second dose: at most, mg"), max_digits=8, decimal_places=3, null=True, blank=True
    )
    nurse_may_clear = models.BooleanField(_("a nurse named by the prescriber may clear"), default=False)
    holds_course_from = models.CharField(
        _("adverse events that hold the course"),
        max_length=10,
        choices=HoldsCourse.choices,
        default=HoldsCourse.SEVERE,
    )
    min_observation_minutes = models.PositiveSmallIntegerField(_("fewest minutes of observation"))
    discharge_sedation_score = models.PositiveSmallIntegerField(_("leaving: lowest MOAA/S"), default=5)
    discharge_spo2 = models.PositiveSmallIntegerField(
        _("leaving: lowest oxygen saturation, percent"), default=95
    )
    discharge_bp_percent = models.PositiveSmallIntegerField(
        _("leaving: blood pressure within percent of the first reading"), default=20
    )
    prescriber_presence = models.CharField(_("prescriber"), max_length=10, choices=Presence.choices)

    ride_required = models.BooleanField(_("ride home needed"))
    escort_required = models.BooleanField(_("escort needed"))
    support_person_required = models.BooleanField(_("support person needed"))
    no_driving_until = models.CharField(_("no driving until"), max_length=40)

    client_brings_medication = models.BooleanField(_("client brings the medicine"))
    supply_before_review_doses = models.PositiveSmallIntegerField(
        _("doses before the first review"), null=True, blank=True
    )
    review_after_days = models.PositiveSmallIntegerField(_("review after days"), null=True, blank=True)
    review_after_doses = models.PositiveSmallIntegerField(_("review after doses"), null=True, blank=True)
    prescription_max_refills = models.PositiveSmallIntegerField(_("most refills"), null=True, blank=True)
    prescription_max_months = models.PositiveSmallIntegerField(
        _("prescription ends after months"), null=True, blank=True
    )
    rems_form_due_days = models.PositiveSmallIntegerField(
        _("REMS form due after days"), null=True, blank=True
    )
    outcome_measures = models.JSONField(_("outcome measures"), default=list, blank=True)
    sources = models.JSONField(_("sources"), default=dict)

    class Meta:
        verbose_name = _("protocol")
        verbose_name_plural = _("protocols")
        ordering = ("route", "-version")
        constraints = (
            models.UniqueConstraint(
                "route",
                "version",
                name="treatment_plans_protocol_version_unique",
                violation_error_message=_("There is this version already."),
            ),
            models.UniqueConstraint(
                "route",
                condition=Q(approved_at__isnull=False, retired_at=None),
                name="treatment_plans_one_protocol_in_use",
                violation_error_message=_("Another version is in use: retire that one first."),
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="treatment_plans_protocol_approver",
                violation_error_message=_("An approval has a day and a prescriber."),
            ),
            # Locked: set by the Spravato REMS, not by a clinic.
            models.CheckConstraint(
                condition=~Q(route="spravato")
                | Q(
                    min_observation_minutes__gte=120,
                    prescriber_presence="on_site",
                    rems_form_due_days__isnull=False,  # a comparison with NULL would pass
                    rems_form_due_days__lte=7,
                ),
                name="treatment_plans_protocol_spravato_locked",
                violation_error_message=_("The REMS sets these values for Spravato."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def is_usable(self) -> bool:
        return self.approved_at is not None and self.retired_at is None

    @property
    def needs_prescriber_on_site(self) -> bool:
        return self.prescriber_presence == self.Presence.ON_SITE

    def clean(self) -> None:
        super().clean()
        defaults = DEFAULT_PROTOCOLS.get(self.route, {})
        wrong = {
            name: ValidationError(_("This setting is locked for this route."), code="locked")
            for name in sorted(LOCKED.get(self.route, ()))
            if getattr(self, name) != defaults[name]
        }
        if not _is_cadence(self.outcome_measures):
            wrong["outcome_measures"] = ValidationError(
                _('Each a measure with its occasions: [{"measure": "phq9", "when": ["baseline"]}].'),
                code="cadence",
            )
        if wrong:
            raise ValidationError(wrong)


def _is_cadence(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and each.get("measure") in INSTRUMENTS
        and isinstance(each.get("when"), list)
        and set(each["when"]) <= OCCASIONS
        for each in value
    )
