"""Pages that clients open from a message, without an account."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Channel, Client
from scheduling.models import Booking, WaitlistOffer
from treatment_plans.models import ScreeningSheet


class ClientLink(models.Model):
    """A secret address for one purpose, of which we keep a digest; `notifications.links` says when it ends.

    It is about one version of a booking's time; for a support person, who may be removed while this
    stays, `support_person_id` names them without a foreign key.
    """

    class Purpose(models.TextChoices):
        VISIT = "visit", _("getting ready for a visit")
        AFTERCARE = "aftercare", _("care after a visit")
        SUPPORT = "support", _("the support person's page")
        OFFER = "offer", _("a sooner time")
        SCREENING = "screening", _("a screening form")

    purpose = models.CharField(_("for"), max_length=10, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, related_name="+", verbose_name=_("booking")
    )
    booking_version = models.PositiveIntegerField(_("version of the time"), null=True)
    support_person_id = models.PositiveBigIntegerField(_("support person"), null=True)
    offer = models.ForeignKey(
        WaitlistOffer, models.PROTECT, null=True, related_name="+", verbose_name=_("offer")
    )
    sheet = models.ForeignKey(
        ScreeningSheet, models.PROTECT, null=True, related_name="+", verbose_name=_("screening sheet")
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices, blank=True)
    sent_to = models.CharField(_("sent to"), max_length=254, blank=True)
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    viewed_at = models.DateTimeField(
        _("first fetched"), null=True, help_text=_("Perhaps by a machine: mail filters open links.")
    )
    opened_at = models.DateTimeField(
        _("first answered"), null=True, help_text=_("Somebody chose an answer on it.")
    )
    used_at = models.DateTimeField(_("last used"), null=True)
    wrong_count = models.PositiveSmallIntegerField(_("wrong birth dates"), default=0)
    locked_at = models.DateTimeField(_("locked"), null=True)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        ordering = ("-issued_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    purpose__in=["visit", "aftercare"],
                    booking__isnull=False,
                    booking_version__isnull=False,
                    support_person_id=None,
                    offer=None,
                    sheet=None,
                )
                | Q(
                    purpose="support",
                    booking__isnull=False,
                    booking_version__isnull=False,
                    support_person_id__isnull=False,
                    offer=None,
                    sheet=None,
                )
                | Q(
                    purpose="offer",
                    booking=None,
                    booking_version=None,
                    support_person_id=None,
                    offer__isnull=False,
                    sheet=None,
                )
                | Q(
                    purpose="screening",
                    booking=None,
                    booking_version=None,
                    support_person_id=None,
                    offer=None,
                    sheet__isnull=False,
                ),
                name="notifications_link_is_about_one",
            ),
        )
        indexes = (models.Index(fields=["booking", "purpose"], name="notifications_link_booking"),)

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"


class ClientNote(models.Model):
    """What a client wrote for the care team: never for the desk."""

    class About(models.TextChoices):
        INTENTION = "intention", _("intention")
        AFTER = "after", _("after the visit")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="+", verbose_name=_("booking"))
    about = models.CharField(_("about"), max_length=10, choices=About.choices)
    text = models.TextField(_("text"), max_length=1000)
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("client's note")
        verbose_name_plural = _("clients' notes")
        ordering = ("-written_at", "-pk")
        constraints = (models.UniqueConstraint("booking", "about", name="notifications_note_one_of_a_kind"),)

    def __str__(self) -> str:
        return self.get_about_display()
