"""Who on the waitlist is asked about a freed time: those who want it, may have it, and can still be ready.

What may be booked is asked of `booking.openings`, as always; what is wished and when to ask is in
`waitlist_rules`. Locks the freed time first, then the entries (docs/locking.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from practice import activity, clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.doors import door, step
from practice.errors import OutOfScope
from practice.models import User
from scheduling import booking, changes, freed_times, waitlist_rules
from scheduling.booking import Request
from scheduling.engine.types import Opening, Span
from scheduling.errors import NotOfferable
from scheduling.models import Booking, FreedTime, Occupancy, WaitlistEntry, WaitlistOffer
from scheduling.waitlist_rules import Asked, Policy, Wishes
from treatment_plans.models import PlannedSession

log = logging.getLogger(__name__)
Pins = Mapping[str, int | None]  # whom and what to ask the calendars for, by name

POLICY = Policy()
MOST_JUDGED = 100  # of those whose wishes fit, in one round
MOST_ROUNDS = 20  # in one sweep
MOST_STARTS = 100
WISHED = timedelta(minutes=5)  # every grid of starts is made of these


@dataclass(frozen=True)
class Verdict:
    """Whether to ask one who waits: `opening` and `answer_by` exactly if nothing stands against it."""

    entry: WaitlistEntry
    blockers: tuple[Blocker, ...] = ()
    opening: Opening | None = None
    answer_by: datetime | None = None


def waiting() -> QuerySet[WaitlistEntry]:
    """With everything that is asked about them, in no particular order."""
    return (
        WaitlistEntry.waiting()
        .select_related(
            "client__location",
            "appointment_type",
            "planned_session__plan__protocol",
            "planned_session__plan__client",
            "instead_of",
        )
        .prefetch_related("appointment_type__phases", "clinicians", "locations")
    )


def asked_of(entry: WaitlistEntry) -> Asked:
    fast = 0
    if entry.planned_session is not None and entry.appointment_type.kind == PlannedSession.Kind.DOSING:
        protocol = entry.planned_session.plan.protocol
        fast = max(protocol.solids_fast_minutes, protocol.liquids_fast_minutes)
    return Asked(
        entry_id=entry.pk,
        since_at=entry.since_at,
        last_asked_at=entry.last_asked_at,  # type: ignore[attr-defined]  # annotated
        zone=clock.zone(entry.client.time_zone),
        notice_minutes=entry.notice_minutes,
        fast_minutes=fast,
        type_notice_minutes=entry.appointment_type.min_notice_minutes,
    )


def wishes_of(entry: WaitlistEntry) -> Wishes:
    clinicians: dict[str, frozenset[int]] = {}
    for clinician in entry.clinicians.all():
        clinicians[clinician.kind] = clinicians.get(clinician.kind, frozenset()) | {clinician.pk}
    return Wishes(
        weekdays=frozenset(entry.weekdays),
        times=tuple((begin, end) for begin, end in entry.times),
        earliest_on=entry.earliest_on,
        latest_on=entry.latest_on,
        locations=frozenset(location.pk for location in entry.locations.all()),
        clinicians=clinicians,
        before_at=entry.instead_of.starts_at if entry.instead_of and _is_live(entry.instead_of) else None,
    )


def request_for(entry: WaitlistEntry, freed: FreedTime, pins: Pins) -> Request:
    """What to book for them there; a swap moves what they have."""
    return Request(
        client=entry.client,
        appointment_type=entry.appointment_type,
        location=freed.location,
        planned_session=entry.planned_session,
        moving=entry.instead_of if entry.instead_of and _is_live(entry.instead_of) else None,
        therapist_id=pins.get("therapist_id"),
        psychiatrist_id=pins.get("psychiatrist_id"),
        room_id=pins.get("room_id"),
    )


def in_turn(entries: Iterable[WaitlistEntry]) -> list[WaitlistEntry]:
    by_id = {entry.pk: entry for entry in entries}
    return [by_id[one.entry_id] for one in waitlist_rules.in_turn(map(asked_of, by_id.values()))]


def verdict(
    entry: WaitlistEntry,
    freed: FreedTime,
    *,
    start: datetime | None = None,
    by_hand: bool = False,
    now: datetime,
) -> Verdict:
    """May they be asked about `start`, or about any start in the freed time? `by_hand` goes past wishes."""
    found = _opening(entry, freed, start=start, by_hand=by_hand, now=now)
    if found is not None:
        by = waitlist_rules.answer_by(asked_of(entry), found.start, now=now, policy=POLICY)
        return Verdict(entry, (by,)) if isinstance(by, Blocker) else Verdict(entry, (), found, by)
    return Verdict(
        entry, _reasons(entry, freed, start or max(freed.starts_at, now), by_hand=by_hand, now=now)
    )


def verdicts(
    freed: FreedTime, entries: QuerySet[WaitlistEntry] | None = None, *, now: datetime
) -> list[Verdict]:
    """Everybody who waits, in turn: first those who may be asked, about one start; then the others."""
    entries = waiting() if entries is None else entries
    start: datetime | None = None
    found: list[Verdict] = []
    for entry in in_turn(entries.exclude(offers__freed_time=freed))[:MOST_JUDGED]:
        judged = verdict(entry, freed, start=start, now=now)
        found.append(judged)
        start = start or (judged.opening.start if judged.opening else None)
    return sorted(found, key=lambda judged: judged.opening is None)


def offer_due(*, now: datetime) -> int:
    """Close what is over, then go through the waitlist for every freed time that is due; how many were asked.

    What goes wrong with one of them does not stop the others.
    """
    for offer_id in list(_taken_meanwhile(now).values_list("pk", flat=True)):
        _close_offer(offer_id, WaitlistOffer.Status.LOST, now=now)
    over = WaitlistOffer.objects.filter(status__in=WaitlistOffer.LIVE, expires_at__lte=now)
    for offer_id in list(over.values_list("pk", flat=True)):
        _close_offer(offer_id, WaitlistOffer.Status.EXPIRED, now=now)
    asked = 0
    due = FreedTime.objects.filter(status__in=FreedTime.LIVE, look_at__lte=now).order_by("starts_at", "pk")
    for freed_id in list(due.values_list("pk", flat=True)[:MOST_ROUNDS]):
        try:
            asked += _ask(freed_id, now=now)
        except Exception as trouble:  # whatever it is, the next one is asked about
            log.exception(
                "waitlist.round_failed", extra={"freed_time": freed_id, "kind": type(trouble).__name__}
            )
            _put_off(freed_id, now=now)
    return asked


@door
def offer_to(
    freed_id: int, entry_ids: Sequence[int], *, starts_at: datetime | None = None, actor: User, now: datetime
) -> list[WaitlistOffer]:
    """Ask those whom the desk has chosen, whatever they wish, all about one start.

    Raises NotOfferable with every reason against each of them, OutOfScope for who isn't waiting. All or none.
    """
    freed = lock(freed_id)
    if not freed.is_open:
        raise NotOfferable(blockers=[Blocker("not_free", _("This time is no longer free."))])
    entries = {entry.pk: entry for entry in _lock_entries(entry_ids)}
    if set(entry_ids) - set(entries):
        raise OutOfScope(pointer="/entries")
    chosen: list[Verdict] = []
    failing: list[Blocker] = []
    for entry in in_turn(entries.values()):
        judged = verdict(entry, freed, start=starts_at, by_hand=True, now=now)
        if judged.opening is None:
            failing += [reason.with_params(entry=entry.pk) for reason in judged.blockers]
            continue
        starts_at = judged.opening.start
        chosen.append(judged)
    if failing:
        raise NotOfferable(blockers=failing)
    return _ask_about(freed, chosen, actor=actor, now=now)


@step
def lock(freed_id: int) -> FreedTime:
    found = (
        FreedTime.objects.select_for_update(no_key=True, of=("self",))
        .select_related("location")
        .filter(pk=freed_id)
        .first()
    )
    if found is None:
        raise OutOfScope
    return found


@door
def _ask(freed_id: int, *, now: datetime) -> int:
    freed = (
        FreedTime.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("location")
        .filter(pk=freed_id, status__in=FreedTime.LIVE, look_at__lte=now)
        .first()
    )
    if freed is None:
        return 0
    if freed.ends_at <= now + freed_times.SHORTEST:
        freed_times.close(freed, FreedTime.Status.GONE, now=now)
        return 0
    last = freed.offers.filter(WaitlistOffer.open_at(now)).order_by("expires_at").last()
    if last is not None:
        _look_again(freed, last.expires_at)
        return 0
    chosen = _choose(freed, now=now)
    if not chosen:
        _look_again(freed, now + timedelta(minutes=POLICY.look_again_minutes))
        return 0
    return len(_ask_about(freed, chosen, actor=None, now=now))


@step
def _choose(freed: FreedTime, *, now: datetime) -> list[Verdict]:
    """The next batch, in turn, locked. All of one batch are asked about one start: only one can have it."""
    busy = WaitlistOffer.objects.filter(
        Q(freed_time=freed) | Q(status__in=WaitlistOffer.LIVE), entry=OuterRef("pk")
    )
    entries = [
        entry
        for entry in in_turn(waiting().filter(~Exists(busy), locations=freed.location))
        if _may_please(entry, freed, now=now)
    ]
    start: datetime | None = None
    chosen: list[Verdict] = []
    clients: set[int] = set()
    for entry in entries[:MOST_JUDGED]:
        if entry.client_id in clients:
            continue
        judged = verdict(entry, freed, start=start, now=now)
        if judged.opening is None:
            continue
        chosen.append(judged)
        clients.add(entry.client_id)
        start = judged.opening.start
        if len(chosen) == POLICY.batch_size:
            break
    still = {entry.pk for entry in _lock_entries([judged.entry.pk for judged in chosen])}
    return [judged for judged in chosen if judged.entry.pk in still]


@step
def _ask_about(
    freed: FreedTime, chosen: Sequence[Verdict], *, actor: User | None, now: datetime
) -> list[WaitlistOffer]:
    made = [_offer(freed, judged, actor=actor, now=now) for judged in chosen]
    if made:
        _look_again(freed, max(offer.expires_at for offer in made))
        changes.announce_offers([offer.pk for offer in made], now=now)
    return made


@step
def _offer(freed: FreedTime, judged: Verdict, *, actor: User | None, now: datetime) -> WaitlistOffer:
    opening = judged.opening
    assert opening is not None
    assert judged.answer_by is not None
    room = booking.room_of(opening.chosen)
    ids = {need: key.id for need, key in opening.chosen.items() if key.kind == "clinician"}
    offer = WaitlistOffer.objects.create(
        entry=judged.entry,
        client_id=judged.entry.client_id,
        freed_time=freed,
        location_id=freed.location_id,
        starts_at=opening.start,
        ends_at=opening.end,
        therapist_id=ids.get("therapist"),
        psychiatrist_id=ids.get("psychiatrist"),
        room_id=room.id if room else None,
        sent_at=now,
        sent_by=actor,
        expires_at=judged.answer_by,
    )
    activity.record("waitlist.offered", offer, actor=actor, at=now, client=judged.entry.client_id)
    return offer


@step
def _look_again(freed: FreedTime, at: datetime) -> None:
    freed.look_at = at
    freed.save(update_fields=["look_at"])


@door
def _put_off(freed_id: int, *, now: datetime) -> None:
    _look_again(lock(freed_id), now + timedelta(minutes=POLICY.look_again_minutes))


@door
def _close_offer(offer_id: int, status: str, *, now: datetime) -> None:
    """By the clock, or because its time was booked otherwise."""
    found = WaitlistOffer.objects.filter(pk=offer_id).values_list("freed_time", flat=True).first()
    freed = lock(found or 0)
    offer = WaitlistOffer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if not offer.is_open:
        return
    settle([offer], status, actor=None, now=now)
    changes.announce_offers([offer.pk], now=now)
    if freed.is_open and not freed.offers.filter(WaitlistOffer.open_at(now)).exists():
        _look_again(freed, now)


@step
def settle(offers: Iterable[WaitlistOffer], status: str, *, actor: User | None, now: datetime) -> list[int]:
    """Close locked open offers with one word; returns their ids. The caller announces."""
    ids = []
    for offer in offers:
        answer(offer, status, now=now)
        activity.record(f"waitlist.{status}", offer, actor=actor, at=now, client=offer.client_id)
        ids.append(offer.pk)
    return ids


@step
def answer(offer: WaitlistOffer, status: str, *, now: datetime) -> None:
    """Close one; the caller records and announces."""
    offer.status, offer.answered_at = status, now
    offer.save(update_fields=["status", "answered_at", "booking"])


@step
def _lock_entries(entry_ids: Iterable[int]) -> list[WaitlistEntry]:
    """Those that still wait, locked in the order of their keys, with everything."""
    ids = sorted(entry_ids)
    locked = WaitlistEntry.objects.select_for_update(no_key=True).filter(
        pk__in=ids, status__in=WaitlistEntry.LIVE
    )
    still = list(locked.order_by("pk").values_list("pk", flat=True))
    return list(waiting().filter(pk__in=still))


def _opening(
    entry: WaitlistEntry, freed: FreedTime, *, start: datetime | None, by_hand: bool, now: datetime
) -> Opening | None:
    """The first opening in the freed time that they would like, with what was freed."""
    if not by_hand and not _may_please(entry, freed, now=now):
        return None
    window = booking.moment(start) if start is not None else Span(freed.starts_at, freed.ends_at)
    wishes, tz = wishes_of(entry), clock.zone(freed.location.time_zone)
    found: list[Opening] = []
    for pins in _pins(entry, freed, wishes):
        for opening in booking.openings(request_for(entry, freed, pins), window, limit=MOST_STARTS, now=now):
            unmet = waitlist_rules.wish_blockers(
                wishes, opening.start, location_id=freed.location_id, tz=tz, chosen=clinicians_in(opening)
            )
            if by_hand or not unmet:
                found.append(opening)
                break
        if found:
            break
    return found[0] if found else None


def clinicians_in(opening: Opening) -> dict[str, int]:
    return {need: key.id for need, key in opening.chosen.items() if key.kind == "clinician"}


def _may_please(entry: WaitlistEntry, freed: FreedTime, *, now: datetime) -> bool:
    """Whether any start in the freed time is as they wish, leaving aside with whom: a look at no calendar."""
    wishes, tz = wishes_of(entry), clock.zone(freed.location.time_zone)
    at = freed.starts_at
    while at < freed.ends_at:
        if at > now and not waitlist_rules.wish_blockers(
            wishes, at, location_id=freed.location_id, tz=tz, chosen={}
        ):
            return True
        at += WISHED
    return False


def _pins(entry: WaitlistEntry, freed: FreedTime, wishes: Wishes) -> Iterator[Pins]:
    """What to ask the calendars for, in order: something that was freed must be part of it.

    The plan's own therapist in the freed room comes before a freed therapist whom the client does not know.
    """
    needs = {phase.need for phase in entry.appointment_type.phases.all()}
    wanted = wishes.clinicians.get("therapist", frozenset())
    plan = entry.planned_session.plan if entry.planned_session else None
    freed_therapist = freed.therapist_id if "therapist" in needs else None
    freed_psychiatrist = freed.psychiatrist_id if "psychiatrist" in needs else None
    of_room = freed.room_id if any(need.startswith("room:") for need in needs) else None
    own = [plan.therapist_id] if plan is not None else []
    others = [pk for pk in (*own, *sorted(wanted)) if pk != freed_therapist and (not wanted or pk in wanted)]
    with_freed = freed_therapist is not None and (not wanted or freed_therapist in wanted)
    in_room: list[Pins] = [
        {"therapist_id": pk, "room_id": of_room} for pk in others if of_room and "therapist" in needs
    ]
    if with_freed and freed_therapist not in own:
        yield from in_room
    if with_freed:
        yield {"therapist_id": freed_therapist, "room_id": of_room}
        yield {"therapist_id": freed_therapist}
    if not (with_freed and freed_therapist not in own):
        yield from in_room
    if of_room and "therapist" not in needs:
        yield {"room_id": of_room}
    if freed_therapist is None and freed_psychiatrist is not None:
        yield {"psychiatrist_id": freed_psychiatrist}
    if not (freed.therapist_id or freed.psychiatrist_id or freed.room_id):
        yield {}


def _reasons(
    entry: WaitlistEntry, freed: FreedTime, start: datetime, *, by_hand: bool, now: datetime
) -> tuple[Blocker, ...]:
    """Every reason against `start`: their wishes, what booking would say, and how soon it is."""
    wishes, tz = wishes_of(entry), clock.zone(freed.location.time_zone)
    pins = next(_pins(entry, freed, wishes), {})
    unmet = waitlist_rules.wish_blockers(
        wishes, start, location_id=freed.location_id, tz=tz, chosen=_kinds(pins)
    )
    by = waitlist_rules.answer_by(asked_of(entry), start, now=now, policy=POLICY)
    against = booking.blockers(request_for(entry, freed, pins), start, now=now)
    found = (*(() if by_hand else unmet), *against, *((by,) if isinstance(by, Blocker) else ()))
    return found or (Blocker("does_not_fit", _("Nothing of the freed time serves this session.")),)


def _kinds(pins: Pins) -> dict[str, int]:
    return {name.removesuffix("_id"): pk for name, pk in pins.items() if pk and name != "room_id"}


def _taken_meanwhile(now: datetime) -> QuerySet[WaitlistOffer]:
    """Open offers whose clinician was booked otherwise for a part of the time."""
    taken = Occupancy.objects.filter(
        clinician=Coalesce(OuterRef("therapist"), OuterRef("psychiatrist")),
        occupies__overlap=Func(OuterRef("starts_at"), OuterRef("ends_at"), function="tstzrange"),
    ).exclude(Booking.hold_is_over(now, path="booking__"))
    of_others = taken.exclude(booking=Coalesce(OuterRef("entry__instead_of"), 0))
    return WaitlistOffer.objects.filter(Exists(of_others), status__in=WaitlistOffer.LIVE)


def _is_live(had: Booking) -> bool:
    """Whether it is still there to be moved."""
    return had.status in Booking.UPCOMING
