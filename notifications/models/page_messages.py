from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Channel, Client
from scheduling.models import WaitlistOffer
from treatment_plans.models import ScreeningSheet


class PageMessage(models.Model):
    """The telling of a page that is about no booking, on one channel (docs/lifecycles.md).

    An offer ends within hours and the next one asks the next client; who did not get the link of a form is
    sent another. So nothing is looked up or repeated unless the provider certainly did not take it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("to be sent")
        BEGUN = "begun", _("given to the provider")
        TAKEN = "taken", _("accepted by the provider")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")
        REFUSED = "refused", _("refused by the provider")
        NOT_SENT = "not_sent", _("not sent: it was over, or it was night")

    # What a provider's report may make of what it was given.
    REPORTED = frozenset(
        {
            (State.BEGUN, State.TAKEN),
            (State.BEGUN, State.DELIVERED),
            (State.BEGUN, State.UNDELIVERED),
            (State.TAKEN, State.DELIVERED),
            (State.TAKEN, State.UNDELIVERED),
        }
    )

    offer = models.ForeignKey(
        WaitlistOffer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("offer")
    )
    sheet = models.ForeignKey(
        ScreeningSheet,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("screening sheet"),
    )
    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.WAITING)
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
        verbose_name = _("message of a page")
        verbose_name_plural = _("messages of pages")
        ordering = ("-due_at", "-pk")
        constraints = (
            models.UniqueConstraint("offer", "channel", name="notifications_offer_told_once"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("due_at")) | Q(state="not_sent"),
                name="notifications_page_expiry",
            ),
            models.CheckConstraint(
                condition=Q(offer__isnull=False, sheet=None) | Q(offer=None, sheet__isnull=False),
                name="notifications_page_is_one",
            ),
            models.UniqueConstraint(
                "sheet",
                condition=Q(state="waiting", sheet__isnull=False),
                name="notifications_sheet_one_waiting",
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="notifications_page_due"),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.pk}"
