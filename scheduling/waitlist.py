"""The waitlist's doors: who joins and leaves it, and what clients answer. The first yes wins.

A yes books by the steps of every booking. Locks the freed time, the entry and its offers, and then what
booking locks (docs/locking.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Taken
from practice.models import Client, Clinician, Location, User
from scheduling import booking, changes, freed_times, moves, offering, waitlist_rules
from scheduling.engine.types import Span
from scheduling.errors import NotBookable, NotPossibleNow, OfferClosed, OfferLost, OfferOver
from scheduling.models import AppointmentType, Booking, FreedTime, WaitlistEntry, WaitlistOffer
from treatment_plans.models import PlannedSession, TreatmentPlan

Status, Answer = WaitlistEntry.Status, WaitlistOffer.Status

TRANSITIONS: dict[str, frozenset[str]] = {
    Status.WAITING: frozenset({Status.TAKEN, Status.WITHDRAWN, Status.ENDED}),
    Status.TAKEN: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.ENDED: frozenset(),
}
ANSWERS: dict[str, frozenset[str]] = {
    Answer.OPEN: frozenset({Answer.ACCEPTED, Answer.DECLINED, Answer.LOST, Answer.EXPIRED, Answer.WITHDRAWN}),
    Answer.ACCEPTED: frozenset(),
    Answer.DECLINED: frozenset(),
    Answer.LOST: frozenset(),
    Answer.EXPIRED: frozenset(),
    Answer.WITHDRAWN: frozenset(),
}
ABOUT_THE_TIME = frozenset(
    {"away", "busy", "client_busy", "limit_reached", "location_closed", "outside_hours"}
)
MANY = ("locations", "clinicians")


@door
def add(
    client: Client,
    appointment_type: AppointmentType,
    *,
    planned_session: PlannedSession | None = None,
    instead_of: Booking | None = None,
    locations: Iterable[Location] = (),
    clinicians: Iterable[Clinician] = (),
    wishes: Mapping[str, Any] | None = None,
    actor: User,
    now: datetime,
) -> WaitlistEntry:
    """Put a client on the list, by default for their own location.

    With `instead_of` they want another time than that booking, which is moved when they say yes. Raises
    AlreadyWaiting, Invalid for a booking that can't be moved or a session that has one.
    """
    if instead_of is not None and instead_of.status not in Booking.UPCOMING:
        raise Invalid(_("Only a booked session can be exchanged."), code="not_upcoming", pointer="/booking")
    if planned_session is not None and instead_of is None and _is_booked(planned_session, now=now):
        raise Invalid(
            _("This session is booked: name the booking that is to be exchanged."),
            code="is_booked",
            pointer="/booking",
        )
    entry = save_new(
        WaitlistEntry(
            client=client,
            appointment_type=appointment_type,
            planned_session=planned_session,
            instead_of=instead_of,
            since_at=now,
            added_by=actor,
            **(wishes or {}),
        )
    )
    entry.locations.set(list(locations) or [client.location])
    entry.clinicians.set(list(clinicians))
    activity.record("waitlist.added", entry, actor=actor, at=now, client=client)
    return entry


@door
def change(
    entry_id: int, wishes: Mapping[str, Any], *, revision: int | None, actor: User, now: datetime
) -> WaitlistEntry:
    """Other wishes; the place on the list stays. Open offers stay too: the client was told of them."""
    entry = lock_for_edit(WaitlistEntry.objects.all(), entry_id, revision=revision)
    _check_waiting(entry, Status.WAITING)
    many = {name: list(rows) for name, rows in wishes.items() if name in MANY}
    if not many.get("locations", True):
        raise Invalid(_("Name a location."), code="required", pointer="/locations")
    one = {name: value for name, value in wishes.items() if name not in MANY}
    changed = save_changes(entry, one)
    if many and not changed:
        entry.revision += 1
        entry.save(update_fields=["revision"])
    for name, rows in many.items():
        getattr(entry, name).set(rows)
    if changed or many:
        activity.record(
            "waitlist.changed",
            entry,
            actor=actor,
            at=now,
            client=entry.client_id,
            data={"fields": sorted({*changed, *many})},
        )
    return entry


@door
def withdraw(entry_id: int, *, actor: User | None, now: datetime) -> WaitlistEntry:
    """The client no longer wants. What they were asked is taken back."""
    entry = _lock(entry_id)
    close(entry, Status.WITHDRAWN, actor=actor, now=now)
    return entry


def accept(offer_id: int, *, actor: User | None, now: datetime) -> WaitlistOffer:
    """Book what was offered, or move to it what they have. The first yes wins; said twice, it counts once.

    `actor` is None when the client says so without our help. Raises OfferLost when the time has gone and
    OfferOver (410) when the time to answer has: they keep their place, and are next in turn as before.
    Raises OfferClosed for an offer that was declined or taken back, NotBookable for reasons of their own.
    """
    for tries in range(booking.TRIES):
        try:
            return _accept(offer_id, spreads=tries > 0, actor=actor, now=now)
        except booking.LostRace:
            continue
        except NotBookable as refusal:
            if {blocker.code for blocker in refusal.blockers} <= ABOUT_THE_TIME:
                raise OfferLost from refusal
            raise
        except OfferLost:
            raise
        except Taken as taken:
            raise OfferLost from taken
    raise OfferLost


@door
def _accept(offer_id: int, *, spreads: bool, actor: User | None, now: datetime) -> WaitlistOffer:
    return say_yes(offer_id, spreads=spreads, actor=actor, now=now)


@step
def say_yes(offer_id: int, *, spreads: bool = False, actor: User | None, now: datetime) -> WaitlistOffer:
    """The work of `accept`. Raises booking.LostRace when another choice of rooms may still fit: try again."""
    asked = _find(offer_id)
    freed = offering.lock(asked.freed_time_id)
    entry = _lock(asked.entry_id)
    offer = _lock_offer(offer_id)
    if offer.status in WaitlistOffer.WON:
        return offer
    check_answerable(offer, now=now)
    _check_waiting(entry, Status.TAKEN)
    people = {"therapist_id": offer.therapist_id, "psychiatrist_id": offer.psychiatrist_id}
    wanted = replace(offering.request_for(entry, freed, people), spreads=spreads)
    judged, choice = booking.decide(wanted, offer.starts_at, now=now)
    if judged.moving is not None:
        booked = moves.shift(judged, offer.starts_at, choice, actor=actor, now=now)
    else:
        booked = booking.place(judged, offer.starts_at, choice, actor=actor, now=now)
        changes.announce([booked.pk], now=now)
    freed_times.close(freed, FreedTime.Status.FILLED, now=now)
    freed_times.note_rest(freed, Span(booked.starts_at, booked.ends_at), now=now)
    offer.booking = booked
    offering.answer(offer, Answer.ACCEPTED, now=now)
    activity.record("waitlist.accepted", offer, actor=actor, at=now, client=offer.client_id)
    others = freed.offers.select_for_update(no_key=True).filter(status__in=WaitlistOffer.LIVE).order_by("pk")
    lost = offering.settle(others, Answer.LOST, actor=None, now=now)
    changes.announce_offers([offer.pk, *lost], now=now)
    close(entry, Status.TAKEN, actor=actor, now=now)
    return offer


@door
def decline(offer_id: int, *, actor: User | None, now: datetime) -> WaitlistOffer:
    """No, thank you: they keep waiting. Said twice, or when it is over anyway, it changes nothing."""
    return say_no(offer_id, actor=actor, now=now)


@step
def say_no(offer_id: int, *, actor: User | None, now: datetime) -> WaitlistOffer:
    freed = offering.lock(_find(offer_id).freed_time_id)
    offer = _lock_offer(offer_id)
    if offer.status in WaitlistOffer.WON:
        raise OfferClosed(_("They said yes before: cancel the booking instead."))
    if not offer.is_open:
        return offer
    offering.answer(offer, Answer.DECLINED, now=now)
    activity.record("waitlist.declined", offer, actor=actor, at=now, client=offer.client_id)
    changes.announce_offers([offer.pk], now=now)
    if freed.is_open and not freed.offers.filter(WaitlistOffer.open_at(now)).exists():
        freed.look_at = now
        freed.save(update_fields=["look_at"])
    return offer


@door
def open_time(
    location: Location,
    span: Span,
    *,
    therapist: Clinician | None = None,
    psychiatrist: Clinician | None = None,
    actor: User,
    now: datetime,
) -> FreedTime:
    """Offer a time to the waitlist that nothing freed. Raises Invalid for one that is over."""
    if span.start <= now:
        raise Invalid(_("This time has begun already."), code="in_the_past", pointer="/starts_at")
    freed = FreedTime.objects.create(
        location=location,
        starts_at=span.start,
        ends_at=span.end,
        therapist=therapist,
        psychiatrist=psychiatrist,
        because=FreedTime.Because.BY_HAND,
        freed_at=now,
        look_at=now,
    )
    activity.record("freed_time.opened", freed, actor=actor, at=now)
    return freed


@door
def hide(freed_id: int, *, actor: User, now: datetime) -> FreedTime:
    """Offer this time to nobody any more, and take back what is open."""
    freed = offering.lock(freed_id)
    freed_times.close(freed, FreedTime.Status.HIDDEN, now=now)
    offers = freed.offers.select_for_update(no_key=True).filter(status__in=WaitlistOffer.LIVE).order_by("pk")
    changes.announce_offers(offering.settle(offers, Answer.WITHDRAWN, actor=actor, now=now), now=now)
    activity.record("freed_time.hidden", freed, actor=actor, at=now)
    return freed


def end_over(*, now: datetime) -> int:
    """Take off the list who needs it no more: booked otherwise, too late, plan closed. Returns how many."""
    found = [
        (entry.pk, reason)
        for entry in _standing_of(WaitlistEntry.objects.filter(status__in=WaitlistEntry.LIVE), now=now)
        if (reason := _end_reason(entry, now=now))
    ]
    return sum(_end(entry_id, reason, now=now) for entry_id, reason in found)


@door
def _end(entry_id: int, reason: str, *, now: datetime) -> bool:
    entry = _lock(entry_id)
    if not entry.is_waiting:
        return False
    close(entry, Status.ENDED, actor=None, because=reason, now=now)
    return True


@step
def close(entry: WaitlistEntry, status: str, *, actor: User | None, because: str = "", now: datetime) -> None:
    """Take one step of the locked `entry`, and take back what is asked of them still."""
    _check_waiting(entry, status)
    entry.status, entry.closed_at = status, now
    entry.revision += 1
    entry.save(update_fields=["status", "closed_at", "revision"])
    offers = entry.offers.select_for_update(no_key=True).filter(status__in=WaitlistOffer.LIVE).order_by("pk")
    ids = offering.settle(offers, Answer.WITHDRAWN, actor=actor, now=now)
    changes.announce_offers(ids, now=now)
    activity.record(
        f"waitlist.{status}",
        entry,
        actor=actor,
        at=now,
        client=entry.client_id,
        data={"because": because} if because else None,
    )


def check_answerable(offer: WaitlistOffer, *, now: datetime) -> None:
    """Raises what a late yes is told; nothing while it may still be said."""
    if offer.status == Answer.LOST:
        raise OfferLost
    if offer.status == Answer.EXPIRED or (offer.is_open and offer.is_over(now)):
        raise OfferOver
    if Answer.ACCEPTED not in ANSWERS[offer.status]:
        raise OfferClosed


def _check_waiting(entry: WaitlistEntry, status: str) -> None:
    if entry.is_waiting and status == Status.WAITING:
        return
    if status not in TRANSITIONS[entry.status]:
        raise NotPossibleNow(
            _("A waitlist entry that is “%(status)s” stays as it is."),
            params={"status": entry.get_status_display()},
        )


@step
def _lock(entry_id: int) -> WaitlistEntry:
    locked = (
        WaitlistEntry.objects.select_for_update(no_key=True).filter(pk=entry_id).values_list("pk").first()
    )
    if locked is None:
        raise OutOfScope
    return (
        WaitlistEntry.objects.select_related(
            "client__location",
            "appointment_type",
            "planned_session__plan__protocol",
            "planned_session__plan__client",
            "instead_of",
        )
        .prefetch_related("appointment_type__phases")
        .get(pk=entry_id)
    )


def _find(offer_id: int) -> WaitlistOffer:
    """As it was, to know what to lock. Raises OutOfScope."""
    found = WaitlistOffer.objects.filter(pk=offer_id).first()
    if found is None:
        raise OutOfScope
    return found


@step
def _lock_offer(offer_id: int) -> WaitlistOffer:
    return WaitlistOffer.objects.select_for_update(no_key=True).get(pk=offer_id)


def _is_booked(session: PlannedSession, *, now: datetime) -> bool:
    return Booking.objects.filter(Booking.in_force(now, or_done=True), planned_session=session).exists()


def _standing_of(entries: Any, *, now: datetime) -> Any:
    in_force = Booking.objects.filter(Booking.in_force(now, or_done=True)).order_by("-pk")
    of_session = in_force.filter(planned_session=OuterRef("planned_session"))
    of_type = in_force.filter(
        client=OuterRef("client"),
        appointment_type=OuterRef("appointment_type"),
        created_at__gte=OuterRef("since_at"),
    )
    return entries.select_related("client__location", "planned_session__plan", "instead_of").annotate(
        booked_id=Subquery(of_session.values("pk")[:1]),
        booked_as_type_id=Subquery(of_type.values("pk")[:1]),
    )


def _end_reason(entry: Any, *, now: datetime) -> str | None:
    session, had = entry.planned_session, entry.instead_of
    booked_id = entry.booked_as_type_id if session is None else entry.booked_id
    is_open = session is None or (
        session.completed_at is None
        and session.withdrawn_at is None
        and session.plan.status in TreatmentPlan.OPEN
    )
    called_off_by_us = had is not None and had.cancelled_by_party == Booking.Party.CLINIC
    return waitlist_rules.end_reason(
        waitlist_rules.Standing(
            day=clock.local_day(now, clock.zone(entry.client.location.time_zone)),
            latest_on=entry.latest_on,
            client_is_active=entry.client.is_active,
            session_is_open=is_open,
            booked_meanwhile=booked_id not in (None, entry.instead_of_id),
            had_is_over=had is not None and had.status not in Booking.UPCOMING and not called_off_by_us,
        )
    )
