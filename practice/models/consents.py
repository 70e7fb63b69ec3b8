from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models.base import Revisioned
from practice.models.people import Client


class ConsentDocument(Revisioned):
    """One version of a text that clients sign. Only the current version of a kind counts."""

    kind = models.SlugField(_("kind"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    title = models.CharField(_("title"), max_length=160)
    body = models.TextField(_("text"), blank=True)
    is_current = models.BooleanField(_("current"), default=True)
    is_required = models.BooleanField(_("required before a first dose"), default=True)

    class Meta:
        verbose_name = _("consent document")
        verbose_name_plural = _("consent documents")
        ordering = ("kind", "-version")
        constraints = (
            models.UniqueConstraint(
                "kind",
                "version",
                name="practice_consent_document_unique",
                violation_error_message=_("There is this version already."),
            ),
            models.UniqueConstraint(
                "kind",
                condition=Q(is_current=True),
                name="practice_consent_document_one_current",
                violation_error_message=_("Another version is current: end that one first."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} (v{self.version})"


class Consent(Revisioned):
    client = models.ForeignKey(Client, models.PROTECT, related_name="consents", verbose_name=_("client"))
    document = models.ForeignKey(
        ConsentDocument, models.PROTECT, related_name="consents", verbose_name=_("document")
    )
    signed_at = models.DateTimeField(_("signed"))
    valid_through_on = models.DateField(_("last valid day"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ("client", "-signed_at")
        constraints = (
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("signed_at")),
                name="practice_consent_withdrawn_after_signed",
                violation_error_message=_("A consent is withdrawn after it was signed."),
            ),
        )

    def __str__(self) -> str:
        return str(self.document)
