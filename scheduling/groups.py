"""Group sessions: one time with its people and its room, and clients who each have a booking in it.

The group owns the time of people and room, so joining asks only for a seat and about the client. Everything
that follows, from lights to reminders to completion, is about the members' bookings, and knows of no group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from practice import activity, clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.clients import join_care_team
from practice.doors import door, step
from practice.errors import Invalid, OutOfScope, Refused, Stale
from practice.models import Client, Location, User
from scheduling import availability, changes, gate, lifecycle
from scheduling.availability import Wish
from scheduling.booking import ALTERNATIVES, LOOK_AHEAD, Choice, Request, choose, moment, room_of, taken
from scheduling.engine.types import Span, seats_of
from scheduling.errors import NotBookable
from scheduling.locks import lock_all, lock_rows
from scheduling.models import AppointmentType, Booking, GroupSession, Occupancy
from scheduling.starts import promise
from treatment_plans.models import PlannedSession


class GroupNotMovable(Refused):
    """Nothing was moved. Each reason about a member says in its params to which booking it belongs."""

    code = "group_not_movable"
    message = _("The group can't be moved to this time.")


@dataclass(frozen=True)
class Wanted:
    """A session for a group. Clinicians come in order of preference; the seats are at most the type's."""

    appointment_type: AppointmentType
    location: Location
    clinicians: tuple[int, ...] = ()
    room_id: int | None = None
    seats: int | None = None

    @property
    def wish(self) -> Wish:
        return Wish(
            appointment_type=self.appointment_type,
            location=self.location,
            client=Client(pk=0, state=self.location.state),  # nobody yet, so nobody's time is taken
            room_id=self.room_id,
            prefers=self.clinicians,
        )


@door
def open_session(wanted: Wanted, starts_at: datetime, *, actor: User, now: datetime) -> GroupSession:
    """Reserve a time with its people and room. Raises NotBookable with every blocker. Locks both."""
    kind = wanted.appointment_type
    if not kind.is_group:
        raise Invalid(
            _("This appointment type is for one client."), code="not_a_group", pointer="/appointment_type"
        )
    choice = _decide(wanted, starts_at, now=now)
    group = GroupSession.objects.create(
        appointment_type=kind,
        location=wanted.location,
        seats=min(wanted.seats or kind.most_members, kind.most_members),
        created_at=now,
        opened_by=actor,
        **_who_and_when(kind, wanted.location, starts_at, choice),
    )
    Occupancy.objects.bulk_create(taken(kind, starts_at, choice, group_session=group))
    activity.record("groupsession.opened", group, actor=actor, at=now)
    return group


@door
def join(group_id: int, request: Request, *, actor: User, now: datetime) -> Booking:
    """A seat for one client. Raises NotBookable with every blocker. Locks the group, plan and client."""
    group = lock(group_id)
    planned = request.planned_session
    plans, clients = lock_all([planned.plan_id] if planned else [], [], [request.client.pk])
    client = clients[request.client.pk]
    if planned is not None:
        planned = PlannedSession.objects.get(pk=planned.pk)
        planned.plan = plans[planned.plan_id]
    session = _session(group, client, planned)
    against = [*_no_seat(group, now=now), *_client_busy(group, client, None, group.starts_at, now=now)]
    against += gate.load([session], now=now).blockers(session, starts_at=group.starts_at, now=now)
    if against:
        raise NotBookable(blockers=against, client_id=client.pk)
    booking = Booking.objects.create(
        client=client,
        planned_session=planned,
        group_session=group,
        appointment_type=group.appointment_type,
        location=group.location,
        status=Booking.Status.BOOKED,
        created_at=now,
        booked_by=actor,
        booked_at=now,
        touched_at=now,
        **_shared(group),
    )
    _seat(booking)
    people = [pk for pk in (group.therapist_id, group.second_therapist_id, group.psychiatrist_id) if pk]
    join_care_team(client.pk, people, actor=actor, now=now)
    activity.record("booking.booked", booking, actor=actor, at=now, client=client)
    changes.announce([booking.pk], now=now, new=[booking])
    return booking


