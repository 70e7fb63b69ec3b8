"""A time becomes free, is offered in turn to those who can still be ready, and the first yes wins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction

from practice.errors import Invalid, OutOfScope, Stale
from practice.models import Activity, Client, Location, Room
from scheduling import booking, changes, freed_times, lifecycle, moves, offering, sweeps, waitlist
from scheduling.booking import Request
from scheduling.engine.types import Span
from scheduling.errors import (
    AlreadyWaiting,
    NotBookable,
    NotOfferable,
    NotPossibleNow,
    OfferClosed,
    OfferLost,
    OfferOver,
)
from scheduling.models import AppointmentType, Booking, FreedTime, Occupancy, WaitlistEntry, WaitlistOffer
from tests.cast import NOW, Clinic, at, make_client
from treatment_plans.models import Clearance, Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")  # eight days on
QUIET = timedelta(minutes=3)
SOON = NOW + QUIET
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Status, Answer = WaitlistEntry.Status, WaitlistOffer.Status


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    clinic.ready_client()
    clinic.appointment_type()
    return clinic


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """What is announced about offers."""
    ids: list[int] = []

    def listen(offer_ids: Any, now: datetime) -> None:
        ids.extend(offer_ids)

    changes.subscribe_offers(listen)
    yield ids
    changes._offer_listeners.remove(listen)


def request_for(clinic: Clinic, client: Client, number: int = 1, **more: Any) -> Request:
    return Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client, number), **more)


def booked(clinic: Clinic, client: Client, start: datetime = START, *, now: datetime = NOW) -> Booking:
    return booking.book(request_for(clinic, client), start, actor=clinic.kim, now=now)


def waits(clinic: Clinic, name: str, *, since: datetime = NOW, **more: Any) -> WaitlistEntry:
    """For the first dose of a client for whom nothing stands against it."""
    client = clinic.ready_client(name)
    return waitlist.add(
        client,
        clinic.appointment_type(),
        planned_session=clinic.dose(client),
        actor=clinic.kim,
        now=since,
        **more,
    )


def free(clinic: Clinic, *, now: datetime = NOW, start: datetime = START) -> FreedTime:
    """Maya's session is cancelled."""
    row = booked(clinic, clinic.maya, start)
    lifecycle.cancel(row.pk, party="client", reason="has a cold", actor=clinic.kim, now=now)
    return FreedTime.objects.get(booking=row)


def offers_of(freed: FreedTime) -> list[WaitlistOffer]:
    return list(WaitlistOffer.objects.filter(freed_time=freed).order_by("pk"))


def names(offers: list[WaitlistOffer]) -> list[str]:
    return [offer.client.legal_name for offer in offers]


# What frees a time


def test_a_cancelled_time_is_noted_with_whom_and_where(ready: Clinic) -> None:
    freed = free(ready)
    assert (freed.starts_at, freed.ends_at, freed.because) == (START, at("2026-12-01 12:00"), "cancelled")
    assert (freed.therapist, freed.psychiatrist, freed.room) == (ready.ana, ready.ito, ready.dosing_room)


def test_a_move_frees_the_old_time_and_a_new_room_alone_none(ready: Clinic) -> None:
    row = booked(ready, ready.maya)
    moves.reschedule(row.pk, START + 4 * HOUR, actor=ready.kim, now=NOW)
    freed = FreedTime.objects.get()
    assert (freed.starts_at, freed.because) == (START, "moved")
    moves.reschedule(row.pk, START + 4 * HOUR, actor=ready.kim, now=NOW)
    assert FreedTime.objects.count() == 1


def test_a_hold_that_is_over_frees_its_time(ready: Clinic) -> None:
    request = request_for(ready, ready.maya)
    booking.book(request, START, hold_for=10 * MINUTE, actor=ready.kim, now=NOW)
    sweeps.expire_holds(now=NOW + 10 * MINUTE)
    assert FreedTime.objects.get().because == "expired"


