"""Calendars that leave us under secret addresses, and calendars that we read for when a clinician is busy."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician, Room


class Feed(models.Model):
    """A calendar of one clinician, room or client under one secret address, of which we keep a digest."""

    clinician = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("clinician")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room")
    )
    client = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("client")
    )
    label = models.CharField(
        _("label"), max_length=40, blank=True, help_text=_("Where it is used: a phone, a wall screen.")
    )
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_fetched_at = models.DateTimeField(_("last read, to the hour"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=(
                    Q(clinician__isnull=False, room=None, client=None)
                    | Q(clinician=None, room__isnull=False, client=None)
                    | Q(clinician=None, room=None, client__isnull=False)
                ),
                name="scheduling_feed_is_about_one",
            ),
        )

    def __str__(self) -> str:
        return self.label or f"{self._meta.verbose_name} {self.pk}"

    @property
    def subject(self) -> Clinician | Room | Client:
        found = self.clinician or self.room or self.client
        assert found is not None
        return found


class BusyCalendar(models.Model):
    """A clinician's own calendar at another provider. Its address is a secret, and is never shown again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("not read yet")
        CURRENT = "current", _("read")
        FAILING = "failing", _("can't be read")
        STOPPED = "stopped", _("no longer read")

    clinician = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("clinician"))
    url = models.CharField(_("address"), max_length=1000)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("to be read at"))
    checked_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    fetched_at = models.DateTimeField(_("as of"), null=True, blank=True)
    covers_until = models.DateTimeField(_("covers until"), null=True, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    last_error_code = models.CharField(_("last error"), max_length=40, blank=True)
    failure_count = models.PositiveIntegerField(_("failures in a row"), default=0)
    unread_count = models.PositiveIntegerField(_("events that make no sense"), default=0)

    class Meta:
        verbose_name = _("busy calendar")
        verbose_name_plural = _("busy calendars")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                "clinician", "url", condition=Q(is_active=True), name="scheduling_busy_calendar_unique"
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(is_active=True), name="scheduling_busy_calendar_due"),
        )

    def __str__(self) -> str:
        return self.host

    @property
    def host(self) -> str:
        """All of the address that may be shown."""
        return urlsplit(self.url).hostname or ""

    @property
    def state(self) -> str:
        if not self.is_active:
            return self.State.STOPPED
        if self.last_error_code:
            return self.State.FAILING
        return self.State.CURRENT if self.fetched_at else self.State.WAITING

    def age(self, *, now: datetime) -> timedelta | None:
        """How old what we know is; None while we know nothing."""
        return None if self.fetched_at is None else max(timedelta(0), now - self.fetched_at)


class BusyTime(models.Model):
    """A span [from, until) in which the calendar has something. We keep no more of it than that."""

    calendar = models.ForeignKey(
        BusyCalendar,
        models.CASCADE,
        related_name="busy_times",
        db_index=False,  # PostgreSQL would take this index instead of the other, which is 25 times as fast
        verbose_name=_("calendar"),
    )
    span = DateTimeRangeField(_("busy"))

    class Meta:
        verbose_name = _("busy time")
        verbose_name_plural = _("busy times")
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    span__isempty=False,
                    span__lower_inc=True,
                    span__upper_inc=False,
                    span__lower_inf=False,
                    span__upper_inf=False,
                ),
                name="scheduling_busy_time_half_open",
            ),
        )
        indexes = (GistIndex(fields=["calendar", "span"], name="scheduling_busy_time_span"),)

    def __str__(self) -> str:
        return str(self.span)
