"""The one door for times: booking a session. What moving it shares (`scheduling.moves`) is here too.

Seven steps, always in this order: access (the caller's) → lock → load → decide → write → record → announce.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import BigIntegerField, OuterRef, Q, QuerySet

from practice import activity, clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.clients import join_care_team
from practice.doors import door, step
from practice.errors import OutOfScope, Taken
from practice.models import CareTeamMember, Client, Clinician, Location, Room, User
from practice.prepared import Param, Prepared
from scheduling import availability, changes, gate, lifecycle
from scheduling.availability import Wish
from scheduling.engine.openings import find_openings
from scheduling.engine.types import Opening, ResourceKey, Span, seats_of
from scheduling.errors import HoldOver, NotBookable, NotPossibleNow
from scheduling.locks import Names, lock_rows, named
from scheduling.models import AppointmentType, Booking, Occupancy
from scheduling.starts import promise
from treatment_plans.models import PlannedSession
from treatment_plans.rules import supply

R = TypeVar("R")
Choice = Mapping[str, ResourceKey]

TRIES = 8
MOST_HOLDS_PER_USER, MOST_HOLDS_PER_CLIENT = 5, 2
ALTERNATIVES = 3
DAY = timedelta(days=1)
DAYS_AT_FIRST, STARTS_A_DAY = 3 * DAY, 8  # a weekend and a day; a few free starts on each
LOOK_BACK, LOOK_AHEAD = timedelta(days=3), timedelta(days=14)


class LostRace(Exception):
    """Someone took what we had chosen before we had locked it; another choice may still fit."""


@dataclass(frozen=True)
class Request:
    """What to book and for whom. Ids that are None are chosen: those whom the plan names first."""

    client: Client
    appointment_type: AppointmentType
    location: Location
    planned_session: PlannedSession | None = None
    therapist_id: int | None = None
    psychiatrist_id: int | None = None
    room_id: int | None = None
    moving: Booking | None = None
    tentative: bool = False  # kept until the prescription is renewed, where the location does so
    spreads: bool = False  # another choice than everybody else's, after a lost race
    prefers: tuple[int, ...] = ()  # clinicians before those whom the plan names
    prefers_room: int | None = None
    names: Names = field(default_factory=dict)  # of who and what was locked
    on_team: frozenset[int] | None = None  # who treats the client already, read under the locks

    @property
    def wish(self) -> Wish:
        return Wish(
            appointment_type=self.appointment_type,
            location=self.location,
            client=self.client,
            plan=self.planned_session.plan if self.planned_session else None,
            therapist_id=self.therapist_id,
            psychiatrist_id=self.psychiatrist_id,
            room_id=self.room_id,
            moving_booking_id=self.moving.pk if self.moving else None,
            spreads=self.spreads,
            prefers=self.prefers,
            prefers_room=self.prefers_room,
        )

    def wish_for(self, starts_at: datetime) -> Wish:
        """Who changes only people or room, and not the time, needs no notice."""
        is_same_time = self.moving is not None and self.moving.starts_at == starts_at
        return replace(self.wish, waives_notice=is_same_time)

    def session(self, choice: Choice) -> gate.Session:
        return gate.Session(
            client=self.client,
            appointment_type=self.appointment_type,
            location=self.location,
            planned_session=self.planned_session,
            therapist_id=choice["therapist"].id if "therapist" in choice else self.therapist_id,
            psychiatrist_id=choice["psychiatrist"].id if "psychiatrist" in choice else self.psychiatrist_id,
            booking_id=self.moving.pk if self.moving else None,
        )


def book(
    request: Request,
    starts_at: datetime,
    *,
    hold_for: timedelta | None = None,
    actor: User,
    now: datetime,
) -> Booking:
    """Reserve a time with its people, room and client. `starts_at` is aware.

    With `hold_for` the time is only held, and is free again when that is over unless `confirm` came first.
    Raises NotBookable with every blocker, Taken when another transaction won after our check; both with
    the nearest openings. Locks the plan, clinicians, rooms and the client, each by primary key.
    """
    return explained(
        request,
        starts_at,
        now,
        lambda wanted: _book(wanted, starts_at, hold_for=hold_for, actor=actor, now=now),
    )


def confirm(booking_id: int, *, revision: int | None = None, actor: User, now: datetime) -> Booking:
    """Turn a held time into a booking. Raises HoldOver with the nearest openings once its time is over."""
    try:
        return lifecycle.confirm(booking_id, revision=revision, actor=actor, now=now)
    except HoldOver as over:
        held = load_booking(booking_id)
        request = Request(
            client=held.client,
            appointment_type=held.appointment_type,
            location=held.location,
            planned_session=held.planned_session,
        )
        over.alternatives = nearest(request, held.starts_at, now=now)
        raise


def openings(request: Request, window: Span, *, limit: int, now: datetime) -> tuple[Opening, ...]:
    """What `book` would accept in `window`, ascending: the same calendars and the same gate."""
    return search(request, window, limit=limit, now=now)[1]


def search(
    request: Request, window: Span, *, limit: int, now: datetime
) -> tuple[availability.Board, tuple[Opening, ...]]:
    """The openings, and the calendars that they were found in.

    Among many people the first days mostly do; only if they don't, the whole window is looked at.
    """
    soon = min(window.end, max(window.start, now) + DAYS_AT_FIRST + limit // STARTS_A_DAY * DAY)
    if request.therapist_id is None and window.start < soon < window.end:
        board, found = _search(request, Span(window.start, soon), limit=limit, now=now)
        if len(found) == limit:
            return board, found
    return _search(request, window, limit=limit, now=now)


def _search(
    request: Request, window: Span, *, limit: int, now: datetime
) -> tuple[availability.Board, tuple[Opening, ...]]:
    board = availability.load(request.wish, window, now=now)
    session = request.session(first_candidates(board))
    loaded = gate.load([session], now=now)
    judged_here = {need.key for need in board.demand.needs}
    passes: dict[object, bool] = {}
    tz = clock.zone(request.location.time_zone)

    def allowed(start: datetime) -> bool:
        """The gate looks at days, so one answer serves most of them whole."""
        day = clock.local_day(start, tz)
        key = start if loaded.needs_the_hour(session, day) else day
        if key not in passes:
            found = tolerated(request, loaded.blockers(session, starts_at=start, now=now))
            passes[key] = not _beside_licences(found, judged_here)
        return passes[key]

    found = find_openings(board.demand, board.calendars, window=window, limit=limit, allowed=allowed)
    return board, found


def blockers(request: Request, starts_at: datetime, *, now: datetime) -> tuple[Blocker, ...]:
    """Every reason why `book` would refuse this start; empty exactly if it would accept."""
    board = availability.load(request.wish_for(starts_at), moment(starts_at), now=now)
    choice = choose(board, starts_at)
    session = request.session(choice or first_candidates(board))
    against = board.why_not(starts_at, choice=choice)
    closed = gate.load([session], now=now).blockers(session, starts_at=starts_at, now=now)
    return (*against, *tolerated(request, closed))


def tolerated(request: Request, closed: tuple[Blocker, ...]) -> tuple[Blocker, ...]:
    """The gate's reasons that count: none for a tentative dose that only waits for a renewal.

    Such a booking is on hold until then, as it is by what the gate says of it, and does not start.
    """
    if not request.tentative or not supply.waits_for_renewal(closed):
        return closed
    if request.location.keeps_tentative:
        return ()
    return (
        *closed,
        Blocker("tentative_not_allowed", _("This location books no dose before its prescription.")),
    )


def load_booking(booking_id: int) -> Booking:
    """With all that a decision about it needs. Raises OutOfScope."""
    found = (
        Booking.objects.select_related(
            "client", "location", "appointment_type", "planned_session__plan__protocol"
        )
        .filter(pk=booking_id)
        .first()
    )
    if found is None:
        raise OutOfScope
    return found


@door
def _book(
    request: Request, starts_at: datetime, *, hold_for: timedelta | None, actor: User, now: datetime
) -> Booking:
    request, choice = decide(request, starts_at, now=now)
    booking = place(request, starts_at, choice, hold_for=hold_for, actor=actor, now=now)
    changes.announce([], now=now, new=[booking])
    return booking


@step
def place(
    request: Request,
    starts_at: datetime,
    choice: Choice,
    *,
    hold_for: timedelta | None = None,
    actor: User | None,
    now: datetime,
) -> Booking:
    """Write and record a booking with all that it takes; the caller locks, judges and announces."""
    session = request.session(choice)
    room = room_of(choice)
    local = promise(starts_at, request.location)
    booking = Booking.objects.create(
        client=request.client,
        planned_session=request.planned_session,
        appointment_type=request.appointment_type,
        location=request.location,
        therapist_id=session.therapist_id,
        psychiatrist_id=session.psychiatrist_id,
        room_id=room.id if room else None,
        room_place=room.unit if room else None,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=request.appointment_type.duration_minutes),
        starts_on=local.starts_on,
        starts_local=local.starts_local,
        time_zone=local.time_zone,
        fold=local.fold,
        status=Booking.Status.BOOKED if hold_for is None else Booking.Status.HELD,
        held_until=None if hold_for is None else now + hold_for,
        created_at=now,
        booked_by=actor,
        booked_at=now if hold_for is None else None,
        touched_at=now,
    )
    for name, model in (("therapist", Clinician), ("psychiatrist", Clinician), ("room", Room)):
        locked = named(model, getattr(booking, f"{name}_id"), request.names)
        if locked is not None:
            setattr(booking, name, locked)
    if hold_for is not None:
        _check_holds(booking, now=now)
    occupy(booking, choice)
    clinicians = [pk for pk in (session.therapist_id, session.psychiatrist_id) if pk]
    join_care_team(request.client.pk, clinicians, present=request.on_team, actor=actor, now=now)
    activity.record(f"booking.{booking.status}", booking, actor=actor, at=now, client=request.client)
    return booking


@step
def decide(request: Request, starts_at: datetime, *, now: datetime) -> tuple[Request, Choice]:
    """Choose, lock what was chosen, then judge everything again under the locks."""
    wish = request.wish_for(starts_at)
    board = availability.load(wish, moment(starts_at), now=now)
    choice = choose(board, starts_at)
    request = _lock(request, choice or {})
    planned_ids = [request.planned_session.pk] if request.planned_session else []
    if choice is not None:
        board = availability.load(availability.narrowed(wish, choice), moment(starts_at), now=now)
    if board.has_holds_over:
        release_over(request.client.pk, planned_ids, (choice or {}).values(), now=now)
    against = board.why_not(starts_at, choice=choice)
    session = request.session(choice or first_candidates(board))
    closed = tolerated(request, gate.load([session], now=now).blockers(session, starts_at=starts_at, now=now))
    if choice is not None and against and not closed and _is_only_busy(against):
        raise LostRace
    if against or closed or choice is None:
        raise NotBookable(blockers=(*against, *closed))
    return request, choice


def choose(board: availability.Board, starts_at: datetime) -> Choice | None:
    """The first candidates that fit together at this start, or None when nothing does."""
    found = find_openings(board.demand, board.calendars, window=moment(starts_at), limit=1)
    return found[0].chosen if found else None


def room_of(choice: Choice) -> ResourceKey | None:
    """Where to send the client: the room that is needed first. A peak is no room."""
    peak = f"room:{Room.Kind.ONSET}"
    return next((key for need, key in choice.items() if need.startswith("room:") and need != peak), None)


def first_candidates(board: availability.Board) -> Choice:
    """Whom to judge by the gate when nobody could be chosen."""
    return {need.key: need.candidates[0] for need in board.demand.needs if need.candidates}


@step
def _lock(request: Request, choice: Choice) -> Request:
    """Lock what was chosen and read again what may have changed while we waited."""
    planned = request.planned_session
    plan_ids = [planned.plan_id] if planned else []
    names = lock_rows(plan_ids, choice.values(), [request.client.pk])
    if planned is not None:
        planned = next(_SESSION_NOW.objects(pk=planned.pk))
        client, team = planned.plan.client, planned.team
    else:
        client = next(_CLIENT_NOW.objects(pk=request.client.pk))
        team = client.team
    moving = request.moving
    if moving is not None:
        now_held = Booking.objects.select_for_update(no_key=True).get(pk=moving.pk)
        if now_held.status not in Booking.UPCOMING:
            raise NotPossibleNow(
                params={"status": now_held.get_status_display(), "wanted": str(Booking.Status.BOOKED.label)}
            )
        if now_held.group_session_id is not None:
            raise NotBookable(
                blockers=[
                    Blocker("in_group", _("This is a seat in a group session: move the group, or leave it."))
                ]
            )
        if now_held.revision != moving.revision:
            raise Taken(code="moved_meanwhile")
        moving = now_held
    return replace(
        request,
        client=client,
        planned_session=planned,
        moving=moving,
        names=names,
        on_team=frozenset(team),
    )


def _with_team(rows: QuerySet[Any], client: str) -> QuerySet[Any]:
    """The one with a key, with the ids of the clinicians who treat the client."""
    on_team = CareTeamMember.objects.filter(client=OuterRef(client), left_at=None)
    one = rows.filter(pk=Param("pk", BigIntegerField())).order_by()
    return one.annotate(team=ArraySubquery(on_team.order_by().values("clinician")))


_SESSION_NOW = Prepared(
    lambda: _with_team(
        PlannedSession.objects.select_related("plan__protocol", "plan__client"), "plan__client"
    )
)
_CLIENT_NOW = Prepared(lambda: _with_team(Client.objects.all(), "pk"))


@step
def release_over(
    client_id: int, planned_session_ids: Iterable[int], keys: Iterable[ResourceKey], *, now: datetime
) -> None:
    """Expire holds that are over and still in the way of what we have locked."""
    ids = _ids(keys)
    over = Booking.objects.filter(Booking.hold_is_over(now)).filter(
        Q(client=client_id)
        | Q(planned_session__in=list(planned_session_ids))
        | Q(occupancies__clinician__in=ids["clinician"])
        | Q(occupancies__room__in=ids["room"])
    )
    for booking_id in sorted(set(over.values_list("pk", flat=True))):
        lifecycle.expire(booking_id, now=now)


def _ids(keys: Iterable[ResourceKey]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {"clinician": [], "room": []}
    for key in keys:
        ids[key.kind].append(key.id)
    return ids


def _check_holds(booking: Booking, *, now: datetime) -> None:
    """A hold is for a decision of minutes, not for keeping options open."""
    held = Booking.objects.filter(Booking.hold_lasts(now))
    blockers = []
    if held.filter(booked_by=booking.booked_by).count() > MOST_HOLDS_PER_USER:
        blockers.append(
            Blocker("too_many_holds", _("You hold %(most)s times already."), {"most": MOST_HOLDS_PER_USER})
        )
    if held.filter(client=booking.client).count() > MOST_HOLDS_PER_CLIENT:
        blockers.append(
            Blocker(
                "too_many_holds_for_client",
                _("%(most)s times are held for this client already."),
                {"most": MOST_HOLDS_PER_CLIENT},
            )
        )
    if blockers:
        raise NotBookable(blockers=blockers)


@step
def occupy(booking: Booking, choice: Choice) -> None:
    """The people and the room of a group session are the group's: a member takes the client alone."""
    rows = []
    if booking.group_session_id is None:
        rows = taken(booking.appointment_type, booking.starts_at, choice, booking=booking)
    rows.append(
        Occupancy(
            booking=booking,
            client_id=booking.client_id,
            occupies=DateTimeTZRange(booking.starts_at, booking.ends_at),
        )
    )
    Occupancy.objects.bulk_create(rows)