def test_what_is_over_is_not_free(ready: Clinic) -> None:
    row = booked(ready, ready.maya)
    lifecycle.cancel(row.pk, party="clinic", reason="fire alarm", actor=ready.kim, now=START + MINUTE)
    assert not FreedTime.objects.exists()


# Whom to ask


def test_three_are_asked_in_turn_after_the_first_minutes(ready: Clinic, heard: list[int]) -> None:
    for number, name in enumerate(["Ivy Kahn", "Noor Aziz", "Kai West", "Ola Sand"]):
        waits(ready, name, since=NOW - timedelta(days=number))
    freed = free(ready)
    assert offering.offer_due(now=SOON - MINUTE) == 0
    assert offering.offer_due(now=SOON) == 3
    made = offers_of(freed)
    assert names(made) == ["Ola Sand", "Kai West", "Noor Aziz"]
    assert {(one.starts_at, one.ends_at, one.therapist, one.room) for one in made} == {
        (START, at("2026-12-01 12:00"), ready.ana, ready.dosing_room)
    }
    assert {one.expires_at for one in made} == {SOON + 2 * HOUR}
    assert sorted(heard) == [one.pk for one in made]
    assert offering.offer_due(now=SOON + MINUTE) == 0


def test_the_next_batch_comes_when_the_batch_is_over(ready: Clinic) -> None:
    for number in range(5):
        waits(ready, f"Client {number}", since=NOW - timedelta(days=number))
    freed = free(ready)
    offering.offer_due(now=SOON)
    first, second, _third = offers_of(freed)
    waitlist.decline(first.pk, actor=ready.kim, now=SOON + MINUTE)
    waitlist.decline(second.pk, actor=ready.kim, now=SOON + MINUTE)
    assert offering.offer_due(now=SOON + 2 * MINUTE) == 0  # one may still say yes
    assert offering.offer_due(now=SOON + 2 * HOUR) == 2
    assert [one.status for one in offers_of(freed)] == ["declined", "declined", "expired", "open", "open"]


def test_when_all_have_said_no_the_next_are_asked_at_once(ready: Clinic) -> None:
    for number in range(4):
        waits(ready, f"Client {number}")
    freed = free(ready)
    offering.offer_due(now=SOON)
    for one in offers_of(freed):
        waitlist.decline(one.pk, actor=ready.kim, now=SOON + MINUTE)
    assert offering.offer_due(now=SOON + MINUTE) == 1


def test_nobody_is_asked_twice_about_the_same_time(ready: Clinic) -> None:
    waits(ready, "Ivy Kahn")
    free(ready)
    assert offering.offer_due(now=SOON) == 1
    assert offering.offer_due(now=SOON + 3 * HOUR) == 0


def test_who_lost_is_asked_again_first_and_who_said_no_is_not(ready: Clinic) -> None:
    ivy = waits(ready, "Ivy Kahn", since=NOW - timedelta(days=3))
    noor = waits(ready, "Noor Aziz", since=NOW - timedelta(days=2))
    kai = waits(ready, "Kai West", since=NOW - timedelta(days=1))
    freed = free(ready)
    offering.offer_due(now=SOON)
    by_entry = {one.entry_id: one for one in offers_of(freed)}
    waitlist.decline(by_entry[ivy.pk].pk, actor=ready.kim, now=SOON)
    waitlist.accept(by_entry[kai.pk].pk, actor=ready.kim, now=SOON)
    ola = waits(ready, "Ola Sand", since=SOON - HOUR)
    assert [one.pk for one in offering.in_turn(offering.waiting())] == [noor.pk, ola.pk, ivy.pk]


@pytest.mark.parametrize(
    "wishes",
    [
        {"weekdays": [0, 2, 3]},
        {"times": [[time(13), time(0)]]},
        {"earliest_on": date(2026, 12, 2)},
        {"latest_on": date(2026, 11, 30)},
        {"notice_minutes": 9 * 24 * 60},
    ],
)
def test_whose_wishes_do_not_fit_is_not_asked(ready: Clinic, wishes: dict[str, Any]) -> None:
    waits(ready, "Ivy Kahn", wishes=wishes)
    free(ready)
    assert offering.offer_due(now=SOON) == 0


