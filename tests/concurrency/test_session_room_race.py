"""Two devices in one session room at the same moment."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from scheduling import booking
from scheduling.care import session_room
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from tests.concurrency.racing import settled_deadlocks, together
from treatment_plans.dosing import doses
from treatment_plans.dosing import records as dosing
from treatment_plans.models import CheckIn, Dose, DoseSignature, DosingRecord, Prescription, Vitals
from treatment_plans.rules.dosing import WantedDose

pytestmark = pytest.mark.django_db(transaction=True)

START = at("2026-12-01 09:30")
WELL = {"systolic": 120, "diastolic": 78, "heart_rate": 70, "spo2": 98}


@pytest.fixture
def record(clinic: Clinic) -> DosingRecord:
    """Ready for the dose."""
    client = clinic.ready_client()
    made = booking.book(
        booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client)),
        START,
        actor=clinic.kim,
        now=NOW,
    )
    Booking.objects.update(status=Booking.Status.IN_SESSION, arrived_at=START, started_at=START)
    record = session_room.open_record(made.pk, actor=clinic.kim, now=START)
    row = {"record": record, "recorded_by": clinic.kim, "recorded_at": START}
    CheckIn.objects.create(**row, key=uuid.uuid4(), identified_by=["name", "birth_date"])
    Vitals.objects.create(**row, key=uuid.uuid4(), taken_at=START, **WELL)
    for part, signer in (("fit", clinic.ana), ("cleared", clinic.ito)):
        DoseSignature.objects.create(**row, key=uuid.uuid4(), part=part, signed_by=signer)
    return record


def giver(clinic: Clinic, record: DosingRecord, key: uuid.UUID) -> Callable[[], Dose]:
    order = Prescription.objects.get()
    wanted = WantedDose(
        number=1,
        amount=Decimal(40),
        unit="mg",
        route="im",
        weight_kg=None,
        is_self_administered=False,
        witnessed_by="",
    )
    kim, now = clinic.kim, START + timedelta(minutes=5)
    return lambda: session_room.give_dose(record.pk, key, wanted, prescription=order, actor=kim, now=now)


def test_two_devices_give_one_dose(clinic: Clinic, record: DosingRecord) -> None:
    before = settled_deadlocks()
    results = together([giver(clinic, record, uuid.uuid4()) for _ in range(4)])
    assert Counter(type(result) for result in results) == {Dose: 1, doses.DoseRefused: 3}
    assert (Dose.objects.count(), settled_deadlocks() - before) == (1, 0)


def test_one_device_that_repeats_itself_gets_the_same_dose(clinic: Clinic, record: DosingRecord) -> None:
    key = uuid.uuid4()
    results = together([giver(clinic, record, key) for _ in range(4)])
    assert {result.pk for result in results if isinstance(result, Dose)} == {Dose.objects.get().pk}
    assert all(isinstance(result, Dose) for result in results)


def test_vitals_repeated_at_once_are_there_once(clinic: Clinic, record: DosingRecord) -> None:
    key, kim, now = uuid.uuid4(), clinic.kim, START + timedelta(minutes=5)
    results = together([lambda: dosing.record_vitals(record.pk, key, WELL, actor=kim, now=now)] * 5)
    assert {result.pk for result in results if isinstance(result, Vitals)} == {Vitals.objects.get(key=key).pk}
    assert Vitals.objects.filter(record=record).count() == 2