def taken(kind: AppointmentType, starts_at: datetime, choice: Choice, **of: Any) -> list[Occupancy]:
    """What the phases take of the people and the room, not saved."""
    return [
        Occupancy(
            **of,
            clinician_id=choice[seat].id if phase.role else None,
            room_id=None if phase.role else choice[seat].id,
            room_place=None if phase.role else choice[seat].unit,
            occupies=DateTimeTZRange(
                starts_at + timedelta(minutes=phase.from_minutes),
                starts_at + timedelta(minutes=phase.until_minutes),
            ),
        )
        for phase in kind.phases.all()
        for seat in seats_of(phase.need, phase.people)
    ]


def explained(request: Request, starts_at: datetime, now: datetime, attempt: Callable[[Request], R]) -> R:
    """Try again when a race over a free choice was lost; add the nearest openings to a refusal.

    Those who lost it together would all choose the same next one, so each then chooses by chance.
    """
    try:
        for tries in range(TRIES):
            try:
                return attempt(replace(request, spreads=tries > 0))
            except LostRace:
                continue
        raise Taken
    except (NotBookable, Taken) as refusal:
        refusal.client_id = request.client.pk
        refusal.alternatives = nearest(request, starts_at, now=now)
        raise


def nearest(request: Request, starts_at: datetime, *, now: datetime) -> list[dict[str, object]]:
    """Up to three openings around the wanted start, nearest first, as values for the answer."""
    tz = clock.zone(request.location.time_zone)
    window = Span(max(now, starts_at - LOOK_BACK), max(now, starts_at) + LOOK_AHEAD)
    found = openings(request, window, limit=400, now=now)
    closest = sorted(found, key=lambda opening: abs(opening.start - starts_at))[:ALTERNATIVES]
    return [{"starts_at": opening.start.astimezone(tz).isoformat()} for opening in closest]


def moment(starts_at: datetime) -> Span:
    return Span(starts_at, starts_at + datetime.resolution)


def _is_only_busy(against: tuple[Blocker, ...]) -> bool:
    return all(blocker.code in {"busy", "limit_reached"} for blocker in against)


def _beside_licences(found: tuple[Blocker, ...], needs: Collection[str]) -> tuple[Blocker, ...]:
    """Without the licences of those whom the engine chooses: it judges each candidate's own."""
    judged = {"therapist": "therapist_not_licensed", "psychiatrist": "prescriber_not_licensed"}
    skipped = {code for need, code in judged.items() if need in needs}
    return tuple(blocker for blocker in found if blocker.code not in skipped)
