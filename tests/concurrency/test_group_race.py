"""Thirty clients want one of eight seats."""

from __future__ import annotations

from functools import partial

import pytest

from scheduling import invariants
from scheduling.booking import Request
from scheduling.errors import NotBookable
from scheduling.groups import Wanted, join, open_session
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at, make_client
from tests.concurrency.racing import settled_deadlocks, together

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_of_thirty_get_a_seat(clinic: Clinic) -> None:
    circle = open_session(
        Wanted(clinic.circle, clinic.location), at("2026-12-01 10:00"), actor=clinic.kim, now=NOW
    )
    before = settled_deadlocks()
    works = [
        partial(
            join,
            circle.pk,
            Request(make_client(f"Client {number}", clinic.location), clinic.circle, clinic.location),
            actor=clinic.kim,
            now=NOW,
        )
        for number in range(30)
    ]
    results = together(works)
    won = [one for one in results if isinstance(one, Booking)]
    lost = [one for one in results if isinstance(one, NotBookable)]
    assert (len(won), len(lost)) == (8, 22), [repr(one) for one in results]
    assert {blocker.code for one in lost for blocker in one.blockers} == {"group_full"}
    assert settled_deadlocks() == before
    assert not any(check.find(NOW) for check in invariants.CHECKS)
