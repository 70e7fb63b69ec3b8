from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Channel, Client, User
from scheduling.models import Booking


class Reminder(models.Model):
    """A wanted message about one version of a booking's time, and how far it got (docs/lifecycles.md).

    A trigger refuses every change of state that `EDGES` does not have.
    """

    class Kind(models.TextChoices):
        BOOKED = "booked", _("booked")
        RIDE_AND_SUPPORT = "ride_and_support", _("ride home and support person")
        FASTING = "fasting", _("fasting")
        MORNING_OF = "morning_of", _("morning of the session")
        AFTERCARE = "aftercare", _("care after the session")
        INTEGRATION_PROMPT = "integration_prompt", _("integration prompt")
        MOVED = "moved", _("moved")
        CANCELLED = "cancelled", _("cancelled")
        MEASURE_BEFORE = "measure_before", _("questionnaire before the session")
        BRING_MEDICINE = "bring_medicine", _("medicine to bring")
        INTENTION = "intention", _("intention")
        SUPPORT_PERSON = "support_person", _("pick-up, to the support person")
        MEASURE_AFTER = "measure_after", _("questionnaire after the session")
        WAITLIST_OFFER = "waitlist_offer", _("a sooner time")
        FORM_TO_FILL = "form_to_fill", _("a form to fill")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")
        SKIPPED = "skipped", _("not sent on purpose")
        FAILED = "failed", _("refused by the provider")
        UNKNOWN = "unknown", _("not known whether it was sent")
        DEAD = "dead", _("given up: a person must look")

    EDGES = frozenset(
        {
            (State.PLANNED, State.SENDING),
            (State.PLANNED, State.SKIPPED),
            (State.PLANNED, State.DEAD),
            (State.SKIPPED, State.PLANNED),  # for the reasons in MAY_COME_BACK
            (State.SENDING, State.SENT),
            (State.SENDING, State.PLANNED),
            (State.SENDING, State.FAILED),
            (State.SENDING, State.UNKNOWN),
            (State.UNKNOWN, State.SENT),
            (State.UNKNOWN, State.PLANNED),
            (State.UNKNOWN, State.DEAD),
            (State.FAILED, State.PLANNED),  # when the number or the address was put right
            (State.DEAD, State.PLANNED),  # when a person asks for it
            (State.UNDELIVERED, State.PLANNED),  # when a person asks for it
            (State.SENT, State.DELIVERED),
            (State.SENT, State.UNDELIVERED),
        }
    )
    MAY_HAVE_GONE_OUT = frozenset(
        {State.SENDING, State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN}
    )
    BROKEN = "broken"  # the error of what could not even be worded
    CARRIED = frozenset({State.PLANNED, State.SENDING, State.SENT, State.DELIVERED})  # or will be
    NEEDS_A_PERSON = frozenset({State.FAILED, State.DEAD, State.UNDELIVERED, State.UNKNOWN})

    class Skip(models.TextChoices):
        CANCELLED = "cancelled", _("the session is over or cancelled")
        MOVED = "moved", _("the session was moved")
        NOT_NEEDED = "not_needed", _("answered before it was due")
        TOO_LATE = "too_late", _("too late to be of use")
        NO_CHANNEL = "no_channel", _("there is no channel on which the client can and wants to be reached")
        QUIET_HOURS = "quiet_hours", _("no time outside the quiet hours was left")
        WORDING = "wording", _("the wording broke a rule")
        CAPPED = "capped", _("the client got as many texts as agreed")
        CEILING = "ceiling", _("unusually many messages to one client")

    class Settled(models.TextChoices):
        PHONE = "phone", _("told by phone")
        OTHER_CHANNEL = "other_way", _("sent another way")
        NOT_NEEDED = "not_needed", _("no longer matters")

    # What was answered may be open again, and who could not be reached may be reachable again.
    MAY_COME_BACK = frozenset({Skip.NOT_NEEDED, Skip.NO_CHANNEL})

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="+", verbose_name=_("booking"))
    booking_version = models.PositiveIntegerField(_("version of the time"))
    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    kind = models.CharField(_("about"), max_length=20, choices=Kind.choices)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices, blank=True)
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("no use after"))
    next_attempt_at = models.DateTimeField(_("next attempt"))
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PLANNED)
    skip_reason = models.CharField(_("why not sent"), max_length=12, choices=Skip.choices, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error_code = models.CharField(_("last error"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("planned"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked for by")
    )
    settled_at = models.DateTimeField(_("settled by a person"), null=True, blank=True)
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )
    settled_how = models.CharField(_("how"), max_length=12, choices=Settled.choices, blank=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ("due_at", "pk")
        constraints = (
            models.UniqueConstraint(
                "booking", "booking_version", "kind", "channel", name="notifications_reminder_once"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("due_at")), name="notifications_reminder_expiry"
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_token__isnull=False, lease_until__isnull=False)
                | ~Q(state="sending"),
                name="notifications_reminder_lease",
            ),
            models.CheckConstraint(
                condition=Q(state="skipped", skip_reason__gt="") | (~Q(state="skipped") & Q(skip_reason="")),
                name="notifications_reminder_skip_reason",
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None, settled_how="")
                | Q(settled_at__isnull=False, settled_by__isnull=False, settled_how__gt=""),
                name="notifications_reminder_settled",
            ),
        )
        indexes = (
            # what the sweep asks for: planned rows that are due, oldest first
            models.Index(fields=["next_attempt_at"], condition=Q(state="planned"), name="notifications_due"),
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["sending", "unknown"]),
                name="notifications_leased",
            ),
            models.Index(fields=["client", "-due_at"], name="notifications_client"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_channel_display()}"

    @property
    def is_unknown(self) -> bool:
        return self.state == self.State.UNKNOWN

    @property
    def may_have_gone_out(self) -> bool:
        """Whether the client may have it. A dead one may, unless it died before any provider was called."""
        if self.state == self.State.DEAD:
            return self.last_error_code != self.BROKEN
        return self.state in self.MAY_HAVE_GONE_OUT


