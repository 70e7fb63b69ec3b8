"""The one table of transitions of a prescription, and what each door asks and keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from practice.errors import DomainError, Invalid, OutOfScope, Stale
from practice.models import Activity
from tests.cast import NOW, Clinic, make_client
from treatment_plans.errors import NotSignable, PrescriptionNotPossible
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

Status = Prescription.Status
TROCHES = {
    "route": "sublingual",
    "drug": "ketamine",
    "strength_amount": Decimal(100),
    "strength_unit": "mg_each",
    "form": "troche",
    "dose_amount": Decimal(100),
    "doses_per_fill": 2,
    "quantity": Decimal(2),
    "quantity_unit": "troche",
    "units_per_dose": Decimal(1),
    "days_supply": 28,
    "directions": "In the session only.",
    "client_address": "4 Elm St, Oakland CA",
    "valid_through_on": date(2027, 3, 31),
}


def draft(clinic: Clinic, **changes: Any) -> Prescription:
    clinic.ito.dea_number = "AB1234563"
    clinic.ito.save()
    values = {**TROCHES, **changes}
    return prescriptions.draft(clinic.maya.pk, values, prescriber=clinic.ito, actor=clinic.ito.user, now=NOW)


def told(clinic: Clinic) -> dict[str, Any]:
    return {"actor": clinic.ito.user, "now": NOW}


STEPS: dict[str, Callable[[Clinic, int], Prescription]] = {
    Status.SIGNED: lambda clinic, pk: prescriptions.sign(pk, reference="EPCS-1", **told(clinic)),
    Status.SENT: lambda clinic, pk: prescriptions.send(pk, pharmacy="Elm Pharmacy", **told(clinic)),
    Status.DISPENSED: lambda clinic, pk: prescriptions.dispense(pk, key=uuid4(), **told(clinic)),
    Status.REVOKED: lambda clinic, pk: prescriptions.revoke(pk, reason="reaction", **told(clinic)),
    Status.LOST: lambda clinic, pk: prescriptions.report_lost(pk, report="bag stolen", **told(clinic)),
}
STAMPS = {
    Status.DRAFT: (),
    Status.SIGNED: ("signed_at",),
    Status.SENT: ("signed_at", "sent_at"),
    Status.DISPENSED: ("signed_at", "dispensed_at"),
    Status.REVOKED: ("signed_at", "revoked_at"),
    Status.LOST: ("signed_at", "reported_lost_at"),
}


@pytest.mark.parametrize("status", list(Status))
def test_each_step_is_possible_exactly_where_the_table_says(clinic: Clinic, status: str) -> None:
    made = draft(clinic, refills=5, issued_on=date(2026, 11, 20))
    stamps = dict.fromkeys(STAMPS[Status(status)], NOW)
    possible, answers = set(), set()
    for wanted, step in STEPS.items():
        Prescription.objects.filter(pk=made.pk).update(
            **{**dict.fromkeys(prescriptions.STAMPS.values()), "status": status, **stamps}
        )
        try:
            step(clinic, made.pk)
            possible.add(wanted)
        except DomainError as refused:
            answers.add((refused.status, refused.code))
    assert possible == prescriptions.TRANSITIONS[status]
    assert answers <= {(409, "wrong_status"), (409, "already_revoked")}


def test_a_prescription_from_draft_to_the_client(clinic: Clinic) -> None:
    made = draft(clinic)
    assert (made.status, made.issued_on) == ("draft", None)
    signed = STEPS[Status.SIGNED](clinic, made.pk)
    assert (signed.signed_at, signed.issued_on, signed.reference) == (NOW, date(2026, 11, 23), "EPCS-1")
    assert signed.client_name == "Maya Rivera"
    sent = STEPS[Status.SENT](clinic, made.pk)
    assert (sent.sent_at, sent.pharmacy) == (NOW, "Elm Pharmacy")
    assert STEPS[Status.DISPENSED](clinic, made.pk).dispensed_at == NOW
    done = Activity.objects.filter(action__startswith="prescription.").order_by("pk")
    assert [each.action.partition(".")[2] for each in done] == ["drafted", "signed", "sent", "dispensed"]


def test_signing_names_everything_that_is_missing(clinic: Clinic) -> None:
    made = draft(clinic, directions="", client_address="", quantity=Decimal(1))
    clinic.ito.dea_number = ""
    clinic.ito.save()
    with pytest.raises(NotSignable) as refused:
        prescriptions.sign(made.pk, reference=" ", **told(clinic))
    assert [blocker.code for blocker in refused.value.blockers] == [
        "missing_client_address",
        "missing_directions",
        "missing_reference",
        "missing_dea_number",
        "quantity_too_small",
    ]
    made.refresh_from_db()
    assert (made.status, made.reference) == ("draft", "")


def test_a_draft_is_changed_until_it_is_signed(clinic: Clinic) -> None:
    made = draft(clinic)
    changed = prescriptions.change(made.pk, {"refills": 2}, revision=1, **told(clinic))
    assert (changed.refills, changed.revision) == (2, 2)
    with pytest.raises(Stale):
        prescriptions.change(made.pk, {"refills": 3}, revision=1, **told(clinic))
    STEPS[Status.SIGNED](clinic, made.pk)
    with pytest.raises(PrescriptionNotPossible):
        prescriptions.change(made.pk, {"refills": 3}, revision=None, **told(clinic))


def test_what_replaces_a_lost_one_waits_until_that_one_is_reported(clinic: Clinic) -> None:
    lost = draft(clinic)
    STEPS[Status.SIGNED](clinic, lost.pk)
    new = draft(clinic, replaces=lost)
    with pytest.raises(NotSignable) as refused:
        STEPS[Status.SIGNED](clinic, new.pk)
    assert [blocker.code for blocker in refused.value.blockers] == ["replaced_still_in_force"]
    STEPS[Status.LOST](clinic, lost.pk)
    assert STEPS[Status.SIGNED](clinic, new.pk).replaces == lost


def test_what_it_renews_is_the_same_clients(clinic: Clinic) -> None:
    others = clinic.prescribe(make_client("Ivy Kahn", clinic.location))
    with pytest.raises(OutOfScope) as refused:
        draft(clinic, renews=others)
    assert refused.value.pointer == "/renews"


def test_a_loss_is_told_in_words(clinic: Clinic) -> None:
    made = draft(clinic)
    with pytest.raises(Invalid):
        prescriptions.report_lost(made.pk, report=" ", **told(clinic))


def test_nothing_is_dispensed_after_its_last_day(clinic: Clinic) -> None:
    """21 CFR 1306.22: not filled more than six months after the issue."""
    made = draft(clinic)
    STEPS[Status.SIGNED](clinic, made.pk)
    Prescription.objects.update(valid_through_on=date(2026, 11, 23))
    late = NOW + timedelta(days=1)
    with pytest.raises(DomainError) as refused:
        prescriptions.dispense(made.pk, key=uuid4(), actor=clinic.nia, now=late)
    assert [blocker.code for blocker in refused.value.blockers] == ["prescription_expired"]
    assert STEPS[Status.DISPENSED](clinic, made.pk).status == "dispensed"  # on that day still
