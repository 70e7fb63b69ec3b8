"""What the practice remembers of its own working: who did what, which requests were answered, who lives."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from practice.models.people import Client


class Activity(models.Model):
    """Append-only: a trigger refuses every other write. `data` has codes, ids and field names only."""

    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    action = models.CharField(_("what"), max_length=60)
    subject_type = models.CharField(_("record"), max_length=60)
    subject_id = models.BigIntegerField(_("record id"))
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="+", verbose_name=_("client"))
    reason = models.CharField(_("why"), max_length=200, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activity")
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=["client", "-at"], name="practice_activity_client"),
            models.Index(fields=["subject_type", "subject_id"], name="practice_activity_subject"),
            models.Index(fields=["-at", "-id"], name="practice_activity_at"),
        )

    def __str__(self) -> str:
        return self.action


class IdempotencyKey(models.Model):
    """The first answer to a request, kept so that a repeat gets the same one. Bound to who asked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = (models.UniqueConstraint("user", "key", name="practice_idempotency_key_unique"),)
        indexes = (models.Index(fields=["created_at"], name="practice_idempotency_created"),)

    def __str__(self) -> str:
        return self.key


class ApiToken(models.Model):
    """A program's key to the API, acting as its user. Only a digest is stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a process last proved that it works, end to end."""

    name = models.CharField(_("process"), max_length=20, primary_key=True)
    beat_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
