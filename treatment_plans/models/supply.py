from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client
from treatment_plans.models.counted import CountMismatch, LedgerEvent, ledger_constraints, task_constraints
from treatment_plans.models.prescriptions import Prescription


class SupplyEvent(LedgerEvent):
    """Something that happened to the medicine that a client holds of one prescription."""

    class Kind(models.TextChoices):
        DISPENSED = "dispensed", _("dispensed to the client")
        BROUGHT = "brought", _("brought to a session")
        USED = "used", _("used in a session")
        RETURNED = "returned", _("returned")
        WASTED = "wasted", _("wasted, with a witness")
        LOST = "lost", _("lost")
        COUNTED = "counted", _("counted")
        ADJUSTED = "adjusted", _("adjusted to a count")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    prescription = models.ForeignKey(
        Prescription, models.PROTECT, related_name="supply_events", verbose_name=_("prescription")
    )
    kind = models.CharField(_("what happened"), max_length=10, choices=Kind.choices)

    class Meta:
        verbose_name = _("supply event")
        verbose_name_plural = _("supply events")
        ordering = ("client", "occurred_at", "pk")
        constraints = (*ledger_constraints("supply_event", signed_kinds=("adjusted",)),)
        indexes = (models.Index(fields=["prescription", "occurred_at"], name="treatment_plans_supply"),)

    def __str__(self) -> str:
        return str(self.get_kind_display())


class SupplyTask(CountMismatch):
    """A count of what a client holds or brought that does not fit, for a person to settle."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    event = models.ForeignKey(SupplyEvent, models.PROTECT, related_name="tasks", verbose_name=_("count"))

    class Meta:
        verbose_name = _("supply task")
        verbose_name_plural = _("supply tasks")
        ordering = ("raised_at", "pk")
        constraints = task_constraints("supply_task")
        indexes = (
            models.Index(
                fields=["raised_at"], condition=Q(settled_at=None), name="treatment_plans_supply_open"
            ),
        )

    def __str__(self) -> str:
        return str(self.event)
