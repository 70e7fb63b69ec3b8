from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models.reminders import Reminder
from practice.models import Channel, Client, User


class MessageTemplate(models.Model):
    """One version of the words of a message. The one in use takes the place of the shipped file."""

    kind = models.CharField(_("about"), max_length=20, choices=Reminder.Kind.choices)
    language = models.CharField(_("language"), max_length=2, choices=Client.Language.choices)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    detail = models.CharField(_("level"), max_length=10, choices=Client.MessageDetail.choices)
    version = models.PositiveIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), max_length=5000)
    is_in_use = models.BooleanField(_("in use"), default=True)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("written by"))
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("message text")
        verbose_name_plural = _("message texts")
        ordering = ("kind", "language", "channel", "detail", "-version")
        constraints = (
            models.UniqueConstraint(
                "kind", "language", "channel", "detail", "version", name="notifications_template_version"
            ),
            models.UniqueConstraint(
                "kind",
                "language",
                "channel",
                "detail",
                condition=Q(is_in_use=True),
                name="notifications_template_one_in_use",
            ),
            models.CheckConstraint(
                condition=Q(channel="sms", subject="") | Q(channel="email", subject__gt=""),
                name="notifications_template_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_channel_display()}, {self.language}, {self.version}"
