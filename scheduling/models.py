from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician, Location, Room
from practice.models.base import Revisioned, validate_time_zone
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

    class Meta:
        verbose_name = _("appointment type")
        verbose_name_plural = _("appointment types")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720),
                name="scheduling_type_duration",
            ),
            models.CheckConstraint(
                condition=Q(start_step_minutes__gte=5, start_step_minutes__lte=720),
                name="scheduling_type_step",
            ),
            models.CheckConstraint(
                condition=(Q(kind="dosing") & ~Q(route="")) | (~Q(kind="dosing") & Q(route="")),
                name="scheduling_type_route_for_dosing",
            ),
        )

    def __str__(self) -> str:
        return self.name


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

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ("appointment_type", "from_minutes", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(role="", room_kind__gt="") | Q(role__gt="", room_kind=""),
                name="scheduling_phase_role_or_room",
            ),
            models.CheckConstraint(
                condition=Q(until_minutes__gt=F("from_minutes")), name="scheduling_phase_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.role or self.room_kind} {self.from_minutes}–{self.until_minutes}"

    @property
    def need(self) -> str:
        """The key of the engine's need: one person or one room serves all phases of the same key."""
        return self.role or f"room:{self.room_kind}"


class Booking(Revisioned):
    """A reserved time. `starts_at` and `ends_at` follow from the promise on the clinic's clock:
    `starts_on`, `starts_local`, `time_zone` and `fold`.
    """

    class Status(models.TextChoices):
        HELD = "held", _("held")
        BOOKED = "booked", _("booked")
        ARRIVED = "arrived", _("arrived")
        IN_SESSION = "in_session", _("in session")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")
        NO_SHOW = "no_show", _("no show")
        EXPIRED = "expired", _("expired")

    LIVE = frozenset({Status.HELD, Status.BOOKED, Status.ARRIVED, Status.IN_SESSION})
    UPCOMING = frozenset({Status.BOOKED})
    FINAL = frozenset({Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW, Status.EXPIRED})

    @staticmethod
    def in_force(now: datetime, *, or_done: bool = False) -> Q:
        """Live at `now`: a held time whose minutes are over is nobody's, even before it is swept."""
        statuses = Booking.LIVE - {Booking.Status.HELD} | ({Booking.Status.COMPLETED} if or_done else set())
        return Q(status__in=statuses) | Q(status=Booking.Status.HELD, held_until__gt=now)

    class Party(models.TextChoices):
        CLIENT = "client", _("the client")
        CLINIC = "clinic", _("the clinic")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("planned session"),
    )
    appointment_type = models.ForeignKey(
        AppointmentType, models.PROTECT, related_name="bookings", verbose_name=_("appointment type")
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    therapist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("therapist")
    )
    psychiatrist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("psychiatrist")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room")
    )
    room_place = models.PositiveSmallIntegerField(_("place in the room"), null=True, blank=True)
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    starts_on = models.DateField(_("day on the clinic's clock"))
    starts_local = models.TimeField(_("start on the clinic's clock"))
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    fold = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices)
    version = models.PositiveIntegerField(_("version of the time"), default=1)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("booked by")
    )
    booked_at = models.DateTimeField(_("booked"), null=True, blank=True)
    moved_at = models.DateTimeField(_("moved"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancelled_by_party = models.CharField(_("cancelled by"), max_length=10, choices=Party.choices, blank=True)
    cancel_reason = models.CharField(_("reason"), max_length=200, blank=True)
    no_show_at = models.DateTimeField(_("marked as no show"), null=True, blank=True)
    expired_at = models.DateTimeField(_("expired"), null=True, blank=True)
    touched_at = models.DateTimeField(_("last change"))

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ("starts_at", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduling_booking_order"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "held",
                        "booked",
                        "arrived",
                        "in_session",
                        "completed",
                        "cancelled",
                        "no_show",
                        "expired",
                    ]
                ),
                name="scheduling_booking_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="held", held_until__isnull=False) | ~Q(status="held"),
                name="scheduling_booking_held_until",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(status=status, **{f"{field}__isnull": False})
                    | (~Q(status=status) & Q(**{f"{field}__isnull": True})),
                    name=f"scheduling_booking_{field}",
                )
                for status, field in (
                    ("completed", "completed_at"),
                    ("cancelled", "cancelled_at"),
                    ("no_show", "no_show_at"),
                    ("expired", "expired_at"),
                )
            ),
            models.UniqueConstraint(
                "planned_session",
                condition=Q(status__in=["held", "booked", "arrived", "in_session", "completed"]),
                name="scheduling_one_booking_per_planned_session",
            ),
        )
        indexes = (
            models.Index(fields=["location", "starts_at"], name="scheduling_booking_day"),
            models.Index(fields=["client", "starts_at"], name="scheduling_booking_client"),
            models.Index(fields=["therapist", "starts_at"], name="scheduling_booking_therapist"),
            models.Index(fields=["touched_at"], name="scheduling_booking_touched"),
            models.Index(fields=["held_until"], condition=Q(status="held"), name="scheduling_booking_holds"),
        )

    def __str__(self) -> str:
        return f"{self.starts_on} {self.starts_local:%H:%M}"

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @property
    def is_dosing(self) -> bool:
        return self.appointment_type.kind == PlannedSession.Kind.DOSING


