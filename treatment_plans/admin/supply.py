from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from practice.access import ADMIN, CLINICAL
from practice.admin_base import UseCaseAdmin, user_of
from treatment_plans.admin.base import ClinicalAdmin
from treatment_plans.models import StockEvent, StockLot, StockTask, SupplyEvent, SupplyTask

KEEPS_STOCK = CLINICAL | ADMIN


@admin.register(SupplyEvent)
class SupplyEventAdmin(ClinicalAdmin):
    list_display = ("client", "kind", "amount", "unit", "prescription", "occurred_at", "recorded_by")
    list_filter = ("kind",)
    list_select_related = ("client", "prescription", "recorded_by")
    date_hierarchy = "occurred_at"


@admin.register(SupplyTask)
class SupplyTaskAdmin(ClinicalAdmin):
    list_display = ("client", "event", "expected", "counted", "unit", "raised_at", "outcome")
    list_filter = (("settled_at", admin.EmptyFieldListFilter), "outcome")
    list_select_related = ("client", "event")


@admin.register(StockLot)
class StockLotAdmin(UseCaseAdmin):
    viewers = KEEPS_STOCK
    list_display = ("drug", "lot", "route", "location", "expires_on", "use_by_on", "received_on")
    list_filter = ("location", "route")
    list_select_related = ("location",)
    search_fields = ("drug", "lot")

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """In whose name it came is for those who see the client's medicine."""
        return None if user_of(request).has_role(*CLINICAL) else ("for_client",)


@admin.register(StockEvent)
class StockEventAdmin(UseCaseAdmin):
    viewers = CLINICAL
    list_display = ("stock_lot", "kind", "amount", "unit", "occurred_at", "recorded_by", "witness")
    list_filter = ("kind", "stock_lot__location")
    list_select_related = ("stock_lot", "recorded_by", "witness")
    date_hierarchy = "occurred_at"


@admin.register(StockTask)
class StockTaskAdmin(UseCaseAdmin):
    viewers = KEEPS_STOCK
    list_display = ("event", "expected", "counted", "unit", "raised_at", "outcome")
    list_filter = (("settled_at", admin.EmptyFieldListFilter), "outcome")
    list_select_related = ("event",)
