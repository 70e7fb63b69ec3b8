"""Fifty clients say yes at once, on fifty connections. One wins, forty-nine keep their place."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import time_machine

from practice.errors import DomainError, Taken
from scheduling import booking, offering, waitlist
from scheduling.booking import Request
from scheduling.errors import NotBookable, OfferLost, OfferOver
from scheduling.invariants import CHECKS
from scheduling.models import Booking, FreedTime, WaitlistEntry, WaitlistOffer
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at, make_client
from tests.concurrency.racing import overlaps, settled_deadlocks, together

pytestmark = pytest.mark.django_db(transaction=True)

FIFTY = 50
START = at("2026-12-01 10:00")
END = START + timedelta(minutes=60)
MINUTE = timedelta(minutes=1)


def offered(clinic: Clinic, count: int) -> list[WaitlistOffer]:
    """Consults: one therapist, one room, and so many who were asked by hand."""
    kind = clinic.appointment_type("consult")
    entries = [
        waitlist.add(make_client(f"Client {number}", clinic.location), kind, actor=clinic.kim, now=NOW)
        for number in range(count)
    ]
    freed = FreedTime.objects.create(
        location=clinic.location,
        starts_at=START,
        ends_at=END,
        therapist=clinic.ana,
        room=clinic.therapy_room,
        because="cancelled",
        freed_at=NOW,
        look_at=NOW,
    )
    return offering.offer_to(
        freed.pk, [entry.pk for entry in entries], starts_at=START, actor=clinic.kim, now=NOW
    )


def wrong() -> list[str]:
    return [check.name for check in CHECKS if check.find(NOW)]


def test_of_fifty_who_say_yes_at_once_one_wins_and_the_others_keep_their_place(clinic: Clinic) -> None:
    offers, before = offered(clinic, FIFTY), settled_deadlocks()
    results = together(
        [lambda pk=offer.pk: waitlist.accept(pk, actor=None, now=NOW + MINUTE) for offer in offers]  # type: ignore[misc]
    )
    outcomes = Counter(type(result).__name__ for result in results)
    print(f"\n{FIFTY} yes: {dict(outcomes)}, {settled_deadlocks() - before} deadlocks")
    assert outcomes == {"WaitlistOffer": 1, "OfferLost": FIFTY - 1}
    assert Booking.objects.count() == 1
    waiting = WaitlistEntry.waiting()
    assert waiting.count() == FIFTY - 1
    assert {(entry.since_at, entry.last_asked_at) for entry in waiting} == {(NOW, None)}  # type: ignore[attr-defined]
    assert (settled_deadlocks() - before, overlaps(), wrong()) == (0, 0, [])


def test_fifty_yes_over_the_api_are_one_booking_and_forty_nine_plain_answers(clinic: Clinic) -> None:
    offers = offered(clinic, FIFTY)
    with time_machine.travel(NOW + MINUTE, tick=True):
        answers = together(
            [lambda pk=offer.pk: Caller(clinic.kim).post(f"waitlist-offers/{pk}/accept") for offer in offers]  # type: ignore[misc]
        )
    statuses = Counter(getattr(answer, "status_code", repr(answer)) for answer in answers)
    assert statuses == {200: 1, 409: FIFTY - 1}
    assert {answer.json().get("code") for answer in answers} == {None, "offer_lost"}  # type: ignore[union-attr]
    assert (Booking.objects.count(), overlaps(), wrong()) == (1, 0, [])


def test_the_same_yes_from_twelve_hands_books_once(clinic: Clinic) -> None:
    [offer] = offered(clinic, 1)
    results = together([lambda: waitlist.accept(offer.pk, actor=None, now=NOW + MINUTE)] * 12)
    assert {getattr(result, "booking_id", None) for result in results} == {Booking.objects.get().pk}


def test_a_yes_and_the_desk_that_books_the_same_time(clinic: Clinic) -> None:
    for number in range(4):
        start = START + timedelta(days=number)
        kind = clinic.appointment_type("consult")
        entry = waitlist.add(make_client(f"A {number}", clinic.location), kind, actor=clinic.kim, now=NOW)
        freed = FreedTime.objects.create(
            location=clinic.location,
            starts_at=start,
            ends_at=start + timedelta(minutes=60),
            therapist=clinic.ana,
            room=clinic.therapy_room,
            because="cancelled",
            freed_at=NOW,
            look_at=NOW,
        )
        [offer] = offering.offer_to(freed.pk, [entry.pk], starts_at=start, actor=clinic.kim, now=NOW)
        walk_in = make_client(f"B {number}", clinic.location)
        request = Request(walk_in, kind, clinic.location, therapist_id=clinic.ana.pk)
        said, asked = together(
            [
                lambda offer=offer: waitlist.accept(offer.pk, actor=None, now=NOW + MINUTE),  # type: ignore[misc]
                lambda request=request, start=start: booking.book(  # type: ignore[misc]
                    request, start, actor=clinic.kim, now=NOW + MINUTE
                ),
            ]
        )
        assert isinstance(said, OfferLost) != isinstance(asked, NotBookable | Taken), (said, asked)
        assert Booking.objects.filter(starts_at=start).count() == 1
    assert (overlaps(), wrong()) == (0, [])


def test_a_yes_and_the_sweep_that_ends_the_offer(clinic: Clinic) -> None:
    """Whatever comes first, there is a booking exactly if the client was told so."""
    for number in range(4):
        start = START + timedelta(days=number)
        kind = clinic.appointment_type("consult")
        entry = waitlist.add(make_client(f"A {number}", clinic.location), kind, actor=clinic.kim, now=NOW)
        freed = FreedTime.objects.create(
            location=clinic.location,
            starts_at=start,
            ends_at=start + timedelta(minutes=60),
            therapist=clinic.ana,
            because="cancelled",
            freed_at=NOW,
            look_at=NOW,
        )
        [offer] = offering.offer_to(freed.pk, [entry.pk], starts_at=start, actor=clinic.kim, now=NOW)
        said, _swept = together(
            [
                lambda offer=offer: waitlist.accept(  # type: ignore[misc]
                    offer.pk, actor=None, now=offer.expires_at - timedelta(seconds=1)
                ),
                lambda offer=offer: offering.offer_due(now=offer.expires_at),  # type: ignore[misc]
            ]
        )
        booked = Booking.objects.filter(starts_at=start).exists()
        assert isinstance(said, WaitlistOffer) == booked
        assert booked or isinstance(said, OfferOver)
    assert wrong() == []


def test_yes_no_goodbye_hide_and_the_sweep_all_at_once(clinic: Clinic) -> None:
    """Nobody waits for a deadlock, and whatever they are told is a plain answer."""
    offers, before = offered(clinic, 12), settled_deadlocks()
    later = NOW + MINUTE
    works = []
    for offer in offers:
        works += [
            lambda pk=offer.pk: waitlist.accept(pk, actor=None, now=later),
            lambda pk=offer.pk: waitlist.decline(pk, actor=None, now=later),
            lambda pk=offer.entry_id: waitlist.withdraw(pk, actor=clinic.kim, now=later),
        ]
    works += [lambda: offering.offer_due(now=later) for _each in range(4)]  # type: ignore[list-item, misc]
    results = together(works)  # type: ignore[arg-type]
    odd = [
        result for result in results if isinstance(result, Exception) and not isinstance(result, DomainError)
    ]
    assert odd == []
    assert {getattr(result, "status", 0) for result in results if isinstance(result, DomainError)} <= {
        409,
        410,
    }
    assert Booking.objects.count() <= 1
    assert (settled_deadlocks() - before, overlaps(), wrong()) == (0, 0, [])
