from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Room
from practice.models.base import Revisioned
from treatment_plans.models import PlannedSession, Route


class AppointmentType(Revisioned):
    """What can be booked: how long it takes, on which starts, how early, and who and what it needs when."""

    class Modality(models.TextChoices):
        IN_PERSON = "in_person", _("in person")
        TELEHEALTH = "telehealth", _("telehealth")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=20, choices=PlannedSession.Kind.choices)
    route = models.CharField(_("route"), max_length=20, choices=Route.choices, blank=True)
    modality = models.CharField(
        _("modality"), max_length=20, choices=Modality.choices, default=Modality.IN_PERSON
    )
    duration_minutes = models.PositiveSmallIntegerField(_("minutes"))
    start_step_minutes = models.PositiveSmallIntegerField(_("starts every … minutes"), default=15)
    min_notice_minutes = models.PositiveIntegerField(_("notice in minutes"), default=0)
    horizon_days = models.PositiveSmallIntegerField(_("bookable … days ahead"), default=180)
    is_active = models.BooleanField(_("active"), default=True)
    most_members = models.PositiveSmallIntegerField(
        _("most clients"),
        default=1,
        help_text=_("More than one makes it a group session, which clients join."),
    )

    class Meta:
        verbose_name = _("appointment type")
        verbose_name_plural = _("appointment types")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720),
                name="scheduling_type_duration",
                violation_error_message=_("A session takes 5 to 720 minutes."),
            ),
            models.CheckConstraint(
                condition=Q(start_step_minutes__gte=5, start_step_minutes__lte=720),
                name="scheduling_type_step",
                violation_error_message=_("Starts lie 5 to 720 minutes apart."),
            ),
            models.CheckConstraint(
                condition=Q(most_members__gte=1, most_members__lte=50),
                name="scheduling_type_members",
                violation_error_message=_("A session has 1 to 50 clients."),
            ),
            models.CheckConstraint(
                condition=(Q(kind="dosing") & ~Q(route="")) | (~Q(kind="dosing") & Q(route="")),
                name="scheduling_type_route_for_dosing",
                violation_error_message=_("A dosing session has a route, and no other has one."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_group(self) -> bool:
        return self.most_members > 1


class Phase(models.Model):
    """A role or a kind of room that a session needs from one offset to another, in minutes from its start.

    Set-up and cleaning are part of the span: a room from -15 to 165 for a session of 150 minutes.
    """

    class Role(models.TextChoices):
        THERAPIST = "therapist", _("therapist")
        PSYCHIATRIST = "psychiatrist", _("psychiatrist")

    appointment_type = models.ForeignKey(
        AppointmentType, models.CASCADE, related_name="phases", verbose_name=_("appointment type")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, blank=True)
    room_kind = models.CharField(_("kind of room"), max_length=10, choices=Room.Kind.choices, blank=True)
    from_minutes = models.SmallIntegerField(_("from minute"))
    until_minutes = models.SmallIntegerField(_("until minute"))
    people = models.PositiveSmallIntegerField(
        _("how many"), default=1, help_text=_("Two therapists at once: of group sessions only.")
    )

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ("appointment_type", "from_minutes", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(role="", room_kind__gt="") | Q(role__gt="", room_kind=""),
                name="scheduling_phase_role_or_room",
                violation_error_message=_("A phase takes either a person or a room."),
            ),
            models.CheckConstraint(
                condition=Q(until_minutes__gt=F("from_minutes")),
                name="scheduling_phase_order",
                violation_error_message=_("The end lies before the beginning."),
            ),
            models.CheckConstraint(
                condition=Q(people=1) | Q(people=2, role="therapist"),
                name="scheduling_phase_people",
                violation_error_message=_("At most two, and only of therapists."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.role or self.room_kind} {self.from_minutes}–{self.until_minutes}"

    @property
    def need(self) -> str:
        """The key of the engine's need: one person or one room serves all phases of the same key."""
        return self.role or f"room:{self.room_kind}"
