"""What a client's supply and the clinic's stock share: rows of a ledger, and counts that don't fit."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models.base import Revisioned
from treatment_plans.models.base import SupplyUnit
from treatment_plans.models.corrected import Correctable, correction_constraints
from treatment_plans.models.plans import PlannedSession


class LedgerEvent(Correctable):
    """Append-only. A correction is a new row of the same kind that counts in place of the one it corrects.

    `key` is made by whoever saves it, once for each event, so that a repeated save finds the first.
    """

    kind: str  # the choices of each ledger are its own

    key = models.UUIDField(_("key"))
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("in the session"),
    )
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=3)
    unit = models.CharField(_("unit"), max_length=10, choices=SupplyUnit.choices)
    occurred_at = models.DateTimeField(_("when"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    witness = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("witness"),
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        abstract = True


class CountMismatch(Revisioned):
    """A count that does not fit the ledger, open until a person has found out why."""

    class Outcome(models.TextChoices):
        MISCOUNTED = "miscounted", _("counted again: it fits")
        RECORDED = "recorded", _("what was missing is recorded now")
        ADJUSTED = "adjusted", _("not explained: the ledger takes the count")
        REPORTED = "reported", _("not explained and reported: the ledger takes the count")

    event_id: int  # the count, a row of the ledger that it does not fit

    TAKES_THE_COUNT = frozenset({Outcome.ADJUSTED, Outcome.REPORTED})

    expected = models.DecimalField(_("expected"), max_digits=10, decimal_places=3)
    counted = models.DecimalField(_("counted"), max_digits=10, decimal_places=3)
    unit = models.CharField(_("unit"), max_length=10, choices=SupplyUnit.choices)
    raised_at = models.DateTimeField(_("raised"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    note = models.TextField(_("what was found"), blank=True)

    class Meta:
        abstract = True


def ledger_constraints(name: str, *, signed_kinds: tuple[str, ...]) -> tuple[models.BaseConstraint, ...]:
    """`signed_kinds` are those whose amount may be less than nothing."""
    return (
        models.UniqueConstraint("key", name=f"treatment_plans_{name}_key"),
        *correction_constraints(name),
        models.CheckConstraint(
            condition=Q(kind__in=signed_kinds) | Q(amount__gte=0), name=f"treatment_plans_{name}_amount"
        ),
        models.CheckConstraint(
            condition=~Q(kind="wasted") | Q(witness__isnull=False), name=f"treatment_plans_{name}_witnessed"
        ),
        models.CheckConstraint(
            condition=~Q(kind="used") | Q(planned_session__isnull=False),
            name=f"treatment_plans_{name}_used_in",
        ),
        models.CheckConstraint(
            condition=Q(witness=None) | ~Q(witness=F("recorded_by")),
            name=f"treatment_plans_{name}_other_witness",
        ),
        models.CheckConstraint(
            condition=Q(occurred_at__lte=F("recorded_at")), name=f"treatment_plans_{name}_not_ahead"
        ),
    )


def task_constraints(name: str) -> tuple[models.BaseConstraint, ...]:
    return (
        models.UniqueConstraint("event", name=f"treatment_plans_one_{name}_per_count"),
        models.CheckConstraint(
            condition=Q(settled_at=None, settled_by=None, outcome="")
            | (Q(settled_at__isnull=False, settled_by__isnull=False) & ~Q(outcome="") & ~Q(note="")),
            name=f"treatment_plans_{name}_settled",
        ),
    )
