"""A clinician falls ill: what that hits, what could be done about each session, and doing it at once.

`propose` reads; `record` keeps the time off and does what was chosen for each session, in one transaction.
What nobody chose anything for stays as it is, in conflict with the absence until somebody does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from practice import activity, clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.doors import door, rehearse, step
from practice.editing import save_new
from practice.errors import DomainError, Invalid, Refused, Taken
from practice.models import CareTeamMember, Clinician, Location, TimeOff, User, WorkingHours
from practice.models.base import Revisioned
from scheduling import availability, cascade, freed_times, gate, lifecycle, moves
from scheduling.availability import Board, Wish, where_the_client_is
from scheduling.booking import LostRace, Request
from scheduling.effects import Effect
from scheduling.engine.openings import find_openings, why_not
from scheduling.engine.spans import overlaps, subtract
from scheduling.engine.types import Need, Opening, ResourceKey, Span
from scheduling.models import Booking, Occupancy
from scheduling.moves import Follow
from treatment_plans.models import PlannedSession

V = TypeVar("V")

MOST_BOOKINGS = 200
MOST_SUBSTITUTES, MOST_NEW_TIMES = 5, 3
SEARCHED = timedelta(days=21)  # for a new time, from the end of the absence
LONGEST = timedelta(days=366)
NOT_BY_THE_ENGINE = frozenset({"therapist_not_licensed", "prescriber_not_licensed"})  # it judges everybody's


class Reason(models.TextChoices):
    ILLNESS = "illness", gettext_lazy("illness")
    FAMILY = "family", gettext_lazy("family")
    EMERGENCY = "emergency", gettext_lazy("emergency")
    VACATION = "vacation", gettext_lazy("vacation")
    TRAINING = "training", gettext_lazy("training")
    OTHER = "other", gettext_lazy("something else")


class Action(models.TextChoices):
    SUBSTITUTE = "substitute", gettext_lazy("somebody else takes it")
    MOVE = "move", gettext_lazy("move it")
    CANCEL = "cancel", gettext_lazy("cancel it")
    LEAVE = "leave", gettext_lazy("leave it for now")


class AbsenceNotPossible(Refused):
    """Nothing was done. Each reason says in its params to which booking it belongs."""

    code = "absence_not_possible"
    message = _("What was chosen is not possible any more. Nothing was changed.")


@dataclass(frozen=True)
class Choice:
    """What to do about one session. `revision` is the one for which it was proposed."""

    booking_id: int
    revision: int
    action: str
    clinician_id: int | None = None
    starts_at: datetime | None = None
    reason: str = ""
    follow: tuple[Follow, ...] = ()


@dataclass(frozen=True)
class Substitute:
    id: int
    name: str
    is_on_care_team: bool


@dataclass(frozen=True)
class NewTime:
    """`clinician_id` is whoever would take the part of the one who is away: themselves, if they can."""

    starts_at: datetime
    clinician_id: int
    name: str
    is_usual: bool


@dataclass(frozen=True)
class Affected:
    """`out_of_window` are the sessions after it that its first new time would leave outside their window."""

    booking: Booking
    substitutes: tuple[Substitute, ...]
    new_times: tuple[NewTime, ...]
    out_of_window: tuple[int, ...]

    @property
    def advice(self) -> str:
        if self.substitutes:
            return Action.SUBSTITUTE
        return Action.MOVE if self.new_times else "call_client"


@dataclass(frozen=True)
class Plan:
    """`is_cut` says that there are more sessions than are listed: shorten the absence and go on after it."""

    clinician: Clinician
    span: Span
    affected: tuple[Affected, ...]
    is_cut: bool
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Recorded:
    time_off: TimeOff
    changed: tuple[Booking, ...]
    left: tuple[Booking, ...]


def hit_by(clinician: Clinician, span: Span, *, now: datetime) -> list[Booking]:
    """Sessions that need the clinician within the span and have not begun, earliest first; one too many."""
    taken = Occupancy.objects.filter(clinician=clinician, occupies__overlap=(span.start, span.end))
    waiting = Booking.LIVE - {Booking.Status.IN_SESSION}
    needed = Q(pk__in=taken.values("booking")) | Q(group_session__in=taken.values("group_session"))
    return list(
        cascade.WITH_PLAN.filter(Booking.in_force(now), needed, status__in=waiting)
        .filter(ends_at__gt=now)
        .prefetch_related("appointment_type__phases")
        .order_by("starts_at", "pk")[: MOST_BOOKINGS + 1]
    )


def propose(clinician: Clinician, span: Span, *, now: datetime) -> Plan:
    """For every session that is hit, who could take it and when else it could be. Reads only.

    What is proposed first for one is not proposed to the next. The number of queries depends on how many
    kinds of session, places and pairs of people there are, not on the number of sessions.
    """
    check(span)
    found = hit_by(clinician, span, now=now)
    return Plan(
        clinician,
        span,
        tuple(_Proposals(clinician, span, found[:MOST_BOOKINGS], now).all()),
        len(found) > MOST_BOOKINGS,
    )


def preview(
    clinician: Clinician,
    span: Span,
    *,
    reason: str,
    choices: Sequence[Choice] | None,
    actor: User,
    now: datetime,
    show: Callable[[Plan], V],
) -> V:
    """`propose`; and with choices a rehearsal of them, shown while it is as if they were done."""
    plan = propose(clinician, span, now=now)
    if choices is None:
        return show(plan)
    changing = {each.booking_id for each in choices}
    changing |= {follow.booking_id for each in choices for follow in each.follow}
    clients = {each.booking.client_id for each in plan.affected if each.booking.pk in changing}
    before = cascade.look(clients, changing, now=now)
    return rehearse(
        lambda: record(clinician.pk, span, reason=reason, choices=choices, actor=actor, now=now),
        lambda _recorded: show(replace(plan, effects=before.compare(now=now))),
    )


@door
def record(
    clinician_id: int, span: Span, *, reason: str, choices: Sequence[Choice], actor: User, now: datetime
) -> Recorded:
    """Keep the time off, and do what was chosen, all of it or nothing.

    Everybody and every room in question is locked before anything is looked at. The same time off is kept
    once. Raises AbsenceNotPossible with every reason; with a pointer Invalid for what doesn't fit.
    """
    check(span)
    clinician = Clinician.objects.get(pk=clinician_id)
    hit = {row.pk: row for row in hit_by(clinician, span, now=now)}
    _check_choices(clinician, hit, choices)
    wanted = _wanted(clinician, hit, choices)
    followers = [pair for pk, (request, _at) in wanted.items() for pair in _following(request, pk, choices)]
    moves.lock_for(
        [*wanted.values(), *followers],
        also_clinicians=[clinician_id],
        also_bookings=[each.booking_id for each in choices],
        now=now,
    )
    time_off = _keep_time_off(clinician, span, reason, actor=actor, now=now)
    failing = _stale(choices)
    moves.make_room(list(wanted))
    for choice in choices:
        if choice.action == Action.CANCEL:
            failing += _attempt(choice, partial(_cancel, choice, actor=actor, now=now))
    for choice in sorted(choices, key=lambda each: (hit[each.booking_id].starts_at, each.booking_id)):
        if choice.booking_id in wanted:
            request, at = wanted[choice.booking_id]
            act = partial(moves.shift_with, request, at, follow=choice.follow, actor=actor, now=now)
            failing += _attempt(choice, act)
    if failing:
        raise AbsenceNotPossible(blockers=failing)
    rows = cascade.WITH_PLAN.in_bulk([*hit, *(each.booking_id for each in choices)])
    still = {row.pk for row in hit_by(clinician, span, now=now)}
    changed = {each.booking_id for each in choices if each.action != Action.LEAVE}
    return Recorded(
        time_off,
        tuple(rows[pk] for pk in hit if pk in changed),
        tuple(rows[pk] for pk in hit if pk in still and pk not in changed),
    )


@step
def taken_back(before: Revisioned | None, after: Revisioned | None, now: datetime) -> None:
    """Listens to `practice.calendars`: time that is off no longer may be offered to the waitlist."""
    if not isinstance(before, TimeOff):
        return
    still_off = [Span(after.starts_at, after.ends_at)] if isinstance(after, TimeOff) else []
    places = Location.objects.filter(
        pk__in=WorkingHours.objects.filter(clinician=before.clinician_id).values("location")
    )
    for place in places.order_by("pk"):
        for span in subtract([Span(before.starts_at, before.ends_at)], still_off):
            freed_times.note_back(before.clinician, place, span, now=now)


def check(span: Span) -> None:
    if span.end - span.start > LONGEST:
        raise Invalid(_("An absence is at most a year long."), code="too_long", pointer="/ends_at")


def _keep_time_off(clinician: Clinician, span: Span, reason: str, *, actor: User, now: datetime) -> TimeOff:
    same = TimeOff.objects.filter(clinician=clinician, starts_at=span.start, ends_at=span.end).first()
    if same is not None:
        return same
    kept = save_new(TimeOff(clinician=clinician, starts_at=span.start, ends_at=span.end, reason=reason))
    activity.record("timeoff.added", kept, actor=actor, at=now)
    return kept


def _check_choices(clinician: Clinician, hit: Mapping[int, Booking], choices: Sequence[Choice]) -> None:
    named = {each.clinician_id for each in choices if each.clinician_id is not None}
    others = Clinician.objects.filter(pk__in=named, kind=clinician.kind, is_active=True)
    known = set(others.exclude(pk=clinician.pk).values_list("pk", flat=True))
    seen: set[int] = set()
    for index, each in enumerate(choices):
        at = f"/choices/{index}"
        if each.booking_id not in hit or each.booking_id in seen:
            raise Invalid(
                _("This session is not hit by the absence, or it is in the list twice."),
                code="not_affected",
                pointer=f"{at}/booking",
            )
        seen.add(each.booking_id)
        if each.action == Action.SUBSTITUTE and each.clinician_id is None:
            raise Invalid(_("Say who takes it."), code="required", pointer=f"{at}/clinician")
        if each.clinician_id not in (None, clinician.pk) and each.clinician_id not in known:
            raise Invalid(_("There is no such colleague."), code="not_found", pointer=f"{at}/clinician")
        if each.action == Action.SUBSTITUTE and each.clinician_id == clinician.pk:
            raise Invalid(_("That is who is away."), code="is_away", pointer=f"{at}/clinician")
        if each.action == Action.MOVE and each.starts_at is None:
            raise Invalid(_("Say to when it moves."), code="required", pointer=f"{at}/starts_at")
        if each.action == Action.CANCEL and not each.reason.strip():
            raise Invalid(_("Say why the session is cancelled."), code="required", pointer=f"{at}/reason")


def _wanted(
    clinician: Clinician, hit: Mapping[int, Booking], choices: Sequence[Choice]
) -> dict[int, tuple[Request, datetime]]:
    """By booking id what is to be moved, and to when; a substitute takes it in the same room."""
    wanted: dict[int, tuple[Request, datetime]] = {}
    for each in choices:
        row = hit[each.booking_id]
        people = {f"{clinician.kind}_id": each.clinician_id} if each.clinician_id else {}
        if each.action == Action.SUBSTITUTE:
            room_kinds = {phase.room_kind for phase in row.appointment_type.phases.all()} - {""}
            is_one_room = len(room_kinds) == 1  # of several, a named one would leave the others unfilled
            request = moves.request_for(row, **people, room_id=row.room_id if is_one_room else None)
            wanted[row.pk] = (request, row.starts_at)
        elif each.action == Action.MOVE and each.starts_at is not None:
            wanted[row.pk] = (moves.request_for(row, **people), each.starts_at)
    return wanted


def _following(
    request: Request, booking_id: int, choices: Sequence[Choice]
) -> list[tuple[Request, datetime]]:
    follow = next(each.follow for each in choices if each.booking_id == booking_id)
    return moves.followers(request, follow)


def _stale(choices: Sequence[Choice]) -> list[Blocker]:
    """Under the locks: what has changed since it was proposed."""
    now_at = dict(
        Booking.objects.filter(pk__in=[each.booking_id for each in choices]).values_list("pk", "revision")
    )
    message = _("This session has changed since the proposal was made.")
    return [
        Blocker("changed_meanwhile", message, {"booking": each.booking_id})
        for each in choices
        if now_at[each.booking_id] != each.revision
    ]


def _cancel(choice: Choice, *, actor: User, now: datetime) -> None:
    lifecycle.call_off(
        choice.booking_id, party=Booking.Party.CLINIC, reason=choice.reason, actor=actor, now=now
    )


def _attempt(choice: Choice, act: Callable[[], object]) -> list[Blocker]:
    """The reasons why not, with the booking they belong to; what was written is undone by the caller."""
    try:
        act()
    except LostRace:
        return [Blocker(Taken.code, Taken.message, {"booking": choice.booking_id})]
    except DomainError as refusal:
        if refusal.status != Refused.status:
            raise
        reasons = refusal.blockers or (Blocker(refusal.code, refusal.message % refusal.params),)
        return [
            reason.with_params(booking=reason.params.get("booking", choice.booking_id)) for reason in reasons
        ]
    return []


class _Proposals:
    """Everything that the proposals for one absence are made of, loaded for all sessions together."""

    def __init__(self, clinician: Clinician, span: Span, hit: Sequence[Booking], now: datetime) -> None:
        self.clinician, self.span, self.hit, self.now = clinician, span, hit, now
        self.role = str(clinician.kind)
        self.away = ResourceKey("clinician", clinician.pk)
        self._promised: dict[ResourceKey, list[Span]] = defaultdict(list)
        self._searches: dict[object, tuple[Board, Span]] = {}
        self._window = Span(now, max(span.end, now) + SEARCHED)
        self.sessions = {row.pk: gate.session_of(row) for row in hit}
        self.loaded = gate.load(self.sessions.values(), now=now)
        self.teams = _teams({row.client_id for row in hit})
        self.after = _followers_of({row.planned_session_id for row in hit if row.planned_session_id})
        self.busy = _client_times({row.client_id for row in hit}, self._window)

    def all(self) -> Iterable[Affected]:
        here = self._boards_at_their_times()
        for row in self.hit:
            if row.status not in Booking.UPCOMING or row.group_session_id is not None:
                # a group moves as one, or not at all
                yield Affected(row, (), (), ())
                continue
            substitutes = self._substitutes(row, here[_place(row)])
            new_times = self._new_times(row, promise_first=not substitutes)
            yield Affected(row, substitutes, new_times, self._out_of_window(row, new_times))

    def _boards_at_their_times(self) -> dict[object, Board]:
        groups: dict[object, list[Booking]] = defaultdict(list)
        for row in self.hit:
            groups[_place(row)].append(row)
        boards = {}
        for place, rows in groups.items():
            starts = [row.starts_at for row in rows]
            wish = Wish(rows[0].appointment_type, rows[0].location, rows[0].client)
            boards[place] = availability.load(
                wish, Span(min(starts), max(starts) + datetime.resolution), now=self.now
            )
        return boards

    def _substitutes(self, row: Booking, board: Board) -> tuple[Substitute, ...]:
        """Who works, is licensed where the client is and has nothing else then; the care team first."""
        need = next((each for each in board.demand.needs if each.key == self.role), None)
        if need is None:
            return ()
        demand = replace(board.demand, needs=(need,), client_busy=())
        team = self.teams[row.client_id]
        fitting = [
            key
            for key in sorted(need.candidates, key=lambda key: key.id not in team)
            if key != self.away
            and not self._is_promised(need, key, row.starts_at)
            and not any(
                "resource_id" in reason.params
                for reason in why_not(row.starts_at, demand, board.calendars, choice={need.key: key})
            )
        ]
        if fitting:
            self._promise(need, fitting[0], row.starts_at)
        return tuple(
            Substitute(key.id, board.names[key], key.id in team) for key in fitting[:MOST_SUBSTITUTES]
        )

    def _new_times(self, row: Booking, *, promise_first: bool) -> tuple[NewTime, ...]:
        """The next openings with the same people; with anybody if there is none in three weeks."""
        for with_usual in (True, False):
            board, window = self._search_board(row, with_usual=with_usual)
            found = self._openings(row, board, window)
            if found:
                break
        else:
            return ()
        if promise_first:
            for need in board.demand.needs:
                self._promise(need, found[0].chosen[need.key], found[0].start)
        tz = clock.zone(row.location.time_zone)
        return tuple(
            NewTime(each.start.astimezone(tz), key.id, board.names[key], key == self.away)
            for each in found
            for key in [each.chosen[self.role]]
        )

    def _search_board(self, row: Booking, *, with_usual: bool) -> tuple[Board, Span]:
        """The calendars after the absence, and the span that they cover: no more than can be booked."""
        people = (row.therapist_id, row.psychiatrist_id) if with_usual else (None, None)
        key = (_place(row), people)
        if key not in self._searches:
            therapist_id, psychiatrist_id = people
            wish = Wish(
                row.appointment_type,
                row.location,
                row.client,
                therapist_id=therapist_id,
                psychiatrist_id=psychiatrist_id,
            )
            bookable = self.now + timedelta(days=row.appointment_type.horizon_days, minutes=1)
            window = Span(self.now, min(self._window.end, bookable))
            board = availability.load(wish, window, now=self.now)
            calendars = dict(board.calendars)
            if self.away in calendars:
                known = calendars[self.away]
                calendars[self.away] = replace(known, away=(*known.away, self.span))
            self._searches[key] = replace(board, calendars=calendars), window
        return self._searches[key]

    def _openings(self, row: Booking, board: Board, window: Span) -> tuple[Opening, ...]:
        calendars = {
            key: replace(known, busy=(*known.busy, *self._promised[key])) if key in self._promised else known
            for key, known in board.calendars.items()
        }
        busy = tuple(span for pk, span in self.busy[row.client_id] if pk != row.pk)
        start = max(self.now, row.starts_at)
        if start >= window.end:
            return ()
        return find_openings(
            replace(board.demand, client_busy=busy),
            calendars,
            window=Span(start, window.end),
            limit=MOST_NEW_TIMES,
            allowed=self._allowed(row),
        )

    def _allowed(self, row: Booking) -> Callable[[datetime], bool]:
        session, planned = replace(self.sessions[row.pk], is_booked_here=False), row.planned_session
        dose = self.loaded.booked.get(planned.after_session_id or 0) if planned else None
        tz = clock.zone(row.location.time_zone)
        passes: dict[object, bool] = {}

        def allowed(start: datetime) -> bool:
            key = clock.local_day(start, tz) if dose is None else start
            if key not in passes:
                against = self.loaded.blockers(session, starts_at=start, now=self.now)
                is_open = all(reason.code in NOT_BY_THE_ENGINE for reason in against)
                outside = dose and cascade.out_of_window(planned, start, dose_ended_at=dose.ends_at)
                passes[key] = is_open and not outside
            return passes[key]

        return allowed

    def _out_of_window(self, row: Booking, new_times: Sequence[NewTime]) -> tuple[int, ...]:
        if not new_times:
            return ()
        ended_at = new_times[0].starts_at + timedelta(minutes=row.appointment_type.duration_minutes)
        return tuple(
            each.pk
            for each in self.after[row.planned_session_id or 0]
            if cascade.out_of_window(each.planned_session, each.starts_at, dose_ended_at=ended_at)
        )

    def _is_promised(self, need: Need, key: ResourceKey, start: datetime) -> bool:
        return any(overlaps(self._promised.get(key, ()), span) for span in _spans(need, start))

    def _promise(self, need: Need, key: ResourceKey, start: datetime) -> None:
        self._promised[key] += _spans(need, start)


def _place(row: Booking) -> tuple[int, int, str]:
    return (
        row.appointment_type_id,
        row.location_id,
        where_the_client_is(row.appointment_type, row.location, row.client),
    )


def _spans(need: Need, start: datetime) -> list[Span]:
    return [Span(start + from_offset, start + until_offset) for from_offset, until_offset in need.windows]


def _teams(client_ids: Iterable[int]) -> Mapping[int, set[int]]:
    teams: dict[int, set[int]] = defaultdict(set)
    members = CareTeamMember.objects.filter(client__in=client_ids, left_at=None)
    for client_id, clinician_id in members.values_list("client", "clinician"):
        teams[client_id].add(clinician_id)
    return teams


def _followers_of(session_ids: Iterable[int]) -> Mapping[int, list[Booking]]:
    """The live integration sessions after each dose, by the dose's planned session."""
    found: dict[int, list[Booking]] = defaultdict(list)
    rows = cascade.WITH_PLAN.filter(
        planned_session__after_session__in=session_ids,
        planned_session__kind=PlannedSession.Kind.INTEGRATION,
        status__in=Booking.LIVE,
    )
    for row in rows.order_by("starts_at", "pk"):
        if row.planned_session is not None:
            found[row.planned_session.after_session_id or 0].append(row)
    return found


def _client_times(client_ids: Iterable[int], window: Span) -> Mapping[int, list[tuple[int, Span]]]:
    """When the clients are taken, with the booking that takes them."""
    found: dict[int, list[tuple[int, Span]]] = defaultdict(list)
    rows = Occupancy.objects.filter(
        client__in=client_ids, occupies__overlap=(window.start, window.end)
    ).values_list("client", "booking", "occupies")
    for client_id, booking_id, occupies in rows:
        if client_id is not None:
            found[client_id].append((booking_id, Span(occupies.lower, occupies.upper)))
    return found
