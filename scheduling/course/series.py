"""All open sessions of a plan at once: proposals for their times, and the door that books them together.

A proposal asks the calendars and the gate that booking asks, and leaves the search to `engine.series`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from practice import activity
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.doors import door
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import Clinician, Room, User
from scheduling import availability, booking, changes
from scheduling.availability import Board
from scheduling.booking import Request
from scheduling.course import unplaced
from scheduling.course.steps import OpenCourse, Preferences, facts_for, main_room, types_for
from scheduling.engine import series as engine
from scheduling.engine.types import ResourceKey, Span
from scheduling.gate import Booked
from scheduling.locks import lock
from scheduling.models import AppointmentType, Booking
from treatment_plans.models import PlannedSession, TreatmentPlan
from treatment_plans.rules.supply import DoseFact

MOST_CORRECTIONS = 60
GAPS = frozenset({engine.SHORTER_GAP, engine.LONGER_GAP})
WITH_ALL_SHOWN: QuerySet[Booking] = Booking.objects.select_related(
    "client",
    "location",
    "appointment_type",
    "planned_session__plan__protocol",
    "therapist",
    "psychiatrist",
    "room",
)
COMPROMISES = {
    "other_therapist": _("%(who)s instead of %(usual)s."),
    "other_psychiatrist": _("%(who)s instead of %(usual)s."),
    "other_room": _("%(who)s instead of %(usual)s."),
    "outside_preferred_days": _("This is not one of the preferred days."),
    "outside_preferred_times": _("This start is outside the preferred times."),
    engine.SHORTER_GAP: _("Only %(days)s days from the dose of %(other_on)s; usual are %(usual_days)s."),
    engine.LONGER_GAP: _("%(days)s days from the dose of %(other_on)s; usual are %(usual_days)s."),
}


class SeriesNotBookable(Refused):
    """Nothing was booked. Each reason says in its params to which item (`index`, from 0) it belongs."""

    code = "series_not_bookable"
    message = _("These sessions can't be booked together.")


class NoSeries(Refused):
    code = "no_series"
    message = _("The limits on people's work leave no series: raise them, or search further.")


class PlanClosed(Refused):
    code = "plan_closed"
    message = _("The treatment plan is closed.")
    pointer = "/path/id"


@dataclass(frozen=True)
class Named:
    id: int
    name: str


@dataclass(frozen=True)
class Item:
    planned_session: PlannedSession
    appointment_type: AppointmentType
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    therapist: Named | None
    psychiatrist: Named | None
    room: Named | None
    compromises: tuple[Blocker, ...]
    is_tentative: bool = False


@dataclass(frozen=True)
class Unplaced:
    planned_session: PlannedSession
    blockers: tuple[Blocker, ...]
    remedies: tuple[Blocker, ...]


@dataclass(frozen=True)
class Proposal:
    time_zone: str
    items: tuple[Item, ...]
    unplaced: tuple[Unplaced, ...]

    @property
    def finishes_at(self) -> datetime | None:
        return self.items[-1].ends_at if self.items else None

    @property
    def compromise_count(self) -> int:
        return sum(len(item.compromises) for item in self.items)


@dataclass(frozen=True)
class Wanted:
    """One item to book. An id that is None is chosen: those whom the plan names first."""

    planned_session_id: int
    starts_at: datetime
    therapist_id: int | None = None
    psychiatrist_id: int | None = None
    room_id: int | None = None
    tentative: bool = False


@dataclass(frozen=True)
class BookedSeries:
    """In the order in which the items were given."""

    bookings: tuple[Booking, ...]


def propose(
    plan: TreatmentPlan,
    window: Span,
    *,
    preferences: Preferences | None = None,
    limit: int = 3,
    tentative: bool = False,
    now: datetime,
) -> tuple[Proposal, ...]:
    """Up to `limit` proposals for the open sessions of `plan`, starting in `window`, best first.

    With `tentative`, doses for which nothing is left are placed too, where the location keeps them as such.
    What is booked stays where it is; none if nothing is open. Where a proposal itself would be more than
    somebody may work, they are not asked for those days, where its doses would go on too long without a
    review, they are not placed as late, and the search begins again. Raises PlanClosed,
    NoSeries.
    """
    _check_not_closed(plan)
    course = OpenCourse(plan, window, preferences or Preferences(), now, tentative=tentative)
    if not course.open:
        return ()
    for _each in range(MOST_CORRECTIONS):
        found = engine.propose(course.steps(), limit=limit)
        # of each what spoils it, and not of the first alone
        if all([course.allows(proposal) for proposal in found]):  # noqa: C419
            return tuple(_described(course, proposal) for proposal in found)
    raise NoSeries


def usual_length(plan: TreatmentPlan) -> timedelta:
    """How long to search unless told otherwise: for its open doses at half the usual pace, and four weeks."""
    doses = PlannedSession.objects.filter(
        plan=plan, kind=PlannedSession.Kind.DOSING, completed_at=None, withdrawn_at=None
    )
    return timedelta(days=2 * doses.count() * plan.protocol.usual_interval_days, weeks=4)


@door
def book(plan: TreatmentPlan, wanted: Sequence[Wanted], *, actor: User, now: datetime) -> BookedSeries:
    """Book all of `wanted` or nothing.

    Each item is judged beside those that start before it. Locks the plan, everybody and every room that may
    be taken, and the client. Raises SeriesNotBookable with the reasons of every item that fails, PlanClosed,
    and with a pointer Invalid or OutOfScope for what names nothing or doesn't fit.
    """
    requests = _requests(plan, wanted)
    session_ids = [item.planned_session_id for item in wanted]
    keys = _in_question(requests, wanted, now=now)
    locked, client = lock(plan.pk, keys, plan.client_id)
    plan = locked or plan
    _check_not_closed(plan)
    booking.release_over(client.pk, session_ids, keys, now=now)
    sessions = PlannedSession.objects.in_bulk(session_ids)
    loaded = facts_for([request.session({}) for request in requests], keys, now=now)
    ends = {
        session_id: Booked(
            0,
            item.starts_at + timedelta(minutes=request.appointment_type.duration_minutes),
            plan.pk if request.appointment_type.kind == PlannedSession.Kind.REVIEW else None,
            is_review=request.appointment_type.kind == PlannedSession.Kind.REVIEW,
        )
        for session_id, item, request in zip(session_ids, wanted, requests, strict=True)
    }
    doses = list(loaded.doses.get(client.pk, ()))
    booked: dict[int, Booking] = {}
    failing: list[Blocker] = []
    for index in sorted(range(len(wanted)), key=lambda index: wanted[index].starts_at):
        item, session = wanted[index], sessions[session_ids[index]]
        session.plan = plan
        request = replace(requests[index], client=client, planned_session=session)
        at_start = availability.load(request.wish, booking.moment(item.starts_at), now=now)
        board = _narrowed(at_start, item, keys)
        choice = booking.choose(board, item.starts_at)
        proposed = request.session(choice or booking.first_candidates(board))
        others = {pk: end for pk, end in ends.items() if pk != session.pk}
        beside = replace(loaded, doses={client.pk: doses}, booked={**others, **loaded.booked})
        against = (
            *board.why_not(item.starts_at, choice=choice),
            *booking.tolerated(request, beside.blockers(proposed, starts_at=item.starts_at, now=now)),
        )
        failing += [reason.with_params(index=index, planned_session=session.pk) for reason in against]
        if choice is None or against:
            continue
        booked[index] = booking.place(request, item.starts_at, choice, actor=actor, now=now)
        if proposed.is_dosing:
            route, on = request.appointment_type.route, booked[index].starts_on
            doses.append(DoseFact(booked[index].pk, route, item.starts_at, on, plan_id=plan.pk))
    if len(booked) < len(wanted):
        in_order = sorted(failing, key=lambda reason: reason.params["index"])
        raise SeriesNotBookable(blockers=in_order, client_id=client.pk)
    ids = [booked[index].pk for index in range(len(wanted))]
    activity.record("series.booked", plan, actor=actor, at=now, client=client, data={"bookings": ids})
    changes.announce([], now=now, new=[booked[index] for index in range(len(wanted))])
    rows = WITH_ALL_SHOWN.in_bulk(ids)
    return BookedSeries(tuple(rows[pk] for pk in ids))


def _requests(plan: TreatmentPlan, wanted: Sequence[Wanted]) -> list[Request]:
    """What to book, item by item, in five queries for any number."""
    sessions = {session.pk: session for session in PlannedSession.objects.filter(plan=plan)}
    kinds = {sessions[each.planned_session_id].kind for each in wanted if each.planned_session_id in sessions}
    types, known = types_for(plan, kinds), _known(plan, wanted)
    requests: list[Request] = []
    seen: set[int] = set()
    for index, each in enumerate(wanted):
        at = f"/items/{index}"
        session = sessions.get(each.planned_session_id)
        if session is None:
            raise OutOfScope(pointer=f"{at}/planned_session")
        if session.pk in seen:
            raise Invalid(
                _("This planned session is in the list twice."), code="twice", pointer=f"{at}/planned_session"
            )
        if session.kind not in types:
            missing = unplaced.NO_APPOINTMENT_TYPE
            raise Invalid(missing.message, code=missing.code, pointer=f"{at}/planned_session")
        session.plan, kind = plan, types[session.kind]
        needs = {phase.need.partition(":")[0] for phase in kind.phases.all()}
        for name, pk in _named(each):
            if (name, pk) not in known:
                raise OutOfScope(pointer=f"{at}/{name}")
            if name not in needs:
                raise Invalid(
                    _("This appointment type has no use for that."), code="not_needed", pointer=f"{at}/{name}"
                )
        seen.add(session.pk)
        requests.append(Request(plan.client, kind, plan.client.location, session, tentative=each.tentative))
    return requests


def _named(item: Wanted) -> Iterator[tuple[str, int]]:
    for name, pk in (
        ("therapist", item.therapist_id),
        ("psychiatrist", item.psychiatrist_id),
        ("room", item.room_id),
    ):
        if pk is not None:
            yield name, pk


def _known(plan: TreatmentPlan, wanted: Sequence[Wanted]) -> set[tuple[str, int]]:
    """Of the people and rooms that are named, those that are there."""
    ids = {pk for item in wanted for _name, pk in _named(item)}
    rooms = Room.objects.filter(pk__in=ids, location=plan.client.location).values_list("pk", flat=True)
    clinicians = Clinician.objects.filter(pk__in=ids).values_list("kind", "pk")
    return {*clinicians, *(("room", pk) for pk in rooms)}


def _in_question(
    requests: Sequence[Request], wanted: Sequence[Wanted], *, now: datetime
) -> frozenset[ResourceKey]:
    """Everybody and everything that one of the items may take: by appointment type, whatever the time."""
    moments = {
        request.appointment_type.pk: (request.wish, booking.moment(item.starts_at))
        for request, item in zip(requests, wanted, strict=True)
    }
    boards = {pk: availability.load(wish, moment, now=now) for pk, (wish, moment) in moments.items()}
    return frozenset(
        key
        for request, item in zip(requests, wanted, strict=True)
        for need in _narrowed(boards[request.appointment_type.pk], item).demand.needs
        for key in need.candidates
    )


def _narrowed(board: Board, item: Wanted, only: Collection[ResourceKey] | None = None) -> Board:
    """With the people and the room that the item names as the only candidates, and nothing but `only`."""
    by_need = {main_room(board) if name == "room" else name: pk for name, pk in _named(item)}
    needs = tuple(
        replace(
            need,
            candidates=tuple(
                key
                for key in need.candidates
                if by_need.get(need.key, key.id) == key.id and (only is None or key in only)
            ),
        )
        for need in board.demand.needs
    )
    return replace(board, demand=replace(board.demand, needs=needs))


def _check_not_closed(plan: TreatmentPlan) -> None:
    if plan.status not in TreatmentPlan.OPEN:
        raise PlanClosed


def _described(course: OpenCourse, proposal: engine.Proposal) -> Proposal:
    items: list[Item] = []
    last_on: date | None = None
    for placed in proposal.placed:
        session = course.open[placed.key]
        is_dose = session in course.doses
        if is_dose:
            last_on = course.dose_rule(session).last_on or last_on
        items.append(_item(course, session, placed, last_on))
        if is_dose:
            last_on = placed.option.on
    waiting = course.waiting_for_renewal(proposal.placed)
    items = [replace(item, is_tentative=item.planned_session.pk in waiting) for item in items]
    without = {*proposal.without_place, *proposal.waiting}
    keeps = course.location.keeps_tentative
    return Proposal(
        course.location.time_zone,
        tuple(items),
        tuple(
            Unplaced(session, reasons, unplaced.remedies(reasons, keeps_tentative=keeps))
            for pk, session in course.open.items()
            if pk in without
            for reasons in [unplaced.why(course, session, proposal)]
        ),
    )


def _item(course: OpenCourse, session: PlannedSession, placed: engine.Placed, last_on: date | None) -> Item:
    of_type, chosen = course.surveys[session.kind], placed.option.opening.chosen
    names = of_type.board.names

    def named(need: str) -> Named | None:
        return Named(chosen[need].id, names[chosen[need]]) if need in chosen else None

    def compromise(place: int, code: str) -> Blocker:
        params: dict[str, str | int] = {}
        gap = course.gap_to_next(session) if place < len(placed.option.compromises) else None
        if code in GAPS and gap is not None:
            params = _days_between(placed.option.on, gap.until_on, gap.usual_days)
        elif code in GAPS and last_on is not None:
            params = _days_between(placed.option.on, last_on, course.dose_rule(session).usual_days)
        elif code.startswith("other_"):
            need = of_type.room if code == "other_room" else code.removeprefix("other_")
            params = {"who": names[chosen[need]], "usual": course.usual(of_type, need)}
        return Blocker(code, COMPROMISES[code], params)

    return Item(
        planned_session=session,
        appointment_type=of_type.appointment_type,
        time_zone=course.location.time_zone,
        starts_at=placed.option.opening.start,
        ends_at=placed.option.opening.end,
        therapist=named("therapist"),
        psychiatrist=named("psychiatrist"),
        room=named(of_type.room),
        compromises=tuple(compromise(place, code) for place, code in enumerate(placed.compromises)),
    )


def _days_between(on: date, other_on: date, usual_days: int) -> dict[str, str | int]:
    days = abs((other_on - on).days)
    return {"days": days, "other_on": other_on.isoformat(), "usual_days": usual_days}
