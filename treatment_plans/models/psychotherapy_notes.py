from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician
from practice.models.base import Revisioned
from treatment_plans.models.plans import PlannedSession


class PsychotherapyNote(Revisioned):
    """A clinician's own notes on what was said, apart from the record (45 CFR 164.501).

    Nobody but the author reads the text, which is stored sealed (`treatment_plans.sealing`).
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    author = models.ForeignKey(Clinician, models.PROTECT, related_name="+", verbose_name=_("author"))
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("about the session"),
    )
    sealed = models.TextField(_("sealed text"))
    written_at = models.DateTimeField(_("written"))
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("psychotherapy note")
        verbose_name_plural = _("psychotherapy notes")
        ordering = ("-written_at", "-pk")
        constraints = (
            # What Fernet makes of a text, and nothing that somebody could read.
            models.CheckConstraint(
                condition=Q(sealed__startswith="gAAAA"), name="treatment_plans_psychotherapy_note_sealed"
            ),
        )

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
