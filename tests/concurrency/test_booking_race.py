"""Sixteen people want the same hour. One gets it, fifteen are told, nobody waits for a deadlock.

RACE_ROUNDS=60 is the long run (`make races`). The control takes the guards away and has to lose: a race
that can't be lost proves nothing.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection

from practice.errors import Taken
from practice.models import Client, Clinician, Room
from scheduling import booking
from scheduling.errors import NotBookable
from scheduling.models import Booking, Occupancy
from tests.cast import NOW, Clinic, at, make_client, make_clinician
from tests.concurrency.racing import overlaps, settled_deadlocks, together

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 16
ROUNDS = int(os.environ.get("RACE_ROUNDS", "6"))
CONTROL_ROUNDS = max(2, ROUNDS // 6)


@pytest.fixture
def crowd(clinic: Clinic) -> Clinic:
    """Sixteen clients, four more therapists and four more rooms; a consult takes one of each."""
    for number in range(RACERS):
        make_client(f"Client {number}", clinic.location)
    for number in range(4):
        make_clinician(f"Therapist {number}", "therapist", clinic.location)
        Room.objects.create(location=clinic.location, name=f"Talk {number}", kind=Room.Kind.THERAPY)
    for _each in (clinic.appointment_type("consult"), clinic.kim):
        continue  # made when first asked for
    return clinic


def hours() -> Iterator[datetime]:
    """Nine in the morning, then every two hours, on working days."""
    for day in range(180):
        start = at("2026-11-30 09:00") + timedelta(days=day)
        if start.weekday() < 5:
            yield from (start + timedelta(hours=hour) for hour in (0, 2, 4, 6))


def race(crowd: Clinic, start: datetime, *, for_a_room: bool) -> list[Booking | Exception]:
    """All want one therapist, each in another room, or one room, each with another therapist.

    Half of them half an hour later, which overlaps as well.
    """
    therapists = list(Clinician.objects.filter(kind="therapist").order_by("pk"))
    rooms = list(Room.objects.filter(kind=Room.Kind.THERAPY).order_by("pk"))
    clients = list(Client.objects.order_by("pk"))
    kind = crowd.appointment_type("consult")

    def attempt(index: int) -> Booking:
        turn = index % 5
        request = booking.Request(
            clients[index],
            kind,
            crowd.location,
            therapist_id=therapists[turn].pk if for_a_room else crowd.ana.pk,
            room_id=rooms[0].pk if for_a_room else rooms[-1 - turn].pk,
        )
        late = timedelta(minutes=30 * (index % 2))
        return booking.book(request, start + late, actor=crowd.kim, now=NOW)

    return together([lambda index=index: attempt(index) for index in range(RACERS)])  # type: ignore[misc]


def test_one_wins_each_round_and_nobody_overlaps(crowd: Clinic) -> None:
    before, began, outcomes = settled_deadlocks(), time.monotonic(), Counter[str]()
    for number, start in zip(range(ROUNDS), hours(), strict=False):
        results = race(crowd, start, for_a_room=number % 2 == 1)
        outcomes.update(type(result).__name__ for result in results)
        winners = [result for result in results if isinstance(result, Booking)]
        losers = [result for result in results if isinstance(result, NotBookable | Taken)]
        assert (len(winners), len(losers)) == (1, RACERS - 1), [repr(result) for result in results]
        assert all(loser.alternatives for loser in losers)  # told where else
    print(
        f"\n{ROUNDS} rounds of {RACERS}: {dict(outcomes)}, {settled_deadlocks() - before} deadlocks, "
        f"{overlaps()} overlaps, {time.monotonic() - began:.1f} s"
    )
    assert Booking.objects.count() == ROUNDS
    assert Occupancy.objects.count() == 3 * ROUNDS
    assert (settled_deadlocks() - before, overlaps()) == (0, 0)


def test_without_the_guards_they_overlap(crowd: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: neither locks nor exclusion constraints, and the same race."""
    monkeypatch.setattr(booking, "_lock", lambda request, choice: request)
    with no_exclusion_constraints():
        for number, start in zip(range(CONTROL_ROUNDS), hours(), strict=False):
            race(crowd, start, for_a_room=number % 2 == 1)
        found = overlaps()
        print(
            f"\n{CONTROL_ROUNDS} rounds without guards: {Booking.objects.count()} winners, {found} overlaps"
        )
        assert found > 0
        assert Booking.objects.count() > CONTROL_ROUNDS


def test_the_constraints_alone_let_nobody_overlap_either(
    crowd: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last word is the database's; the locks only make the answer quick and kind."""
    monkeypatch.setattr(booking, "_lock", lambda request, choice: request)
    for number, start in zip(range(CONTROL_ROUNDS // 2), hours(), strict=False):
        results = race(crowd, start, for_a_room=number % 2 == 0)
        assert sum(isinstance(result, Booking) for result in results) == 1
    assert overlaps() == 0


@contextmanager
def no_exclusion_constraints() -> Iterator[None]:
    """For a while; what they would have refused is deleted before they come back."""
    exclusions = [each for each in Occupancy._meta.constraints if isinstance(each, ExclusionConstraint)]
    assert len(exclusions) == 3
    for constraint in exclusions:
        with connection.schema_editor() as editor:
            editor.remove_constraint(Occupancy, constraint)
    try:
        yield
    finally:
        Occupancy.objects.all().delete()
        for constraint in exclusions:
            with connection.schema_editor() as editor:
                editor.add_constraint(Occupancy, constraint)
