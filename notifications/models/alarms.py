from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from treatment_plans.models import DosingRecord


class SessionAlarm(models.Model):
    """Vitals of one session are overdue: since which time, and how often staff was told. Over once recorded.

    Once for each time at which vitals were due; the message names neither the session nor what is missing.
    """

    record = models.ForeignKey(
        DosingRecord, models.PROTECT, related_name="+", verbose_name=_("dosing record")
    )
    due_at = models.DateTimeField(_("was due"))
    raised_at = models.DateTimeField(_("noticed"))
    tell_at = models.DateTimeField(_("to be told from"), null=True, blank=True)
    told_count = models.PositiveSmallIntegerField(_("times told"), default=0)
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    over_at = models.DateTimeField(_("over"), null=True, blank=True)

    class Meta:
        verbose_name = _("session alarm")
        verbose_name_plural = _("session alarms")
        ordering = ("-raised_at", "-pk")
        constraints = (
            models.UniqueConstraint("record", "due_at", name="notifications_session_alarm_once"),
            models.CheckConstraint(
                condition=Q(told_count=0, told_at=None) | Q(told_count__gt=0, told_at__isnull=False),
                name="notifications_session_alarm_told",
            ),
        )
        indexes = (
            models.Index(fields=["tell_at"], condition=Q(over_at=None), name="notifications_session_alarm"),
        )

    def __str__(self) -> str:
        return str(self.record)
