from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician, Location, Room
from practice.models.base import Revisioned, validate_time_zone
from scheduling.models.appointment_types import AppointmentType


class GroupSession(Revisioned):
    """One time for several clients, with its people and its room. Each member has a booking of their own.

    The occupancy of people and room is the group's, that of a client their booking's. It is live until it is
    cancelled; how it went is told by the bookings.
    """

    appointment_type = models.ForeignKey(
        AppointmentType, models.PROTECT, related_name="+", verbose_name=_("appointment type")
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    therapist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, related_name="+", verbose_name=_("therapist")
    )
    second_therapist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, related_name="+", verbose_name=_("second therapist")
    )
    psychiatrist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, related_name="+", verbose_name=_("psychiatrist")
    )
    room = models.ForeignKey(Room, models.PROTECT, null=True, related_name="+", verbose_name=_("room"))
    seats = models.PositiveSmallIntegerField(_("seats"))
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    starts_on = models.DateField(_("day on the clinic's clock"))
    starts_local = models.TimeField(_("start on the clinic's clock"))
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    fold = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    moved_at = models.DateTimeField(_("moved"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    cancel_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("group session")
        verbose_name_plural = _("group sessions")
        ordering = ("starts_at", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduling_group_order"),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, cancel_reason="")
                | (Q(cancelled_at__isnull=False) & ~Q(cancel_reason="")),
                name="scheduling_group_cancelled",
            ),
        )
        indexes = (models.Index(fields=["location", "starts_at"], name="scheduling_group_day"),)

    def __str__(self) -> str:
        return f"{self.starts_on} {self.starts_local:%H:%M}"
