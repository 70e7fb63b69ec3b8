from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from scheduling.models.bookings import Booking
from treatment_plans.models import TreatmentPlan


class SessionNote(Revisioned):
    """What a clinician puts on record about a session or the end of a plan: a draft until it is signed.

    Signed, it never changes (a trigger sees to that); what is missing comes as an addendum.
    """

    class Kind(models.TextChoices):
        SESSION = "session", _("session note")
        DISCHARGE_SUMMARY = "discharge_summary", _("discharge summary")
        RELAPSE_PLAN = "relapse_plan", _("relapse plan")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, blank=True, related_name="notes", verbose_name=_("session")
    )
    plan = models.ForeignKey(
        TreatmentPlan, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("plan")
    )
    author = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("text"), blank=True)
    begun_at = models.DateTimeField(_("begun"))
    saved_at = models.DateTimeField(_("saved"))
    signed_at = models.DateTimeField(_("signed"), null=True, blank=True)

    class Meta:
        verbose_name = _("session note")
        verbose_name_plural = _("session notes")
        ordering = ("-begun_at", "-pk")
        constraints = (
            models.UniqueConstraint("booking", "author", name="scheduling_one_note_per_author"),
            models.UniqueConstraint(
                "plan", "kind", condition=Q(plan__isnull=False), name="scheduling_one_closing_note"
            ),
            models.CheckConstraint(
                condition=Q(kind="session", booking__isnull=False, plan=None)
                | (~Q(kind="session") & Q(booking=None, plan__isnull=False)),
                name="scheduling_note_about",
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None) | ~Q(text=""), name="scheduling_note_signed_text"
            ),
        )
        indexes = (
            models.Index(fields=["author"], condition=Q(signed_at=None), name="scheduling_notes_unsigned"),
            models.Index(fields=["client", "signed_at"], name="scheduling_notes_of_client"),
        )

    def __str__(self) -> str:
        return str(self.get_kind_display())


class NoteAddendum(models.Model):
    """What somebody adds to a signed note, signed as it is written. Append-only."""

    note = models.ForeignKey(SessionNote, models.PROTECT, related_name="addenda", verbose_name=_("note"))
    author = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("text"))
    signed_at = models.DateTimeField(_("signed"))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("signed by")
    )

    class Meta:
        verbose_name = _("addendum")
        verbose_name_plural = _("addenda")
        ordering = ("signed_at", "pk")
        constraints = (models.CheckConstraint(condition=~Q(text=""), name="scheduling_addendum_text"),)

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
