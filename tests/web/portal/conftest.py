from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from notifications import links
from practice import present
from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from web.portal import throttle


class Clock:
    """What `present.now` says; a test may set it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Monday, November 23, ten in the morning; and nobody has guessed anything yet."""
    clock = Clock()
    monkeypatch.setattr(present, "now", clock)
    count_by_itself(monkeypatch)
    return clock


@pytest.fixture
def visit(clinic: Clinic, clock: Clock) -> Booking:
    """Maya's first dosing session, Tuesday December 1, 9:30."""
    return book(clinic)


@pytest.fixture
def issue(clock: Clock) -> Callable[..., str]:
    """Makes a link about a booking and returns its path."""

    def issued(about: Booking, **options: Any) -> str:
        made = links.draft(about, now=clock.now, **options)
        with transaction.atomic():
            links.keep([made])
        return path_of(made.address)

    return issued


def book(clinic: Clinic, *, name: str = "Maya Rivera", start: str = "2026-12-01 09:30") -> Booking:
    client = clinic.ready_client(name)
    request = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(request, at(start), actor=clinic.kim, now=NOW)


def path_of(address: str) -> str:
    return "/l/" + address.rpartition("/l/")[2]


def count_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests guess too, at the same time and against the same cache."""
    run = uuid.uuid4().hex
    monkeypatch.setattr(throttle, "_key", lambda who: f"portal.{run}.{who}")