class Message(models.Model):
    """One attempt to send a reminder. `token` is its lease and the provider's idempotency key."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("being sent")
        ACCEPTED = "accepted", _("accepted by the provider")
        REFUSED = "refused", _("refused by the provider")
        UNKNOWN = "unknown", _("no answer")

    reminder = models.ForeignKey(
        Reminder, models.PROTECT, related_name="messages", verbose_name=_("reminder")
    )
    token = models.UUIDField(unique=True)
    recipient = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    started_at = models.DateTimeField(_("started"))
    begun_at = models.DateTimeField(_("provider called"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    provider = models.CharField(_("provider"), max_length=20, blank=True)
    provider_ref = models.CharField(_("provider's reference"), max_length=120, blank=True)
    error_code = models.CharField(_("error"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("-started_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                "provider",
                "provider_ref",
                condition=~Q(provider_ref=""),
                name="notifications_message_provider_ref",
            ),
            models.UniqueConstraint(
                "reminder", condition=Q(outcome="open"), name="notifications_message_one_open"
            ),
        )
        # what the ceilings count: the last minute, the last hour
        indexes = (models.Index(fields=["started_at"], name="notifications_started"),)

    def __str__(self) -> str:
        return f"{self.reminder_id} {self.get_outcome_display()}"


class ReminderEvent(models.Model):
    """How a reminder got from one state to the next. Append-only."""

    reminder = models.ForeignKey(Reminder, models.PROTECT, related_name="events", verbose_name=_("reminder"))
    at = models.DateTimeField(_("when"))
    from_state = models.CharField(_("from"), max_length=12, choices=Reminder.State.choices, blank=True)
    to_state = models.CharField(_("to"), max_length=12, choices=Reminder.State.choices)
    detail = models.CharField(_("why"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("reminder event")
        verbose_name_plural = _("reminder events")
        ordering = ("reminder", "at", "pk")

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"


class OutboxMessage(models.Model):
    """Where messages go in the demo clinic, which has no provider."""

    token = models.UUIDField(unique=True)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    recipient = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    created_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("message in the outbox")
        verbose_name_plural = _("outbox")
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.get_channel_display()
