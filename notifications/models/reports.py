"""What providers tell us after they took a message."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.reminders import Message
from practice.models import Channel, Client


class ProviderEvent(models.Model):
    """A report about a message, once however often it comes; `message` is None unless it is a reminder's."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")
        BOUNCED = "bounced", _("sent back")
        COMPLAINED = "complained", _("marked as spam")

    provider = models.CharField(_("provider"), max_length=20)
    event_key = models.CharField(max_length=200)
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, related_name="reports", verbose_name=_("message")
    )
    status = models.CharField(_("report"), max_length=12, choices=Status.choices)
    error_code = models.CharField(_("error"), max_length=60, blank=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("provider's report")
        verbose_name_plural = _("providers' reports")
        ordering = ("-received_at", "-pk")
        constraints = (
            models.UniqueConstraint("provider", "event_key", name="notifications_provider_event_once"),
        )

    def __str__(self) -> str:
        return self.get_status_display()


class UnreachableAddress(models.Model):
    """A client's number or address at which nothing arrives, for good: its channel stays unused.

    Another number counts as reachable. So does this one, once somebody says so (`unreachable.works_again`).
    """

    class Reason(models.TextChoices):
        INVALID = "invalid", _("there is no such number or address")
        LANDLINE = "landline", _("a landline, which takes no texts")
        OPTED_OUT = "opted_out", _("answered STOP")
        BOUNCED = "bounced", _("mail was sent back")
        COMPLAINED = "complained", _("marked our mail as spam")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    value = models.CharField(_("address or number"), max_length=254)
    reason = models.CharField(_("why"), max_length=10, choices=Reason.choices)
    since_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("unreachable address")
        verbose_name_plural = _("unreachable addresses")
        ordering = ("-since_at", "-pk")
        constraints = (
            models.UniqueConstraint("client", "channel", "value", name="notifications_unreachable_once"),
        )

    def __str__(self) -> str:
        return self.get_reason_display()
