from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice import phones
from practice.models.base import Revisioned, validate_time_zone
from practice.models.people import Clinician


class Location(Revisioned):
    name = models.CharField(_("name"), max_length=120, unique=True)
    display_name = models.CharField(
        _("name in messages"),
        max_length=24,
        help_text=_(
            "Neutral and short: it starts every text message and must not give away what the clinic does."
        ),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    state = models.CharField(_("state"), max_length=2)
    country = models.CharField(
        _("country"),
        max_length=2,
        default="US",
        help_text=_("Two letters, for its public holidays."),
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=20)
    is_active = models.BooleanField(_("active"), default=True)
    keeps_tentative = models.BooleanField(
        _("books doses before a renewal"),
        default=False,
        help_text=_("A dose may be booked as tentative until its prescription is renewed."),
    )

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.state = self.state.strip().upper()
        self.country = self.country.strip().upper()
        try:
            self.phone = phones.normalise(self.phone)
        except ValidationError as wrong:
            raise ValidationError({"phone": wrong}) from wrong


class Room(Revisioned):
    class Kind(models.TextChoices):
        DOSING = "dosing", _("dosing")
        THERAPY = "therapy", _("therapy")
        RECOVERY = "recovery", _("recovery")
        ONSET = "onset", _("no room: how many clients may be in onset at once")

    location = models.ForeignKey(Location, models.PROTECT, related_name="rooms", verbose_name=_("location"))
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    capacity = models.PositiveSmallIntegerField(_("places"), default=1)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ("location", "name")
        constraints = (
            models.UniqueConstraint("location", "name", name="practice_room_name_unique"),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, capacity__lte=50),
                name="practice_room_capacity",
                violation_error_message=_("A room has 1 to 50 places."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class WorkingHours(Revisioned):
    """Weekly hours on the location's clock, on dates in [effective_from_on, effective_until_on)."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    clinician = models.ForeignKey(
        Clinician, models.PROTECT, related_name="working_hours", verbose_name=_("clinician")
    )
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="working_hours", verbose_name=_("location")
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts_local = models.TimeField(_("from"))
    ends_local = models.TimeField(_("until"), help_text=_("00:00 means midnight at the end of the day."))
    effective_from_on = models.DateField(_("first day"))
    effective_until_on = models.DateField(_("no longer from"), null=True, blank=True)

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ("clinician", "weekday", "starts_local")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_local="00:00") | Q(ends_local__gt=F("starts_local")),
                name="practice_hours_order",
                violation_error_message=_("The end lies before the beginning."),
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="practice_hours_weekday"),
            models.CheckConstraint(
                condition=Q(effective_until_on=None) | Q(effective_until_on__gt=F("effective_from_on")),
                name="practice_hours_effective",
                violation_error_message=_("The hours end before their first day."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_local:%H:%M}–{self.ends_local:%H:%M}"


class ExtraHours(Revisioned):
    """Hours on one date beyond the weekly ones, on the location's clock."""

    clinician = models.ForeignKey(
        Clinician, models.PROTECT, related_name="extra_hours", verbose_name=_("clinician")
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    on = models.DateField(_("date"))
    starts_local = models.TimeField(_("from"))
    ends_local = models.TimeField(_("until"), help_text=_("00:00 means midnight at the end of the day."))

    class Meta:
        verbose_name = _("extra hours")
        verbose_name_plural = _("extra hours")
        ordering = ("clinician", "on", "starts_local")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_local="00:00") | Q(ends_local__gt=F("starts_local")),
                name="practice_extra_hours_order",
                violation_error_message=_("The end lies before the beginning."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.on} {self.starts_local:%H:%M}–{self.ends_local:%H:%M}"


class Holiday(Revisioned):
    """A date on which a location is closed all day, on its own clock."""

    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    on = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ("location", "on")
        constraints = (
            models.UniqueConstraint(
                "location",
                "on",
                name="practice_holiday_unique",
                violation_error_message=_("This day is a holiday already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.on} {self.name}"


class PublicHoliday(models.Model):
    """A date that was offered to a location as a holiday, once; the clinic decides what becomes of it."""

    location = models.ForeignKey(
        Location, models.PROTECT, related_name="public_holidays", verbose_name=_("location")
    )
    on = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=80)
    loaded_at = models.DateTimeField(_("loaded"))

    class Meta:
        verbose_name = _("public holiday")
        verbose_name_plural = _("public holidays")
        ordering = ("location", "on")
        constraints = (
            models.UniqueConstraint(
                "location",
                "on",
                name="practice_public_holiday_unique",
                violation_error_message=_("This day was offered already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.on} {self.name}"


class Absence(models.Model):
    """A span [starts_at, ends_at) in which nothing can be booked."""

    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"


class TimeOff(Absence, Revisioned):
    clinician = models.ForeignKey(
        Clinician, models.PROTECT, related_name="time_off", verbose_name=_("clinician")
    )

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        ordering = ("starts_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="practice_time_off_order",
                violation_error_message=_("The end lies before the beginning."),
            ),
        )


class Closure(Absence, Revisioned):
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="closures", verbose_name=_("location")
    )

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ("starts_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="practice_closure_order",
                violation_error_message=_("The end lies before the beginning."),
            ),
        )
