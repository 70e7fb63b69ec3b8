from __future__ import annotations

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Role, User
from practice.models.base import Revisioned


class StaffKind(models.TextChoices):
    PRESCRIPTION_EXPIRING = "prescription_expiring", _("prescription expires")
    CLEARANCE_EXPIRING = "clearance_expiring", _("clearance expires")
    CONSENT_EXPIRING = "consent_expiring", _("consent expires")
    LICENCE_EXPIRING = "licence_expiring", _("licence expires")
    REMS_FORM_DUE = "rems_form_due", _("monitoring form is due")
    VITALS_OVERDUE = "vitals_overdue", _("nobody attends to a session")
    FAILED_MESSAGES = "failed_messages", _("messages that need a person")
    SENDING_STOPPED = "sending_stopped", _("sending has stopped")


class StaffRule(Revisioned):
    """Who of the staff is told of one kind of matter, how many days ahead, and at what time of the day."""

    kind = models.CharField(_("about"), max_length=24, choices=StaffKind.choices, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    days_before = models.PositiveSmallIntegerField(_("days before"), default=14)
    local = models.TimeField(
        _("at this time of day"), default=time(7, 30), help_text=_("By the clock of the practice.")
    )
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices),
        verbose_name=_("roles"),
        default=list,
        blank=True,
    )
    to_responsible = models.BooleanField(
        _("to the clinician whose it is"),
        default=True,
        help_text=_("Who prescribed, decided, or is licensed."),
    )

    class Meta:
        verbose_name = _("staff rule")
        verbose_name_plural = _("staff rules")
        ordering = ("kind",)

    def __str__(self) -> str:
        return self.get_kind_display()


class StaffNotice(models.Model):
    """Something that one member of staff is to hear of, in the next digest. About a row, by its id alone.

    A digest may come twice when a worker dies at the wrong moment: that harms nobody, and a lost one might.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("to"))
    kind = models.CharField(_("about"), max_length=24, choices=StaffKind.choices)
    subject_type = models.CharField(_("kind of record"), max_length=60)
    subject_id = models.BigIntegerField(_("number of the record"))
    client = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("client")
    )
    on = models.DateField(_("day"), help_text=_("The last valid day, or the day it happened."))
    due_at = models.DateTimeField(_("to be told from"))
    raised_at = models.DateTimeField(_("noticed"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("staff notice")
        verbose_name_plural = _("staff notices")
        ordering = ("-due_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                "user", "kind", "subject_type", "subject_id", "on", name="notifications_notice_once"
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(sent_at=None), name="notifications_notice_due"),
        )

    def __str__(self) -> str:
        return self.get_kind_display()
