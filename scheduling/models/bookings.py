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
from scheduling.models.appointment_types import AppointmentType
from scheduling.models.groups import GroupSession
from treatment_plans.models import PlannedSession


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
    HERE = frozenset({Status.ARRIVED, Status.IN_SESSION})
    FINAL = frozenset({Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW, Status.EXPIRED})

    @staticmethod
    def hold_is_over(now: datetime, *, path: str = "") -> Q:
        """Held for minutes that are over by `now`. `path` leads to the booking, such as "booking__"."""
        return Q(**{f"{path}status": Booking.Status.HELD, f"{path}held_until__lte": now})

    @staticmethod
    def hold_lasts(now: datetime) -> Q:
        return Q(status=Booking.Status.HELD, held_until__gt=now)

    @staticmethod
    def in_force(now: datetime, *, or_done: bool = False) -> Q:
        """Live at `now`: a held time whose minutes are over is nobody's, even before it is swept."""
        statuses = Booking.LIVE - {Booking.Status.HELD} | ({Booking.Status.COMPLETED} if or_done else set())
        return Q(status__in=statuses) | Booking.hold_lasts(now)

    class Party(models.TextChoices):
        CLIENT = "client", _("the client")
        CLINIC = "clinic", _("the clinic")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    group_session = models.ForeignKey(
        GroupSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="members",
        verbose_name=_("group session"),
    )
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
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,  # the client, by a link
        blank=True,
        related_name="+",
        verbose_name=_("booked by"),
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
            models.Index(fields=["starts_at", "id"], name="scheduling_booking_by_time"),
            models.Index(fields=["starts_on", "location"], name="scheduling_booking_board"),
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
    def is_here(self) -> bool:
        """The client has come, and the session is not over."""
        return self.status in self.HERE

    @property
    def is_in_session(self) -> bool:
        return self.status == self.Status.IN_SESSION

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
        Booking, models.CASCADE, null=True, related_name="occupancies", verbose_name=_("booking")
    )
    group_session = models.ForeignKey(
        GroupSession,
        models.CASCADE,
        null=True,
        related_name="occupancies",
        verbose_name=_("group session"),
    )
    # With plain indexes too: GiST knows no bigint = integer, which is what an id in a query's text is.
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
                condition=Q(booking__isnull=False, group_session=None)
                | Q(booking=None, group_session__isnull=False, client=None),
                name="scheduling_occupancy_of_one_session",
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