def test_only_with_whom_they_want(ready: Clinic) -> None:
    waits(ready, "Ivy Kahn", clinicians=[ready.ben])
    waits(ready, "Noor Aziz", clinicians=[ready.ana, ready.ben])
    freed = free(ready)
    offering.offer_due(now=SOON)
    assert {one.client.legal_name: one.therapist for one in offers_of(freed)} == {
        "Ivy Kahn": ready.ben,  # who is free in the room that was freed
        "Noor Aziz": ready.ana,
    }


def test_another_location_is_offered_to_those_who_would_go_there(ready: Clinic) -> None:
    hill = Location.objects.create(
        name="Hill", display_name="Hill", time_zone="America/Denver", state="CO", phone="+15555550199"
    )
    waits(ready, "Ivy Kahn", locations=[hill])
    both = waits(ready, "Noor Aziz", locations=[hill, ready.location])
    freed = free(ready)
    offering.offer_due(now=SOON)
    assert [one.entry_id for one in offers_of(freed)] == [both.pk]


@pytest.mark.parametrize("what", ["clearance", "prescription", "licence"])
def test_who_could_not_have_the_session_is_not_asked(ready: Clinic, what: str) -> None:
    ivy = waits(ready, "Ivy Kahn").client
    if what == "clearance":
        Clearance.objects.filter(client=ivy).update(valid_through_on=date(2026, 11, 30))
    elif what == "prescription":
        row = Prescription.objects.get(client=ivy)
        prescriptions.revoke(row.pk, reason="reaction", actor=ready.ada, now=NOW)
    else:
        for clinician in (ready.ana, ready.ben):
            clinician.licences.update(valid_through_on=date(2026, 11, 30))
    FreedTime.objects.create(
        location=ready.location,
        starts_at=START,
        ends_at=at("2026-12-01 12:00"),
        therapist=ready.ana,
        room=ready.dosing_room,
        because="cancelled",
        freed_at=NOW,
        look_at=NOW,
    )
    assert offering.offer_due(now=SOON) == 0


def test_who_could_not_fast_any_more_is_not_asked_in_the_evening_or_next_morning(ready: Clinic) -> None:
    """Eight hours before half past nine is half past one at night."""
    AppointmentType.objects.filter(code="dosing-im").update(min_notice_minutes=0)
    ivy = waits(ready, "Ivy Kahn")
    freed = free(ready, now=at("2026-11-30 18:00"))
    assert offering.offer_due(now=at("2026-11-30 18:05")) == 1
    assert offers_of(freed)[0].expires_at == at("2026-11-30 20:00")
    noor = waits(ready, "Noor Aziz")
    assert offering.offer_due(now=at("2026-11-30 20:01")) == 0  # at night nobody is asked
    assert offering.offer_due(now=at("2026-12-01 08:00")) == 0  # and then they have had breakfast
    [late] = offering.verdicts(freed, now=at("2026-12-01 08:00"))
    assert late.entry == noor
    assert [blocker.code for blocker in late.blockers] == ["no_time_to_fast"]
    assert WaitlistEntry.objects.get(pk=ivy.pk).is_waiting


def test_a_session_without_a_dose_is_offered_at_short_notice(ready: Clinic) -> None:
    kind = ready.appointment_type("consult")
    entry = waitlist.add(make_client("Lee Tan", ready.location), kind, actor=ready.kim, now=NOW)
    freed = waitlist.open_time(
        ready.location, Span(NOW + 26 * HOUR, NOW + 28 * HOUR), therapist=ready.ana, actor=ready.kim, now=NOW
    )
    assert offering.offer_due(now=NOW) == 1
    [offer] = offers_of(freed)
    assert (offer.entry, offer.starts_at, offer.therapist) == (entry, NOW + 26 * HOUR, ready.ana)