@door
def move(
    group_id: int, starts_at: datetime, *, revision: int | None, actor: User, now: datetime
) -> GroupSession:
    """All members move, or nobody does. Raises GroupNotMovable with all reasons, those of members named.

    Locks the group, then the plans, people, room and clients, then the members' bookings.
    """
    group = lock(group_id, revision=revision)
    members = list(_members(group))
    Occupancy.objects.filter(group_session=group).delete()  # its own time does not stand in its way
    clinicians = tuple(
        pk for pk in (group.therapist_id, group.second_therapist_id, group.psychiatrist_id) if pk
    )
    wanted = Wanted(group.appointment_type, group.location, clinicians)
    plans = [one.planned_session.plan_id for one in members if one.planned_session]
    try:
        choice = _decide(wanted, starts_at, plans=plans, clients=[one.client_id for one in members], now=now)
        failing: list[Blocker] = []
    except NotBookable as refusal:
        choice, failing = {}, list(refusal.blockers)
    members = list(_members(group).select_for_update(no_key=True, of=("self",)))  # some may have left
    sessions = [(one, _session(group, one.client, one.planned_session, booking=one)) for one in members]
    loaded = gate.load([session for _one, session in sessions], now=now)
    for one, session in sessions:
        against = [
            *_client_busy(group, one.client, one, starts_at, now=now),
            *loaded.blockers(session, starts_at=starts_at, now=now),
        ]
        failing += [reason.with_params(booking=one.pk) for reason in against]
    if failing:
        raise GroupNotMovable(blockers=failing)
    is_new_time = starts_at != group.starts_at
    kind = group.appointment_type
    new: dict[str, Any] = _who_and_when(kind, group.location, starts_at, choice)
    for name, value in {**new, "moved_at": now, "revision": group.revision + 1}.items():
        setattr(group, name, value)
    group.save(update_fields=[*new, "moved_at", "revision"])
    Occupancy.objects.bulk_create(taken(kind, starts_at, choice, group_session=group))
    activity.record("groupsession.moved", group, actor=actor, at=now)
    for one in members:
        _follow(one, group, is_new_time=is_new_time, actor=actor, now=now)
    changes.announce([one.pk for one in members], now=now)
    return group


@door
def cancel(
    group_id: int, *, party: str, reason: str, revision: int | None, actor: User, now: datetime
) -> GroupSession:
    """Free the time, and cancel the booking of every member with the same reason.

    Raises NotPossibleNow when a member's session has begun: it is completed instead.
    """
    group = lock(group_id, revision=revision)
    for one in _members(group):
        lifecycle.call_off(one.pk, party=party, reason=reason, actor=actor, now=now)
    if not reason.strip():
        raise Invalid(_("Say why the session is cancelled."), code="required", pointer="/reason")
    group.cancelled_at, group.cancel_reason = now, reason.strip()
    group.revision += 1
    group.save(update_fields=["cancelled_at", "cancel_reason", "revision"])
    Occupancy.objects.filter(group_session=group).delete()
    activity.record("groupsession.cancelled", group, actor=actor, at=now)
    return group


@step
def lock(group_id: int, *, revision: int | None = None) -> GroupSession:
    """The group, locked, unless it is cancelled or has begun. Raises OutOfScope, Stale, NotBookable."""
    found = (
        GroupSession.objects.select_for_update(no_key=True, of=("self",))
        .select_related("appointment_type", "location")
        .filter(pk=group_id)
        .first()
    )
    if found is None:
        raise OutOfScope
    if revision is not None and found.revision != revision:
        raise Stale(pointer="/headers/If-Match")
    if found.cancelled_at is not None:
        raise NotBookable(blockers=[Blocker("group_over", _("This group session was cancelled."))])
    return found


