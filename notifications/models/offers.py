from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Channel, Client
from scheduling.models import WaitlistOffer


class OfferMessage(models.Model):
    """The telling of one waitlist offer on one channel. Begun at most once, whatever became of it.

    An offer ends within hours and the next one asks the next client, so nothing is looked up or repeated
    after the provider was called.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("to be sent")
        BEGUN = "begun", _("given to the provider")
        TAKEN = "taken", _("accepted by the provider")
        REFUSED = "refused", _("refused by the provider")
        NOT_SENT = "not_sent", _("not sent: the offer was over, or it was night")

    offer = models.ForeignKey(WaitlistOffer, models.PROTECT, related_name="+", verbose_name=_("offer"))
    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("no use after"))
    token = models.UUIDField(unique=True, null=True, blank=True)
    recipient = models.CharField(_("to"), max_length=254, blank=True)
    begun_at = models.DateTimeField(_("provider called"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    provider = models.CharField(_("provider"), max_length=20, blank=True)
    provider_ref = models.CharField(_("provider's reference"), max_length=120, blank=True)
    error_code = models.CharField(_("error"), max_length=60, blank=True)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("offer's message")
        verbose_name_plural = _("offers' messages")
        ordering = ("-due_at", "-pk")
        constraints = (
            models.UniqueConstraint("offer", "channel", name="notifications_offer_told_once"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("due_at")) | Q(state="not_sent"),
                name="notifications_offer_expiry",
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="notifications_offer_due"),
        )

    def __str__(self) -> str:
        return f"{self.offer_id}, {self.get_channel_display()}"
