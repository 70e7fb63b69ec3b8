from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Correctable(models.Model):
    """A row that is never edited: a later one may stand in its place, with the reason. Both stay."""

    corrects_id: int | None

    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="corrections",
        verbose_name=_("corrects"),
    )
    correction_reason = models.CharField(_("why corrected"), max_length=200, blank=True)

    class Meta:
        abstract = True


def correction_constraints(name: str) -> tuple[models.BaseConstraint, ...]:
    """A correction says why, and no row is corrected twice: correct the correction."""
    return (
        models.CheckConstraint(
            condition=Q(corrects=None, correction_reason="")
            | (Q(corrects__isnull=False) & ~Q(correction_reason="")),
            name=f"treatment_plans_{name}_correction_reason",
        ),
        models.UniqueConstraint("corrects", name=f"treatment_plans_{name}_corrected_once"),
    )
