from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from pytest_django import DjangoDbBlocker

from tests.api.world import World, make_world, undone
from tests.cast import NOW, Clinic, make_clinic


@pytest.fixture
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(scope="module")
def world_of_module(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once, for it takes longer than the requests; each test undoes its own changes."""
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), undone():
        yield make_world(make_clinic())


@pytest.fixture
def world(world_of_module: World) -> Iterator[World]:
    with undone():
        yield world_of_module


@pytest.fixture(scope="module")
def ready_of_module(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Clinic]:
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), undone():
        clinic = make_clinic()
        clinic.appointment_type()
        clinic.ready_client()
        for _each in (clinic.ada, clinic.kim, clinic.nia, clinic.odo):
            continue  # made when first asked for, which must not be in a test that undoes it
        yield clinic


@pytest.fixture
def ready(ready_of_module: Clinic) -> Iterator[Clinic]:
    """Nothing stands against a dosing session of Maya's."""
    with undone():
        yield ready_of_module
