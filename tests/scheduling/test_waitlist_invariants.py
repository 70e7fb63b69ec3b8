"""Each check of the waitlist finds what it is for. The constraints in its way are dropped first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from scheduling import offering, waitlist
from scheduling.invariants import CHECKS
from scheduling.models import FreedTime, WaitlistEntry, WaitlistOffer
from tests.cast import NOW, Clinic
from tests.scheduling.test_waitlist import SOON, free, waits

pytestmark = pytest.mark.django_db


@pytest.fixture
def won(clinic: Clinic) -> WaitlistOffer:
    clinic.ready_client()
    for name in ("Ivy Kahn", "Noor Aziz"):
        waits(clinic, name)
    free(clinic)
    offering.offer_due(now=SOON)
    first = WaitlistOffer.objects.order_by("pk")[0]
    accepted = waitlist.accept(first.pk, actor=clinic.kim, now=SOON)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute('DROP INDEX "scheduling_offer_one_winner"')
        for name in ("scheduling_offer_accepted_is_booked", "scheduling_offer_status"):
            cursor.execute(f'ALTER TABLE scheduling_waitlistoffer DROP CONSTRAINT "{name}"')
    return accepted


def found() -> set[str]:
    return {check.name for check in CHECKS if check.find(NOW)}


def lose_the_booking() -> None:
    WaitlistOffer.objects.filter(status="accepted").update(booking=None)


def win_twice() -> None:
    booking = WaitlistOffer.objects.get(status="accepted").booking
    WaitlistOffer.objects.filter(status="lost").update(status="accepted", booking=booking)


def open_it_again() -> None:
    FreedTime.objects.update(status="open", closed_at=None)


def ask_who_left() -> None:
    WaitlistOffer.objects.filter(status="lost").update(status="open", answered_at=None)
    WaitlistEntry.objects.update(status="withdrawn", closed_at=NOW)


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        (lose_the_booking, {"accepted_without_its_booking"}),
        (win_twice, {"two_winners", "accepted_without_its_booking"}),
        (open_it_again, {"filled_by_nobody"}),
        (ask_who_left, {"asked_off_the_list"}),
    ],
)
def test_it_finds_the_harm_and_nothing_else(
    won: WaitlistOffer, harm: Callable[[], None], names: set[str]
) -> None:
    assert found() == set()
    harm()
    assert found() == names