def test_all_of_a_batch_are_asked_about_one_start(ready: Clinic) -> None:
    kind = ready.appointment_type("consult")
    for name, begin in (("Lee Tan", time(10)), ("Sam Ode", time(11)), ("Rae Mint", time(10))):
        waitlist.add(
            make_client(name, ready.location),
            kind,
            wishes={"times": [[begin, time(18)]]},
            actor=ready.kim,
            now=NOW,
        )
    day = Span(at("2026-12-01 09:00"), at("2026-12-01 17:00"))
    freed = waitlist.open_time(ready.location, day, therapist=ready.ana, actor=ready.kim, now=NOW)
    offering.offer_due(now=NOW)
    assert {(one.client.legal_name, one.starts_at) for one in offers_of(freed)} == {
        ("Lee Tan", at("2026-12-01 10:00")),
        ("Rae Mint", at("2026-12-01 10:00")),
    }


def test_what_a_shorter_session_leaves_is_offered_too(ready: Clinic) -> None:
    kind = ready.appointment_type("consult")
    entries = [
        waitlist.add(make_client(name, ready.location), kind, actor=ready.kim, now=NOW + number * MINUTE)
        for number, name in enumerate(["Lee Tan", "Sam Ode"])
    ]
    freed = free(ready)
    offering.offer_due(now=SOON)
    first, second = offers_of(freed)
    waitlist.accept(first.pk, actor=ready.kim, now=SOON + MINUTE)
    rest = FreedTime.objects.get(because="rest")
    assert (rest.starts_at, rest.ends_at) == (first.ends_at, freed.ends_at)
    assert offering.offer_due(now=SOON + MINUTE) == 1
    assert offers_of(rest)[0].entry == entries[1]
    second.refresh_from_db()
    assert second.status == Answer.LOST


def test_a_time_that_was_booked_again_is_asked_about_no_more(ready: Clinic) -> None:
    waits(ready, "Ivy Kahn")
    freed = free(ready)
    offering.offer_due(now=SOON)
    booked(ready, ready.maya, now=SOON)
    offering.offer_due(now=SOON + MINUTE)
    [offer] = offers_of(freed)
    assert offer.status == Answer.LOST
    assert freed not in freed_times.in_sight(SOON + MINUTE)


def test_an_absence_that_ends_is_a_free_time(ready: Clinic) -> None:
    waits(ready, "Ivy Kahn")
    day = Span(at("2026-12-01 08:00"), at("2026-12-01 18:00"))
    with transaction.atomic():
        freed = freed_times.note_back(ready.ana, ready.location, day, now=NOW)
    assert freed is not None
    assert offering.offer_due(now=SOON) == 1


