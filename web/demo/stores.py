"""What the demo's clinic has in its cabinet, and a count that does not fit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from practice import clock
from treatment_plans.models import StockEvent
from treatment_plans.supply import stock
from treatment_plans.supply.accounts import NewEvent
from web.demo.clinic import ZONE, Clinic

RECEIVED_DAYS_AGO = 20
SOLUTION = {"drug": "ketamine 50 mg/mL", "strength_amount": Decimal(50), "strength_unit": "mg_per_ml"}
DEVICE = {"drug": "Spravato 28 mg device", "strength_amount": Decimal(28), "strength_unit": "mg_each"}
# the lot, what came, and what was counted last night
LOTS: tuple[tuple[dict[str, Any], str, str], ...] = (
    (SOLUTION | {"form": "solution", "route": "im", "unit": "ml", "lot": "K-2291"}, "60", "58.5"),
    (SOLUTION | {"form": "solution", "route": "iv", "unit": "ml", "lot": "K-2304"}, "100", "100"),
    (DEVICE | {"form": "device", "route": "spravato", "unit": "device", "lot": "S-0417"}, "12", "12"),
)


def fill_the_cabinet(clinic: Clinic, *, today: date, now: datetime) -> None:
    """Nobody has settled the count yet that differs."""
    tz = clock.zone(ZONE)

    def at(day: int, local: time) -> datetime:
        return min(clock.first_instant(datetime.combine(today + timedelta(days=day), local), tz), now)

    for number, (values, came, counted) in enumerate(LOTS):
        lot = stock.receive(
            clinic.location,
            {
                **values,
                "expires_on": today + timedelta(days=240 + 30 * number),
                "received_on": today - timedelta(days=RECEIVED_DAYS_AGO),
            },
            Decimal(came),
            key=UUID(int=2 * number),
            actor=clinic.nurse,
            now=at(-RECEIVED_DAYS_AGO, time(10, 5)),
        )
        count = NewEvent(
            kind=StockEvent.Kind.COUNTED,
            amount=Decimal(counted),
            unit=lot.unit,
            key=UUID(int=2 * number + 1),
        )
        stock.record(lot.pk, count, actor=clinic.nurse, now=at(-1, time(17, 40)))
