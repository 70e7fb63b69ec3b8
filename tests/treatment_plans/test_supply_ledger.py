"""What clients hold and what the clinic has in stock: refused, not doubled, settled by a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from practice.errors import DomainError, Invalid, OutOfScope
from practice.models import Activity, Location
from tests.cast import NOW, Clinic, make_client
from treatment_plans.errors import AlreadySettled, EventCorrectedBefore, KeyUsedBefore, StillDoesNotFit
from treatment_plans.models import Prescription, StockEvent, StockLot, StockTask, SupplyEvent, SupplyTask
from treatment_plans.rules import balances
from treatment_plans.supply import accounts, prescriptions, stock
from treatment_plans.supply import ledger as supply_ledger
from treatment_plans.supply.ledger import SupplyRefused
from treatment_plans.supply.stock import StockRefused

pytestmark = pytest.mark.django_db

TWO = Decimal(2)


@pytest.fixture
def held(clinic: Clinic) -> Clinic:
    """Maya holds six doses of her prescription."""
    clinic.ready_client()
    prescriptions.dispense(the_rx().pk, key=uuid4(), actor=clinic.nia, now=NOW)
    return clinic


def the_rx() -> Prescription:
    return Prescription.objects.get()


def event(kind: str, amount: Any = 1, **changes: Any) -> supply_ledger.NewEvent:
    values = {"prescription_id": the_rx().pk, "unit": "dose", "key": uuid4()} | changes
    return supply_ledger.NewEvent(kind=kind, amount=Decimal(amount), **values)


def record(clinic: Clinic, kind: str, amount: Any = 1, **changes: Any) -> SupplyEvent:
    new = event(kind, amount, **changes)
    return supply_ledger.record(clinic.maya.pk, new, actor=clinic.nia, now=NOW)


def use(clinic: Clinic, amount: Any = 1, *, key: UUID | None = None, **changes: Any) -> SupplyEvent:
    rx, values = the_rx(), {"unit": "dose", "now": NOW, "actor": clinic.nia} | changes
    with transaction.atomic():
        return supply_ledger.use_from_prescription(
            clinic.maya.pk,
            rx.pk,
            Decimal(amount),
            values["unit"],
            clinic.dose(clinic.maya).pk,
            key or uuid4(),
            values["actor"],
            values["now"],
        )


def left(clinic: Clinic) -> Decimal:
    (supply,) = supply_ledger.supplies(clinic.maya.pk)
    return supply.left


def codes(refused: pytest.ExceptionInfo[Any]) -> list[str]:
    return [blocker.code for blocker in refused.value.blockers]


def test_a_dose_is_taken_from_what_the_client_holds(held: Clinic) -> None:
    used = use(held)
    assert (left(held), used.recorded_by, used.planned_session) == (5, held.nia, held.dose(held.maya))
    assert list(Activity.objects.filter(action__startswith="supply.").values_list("action", flat=True)) == [
        "supply.used",
        "supply.dispensed",
    ]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda rx: Prescription.objects.update(status="revoked", revoked_at=NOW), ["prescription_revoked"]),
        (lambda rx: Prescription.objects.update(status="lost", reported_lost_at=NOW), ["prescription_lost"]),
        (
            lambda rx: Prescription.objects.update(status="draft", signed_at=None, dispensed_at=None),
            ["prescription_not_signed"],
        ),
        (
            lambda rx: Prescription.objects.update(valid_through_on=date(2026, 11, 22)),
            ["prescription_expired"],
        ),
        (lambda rx: Prescription.objects.update(valid_through_on=date(2026, 11, 23)), []),  # ends today
        (
            lambda rx: Prescription.objects.update(issued_on=date(2026, 11, 24)),
            ["prescription_not_yet_valid"],
        ),
        (lambda rx: Prescription.objects.update(route="iv"), ["prescription_wrong_route"]),
        (
            lambda rx: Prescription.objects.update(quantity_unit="ml", quantity=5),
            ["wrong_unit"],
        ),
    ],
)
def test_no_dose_from_a_prescription_that_does_not_count(
    held: Clinic, spoil: Callable[[Prescription], Any], expected: list[str]
) -> None:
    spoil(the_rx())
    if not expected:
        assert use(held).amount == 1
        return
    with pytest.raises(SupplyRefused) as refused:
        use(held)
    assert codes(refused) == expected
    assert not SupplyEvent.objects.filter(kind="used").exists()


def test_every_reason_comes_at_once(held: Clinic) -> None:
    Prescription.objects.update(route="iv", valid_through_on=date(2026, 11, 22))
    with pytest.raises(SupplyRefused) as refused:
        use(held, 7, unit="mg")
    assert codes(refused) == [
        "prescription_expired",
        "prescription_wrong_route",
        "wrong_unit",
        "not_enough_left",
    ]


def test_the_last_dose_is_given_once(held: Clinic) -> None:
    use(held, 5)
    use(held, 1)
    with pytest.raises(SupplyRefused) as refused:
        use(held, "0.001")
    assert (codes(refused), left(held)) == (["not_enough_left"], 0)


def test_a_repeated_save_is_the_first_one(held: Clinic) -> None:
    key = uuid4()
    assert len({use(held, key=key).pk for _each in range(3)}) == 1
    assert left(held) == 5
    with pytest.raises(KeyUsedBefore):
        use(held, 2, key=key)
    assert Activity.objects.filter(action="supply.used").count() == 1


def test_another_clients_prescription_or_session_is_not_there(held: Clinic) -> None:
    ivy = make_client("Ivy Kahn", held.location)
    mayas = the_rx()
    held.prescribe(ivy)
    new = event_of(mayas, planned_session_id=held.dose(held.maya).pk)
    with pytest.raises(OutOfScope) as refused:
        supply_ledger.record(ivy.pk, new, actor=held.nia, now=NOW)
    assert refused.value.pointer == "/prescription"
    new = event_of(Prescription.objects.get(client=ivy), planned_session_id=held.dose(held.maya).pk)
    with pytest.raises(OutOfScope) as refused:
        supply_ledger.record(ivy.pk, new, actor=held.nia, now=NOW)
    assert refused.value.pointer == "/planned_session"


def event_of(rx: Prescription, **changes: Any) -> supply_ledger.NewEvent:
    return supply_ledger.NewEvent(
        prescription_id=rx.pk, kind="used", amount=Decimal(1), unit="dose", key=uuid4(), **changes
    )


def test_waste_is_witnessed_by_somebody_else(held: Clinic) -> None:
    for witness, code in ((None, "witness_missing"), (held.nia.pk, "witness_is_recorder")):
        with pytest.raises(SupplyRefused) as refused:
            record(held, "wasted", witness_id=witness)
        assert codes(refused) == [code]
    with pytest.raises(OutOfScope):
        record(held, "wasted", witness_id=10**9)
    assert record(held, "wasted", witness_id=held.kim.pk).witness == held.kim
    assert left(held) == 5


def test_nothing_is_recorded_ahead_of_now(held: Clinic) -> None:
    with pytest.raises(Invalid):
        record(held, "returned", occurred_at=NOW + timedelta(seconds=1))


def test_a_count_that_does_not_fit_is_for_a_person_to_settle(held: Clinic) -> None:
    assert record(held, "counted", 6).tasks.count() == 0
    task = record(held, "counted", 4).tasks.get()
    assert (task.expected, task.counted, left(held)) == (6, 4, 6)
    with pytest.raises(StillDoesNotFit) as refused:
        settle(held, task, "recorded")
    assert refused.value.text() == "The ledger still expects 6; settle it with another outcome."
    with pytest.raises(Invalid):
        settle(held, task, "adjusted", note=" ")
    settle(held, task, "adjusted")
    assert (left(held), SupplyTask.objects.filter(settled_at=None).count()) == (4, 0)
    with pytest.raises(AlreadySettled):
        settle(held, task, "adjusted")


def settle(clinic: Clinic, task: SupplyTask, outcome: str, note: str = "two are missing") -> SupplyTask:
    return supply_ledger.settle(task.pk, outcome=outcome, note=note, actor=clinic.ito.user, now=NOW)


def test_what_was_missing_is_recorded_and_then_the_count_fits(held: Clinic) -> None:
    before = NOW - timedelta(minutes=0)
    task = record(held, "counted", 4).tasks.get()
    record(held, "lost", 2, occurred_at=before)
    settled = settle(held, task, "recorded")
    assert (settled.outcome, left(held)) == ("recorded", 4)


def test_a_corrected_count_settles_itself(held: Clinic) -> None:
    count = record(held, "counted", 4)
    told = {"reason": "two in the other box", "actor": held.nia, "now": NOW}
    supply_ledger.correct(count.pk, Decimal(6), key=uuid4(), **told)
    task = count.tasks.get()
    assert (task.outcome, task.note, SupplyTask.objects.count()) == ("miscounted", told["reason"], 1)
    with pytest.raises(EventCorrectedBefore):
        supply_ledger.correct(count.pk, Decimal(5), key=uuid4(), **told)


def test_who_brings_more_than_they_hold_opens_a_task_too(held: Clinic) -> None:
    assert record(held, "brought", 2).tasks.count() == 0
    assert record(held, "brought", 7).tasks.get().expected == 6


def test_a_row_is_never_changed(held: Clinic) -> None:
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        SupplyEvent.objects.update(amount=1)


def test_all_fills_together_hand_out_what_was_prescribed(held: Clinic) -> None:
    Prescription.objects.update(refills=1)
    told = {"actor": held.nia, "now": NOW}
    key = uuid4()
    for _again in range(2):
        prescriptions.dispense(the_rx().pk, key=key, **told)
    assert left(held) == 12
    with pytest.raises(SupplyRefused) as refused:
        prescriptions.dispense(the_rx().pk, amount=Decimal(1), key=uuid4(), **told)
    assert codes(refused) == ["more_than_prescribed"]


def test_what_was_held_of_a_lost_prescription_is_lost(held: Clinic) -> None:
    use(held)
    lost = prescriptions.report_lost(the_rx().pk, report="bag stolen", actor=held.nia, now=NOW)
    assert (lost.status, left(held)) == ("lost", 0)
    assert record_codes(held, "used", planned_session_id=held.dose(held.maya).pk) == [
        "prescription_lost",
        "not_enough_left",
    ]


def record_codes(clinic: Clinic, kind: str, **changes: Any) -> list[str]:
    with pytest.raises(SupplyRefused) as refused:
        record(clinic, kind, **changes)
    return codes(refused)


# The clinic's stock


@pytest.fixture
def stocked(clinic: Clinic) -> Clinic:
    clinic.ready_client()
    receive(clinic)
    return clinic


def receive(clinic: Clinic, *, key: UUID | None = None, amount: Any = 10, **changes: Any) -> StockLot:
    values = {
        "drug": "ketamine",
        "strength_amount": Decimal(50),
        "strength_unit": "mg_per_ml",
        "form": "solution",
        "route": "im",
        "lot": "A1",
        "unit": "ml",
        "expires_on": date(2026, 11, 23),
        "received_on": date(2026, 11, 1),
    } | changes
    for_client = values.pop("for_client", None)
    return stock.receive(
        clinic.location,
        values,
        Decimal(amount),
        key=key or uuid4(),
        for_client=for_client,
        actor=clinic.nia,
        now=NOW,
    )


def use_lot(clinic: Clinic, amount: Any = 1, *, key: UUID | None = None, unit: str = "ml") -> StockEvent:
    session = clinic.dose(clinic.maya)
    with transaction.atomic():
        lot = StockLot.objects.get(location=clinic.location)
        return stock.use_from_lot(lot.pk, Decimal(amount), unit, session.pk, key or uuid4(), clinic.nia, NOW)


def in_stock(lot: StockLot) -> Decimal:
    return balances.balance(accounts.entries_of(lot.events.all()))


def test_a_dose_is_taken_from_a_lot_until_it_is_empty(stocked: Clinic) -> None:
    key = uuid4()
    assert use_lot(stocked, "0.8", key=key) == use_lot(stocked, "0.8", key=key)
    assert in_stock(StockLot.objects.get()) == Decimal("9.2")
    use_lot(stocked, "9.2")
    with pytest.raises(StockRefused) as refused:
        use_lot(stocked, "0.001")
    assert codes(refused) == ["not_enough_left"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expires_on": date(2026, 11, 22)}, ["lot_expired"]),  # yesterday
        ({"use_by_on": date(2026, 11, 22)}, ["lot_expired"]),
        ({"use_by_on": date(2026, 11, 23)}, []),
        ({"route": "iv"}, ["lot_wrong_route"]),
        ({"unit": "dose"}, ["wrong_unit"]),
        ({"route": "iv", "unit": "dose", "use_by_on": date(2026, 1, 1)}, None),
    ],
)
def test_which_lot_a_dose_may_not_be_taken_from(
    stocked: Clinic, changes: dict[str, Any], expected: list[str] | None
) -> None:
    StockLot.objects.update(**changes)
    if expected == []:
        use_lot(stocked)
        return
    with pytest.raises(StockRefused) as refused:
        use_lot(stocked)
    assert codes(refused) == (expected or ["lot_expired", "lot_wrong_route", "wrong_unit"])


def test_what_came_in_one_clients_name_is_for_nobody_else(stocked: Clinic) -> None:
    ivy = make_client("Ivy Kahn", stocked.location)
    StockLot.objects.update(for_client=ivy)
    with pytest.raises(StockRefused) as refused:
        use_lot(stocked)
    assert codes(refused) == ["lot_of_another"]
    StockLot.objects.update(for_client=stocked.maya)
    use_lot(stocked)


def test_a_delivery_is_received_once(stocked: Clinic) -> None:
    key = uuid4()
    assert receive(stocked, key=key, lot="B2") == receive(stocked, key=key, lot="B2")
    with pytest.raises(KeyUsedBefore):
        receive(stocked, key=key, lot="B2", amount=9)
    with pytest.raises(DomainError) as refused:
        receive(stocked, lot="B2")
    assert (refused.value.code, StockLot.objects.count()) == ("lot_exists", 2)


def test_a_transfer_leaves_here_and_arrives_there_once(stocked: Clinic) -> None:
    lot, hill, key = StockLot.objects.get(), another_place(), uuid4()
    for _again in range(2):
        stock.transfer(lot.pk, TWO, unit="ml", to=hill, key=key, actor=stocked.nia, now=NOW)
    there = StockLot.objects.get(location=hill)
    assert (in_stock(lot), in_stock(there), there.lot) == (8, 2, "A1")
    with pytest.raises(StockRefused):
        stock.transfer(lot.pk, Decimal(9), unit="ml", to=hill, key=uuid4(), actor=stocked.nia, now=NOW)
    assert (in_stock(lot), in_stock(there)) == (8, 2)


def another_place() -> Location:
    return Location.objects.create(
        name="Hill", display_name="Hill", time_zone="America/Denver", state="CO", phone="+15555550101"
    )


def test_a_count_of_a_lot_that_does_not_fit(stocked: Clinic) -> None:
    lot, told = StockLot.objects.get(), {"actor": stocked.nia, "now": NOW}
    new = accounts.NewEvent(kind="counted", amount=Decimal("9.5"), unit="ml", key=uuid4())
    stock.record(lot.pk, new, **told)
    task = StockTask.objects.get()
    assert (task.expected, task.counted) == (10, Decimal("9.5"))
    stock.settle(task.pk, outcome="reported", note="Form 106 sent", **told)
    assert in_stock(lot) == Decimal("9.5")


def test_stock_is_wasted_and_handed_over_with_a_witness(stocked: Clinic) -> None:
    lot = StockLot.objects.get()
    for kind in ("wasted", "disposed"):
        new = accounts.NewEvent(kind=kind, amount=Decimal(1), unit="ml", key=uuid4())
        with pytest.raises(StockRefused) as refused:
            stock.record(lot.pk, new, actor=stocked.nia, now=NOW)
        assert codes(refused) == ["witness_missing"]
