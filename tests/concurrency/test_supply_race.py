"""Two people take the last dose; one gets it. The same event sent twenty times is one event.

The control takes the client's lock away and has to lose.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from practice.models import Client
from tests.cast import NOW, Clinic
from tests.concurrency.racing import together
from treatment_plans.models import Prescription, SupplyEvent
from treatment_plans.supply import ledger as supply_ledger
from treatment_plans.supply import prescriptions
from treatment_plans.supply.ledger import SupplyRefused

pytestmark = pytest.mark.django_db(transaction=True)

RACERS, ROUNDS = 8, 3


@pytest.fixture
def held(clinic: Clinic) -> Clinic:
    client = clinic.ready_client()
    Prescription.objects.update(doses_per_fill=1, refills=0)
    prescriptions.dispense(Prescription.objects.get(client=client).pk, key=uuid4(), actor=clinic.kim, now=NOW)
    return clinic


def race(clinic: Clinic, keys: list[UUID]) -> list[SupplyEvent | Exception]:
    client, session = clinic.maya.pk, clinic.dose(clinic.maya).pk
    rx, nurse = Prescription.objects.get().pk, clinic.nia

    def use(key: UUID) -> SupplyEvent:
        with transaction.atomic():
            return supply_ledger.use_from_prescription(
                client, rx, Decimal(1), "dose", session, key, nurse, NOW
            )

    return together([lambda key=key: use(key) for key in keys])  # type: ignore[misc]


def left(clinic: Clinic) -> Decimal:
    return supply_ledger.supplies(clinic.maya.pk)[0].left


def test_the_last_dose_is_given_to_one(held: Clinic) -> None:
    results = race(held, [uuid4() for _each in range(RACERS)])
    given = [each for each in results if isinstance(each, SupplyEvent)]
    refused = [each for each in results if isinstance(each, SupplyRefused)]
    assert (len(given), len(refused), left(held)) == (1, RACERS - 1, 0), results


def test_the_same_event_twenty_times_is_one(held: Clinic) -> None:
    results = race(held, [uuid4()] * 20)
    assert len({each.pk for each in results if isinstance(each, SupplyEvent)}) == 1, results
    assert all(isinstance(each, SupplyEvent) for each in results), results
    assert (SupplyEvent.objects.filter(kind="used").count(), left(held)) == (1, 0)


def test_without_the_lock_there_is_less_than_nothing(held: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: everybody looks before anybody has written."""
    rows = Client.objects.select_related("location")
    monkeypatch.setattr(supply_ledger, "_lock", lambda pk: rows.get(pk=pk))
    for _each in range(ROUNDS):
        race(held, [uuid4() for _racer in range(RACERS)])
        if left(held) < 0:
            return
    pytest.fail("Nobody lost.")