def test_one_that_fails_does_not_stop_the_others(ready: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(ready, "Ivy Kahn")
    poison = waitlist.open_time(
        ready.location, Span(START - HOUR, START), therapist=ready.ben, actor=ready.kim, now=NOW
    )
    free(ready)
    choose = offering._choose

    def fails_once(freed: FreedTime, *, now: datetime) -> Any:
        if freed.pk == poison.pk:
            raise ZeroDivisionError
        return choose(freed, now=now)

    monkeypatch.setattr(offering, "_choose", fails_once)
    assert offering.offer_due(now=SOON) == 1
    poison.refresh_from_db()
    assert poison.look_at == SOON + 10 * MINUTE


# By hand


def test_the_desk_asks_whom_it_likes_whatever_they_wish(ready: Clinic) -> None:
    ivy = waits(ready, "Ivy Kahn", wishes={"weekdays": [4]})
    freed = free(ready)
    [offer] = offering.offer_to(freed.pk, [ivy.pk], actor=ready.kim, now=NOW)
    assert (offer.starts_at, offer.sent_by) == (START, ready.kim)


def test_but_not_who_could_not_have_it_and_says_why_not(ready: Clinic) -> None:
    ivy, noor = waits(ready, "Ivy Kahn"), waits(ready, "Noor Aziz")
    prescriptions.revoke(
        Prescription.objects.get(client=ivy.client).pk, reason="reaction", actor=ready.ada, now=NOW
    )
    freed = free(ready)
    with pytest.raises(NotOfferable) as refusal:
        offering.offer_to(freed.pk, [ivy.pk, noor.pk], actor=ready.kim, now=NOW)
    assert {(one.code, one.params["entry"]) for one in refusal.value.blockers} == {
        ("prescription_revoked", ivy.pk)
    }
    assert offers_of(freed) == []


def test_who_does_not_wait_can_not_be_asked(ready: Clinic) -> None:
    entry = waits(ready, "Ivy Kahn")
    waitlist.withdraw(entry.pk, actor=ready.kim, now=NOW)
    freed = free(ready)
    with pytest.raises(OutOfScope):
        offering.offer_to(freed.pk, [entry.pk], actor=ready.kim, now=NOW)


def test_a_hidden_time_is_offered_to_nobody_and_questions_are_taken_back(
    ready: Clinic, heard: list[int]
) -> None:
    waits(ready, "Ivy Kahn")
    freed = free(ready)
    offering.offer_due(now=SOON)
    waitlist.hide(freed.pk, actor=ready.kim, now=SOON)
    [offer] = offers_of(freed)
    assert offer.status == Answer.WITHDRAWN
    assert heard == [offer.pk, offer.pk]
    with pytest.raises(OfferClosed):
        waitlist.accept(offer.pk, actor=ready.kim, now=SOON)
    with pytest.raises(NotOfferable):
        offering.offer_to(freed.pk, [offer.entry_id], actor=ready.kim, now=SOON)


# Answers


@pytest.fixture
def offered(ready: Clinic) -> list[WaitlistOffer]:
    waits(ready, "Ivy Kahn", since=NOW - HOUR)
    waits(ready, "Noor Aziz")
    freed = free(ready)
    offering.offer_due(now=SOON)
    return offers_of(freed)


def test_the_first_yes_books_and_the_other_keeps_the_place(
    ready: Clinic, offered: list[WaitlistOffer]
) -> None:
    ivy, noor = offered
    won = waitlist.accept(ivy.pk, actor=ready.kim, now=SOON)
    assert won.booking is not None
    assert (won.booking.starts_at, won.booking.client, won.booking.planned_session) == (
        START,
        ivy.client,
        ready.dose(ivy.client),
    )
    with pytest.raises(OfferLost) as refusal:
        waitlist.accept(noor.pk, actor=ready.kim, now=SOON)
    assert refusal.value.text().endswith("They keep their place on the list.")
    before = noor.entry.since_at
    entry = WaitlistEntry.waiting().get(pk=noor.entry_id)
    assert (entry.since_at, entry.last_asked_at) == (before, None)
    ivy.entry.refresh_from_db()
    assert ivy.entry.status == Status.TAKEN
    assert FreedTime.objects.get(pk=ivy.freed_time_id).status == FreedTime.Status.FILLED


def test_a_yes_said_twice_counts_once(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    first = waitlist.accept(offered[0].pk, actor=ready.kim, now=SOON)
    again = waitlist.accept(offered[0].pk, actor=ready.kim, now=SOON + 5 * HOUR)
    assert again.booking == first.booking
    assert Booking.objects.filter(client=offered[0].client).count() == 1


def test_the_client_may_say_so_without_our_help(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    won = waitlist.accept(offered[0].pk, actor=None, now=SOON)
    assert won.booking is not None
    assert won.booking.booked_by is None
    said = Activity.objects.filter(action__in=["waitlist.accepted", "booking.booked"], client=won.client)
    assert {entry.actor for entry in said} == {None}


def test_an_answer_that_comes_too_late_is_told_so_before_anything_swept_it(
    ready: Clinic, offered: list[WaitlistOffer]
) -> None:
    late = offered[0].expires_at
    with pytest.raises(OfferOver) as refusal:
        waitlist.accept(offered[0].pk, actor=None, now=late)
    assert refusal.value.status == 410
    assert waitlist.accept(offered[0].pk, actor=None, now=late - timedelta(seconds=1))
    offering.offer_due(now=late)
    with pytest.raises(OfferLost):
        waitlist.accept(offered[1].pk, actor=None, now=late)


def test_a_time_that_the_desk_booked_meanwhile_has_gone(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    booked(ready, ready.maya, now=SOON)
    with pytest.raises(OfferLost):
        waitlist.accept(offered[0].pk, actor=None, now=SOON)
    assert WaitlistEntry.objects.get(pk=offered[0].entry_id).is_waiting


def test_who_may_not_have_the_session_any_more_is_told_why(
    ready: Clinic, offered: list[WaitlistOffer]
) -> None:
    prescriptions.revoke(
        Prescription.objects.get(client=offered[0].client).pk, reason="reaction", actor=ready.ada, now=SOON
    )
    with pytest.raises(NotBookable) as refusal:
        waitlist.accept(offered[0].pk, actor=ready.kim, now=SOON)
    assert [blocker.code for blocker in refusal.value.blockers] == ["prescription_revoked"]


def test_another_room_is_as_good(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    other = Room.objects.create(location=ready.location, name="Room 9", kind=Room.Kind.DOSING)
    ready.dosing_room.is_active = False
    ready.dosing_room.save()
    won = waitlist.accept(offered[0].pk, actor=None, now=SOON)
    assert won.booking is not None
    assert won.booking.room == other


def test_no_thank_you_keeps_the_place(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    waitlist.decline(offered[0].pk, actor=None, now=SOON)
    waitlist.decline(offered[0].pk, actor=None, now=SOON)
    assert WaitlistEntry.objects.get(pk=offered[0].entry_id).is_waiting
    with pytest.raises(OfferClosed):
        waitlist.accept(offered[0].pk, actor=None, now=SOON)
    assert Activity.objects.filter(action="waitlist.declined").count() == 1


def test_a_no_after_the_yes_is_for_the_booking_to_cancel(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    waitlist.accept(offered[0].pk, actor=None, now=SOON)
    with pytest.raises(OfferClosed):
        waitlist.decline(offered[0].pk, actor=None, now=SOON)


# Swaps


def swap(ready: Clinic) -> tuple[WaitlistEntry, Booking]:
    """Ivy has a session in two weeks and would like an earlier one."""
    ivy = ready.ready_client("Ivy Kahn")
    had = booked(ready, ivy, at("2026-12-10 09:30"))
    entry = waitlist.add(
        ivy,
        ready.appointment_type(),
        planned_session=ready.dose(ivy),
        instead_of=had,
        actor=ready.kim,
        now=NOW,
    )
    return entry, had


def test_a_swap_moves_what_they_have_and_frees_its_time(ready: Clinic) -> None:
    _entry, had = swap(ready)
    noor = waits(ready, "Noor Aziz", wishes={"earliest_on": date(2026, 12, 5)})
    freed = free(ready)
    offering.offer_due(now=SOON)
    [offer] = offers_of(freed)
    won = waitlist.accept(offer.pk, actor=None, now=SOON)
    had.refresh_from_db()
    assert (won.booking, had.starts_at, had.version) == (had, START, 2)
    again = FreedTime.objects.get(because="moved")
    assert (again.starts_at, again.ends_at) == (at("2026-12-10 09:30"), at("2026-12-10 12:00"))
    assert offering.offer_due(now=SOON + QUIET) == 1
    assert offers_of(again)[0].entry == noor
    assert Occupancy.objects.filter(booking=had).count() == 5


def test_a_swap_is_for_something_sooner(ready: Clinic) -> None:
    swap(ready)
    free(ready, start=at("2026-12-11 09:30"))
    assert offering.offer_due(now=SOON) == 0


def test_a_swap_whose_booking_we_cancelled_waits_on_for_any_time(ready: Clinic) -> None:
    _entry, had = swap(ready)
    lifecycle.cancel(had.pk, party="clinic", reason="Ana is ill", actor=ready.kim, now=NOW)
    assert waitlist.end_over(now=NOW) == 0
    freed = free(ready, start=at("2026-12-11 09:30"))
    offering.offer_due(now=SOON)
    by_freed = {one.freed_time_id: one for one in WaitlistOffer.objects.all()}
    won = waitlist.accept(next(iter(by_freed.values())).pk, actor=None, now=SOON)
    assert won.booking not in (None, had)
    assert freed.pk is not None


def test_a_swap_whose_booking_is_over_ends(ready: Clinic) -> None:
    entry, had = swap(ready)
    lifecycle.cancel(had.pk, party="client", reason="moves away", actor=ready.kim, now=NOW)
    assert waitlist.end_over(now=NOW) == 1
    entry.refresh_from_db()
    assert entry.status == Status.ENDED


# On and off the list


def test_one_entry_for_one_session(ready: Clinic) -> None:
    entry = waits(ready, "Ivy Kahn")
    with pytest.raises(AlreadyWaiting):
        waitlist.add(
            entry.client,
            ready.appointment_type(),
            planned_session=ready.dose(entry.client),
            actor=ready.kim,
            now=NOW,
        )


def test_a_booked_session_waits_only_to_be_exchanged(ready: Clinic) -> None:
    booked(ready, ready.maya)
    with pytest.raises(Invalid):
        waitlist.add(
            ready.maya,
            ready.appointment_type(),
            planned_session=ready.dose(ready.maya),
            actor=ready.kim,
            now=NOW,
        )


def test_other_wishes_keep_the_place(ready: Clinic) -> None:
    entry = waits(ready, "Ivy Kahn", since=NOW - HOUR)
    changed = waitlist.change(
        entry.pk, {"weekdays": [3, 1], "clinicians": [ready.ben]}, revision=1, actor=ready.kim, now=NOW
    )
    assert (changed.weekdays, changed.since_at, changed.revision) == ([1, 3], NOW - HOUR, 2)
    assert list(changed.clinicians.all()) == [ready.ben]
    with pytest.raises(Stale):
        waitlist.change(entry.pk, {"weekdays": []}, revision=1, actor=ready.kim, now=NOW)


def test_who_leaves_the_list_is_asked_no_more(ready: Clinic, offered: list[WaitlistOffer]) -> None:
    waitlist.withdraw(offered[0].entry_id, actor=ready.kim, now=SOON)
    offered[0].refresh_from_db()
    assert offered[0].status == Answer.WITHDRAWN
    with pytest.raises(NotPossibleNow):
        waitlist.withdraw(offered[0].entry_id, actor=ready.kim, now=SOON)


def test_who_was_booked_otherwise_is_taken_off_the_list(ready: Clinic) -> None:
    entry = waits(ready, "Ivy Kahn")
    booked(ready, entry.client)
    assert waitlist.end_over(now=NOW) == 1
    assert Activity.objects.get(action="waitlist.ended").data == {"because": "booked"}


def test_who_wanted_it_by_yesterday_too(ready: Clinic) -> None:
    waits(ready, "Ivy Kahn", wishes={"latest_on": date(2026, 11, 23)})
    assert waitlist.end_over(now=NOW) == 0
    assert waitlist.end_over(now=at("2026-11-23 23:59")) == 0
    assert waitlist.end_over(now=at("2026-11-24 00:00")) == 1


def test_the_desk_sees_who_fits_in_turn_and_why_the_others_do_not(ready: Clinic) -> None:
    waits(ready, "Ivy Kahn", since=NOW - 2 * HOUR)
    waits(ready, "Noor Aziz", since=NOW - 9 * HOUR, wishes={"weekdays": [4]})
    kai = waits(ready, "Kai West", since=NOW - 3 * HOUR)
    found = offering.verdicts(free(ready), now=NOW)
    assert [(one.entry.client.legal_name, [why.code for why in one.blockers]) for one in found] == [
        ("Kai West", []),
        ("Ivy Kahn", []),
        ("Noor Aziz", ["wish_weekday"]),
    ]
    assert found[0].entry == kai
