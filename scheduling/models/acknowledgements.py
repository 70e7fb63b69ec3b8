from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scheduling.models.bookings import Booking


class Acknowledgement(models.Model):
    """Who said what about one item, for one start time. The latest counts; a move leaves them behind."""

    class Item(models.TextChoices):
        FASTING = "fasting", _("fasting")
        RIDE = "ride", _("ride home")
        SUPPORT_PERSON = "support_person", _("support person")
        MEDICINE = "medicine", _("medicine in hand")

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        PROBLEM = "problem", _("problem")
        OVERRIDDEN = "overridden", _("overridden by a clinician")

    class Source(models.TextChoices):
        PHONE = "phone", _("by phone")
        IN_PERSON = "in_person", _("in person")
        EMAIL = "email", _("by email")
        SMS = "sms", _("by SMS")
        LINK = "link", _("on the link page")

    class Speaker(models.TextChoices):
        CLIENT = "client", _("the client")
        SUPPORT_PERSON = "support_person", _("the support person")
        STAFF = "staff", _("the clinic's staff")

    booking = models.ForeignKey(
        Booking, models.PROTECT, related_name="acknowledgements", verbose_name=_("booking")
    )
    item = models.CharField(_("item"), max_length=20, choices=Item.choices)
    for_starts_at = models.DateTimeField(_("for the start at"))
    answer = models.CharField(_("answer"), max_length=12, choices=Answer.choices)
    said_by = models.CharField(_("said by"), max_length=20, choices=Speaker.choices)
    source = models.CharField(_("how"), max_length=12, choices=Source.choices)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        ordering = ("booking", "recorded_at", "pk")
        indexes = (models.Index(fields=["booking", "item"], name="scheduling_ack_booking_item"),)

    def __str__(self) -> str:
        return f"{self.get_item_display()}: {self.get_answer_display()}"