@step
def _decide(
    wanted: Wanted,
    starts_at: datetime,
    *,
    plans: Sequence[int] = (),
    clients: Sequence[int] = (),
    now: datetime,
) -> Choice:
    """Choose, lock what was chosen, then judge it again."""
    board = availability.load(wanted.wish, moment(starts_at), now=now)
    choice = choose(board, starts_at)
    lock_rows(plans, (choice or {}).values(), clients)
    board = availability.load(wanted.wish, moment(starts_at), now=now)
    against = board.why_not(starts_at, choice=choice)
    if choice is None or against:
        window = Span(max(now, starts_at), max(now, starts_at) + LOOK_AHEAD)
        near = availability.find(wanted.wish, window, limit=ALTERNATIVES, now=now)
        tz = clock.zone(wanted.location.time_zone)
        raise NotBookable(
            blockers=against,
            alternatives=[{"starts_at": one.start.astimezone(tz).isoformat()} for one in near],
        )
    return choice


def _no_seat(group: GroupSession, *, now: datetime) -> list[Blocker]:
    found = []
    if group.starts_at <= now:
        found.append(Blocker("group_over", _("This group session has begun.")))
    if _members(group).filter(Booking.in_force(now)).count() >= group.seats:
        found.append(Blocker("group_full", _("All %(seats)s seats are taken."), {"seats": group.seats}))
    return found


def _client_busy(
    group: GroupSession, client: Client, booking: Booking | None, starts_at: datetime, *, now: datetime
) -> list[Blocker]:
    ends_at = starts_at + timedelta(minutes=group.appointment_type.duration_minutes)
    busy = Occupancy.objects.filter(client=client, occupies__overlap=(starts_at, ends_at))
    busy = busy.exclude(Booking.hold_is_over(now, path="booking__"))
    if booking is not None:
        busy = busy.exclude(booking=booking)
    if not busy.exists():
        return []
    return [Blocker("client_busy", _("The client has something else at this time."))]


def _members(group: GroupSession) -> Any:
    """Those who have not left, in order of their keys."""
    live = Booking.objects.filter(group_session=group, status__in=Booking.LIVE)
    return live.select_related(
        "client", "planned_session__plan__protocol", "appointment_type", "location"
    ).order_by("pk")


def _session(
    group: GroupSession,
    client: Client,
    planned: PlannedSession | None,
    *,
    booking: Booking | None = None,
) -> gate.Session:
    return gate.Session(
        client=client,
        appointment_type=group.appointment_type,
        location=group.location,
        planned_session=planned,
        therapist_id=group.therapist_id,
        psychiatrist_id=group.psychiatrist_id,
        booking_id=booking.pk if booking else None,
    )


def _who_and_when(
    kind: AppointmentType, location: Location, starts_at: datetime, choice: Choice
) -> dict[str, Any]:
    local, room = promise(starts_at, location), room_of(choice)
    first, second = (choice.get(seat) for seat in seats_of("therapist", 2))
    psychiatrist = choice.get("psychiatrist")
    return {
        "therapist_id": first.id if first else None,
        "second_therapist_id": second.id if second else None,
        "psychiatrist_id": psychiatrist.id if psychiatrist else None,
        "room_id": room.id if room else None,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=kind.duration_minutes),
        "starts_on": local.starts_on,
        "starts_local": local.starts_local,
        "time_zone": local.time_zone,
        "fold": local.fold,
    }


def _shared(group: GroupSession) -> dict[str, Any]:
    """What a member's booking shows of the group; the place in the room is the group's."""
    names = (
        "therapist_id", "psychiatrist_id", "room_id",
        "starts_at", "ends_at", "starts_on", "starts_local", "time_zone", "fold",
    )  # fmt: skip
    return {name: getattr(group, name) for name in names}


@step
def _seat(booking: Booking) -> None:
    Occupancy.objects.create(
        booking=booking, client_id=booking.client_id, occupies=(booking.starts_at, booking.ends_at)
    )


@step
def _follow(booking: Booking, group: GroupSession, *, is_new_time: bool, actor: User, now: datetime) -> None:
    new = {
        **_shared(group),
        "version": booking.version + is_new_time,
        "revision": booking.revision + 1,
        "moved_at": now if is_new_time else booking.moved_at,
        "touched_at": now,
    }
    for name, value in new.items():
        setattr(booking, name, value)
    booking.save(update_fields=list(new))
    Occupancy.objects.filter(booking=booking).delete()
    _seat(booking)
    data = {"version": booking.version}
    activity.record("booking.moved", booking, actor=actor, at=now, client=booking.client_id, data=data)
