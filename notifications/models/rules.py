from __future__ import annotations

from datetime import time
from typing import cast

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import rule_checks, rules
from notifications.models.reminders import Reminder
from practice.models import Channel, User
from practice.models.base import Revisioned
from treatment_plans.models import PlannedSession


class ReminderRule(Revisioned):
    """When one kind of message goes out. Takes the place of the shipped rule of its kind."""

    class Anchor(models.TextChoices):
        NEWS = "news", _("the booking, its move or cancellation")
        START = "start", _("start of the session")
        END = "end", _("end of the session")
        WINDOW = "window", _("when a questionnaire falls due")

    class Light(models.TextChoices):
        FASTING = "fasting", _("fasting")
        RIDE = "ride", _("ride home")
        SUPPORT_PERSON = "support_person", _("support person")
        MEDICINE = "medicine", _("medicine")

    kind = models.CharField(_("about"), max_length=20, choices=Reminder.Kind.choices, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    anchor = models.CharField(_("counted from"), max_length=8, choices=Anchor.choices)
    offset_minutes = models.IntegerField(
        _("minutes after it"), default=0, help_text=_("Before it with a minus: -120 is two hours before.")
    )
    days = models.SmallIntegerField(
        _("days after it"), default=0, help_text=_("Before it with a minus. Only with a time of day.")
    )
    local = models.TimeField(
        _("at this time of day"), null=True, blank=True, help_text=_("By the client's clock.")
    )
    lasts_minutes = models.PositiveIntegerField(
        _("of no use after minutes"), null=True, blank=True, help_text=_("Counted from when it was due.")
    )
    last_call_minutes = models.PositiveIntegerField(
        _("not in the last minutes before"),
        null=True,
        blank=True,
        help_text=_("Before the start; for fasting, before the first time to stop."),
    )
    channels = ArrayField(
        models.CharField(max_length=5, choices=Channel.choices),
        verbose_name=_("channels, preferred first"),
        help_text=_("The next one is used when the client can't be reached by the first."),
    )
    on_all_channels = models.BooleanField(_("on all of them at once"), default=False)
    session_kinds = ArrayField(
        models.CharField(max_length=20, choices=PlannedSession.Kind.choices),
        verbose_name=_("only for sessions of kind"),
        default=list,
        blank=True,
    )
    asks = ArrayField(
        models.CharField(max_length=20, choices=Light.choices),
        verbose_name=_("left out when these are ready"),
        default=list,
        blank=True,
    )
    skip_if_confirmed = models.BooleanField(_("left out when everything is ready"), default=False)
    gap_minutes = models.PositiveIntegerField(_("left out for who booked within minutes before"), default=0)

    class Meta:
        verbose_name = _("reminder rule")
        verbose_name_plural = _("reminder rules")
        ordering = ("kind",)
        constraints = (
            models.CheckConstraint(
                condition=Q(lasts_minutes__isnull=False) | Q(last_call_minutes__isnull=False),
                name="notifications_rule_ends",
                violation_error_message=_("Say from when on it is of no use."),
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()

    def clean(self) -> None:
        """Raises ValidationError with all reasons why this rule would say something too late or never."""
        super().clean()
        found = rule_checks.rule_blockers(self.value(), SendingPolicy.load().value(()))
        if found:
            raise ValidationError([ValidationError(why.text(gettext), code=why.code) for why in found])

    def value(self) -> rules.Rule:
        return rules.Rule(
            kind=cast(rules.Kind, self.kind),
            anchor=cast(rules.Anchor, self.anchor),
            offset_minutes=self.offset_minutes or 0,
            days=self.days or 0,
            local=self.local,
            lasts_minutes=self.lasts_minutes,
            last_call_minutes=self.last_call_minutes,
            channels=tuple(cast(list[rules.Channel], self.channels or [])),
            on_all_channels=self.on_all_channels,
            session_kinds=frozenset(self.session_kinds or ()),
            asks=frozenset(self.asks or ()),
            skip_if_confirmed=self.skip_if_confirmed,
            gap_minutes=self.gap_minutes or 0,
            is_active=self.is_active,
        )

    @classmethod
    def of(cls, rule: rules.Rule) -> ReminderRule:
        """The row that says what `rule` says, not saved."""
        return cls(
            kind=rule.kind,
            anchor=rule.anchor,
            offset_minutes=rule.offset_minutes,
            days=rule.days,
            local=rule.local,
            lasts_minutes=rule.lasts_minutes,
            last_call_minutes=rule.last_call_minutes,
            channels=list(rule.channels),
            on_all_channels=rule.on_all_channels,
            session_kinds=sorted(rule.session_kinds),
            asks=sorted(rule.asks),
            skip_if_confirmed=rule.skip_if_confirmed,
            gap_minutes=rule.gap_minutes,
            is_active=rule.is_active,
        )


class SendingPolicy(Revisioned):
    """How a practice sends, whatever it sends. One row at most; without one, what is written here."""

    day_starts_local = models.TimeField(_("no message before"), default=time(8))
    evening_local = models.TimeField(
        _("evening"), default=time(19), help_text=_("Where a message goes that can't wait for the morning.")
    )
    day_ends_local = models.TimeField(_("no message from"), default=time(20))
    quiet_period_minutes = models.PositiveSmallIntegerField(_("wait before the first message"), default=3)
    texts_per_day = models.PositiveSmallIntegerField(
        _("texts a day"),
        default=1,
        help_text=_("To one client; what is about safety or a changed time is not counted. 0: no limit."),
    )
    texts_per_week = models.PositiveSmallIntegerField(_("texts in seven days"), default=3)
    client_per_hour = models.PositiveSmallIntegerField(
        _("most messages to one client in an hour"), default=30, help_text=_("0: no limit.")
    )
    practice_per_minute = models.PositiveIntegerField(
        _("most messages of the practice in a minute"),
        default=600,
        help_text=_("At this many, sending stops until a person starts it again. 0: no limit."),
    )

    call_list_local = models.TimeField(
        _("call list from"),
        default=time(19),
        help_text=_("Who has not opened the page for the next day by then is to be called."),
    )

    class Meta:
        verbose_name = _("sending policy")
        verbose_name_plural = _("sending policy")
        constraints = (
            models.CheckConstraint(
                condition=Q(pk=1),
                name="notifications_one_policy",
                violation_error_message=_("There is a policy already: change that one."),
            ),
            models.CheckConstraint(
                condition=Q(day_starts_local__lt=F("evening_local"), evening_local__lt=F("day_ends_local")),
                name="notifications_policy_day",
                violation_error_message=_("The evening lies inside the day."),
            ),
        )

    def __str__(self) -> str:
        return gettext("Sending policy")

    @classmethod
    def load(cls) -> SendingPolicy:
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    def value(self, of_rules: tuple[rules.Rule, ...]) -> rules.Policy:
        return rules.Policy(
            day_starts_local=self.day_starts_local,
            evening_local=self.evening_local,
            day_ends_local=self.day_ends_local,
            quiet_period_minutes=self.quiet_period_minutes,
            rules=of_rules,
        )


class Switch(models.Model):
    """Stops everything, a channel, a provider or a kind of message while `is_off`; read inside the claim."""

    class Scope(models.TextChoices):
        EVERYTHING = "everything", _("everything")
        CHANNEL = "channel", _("channel")
        PROVIDER = "provider", _("provider")
        KIND = "kind", _("kind of message")

    scope = models.CharField(_("stops"), max_length=10, choices=Scope.choices)
    value = models.CharField(_("which"), max_length=20, blank=True)
    is_off = models.BooleanField(_("off"), default=False)
    reason = models.CharField(_("why"), max_length=200)
    changed_at = models.DateTimeField(_("changed"))
    changed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")
        ordering = ("scope", "value")
        constraints = (
            models.UniqueConstraint("scope", "value", name="notifications_switch_once"),
            models.CheckConstraint(
                condition=(Q(scope="everything") & Q(value="")) | (~Q(scope="everything") & Q(value__gt="")),
                name="notifications_switch_value",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.value}".strip()
