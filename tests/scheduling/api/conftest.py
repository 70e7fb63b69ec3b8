from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.cast import NOW, Clinic


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    """Nothing stands against a dosing session of Maya's."""
    clinic.appointment_type()
    clinic.ready_client()
    return clinic