def _no_overlap(name: str, *keys: str) -> ExclusionConstraint:
    return ExclusionConstraint(
        name=name,
        expressions=[
            *((key, RangeOperators.EQUAL) for key in keys),
            ("occupies", RangeOperators.OVERLAPS),
        ],
    )


class Occupancy(models.Model):
    """One person, place or client taken for one span [from, until), exactly while the booking is live."""

    booking = models.ForeignKey(
        Booking, models.CASCADE, related_name="occupancies", verbose_name=_("booking")
    )
    clinician = models.ForeignKey(
        Clinician, models.PROTECT, null=True, related_name="+", verbose_name=_("clinician")
    )
    room = models.ForeignKey(Room, models.PROTECT, null=True, related_name="+", verbose_name=_("room"))
    room_place = models.PositiveSmallIntegerField(_("place in the room"), null=True)
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="+", verbose_name=_("client"))
    occupies = DateTimeRangeField(_("occupies"))

    class Meta:
        verbose_name = _("occupancy")
        verbose_name_plural = _("occupancies")
        constraints = (
            _no_overlap("scheduling_clinician_no_overlap", "clinician"),
            _no_overlap("scheduling_room_no_overlap", "room", "room_place"),
            _no_overlap("scheduling_client_no_overlap", "client"),
            models.CheckConstraint(
                condition=(
                    Q(clinician__isnull=False, room=None, room_place=None, client=None)
                    | Q(clinician=None, room__isnull=False, room_place__isnull=False, client=None)
                    | Q(clinician=None, room=None, room_place=None, client__isnull=False)
                ),
                name="scheduling_occupancy_takes_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(
                    occupies__isempty=False,
                    occupies__lower_inc=True,
                    occupies__upper_inc=False,
                    occupies__lower_inf=False,
                    occupies__upper_inf=False,
                ),
                name="scheduling_occupancy_half_open",
            ),
        )

    def __str__(self) -> str:
        return str(self.occupies)


class Acknowledgement(models.Model):
    """Who said what about one item, for one start time. The latest counts; a move leaves them behind."""

    class Item(models.TextChoices):
        FASTING = "fasting", _("fasting")
        RIDE = "ride", _("ride home")
        SUPPORT_PERSON = "support_person", _("support person")
        MEDICINE = "medicine", _("medicine in hand")

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        PROBLEM = "problem", _("problem")
        OVERRIDDEN = "overridden", _("overridden by a clinician")

    class Source(models.TextChoices):
        PHONE = "phone", _("by phone")
        IN_PERSON = "in_person", _("in person")
        EMAIL = "email", _("by email")
        SMS = "sms", _("by SMS")
        LINK = "link", _("on the link page")

    class Speaker(models.TextChoices):
        CLIENT = "client", _("the client")
        SUPPORT_PERSON = "support_person", _("the support person")
        STAFF = "staff", _("the clinic's staff")

    booking = models.ForeignKey(
        Booking, models.PROTECT, related_name="acknowledgements", verbose_name=_("booking")
    )
    item = models.CharField(_("item"), max_length=20, choices=Item.choices)
    for_starts_at = models.DateTimeField(_("for the start at"))
    answer = models.CharField(_("answer"), max_length=12, choices=Answer.choices)
    said_by = models.CharField(_("said by"), max_length=20, choices=Speaker.choices)
    source = models.CharField(_("how"), max_length=12, choices=Source.choices)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        ordering = ("booking", "recorded_at", "pk")
        indexes = (models.Index(fields=["booking", "item"], name="scheduling_ack_booking_item"),)

    def __str__(self) -> str:
        return f"{self.get_item_display()}: {self.get_answer_display()}"
