"""Moving a booking to another time, other people or another room, and what moves with it.

The integration sessions after a dose have a window that begins with its end. When the dose moves, those that
fall out of it may follow in the same transaction: `preview` proposes where to, `reschedule` takes what it is
told to. What is not taken stays where it is, and needs a new time (`scheduling.cascade`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from practice import activity, clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.clients import join_care_team
from practice.doors import door, rehearse, step
from practice.errors import Invalid, Refused, Stale
from practice.models import User
from scheduling import availability, booking, cascade, changes, freed_times
from scheduling.booking import Choice, Request
from scheduling.effects import Effect
from scheduling.engine.types import ResourceKey, Span
from scheduling.errors import NotBookable, NotPossibleNow
from scheduling.locks import lock_all
from scheduling.models import Booking, FreedTime, Occupancy
from scheduling.starts import promise

V = TypeVar("V")

SEARCHED = 400  # openings in a window that are compared


class ProposalStale(Refused):
    """Nothing was moved. Each blocker names its booking."""

    code = "proposal_stale"
    message = _("Something has changed since this was proposed. Look at a new proposal.")


class FollowNotPossible(Refused):
    """Nothing was moved. Each reason says in its params to which booking it belongs."""

    code = "follow_moves_not_possible"
    message = _("The sessions that belong to it can't move like this.")


@dataclass(frozen=True)
class Follow:
    """A session that moves along. `revision` is the one for which it was proposed."""

    booking_id: int
    revision: int
    starts_at: datetime
    therapist_id: int | None = None
    psychiatrist_id: int | None = None


@dataclass(frozen=True)
class Preview:
    """How it would be. `booking` shows the rehearsed state; `revision` is the one that it has now."""

    booking: Booking
    revision: int
    follow_moves: tuple[Follow, ...]
    effects: tuple[Effect, ...]


def reschedule(
    booking_id: int,
    starts_at: datetime,
    *,
    therapist_id: int | None = None,
    psychiatrist_id: int | None = None,
    room_id: int | None = None,
    follow: Sequence[Follow] = (),
    revision: int | None = None,
    actor: User,
    now: datetime,
) -> Booking:
    """Move a booking; a failed move leaves it as it was. Answers about the old time no longer count.

    With the same start it only changes who and where: no notice is needed, and the client is told nothing.

    Who was booked stays unless named anew; the room may change if it must. Errors and locks as in `book`;
    beside them Stale unless the booking still has `revision`, ProposalStale and FollowNotPossible about what
    is to `follow`. Everybody and every room that may be taken is locked before the first of them moves.
    """
    request = request_for(
        booking.load_booking(booking_id),
        therapist_id=therapist_id,
        psychiatrist_id=psychiatrist_id,
        room_id=room_id,
    )
    return booking.explained(
        request,
        starts_at,
        now,
        lambda wanted: _reschedule(wanted, starts_at, follow=follow, revision=revision, actor=actor, now=now),
    )


def preview(
    booking_id: int,
    starts_at: datetime,
    *,
    therapist_id: int | None = None,
    psychiatrist_id: int | None = None,
    room_id: int | None = None,
    follow: Sequence[Follow] | None = None,
    revision: int | None = None,
    actor: User,
    now: datetime,
    show: Callable[[Preview], V],
) -> V:
    """Rehearse a move and `show` it, while it is as if it were done. Nothing is written.

    What falls out of its window follows to the nearest openings, or, if it is given, as `follow` says.
    Raises whatever `reschedule` would.
    """
    moving = booking.load_booking(booking_id)
    people = {"therapist_id": therapist_id, "psychiatrist_id": psychiatrist_id, "room_id": room_id}
    if follow is None:
        follow = _proposed(request_for(moving, **people), starts_at, actor=actor, now=now)
    followers = tuple(follow)
    before = cascade.look(moving.client_id, {moving.pk, *(each.booking_id for each in followers)}, now=now)

    def look(moved: Booking) -> V:
        return show(Preview(moved, moving.revision, followers, before.compare(now=now)))

    return rehearse(
        lambda: reschedule(
            booking_id, starts_at, **people, follow=followers, revision=revision, actor=actor, now=now
        ),
        look,
    )


def request_for(
    moving: Booking,
    *,
    therapist_id: int | None = None,
    psychiatrist_id: int | None = None,
    room_id: int | None = None,
) -> Request:
    return Request(
        client=moving.client,
        appointment_type=moving.appointment_type,
        location=moving.location,
        planned_session=moving.planned_session,
        therapist_id=therapist_id or moving.therapist_id,
        psychiatrist_id=psychiatrist_id or moving.psychiatrist_id,
        room_id=room_id,
        moving=moving,
    )


@door
def _reschedule(
    request: Request,
    starts_at: datetime,
    *,
    follow: Sequence[Follow],
    revision: int | None,
    actor: User,
    now: datetime,
) -> Booking:
    if revision is not None and request.moving is not None and request.moving.revision != revision:
        raise Stale(pointer="/headers/If-Match")
    return shift_with(request, starts_at, follow=follow, actor=actor, now=now)[0]


@step
def shift_with(
    request: Request, starts_at: datetime, *, follow: Sequence[Follow], actor: User, now: datetime
) -> list[Booking]:
    """Judge, lock and move a booking and what follows it."""
    following = followers(request, follow)
    if following:
        lock_for([(request, starts_at), *following], now=now)
        make_room([each.moving.pk for each, _at in following if each.moving is not None])
    request, choice = booking.decide(request, starts_at, now=now)
    moved = [shift(request, starts_at, choice, actor=actor, now=now)]
    failing: list[Blocker] = []
    for place, (one, at) in enumerate(following):
        outside = cascade.out_of_window(one.planned_session, at, dose_ended_at=moved[0].ends_at)
        about = {"booking": follow[place].booking_id, "index": place}
        try:
            one, chosen = booking.decide(one, at, now=now)
        except (NotBookable, NotPossibleNow) as refusal:
            reasons = refusal.blockers or (Blocker(refusal.code, refusal.message % refusal.params),)
            failing += [reason.with_params(**about) for reason in (*outside, *reasons)]
            continue
        failing += [reason.with_params(**about) for reason in outside]
        if not outside:
            moved.append(shift(one, at, chosen, actor=actor, now=now))
    if failing:
        raise FollowNotPossible(blockers=failing, pointer="/follow_moves", client_id=request.client.pk)
    return moved


@step
def shift(
    request: Request, starts_at: datetime, choice: Choice, *, actor: User | None, now: datetime
) -> Booking:
    """Write, record and announce a move; the caller locks and judges."""
    moving = request.moving
    if moving is None:
        raise ValueError("There is no booking to move.")
    session = request.session(choice)
    room = booking.room_of(choice)
    local = promise(starts_at, request.location)
    is_new_time = starts_at != moving.starts_at
    new = {
        "therapist_id": session.therapist_id,
        "psychiatrist_id": session.psychiatrist_id,
        "room_id": room.id if room else None,
        "room_place": room.unit if room else None,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=request.appointment_type.duration_minutes),
        "starts_on": local.starts_on,
        "starts_local": local.starts_local,
        "time_zone": local.time_zone,
        "fold": local.fold,
        "version": moving.version + is_new_time,
        "revision": moving.revision + 1,
        "moved_at": now if is_new_time else moving.moved_at,
        "touched_at": now,
    }
    if is_new_time or session.therapist_id != moving.therapist_id:
        freed_times.note(moving, because=FreedTime.Because.MOVED, now=now)
    for name, value in new.items():
        setattr(moving, name, value)
    moving.save(update_fields=list(new))
    make_room([moving.pk])
    booking.occupy(moving, choice)
    clinicians = [pk for pk in (session.therapist_id, session.psychiatrist_id) if pk]
    join_care_team(request.client.pk, clinicians, actor=actor, now=now)
    activity.record(
        "booking.moved",
        moving,
        actor=actor,
        at=now,
        client=request.client,
        data={"version": moving.version},
    )
    changes.announce([moving.pk], now=now)
    return moving


@step
def lock_for(
    wanted: Sequence[tuple[Request, datetime]],
    *,
    also_clinicians: Collection[int] = (),
    also_bookings: Collection[int] = (),
    now: datetime,
) -> None:
    """Lock, once and in order, all that any of the moves may take; then `decide` locks nothing new."""
    keys = {ResourceKey("clinician", pk) for pk in also_clinicians}
    seen = set()
    for request, starts_at in wanted:
        alike = (
            request.appointment_type.pk,
            request.location.pk,
            request.therapist_id,
            request.psychiatrist_id,
            request.room_id,
        )
        if alike not in seen:
            seen.add(alike)
            board = availability.load(request.wish_for(starts_at), booking.moment(starts_at), now=now)
            keys |= {key for need in board.demand.needs for key in need.candidates}
    ids = {*also_bookings, *(each.moving.pk for each, _at in wanted if each.moving is not None)}
    rows = Booking.objects.filter(pk__in=ids)
    plans = {pk for pk in rows.values_list("planned_session__plan", flat=True) if pk is not None}
    lock_all(plans, keys, set(rows.values_list("client", flat=True)))
    list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))


@step
def make_room(booking_ids: Sequence[int]) -> None:
    """Nothing that is about to move stands in the way of what moves before it."""
    Occupancy.objects.filter(booking__in=booking_ids).delete()


def followers(request: Request, follow: Sequence[Follow]) -> list[tuple[Request, datetime]]:
    """What to move along. Raises Invalid for what does not belong to the dose, ProposalStale."""
    if not follow:
        return []
    of_dose = {each.pk: each for each in cascade.followers_of(request.moving)}
    found: list[tuple[Request, datetime]] = []
    stale: list[Blocker] = []
    for place, each in enumerate(follow):
        moving = of_dose.pop(each.booking_id, None)
        if moving is None:
            raise Invalid(
                _("This is no session that follows the one that moves, or it is in the list twice."),
                code="does_not_follow",
                pointer=f"/follow_moves/{place}/booking",
            )
        if moving.revision != each.revision:
            message = _("This session has changed since the proposal was made.")
            stale.append(Blocker("changed_meanwhile", message, {"booking": moving.pk, "index": place}))
        people = {"therapist_id": each.therapist_id, "psychiatrist_id": each.psychiatrist_id}
        found.append((request_for(moving, **people), each.starts_at))
    if stale:
        raise ProposalStale(blockers=stale, pointer="/follow_moves")
    return found


def _proposed(request: Request, starts_at: datetime, *, actor: User, now: datetime) -> tuple[Follow, ...]:
    """Where the sessions that fall out of their window could go, once the dose is where it is to be."""
    length = timedelta(minutes=request.appointment_type.duration_minutes)
    leaving = [
        each
        for each in cascade.followers_of(request.moving)
        if each.status in Booking.UPCOMING
        and cascade.out_of_window(each.planned_session, each.starts_at, dose_ended_at=starts_at + length)
    ]
    if not leaving:
        return ()

    def look(moved: Booking) -> tuple[Follow, ...]:
        found = [_nearest(each, dose_ended_at=moved.ends_at, now=now) for each in leaving]
        return tuple(each for each in found if each is not None)

    return rehearse(
        lambda: booking.explained(
            request,
            starts_at,
            now,
            lambda wanted: _without(wanted, starts_at, [each.pk for each in leaving], actor=actor, now=now),
        ),
        look,
    )


@door
def _without(
    request: Request, starts_at: datetime, leaving: Sequence[int], *, actor: User, now: datetime
) -> Booking:
    """Move a dose as if nothing followed it. Only ever rehearsed."""
    lock_for([(request, starts_at)], also_bookings=leaving, now=now)
    make_room(leaving)
    request, choice = booking.decide(request, starts_at, now=now)
    return shift(request, starts_at, choice, actor=actor, now=now)


def _nearest(following: Booking, *, dose_ended_at: datetime, now: datetime) -> Follow | None:
    """The opening in its window that is nearest to where it was, if possible with the same people."""
    from_at, until_at = cascade.window_of(following.planned_session, dose_ended_at=dose_ended_at)
    if max(from_at, now) >= until_at:
        return None
    window = Span(max(from_at, now), until_at)
    with_all = request_for(following)
    for request in (with_all, replace(with_all, therapist_id=None, psychiatrist_id=None)):
        found = booking.openings(request, window, limit=SEARCHED, now=now)
        if found:
            break
    else:
        return None
    opening = min(found, key=lambda each: abs(each.start - following.starts_at))
    was_at = following.starts_at, following.ends_at
    following.starts_at, following.ends_at = opening.start, opening.end
    booking.occupy(following, opening.chosen)  # so that the next one goes elsewhere
    following.starts_at, following.ends_at = was_at
    session = request.session(opening.chosen)
    return Follow(
        following.pk,
        following.revision,
        opening.start.astimezone(clock.zone(following.location.time_zone)),
        session.therapist_id,
        session.psychiatrist_id,
    )
