"""A client's prescriptions, and one of them along its life, with what the client holds of it."""

from __future__ import annotations

from copy import copy
from datetime import datetime

from django.utils.translation import gettext as _

from practice import clients, present
from practice.access import DECIDES_MEDICAL
from practice.models import User
from treatment_plans.models import Prescription, SupplyEvent, SupplyTask
from treatment_plans.rules import balances
from treatment_plans.supply import prescriptions
from web.dashboard import prescription_deeds
from web.dashboard.deeds import WORDS
from web.dashboard.frame import Page, here, page
from web.dashboard.prescribed import Prescribed
from web.dashboard.reader import client_of, row_of


@page()
def client_prescriptions(user: User, client_id: int) -> Page:
    client = client_of(user, client_id)
    return Page(
        "dashboard/prescriptions.html",
        context={
            "client": client,
            "prescribed": Prescribed(client, user, present.now()),
            "deeds": prescription_deeds.for_client(user, client),
            "zone": here(),
        },
        words=WORDS,
    )


@page()
def prescription(user: User, prescription_id: int) -> Page:
    rows = Prescription.objects.select_related("client__location", "prescriber")
    row = row_of(user, rows, prescription_id)
    now = present.now()
    clients.look_at(row.client, actor=user, now=now)
    prescribed = Prescribed(row.client, user, now)
    signs = user.has_role(*DECIDES_MEDICAL) and row.is_draft
    return Page(
        "dashboard/prescription.html",
        context={
            "client": row.client,
            "prescribed": prescribed,
            "held": next(each for each in prescribed.all if each.row.pk == row.pk),
            "ordered": _ordered(row),
            "signing": _before_signing(row, now=now) if signs else None,
            "deeds": prescription_deeds.along_its_life(user, row),
            "again": prescription_deeds.next_one(user, row),
            "supply_deeds": prescription_deeds.of_the_supply(user, row),
            "tasks": _tasks(row),
            "ledger": _ledger(row),
            "zone": here(),
        },
        words=WORDS,
    )


def _before_signing(row: Prescription, *, now: datetime) -> dict[str, list[str]]:
    found = prescriptions.before_signing(copy(row), now=now)  # which dates what it is given
    return {
        "blockers": [each.text(_) for each in found.blockers],
        "warnings": [each.text(_) for each in found.warnings],
    }


def _ordered(row: Prescription) -> list[tuple[str, str]]:
    """What is ordered, line by line; what was left empty is left out."""

    def amount(name: str, unit: str = "") -> str:
        value = getattr(row, name)
        return "" if value is None else f"{balances.shown(value)} {unit}".strip()

    lines = [
        (_("Route"), row.get_route_display()),
        (
            _("Strength and form"),
            f"{amount('strength_amount', row.get_strength_unit_display())} {row.get_form_display()}".strip(),
        ),
        (_("Dose"), amount("dose_amount", row.get_dose_unit_display())),
        (_("Directions"), row.directions),
        (_("Doses in one fill"), str(row.doses_per_fill)),
        (_("Quantity of one fill"), amount("quantity", row.get_quantity_unit_display())),
        (_("Of these for one dose"), amount("units_per_dose")),
        (_("Days that one fill lasts"), str(row.days_supply or "")),
        (_("Refills"), str(row.refills)),
        (_("E-prescribing reference"), row.reference),
        (_("Pharmacy"), row.pharmacy),
        (
            _("Client's name and address as signed"),
            ", ".join(filter(None, (row.client_name, row.client_address))),
        ),
        (_("Who else prescribes controlled medicines"), row.other_prescribers),
        (_("Why revoked"), row.revoke_reason),
        (_("What was lost, and how"), row.loss_report),
    ]
    return [(label, text) for label, text in lines if text]


def _tasks(row: Prescription) -> list[tuple[SupplyTask, object]]:
    found = SupplyTask.objects.filter(event__prescription=row, settled_at=None).select_related("event")
    return [(task, prescription_deeds.of_a_task(task)) for task in found]


def _ledger(row: Prescription) -> list[tuple[SupplyEvent, object]]:
    """The latest first, each with the way to put it right while it counts."""
    rows = SupplyEvent.objects.filter(prescription=row).select_related(
        "recorded_by", "witness", "planned_session"
    )
    events = list(rows.order_by("-occurred_at", "-pk"))
    corrected = {each.corrects_id for each in events}
    return [(each, None if each.pk in corrected else prescription_deeds.of_an_event(each)) for each in events]
