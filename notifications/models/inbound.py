"""What clients say to us, and what a person must settle because of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client
from practice.models.base import Revisioned
from scheduling.models import Booking


class InboundMessage(models.Model):
    """A text that came in. The provider's reference makes a repeated delivery the same one."""

    class Meaning(models.TextChoices):
        CONFIRM = "confirm", _("confirms")
        NO = "no", _("says no")
        MOVE = "move", _("wants another time")
        MORE = "more", _("wants the link again")
        RIDE = "ride", _("has a ride")
        CALL = "call", _("wants a call")
        STOP = "stop", _("wants no more texts")
        START = "start", _("wants texts again")
        HELP = "help", _("asks for help")
        UNSAFE = "unsafe", _("may not be safe")
        UNCLEAR = "unclear", _("for a person to read")

    provider = models.CharField(_("provider"), max_length=20)
    provider_ref = models.CharField(_("provider's reference"), max_length=120)
    sender = models.CharField(_("from"), max_length=254)
    body = models.TextField(_("text"))
    received_at = models.DateTimeField(_("received"))
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="+", verbose_name=_("client"))
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, related_name="+", verbose_name=_("booking")
    )
    meaning = models.CharField(_("understood as"), max_length=10, choices=Meaning.choices)
    answer = models.CharField(_("answered with"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ("-received_at", "-pk")
        constraints = (
            models.UniqueConstraint("provider", "provider_ref", name="notifications_inbound_once"),
        )
        indexes = (
            models.Index(fields=["client", "-received_at"], name="notifications_inbound_client"),
            models.Index(fields=["sender", "-received_at"], name="notifications_inbound_sender"),
        )

    def __str__(self) -> str:
        return self.get_meaning_display()


class DeskTask(Revisioned):
    """Something a client asked or told us that a person must settle. Done means: with an outcome.

    `detail` has the client's own words or choices. An unsafe reply is told to whoever is on call at
    once (`alerted_at`), again until they were reached, and stays until somebody says what they did.
    """

    class Kind(models.TextChoices):
        UNSAFE = "unsafe", _("may not be safe: call now")
        CALL = "call", _("wants a call")
        NOT_READY = "not_ready", _("can't get ready alone")
        MOVE = "move", _("wants another time")
        REPLY = "reply", _("wrote something to read")
        WHO = "who", _("wrote from a number that is not one client's")
        TEXTS = "texts", _("wants texts again")
        LOCKED = "locked", _("gave a wrong birth date five times")

    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="+", verbose_name=_("client"))
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, related_name="+", verbose_name=_("booking")
    )
    reply = models.ForeignKey(
        InboundMessage, models.PROTECT, null=True, related_name="tasks", verbose_name=_("reply")
    )
    item = models.CharField(_("item"), max_length=20, blank=True)
    detail = models.TextField(_("in their words"), blank=True)
    created_at = models.DateTimeField(_("since"))
    taken_at = models.DateTimeField(_("taken"), null=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("taken by")
    )
    next_alert_at = models.DateTimeField(_("next alert"), null=True)
    alerted_at = models.DateTimeField(_("told to whoever is on call"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("done by")
    )
    outcome = models.CharField(_("what came of it"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("desk task")
        verbose_name_plural = _("desk tasks")
        ordering = ("created_at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None, outcome="")
                | Q(done_at__isnull=False, done_by__isnull=False, outcome__gt=""),
                name="notifications_task_done",
            ),
            models.CheckConstraint(
                condition=Q(taken_at=None, taken_by=None) | Q(taken_at__isnull=False, taken_by__isnull=False),
                name="notifications_task_taken",
            ),
        )
        indexes = (
            models.Index(fields=["created_at"], condition=Q(done_at=None), name="notifications_task_open"),
            models.Index(
                fields=["next_alert_at"],
                condition=Q(alerted_at=None, next_alert_at__isnull=False),
                name="notifications_task_alert",
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()
