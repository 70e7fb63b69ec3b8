from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Location
from practice.models.base import Revisioned
from treatment_plans.models.base import Form, Route, StrengthUnit, SupplyUnit
from treatment_plans.models.counted import CountMismatch, LedgerEvent, ledger_constraints, task_constraints


class StockLot(Revisioned):
    """Medicine of one lot number at one location. What is left of it follows from its events."""

    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    drug = models.CharField(_("drug"), max_length=160)
    strength_amount = models.DecimalField(_("strength"), max_digits=8, decimal_places=3)
    strength_unit = models.CharField(_("unit of the strength"), max_length=10, choices=StrengthUnit.choices)
    form = models.CharField(_("form"), max_length=12, choices=Form.choices)
    route = models.CharField(_("route"), max_length=20, choices=Route.choices)
    lot = models.CharField(_("lot number"), max_length=40)
    unit = models.CharField(_("counted in"), max_length=10, choices=SupplyUnit.choices)
    expires_on = models.DateField(_("last day of use by the label"))
    use_by_on = models.DateField(
        _("last day of use by the rules"),
        null=True,
        blank=True,
        help_text=_("For a delivery in one client's name: 45 days after it came (21 USC 829a)."),
    )
    for_client = models.ForeignKey(
        Client,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("delivered in the name of"),
    )
    received_on = models.DateField(_("received"))

    class Meta:
        verbose_name = _("stock lot")
        verbose_name_plural = _("stock lots")
        ordering = ("location", "drug", "expires_on", "pk")
        constraints = (
            models.UniqueConstraint(
                "location",
                "drug",
                "lot",
                "for_client",
                nulls_distinct=False,
                name="treatment_plans_stock_lot_once",
                violation_error_message=_("This lot is there already."),
            ),
            models.CheckConstraint(
                condition=Q(strength_amount__gt=0),
                name="treatment_plans_stock_lot_strength",
                violation_error_message=_("The strength is more than nothing."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.drug}, {self.lot}"


class StockEvent(LedgerEvent):
    """Something that happened to the medicine of one lot."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("received")
        USED = "used", _("used in a session")
        WASTED = "wasted", _("wasted, with a witness")
        DISPOSED = "disposed", _("handed over for disposal, with a witness")
        TRANSFERRED_OUT = "moved_out", _("transferred to another location")
        TRANSFERRED_IN = "moved_in", _("transferred from another location")
        COUNTED = "counted", _("counted")
        ADJUSTED = "adjusted", _("adjusted to a count")

    stock_lot = models.ForeignKey(StockLot, models.PROTECT, related_name="events", verbose_name=_("lot"))
    kind = models.CharField(_("what happened"), max_length=10, choices=Kind.choices)
    other_lot = models.ForeignKey(
        StockLot,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("to or from the lot"),
    )

    class Meta:
        verbose_name = _("stock event")
        verbose_name_plural = _("stock events")
        ordering = ("stock_lot", "occurred_at", "pk")
        constraints = (
            *ledger_constraints("stock_event", signed_kinds=("adjusted",)),
            models.CheckConstraint(
                condition=~Q(kind="disposed") | Q(witness__isnull=False),
                name="treatment_plans_stock_event_disposal",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["moved_out", "moved_in"], other_lot__isnull=False)
                | (~Q(kind__in=["moved_out", "moved_in"]) & Q(other_lot=None)),
                name="treatment_plans_stock_event_moved",
            ),
        )
        indexes = (models.Index(fields=["stock_lot", "occurred_at"], name="treatment_plans_stock"),)

    def __str__(self) -> str:
        return str(self.get_kind_display())


class StockTask(CountMismatch):
    """A count of a lot that does not fit, for a person to settle."""

    event = models.ForeignKey(StockEvent, models.PROTECT, related_name="tasks", verbose_name=_("count"))

    class Meta:
        verbose_name = _("stock task")
        verbose_name_plural = _("stock tasks")
        ordering = ("raised_at", "pk")
        constraints = task_constraints("stock_task")
        indexes = (
            models.Index(
                fields=["raised_at"], condition=Q(settled_at=None), name="treatment_plans_stock_open"
            ),
        )

    def __str__(self) -> str:
        return str(self.event)
