"""Who waits for a time, which times became free, and whom we asked about which."""

from __future__ import annotations

from datetime import datetime, time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician, Location, Room
from practice.models.base import Revisioned
from scheduling.models.appointment_types import AppointmentType
from scheduling.models.bookings import Booking
from treatment_plans.models import PlannedSession

MIDNIGHT = time(0)


class WaitlistEntry(Revisioned):
    """One client who waits for one kind of session. Whatever wish is left empty means: any.

    `weekdays` count from Monday = 0. `times` are pairs of wall times [from, until) in which a session may
    start, on the clock of the location where it takes place; 00:00 as an end means midnight.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        TAKEN = "taken", _("has taken a time")
        WITHDRAWN = "withdrawn", _("no longer wants")
        ENDED = "ended", _("ended by itself")

    LIVE = frozenset({Status.WAITING})

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    appointment_type = models.ForeignKey(
        AppointmentType, models.PROTECT, related_name="+", verbose_name=_("appointment type")
    )
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("planned session"),
    )
    instead_of = models.ForeignKey(
        Booking,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("instead of"),
        help_text=_("The booking that is moved when the client says yes: its time becomes free."),
    )
    locations = models.ManyToManyField(
        Location, related_name="+", through="WaitlistLocation", verbose_name=_("locations")
    )
    clinicians = models.ManyToManyField(
        Clinician,
        related_name="+",
        through="WaitlistClinician",
        blank=True,
        verbose_name=_("only with these clinicians"),
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("weekdays"), default=list, blank=True, size=7
    )
    times = ArrayField(
        ArrayField(models.TimeField(), size=2),
        verbose_name=_("times of day"),
        default=list,
        blank=True,
        size=5,
    )
    earliest_on = models.DateField(_("not before"), null=True, blank=True)
    latest_on = models.DateField(_("not after"), null=True, blank=True)
    notice_minutes = models.PositiveIntegerField(_("notice that the client needs in minutes"), default=0)
    since_at = models.DateTimeField(_("waits since"))
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("added by")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("waitlist entry")
        verbose_name_plural = _("waitlist entries")
        ordering = ("since_at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(status="waiting", closed_at=None)
                | Q(status__in=["taken", "withdrawn", "ended"], closed_at__isnull=False),
                name="scheduling_waitlist_status",
            ),
            models.CheckConstraint(
                condition=Q(earliest_on=None) | Q(latest_on=None) | Q(latest_on__gte=F("earliest_on")),
                name="scheduling_waitlist_dates",
                violation_error_message=_("The last day lies before the first."),
            ),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=[0, 1, 2, 3, 4, 5, 6]),
                name="scheduling_waitlist_weekdays",
                violation_error_message=_("A weekday is 0 (Monday) to 6."),
            ),
            models.CheckConstraint(
                condition=Q(notice_minutes__lte=30 * 24 * 60),
                name="scheduling_waitlist_notice",
                violation_error_message=_("Notice is 30 days at most."),
            ),
            models.UniqueConstraint(
                "planned_session",
                condition=Q(status="waiting", planned_session__isnull=False),
                name="scheduling_waitlist_session_once",
            ),
            models.UniqueConstraint(
                "client",
                "appointment_type",
                condition=Q(status="waiting", planned_session=None),
                name="scheduling_waitlist_type_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["since_at"], condition=Q(status="waiting"), name="scheduling_waitlist_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"{self.appointment_type} · {self.get_status_display()}"

    def clean(self) -> None:
        super().clean()
        self.weekdays = sorted(set(self.weekdays))
        for begin, end in self.times:
            if end != MIDNIGHT and begin >= end:
                raise ValidationError({"times": _("The end lies before the beginning.")})

    @property
    def is_waiting(self) -> bool:
        return self.status in self.LIVE

    @staticmethod
    def waiting() -> QuerySet[WaitlistEntry]:
        """With `last_asked_at`, None for the never asked; a time that someone else took is not counted."""
        asked = ~Q(offers__status__in=WaitlistOffer.NOT_COUNTED)
        return WaitlistEntry.objects.filter(status__in=WaitlistEntry.LIVE).annotate(
            last_asked_at=Max("offers__sent_at", filter=asked)
        )


class WaitlistLocation(models.Model):
    """Where a client would come to."""

    entry = models.ForeignKey(
        WaitlistEntry, models.CASCADE, related_name="+", verbose_name=_("waitlist entry")
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))

    class Meta:
        verbose_name = _("waitlist location")
        verbose_name_plural = _("waitlist locations")

    def __str__(self) -> str:
        return str(self.location)


class WaitlistClinician(models.Model):
    """With whom a client would have the session, of those of the same kind."""

    entry = models.ForeignKey(
        WaitlistEntry, models.CASCADE, related_name="+", verbose_name=_("waitlist entry")
    )
    clinician = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("clinician"))

    class Meta:
        verbose_name = _("waitlist clinician")
        verbose_name_plural = _("waitlist clinicians")

    def __str__(self) -> str:
        return str(self.clinician)


class FreedTime(models.Model):
    """A span [starts_at, ends_at) that became free, and with whom and where. Written by what freed it.

    `look_at` is when the waitlist is gone through for it next.
    """

    class Because(models.TextChoices):
        CANCELLED = "cancelled", _("cancelled")
        MOVED = "moved", _("moved")
        EXPIRED = "expired", _("not confirmed")
        ABSENCE = "absence", _("an absence ended")
        REST = "rest", _("the rest of a time that was taken")
        BY_HAND = "by_hand", _("opened by the desk")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        FILLED = "filled", _("filled from the waitlist")
        GONE = "gone", _("no longer free")
        HIDDEN = "hidden", _("not offered")

    LIVE = frozenset({Status.OPEN})

    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    therapist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("therapist")
    )
    psychiatrist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("psychiatrist")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room")
    )
    because = models.CharField(_("because"), max_length=10, choices=Because.choices)
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("of the booking")
    )
    freed_at = models.DateTimeField(_("freed"))
    look_at = models.DateTimeField(_("asked about next"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("freed time")
        verbose_name_plural = _("freed times")
        ordering = ("starts_at", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduling_freed_order"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None)
                | Q(status__in=["filled", "gone", "hidden"], closed_at__isnull=False),
                name="scheduling_freed_status",
            ),
        )
        indexes = (
            models.Index(fields=["look_at"], condition=Q(status="open"), name="scheduling_freed_look"),
        )

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def is_open(self) -> bool:
        return self.status in self.LIVE


class WaitlistOffer(models.Model):
    """One question to one client: do you want this time? The first yes wins it (`scheduling.waitlist`)."""

    class Status(models.TextChoices):
        OPEN = "open", _("asked")
        ACCEPTED = "accepted", _("yes")
        DECLINED = "declined", _("no")
        LOST = "lost", _("someone else was first")
        EXPIRED = "expired", _("no answer")
        WITHDRAWN = "withdrawn", _("taken back")

    LIVE = frozenset({Status.OPEN})
    WON = frozenset({Status.ACCEPTED})
    NOT_COUNTED = frozenset({Status.LOST, Status.WITHDRAWN})  # it was not up to the client

    entry = models.ForeignKey(
        WaitlistEntry, models.PROTECT, related_name="offers", verbose_name=_("waitlist entry")
    )
    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    freed_time = models.ForeignKey(
        FreedTime, models.PROTECT, related_name="offers", verbose_name=_("freed time")
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    therapist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("therapist")
    )
    psychiatrist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("psychiatrist")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room")
    )
    sent_at = models.DateTimeField(_("asked"))
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    expires_at = models.DateTimeField(_("answer by"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    answered_at = models.DateTimeField(_("closed"), null=True, blank=True)
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("booking")
    )

    class Meta:
        verbose_name = _("waitlist offer")
        verbose_name_plural = _("waitlist offers")
        ordering = ("-sent_at", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduling_offer_order"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("sent_at"), expires_at__lt=F("starts_at")),
                name="scheduling_offer_expiry",
            ),
            models.CheckConstraint(
                condition=Q(status="open", answered_at=None)
                | Q(
                    status__in=["accepted", "declined", "lost", "expired", "withdrawn"],
                    answered_at__isnull=False,
                ),
                name="scheduling_offer_status",
            ),
            models.CheckConstraint(
                condition=Q(status="accepted", booking__isnull=False)
                | (~Q(status="accepted") & Q(booking=None)),
                name="scheduling_offer_accepted_is_booked",
            ),
            models.UniqueConstraint("entry", "freed_time", name="scheduling_offer_once"),
            models.UniqueConstraint(
                "entry", condition=Q(status="open"), name="scheduling_offer_one_question"
            ),
            models.UniqueConstraint(
                "client", "starts_at", condition=Q(status="open"), name="scheduling_offer_once_per_time"
            ),
            models.UniqueConstraint(
                "freed_time", condition=Q(status="accepted"), name="scheduling_offer_one_winner"
            ),
        )
        indexes = (
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="scheduling_offer_open"),
        )

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} UTC · {self.get_status_display()}"

    @property
    def is_open(self) -> bool:
        """Not answered; see `is_over` for whether it still may be."""
        return self.status in self.LIVE

    def is_over(self, now: datetime) -> bool:
        return self.expires_at <= now

    @staticmethod
    def open_at(now: datetime) -> Q:
        """May still be answered: one whose time is over is nobody's, even before it is swept."""
        return Q(status__in=WaitlistOffer.LIVE, expires_at__gt=now)
