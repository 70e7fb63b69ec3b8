"""The open sessions of a plan as steps for `engine.series`: what calendars, gate and plan leave to choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import islice
from zoneinfo import ZoneInfo

from practice import clock
from practice.blockers import Blocker
from practice.models import Clinician, Room
from scheduling import availability, gate
from scheduling.availability import Board, Wish
from scheduling.engine import series as engine
from scheduling.engine.limits import week_of
from scheduling.engine.series import Course, DoseRule, Option, Step, Stock
from scheduling.engine.types import Opening, ResourceKey, Span
from scheduling.models import AppointmentType, Booking, Occupancy
from treatment_plans.facts import ClientFacts
from treatment_plans.models import PlannedSession, Protocol, TreatmentPlan
from treatment_plans.rules import reviews, spacing, supply
from treatment_plans.rules.supply import DoseFact

Kind = PlannedSession.Kind

GRACE = timedelta(minutes=15)  # to look at a proposal before its first start is too soon
LONGEST_GAP = 2  # usual intervals; more than that between two doses is a compromise
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
DAY_OF_THEIR_OWN = frozenset({Kind.PREPARATION, Kind.DOSING, Kind.REVIEW})
PEAK = f"room:{Room.Kind.ONSET}"


@dataclass(frozen=True)
class Preferences:
    """Weekdays (Monday is 0) and start times [from_local, until_local) on the clinic's clock."""

    weekdays: frozenset[int] = frozenset()
    from_local: time | None = None
    until_local: time | None = None

    def compromises(self, starts_local: datetime, kind: str) -> Iterator[str]:
        """The day of an integration follows from its dose, so no weekday is asked of it."""
        if self.weekdays and kind != Kind.INTEGRATION and starts_local.weekday() not in self.weekdays:
            yield "outside_preferred_days"
        is_early = self.from_local is not None and starts_local.time() < self.from_local
        if is_early or (self.until_local is not None and starts_local.time() >= self.until_local):
            yield "outside_preferred_times"


@dataclass(frozen=True)
class Fixed:
    """A session of the plan that has its time already."""

    starts_at: datetime
    ends_at: datetime
    on: date
    room_id: int | None
    is_upcoming: bool


@dataclass(frozen=True)
class Bounds:
    """An open session starts in [from_at, until_at), and ends before `next_booked` starts."""

    from_at: datetime
    until_at: datetime
    next_booked: Fixed | None

    def within(self, options: Iterable[Option]) -> Iterator[Option]:
        ends_by = self.next_booked.starts_at if self.next_booked else None
        for option in options:
            is_in_time = self.from_at <= option.opening.start < self.until_at
            if is_in_time and (ends_by is None or option.opening.end <= ends_by):
                yield option


@dataclass(frozen=True)
class Gap:
    """From a dose to a booked one that is the next, and what is usual there."""

    until_on: date
    usual_days: int

    def compromises(self, on: date) -> tuple[str, ...]:
        return rule_of(self.usual_days).compromises((self.until_on - on).days)


@dataclass(frozen=True)
class Survey:
    """An appointment type with all that the calendars have for it in the window.

    `home` has by need whom and which room the options prefer, `room` the need of the room itself.
    """

    appointment_type: AppointmentType
    board: Board
    room: str
    home: Mapping[str, int]
    options: tuple[Option, ...]


@dataclass(frozen=True)
class WorkLimit:
    """The most minutes that one clinician may be booked, and what is booked by local day and by week."""

    per_day: int | None
    per_week: int | None
    booked: Counter[date]
    booked_in_week: Counter[date]


class OpenCourse:
    """Loaded once, in three queries for each appointment type and some ten more."""

    def __init__(
        self,
        plan: TreatmentPlan,
        window: Span,
        preferences: Preferences,
        now: datetime,
        *,
        tentative: bool = False,
    ) -> None:
        self.plan, self.window, self.preferences, self.now = plan, window, preferences, now
        self.client, self.location = plan.client, plan.client.location
        self.tentative = tentative and self.location.keeps_tentative
        self.tz = clock.zone(self.location.time_zone)
        self.order = in_order(list(PlannedSession.objects.filter(plan=plan, withdrawn_at=None)))
        for session in self.order:
            session.plan = plan
        self.fixed = _fixed(self.order, self.tz, now)
        self.open = {session.pk: session for session in self.order if session.pk not in self.fixed}
        self.doses = [session for session in self.order if session.kind == Kind.DOSING]
        self._beyond_limits: set[tuple[int, int, date]] = set()  # session, clinician, day
        self.too_long: dict[int, date] = {}  # the doses that are not placed from that day on
        self._passes: dict[object, bool] = {}
        self._options: dict[object, tuple[Option, ...]] = {}

    @cached_property
    def surveys(self) -> Mapping[str, Survey]:
        """By kind of session; a kind without an active appointment type has none."""
        types = types_for(self.plan, {session.kind for session in self.open.values()})
        return {kind: self._survey(each) for kind, each in types.items()}

    @cached_property
    def loaded(self) -> gate.Gate:
        sessions = [self.session(each) for each in self.open.values() if each.kind in self.surveys]
        return replace(facts_for(sessions, self._keys, now=self.now), keeps_order=True)

    def steps(self) -> Course:
        stocks, booked_on = self._supply()
        return Course(tuple(self._step(each) for each in self.open.values()), stocks, booked_on)

    def session(
        self, session: PlannedSession, chosen: Mapping[str, ResourceKey] | None = None
    ) -> gate.Session:
        by_need = {need: key.id for need, key in (chosen or {}).items()}
        return gate.Session(
            client=self.client,
            appointment_type=self.surveys[session.kind].appointment_type,
            location=self.location,
            planned_session=session,
            therapist_id=by_need.get("therapist"),
            psychiatrist_id=by_need.get("psychiatrist"),
        )

    def usual(self, of_type: Survey, need: str) -> str:
        """The name of whom or what the options prefer."""
        by_plan = {"therapist": self.plan.therapist, "psychiatrist": self.plan.prescriber}
        if need in by_plan:
            return by_plan[need].name
        return of_type.board.names[ResourceKey("room", of_type.home[need])]

    def allows(self, proposal: engine.Proposal) -> bool:
        """Whether it may be proposed as a whole; what spoils it is left out of the next search."""
        return self._is_within_limits(proposal) and self._is_reviewed_in_time(proposal)

    def _is_within_limits(self, proposal: engine.Proposal) -> bool:
        """Whether nobody would work more than they may; who would is not asked for those days again."""
        broken: set[tuple[int, int, date]] = set()
        for pk, limit in self._limits.items():
            per_day, per_week = limit.booked.copy(), limit.booked_in_week.copy()
            for placed in proposal.placed:
                minutes, on = self._minutes(pk, placed), placed.option.on
                per_day[on] += minutes
                per_week[week_of(on)] += minutes
                if minutes and limit.per_day is not None and per_day[on] > limit.per_day:
                    broken.add((placed.key, pk, on))
                if minutes and limit.per_week is not None and per_week[week_of(on)] > limit.per_week:
                    broken |= {(placed.key, pk, week_of(on) + DAY * place) for place in range(7)}
                if broken:
                    break
        self._beyond_limits |= broken
        return not broken

    def _is_reviewed_in_time(self, proposal: engine.Proposal) -> bool:
        """Whether no dose comes more days than the protocol allows after the first since a review; one that
        does is not placed as late again.
        """
        placed = {each.key: each.option for each in proposal.placed}
        doses = [
            (placed[each.pk].opening.start, placed[each.pk].on, each.pk)
            if each.pk in placed
            else (self.fixed[each.pk].starts_at, self.fixed[each.pk].on, 0)
            for each in self.doses
            if each.pk in placed or each.pk in self.fixed
        ]
        ends = [option.opening.end for key, option in placed.items() if self.open[key].kind == Kind.REVIEW]
        known = self.loaded.reviews_of(self.plan, now=self.now)
        found = {
            key: on
            for at, on, key in doses
            if key
            and reviews.review_day_blockers(
                gate.review_rule(self.plan.protocol),
                at,
                on,
                other_doses=[(start, day) for start, day, other in doses if other != key],
                reviews=[*known, *ends],
            )
        }
        for key, on in found.items():
            self.too_long[key] = min(on, self.too_long.get(key, on))
        return not found

    def over_their_limit(self, session: PlannedSession) -> str:
        """The names of those who are not asked for this session on some days, "" if there are none."""
        ids = {pk for key, pk, _on in self._beyond_limits if key == session.pk}
        names = self.surveys[session.kind].board.names
        return ", ".join(name for key, name in names.items() if key.kind == "clinician" and key.id in ids)

    # What one session may choose from

    def bounds(self, session: PlannedSession) -> Bounds:
        """By the sessions of the plan that have their time already, and by the window."""
        place = self.order.index(session)
        before = [self.fixed[each.pk] for each in self.order[:place] if each.pk in self.fixed]
        after = [self.fixed[each.pk] for each in self.order[place:] if each.pk in self.fixed]
        from_at, until_at = self.window.start, self.window.end
        for each in before:
            from_at = max(from_at, each.ends_at)
            if self.has_own_day(session):
                from_at = max(from_at, clock.day_span(clock.local_day(each.ends_at, self.tz), self.tz)[1])
        dose = self.dose_of(session)
        if dose is not None and dose.pk in self.fixed:
            due = self.due_after(session, self.fixed[dose.pk].ends_at)
            from_at, until_at = max(from_at, due[0]), min(until_at, due[1])
        upcoming = (each for each in after if each.is_upcoming)
        return Bounds(from_at, until_at, min(upcoming, key=lambda each: each.starts_at, default=None))

    def has_own_day(self, session: PlannedSession) -> bool:
        """Nothing else of the course goes before it on its day."""
        if session.kind == Kind.INTEGRATION:
            return self.dose_of(session) is None
        return session.kind in DAY_OF_THEIR_OWN

    def dose_of(self, session: PlannedSession) -> PlannedSession | None:
        """The dose in whose window an integration session belongs."""
        if session.kind != Kind.INTEGRATION or not self.plan.protocol.integration_until_hours:
            return None
        return next((dose for dose in self.doses if dose.pk == session.after_session_id), None)

    def due_after(self, session: PlannedSession, dose_ended_at: datetime) -> tuple[datetime, datetime]:
        """[from, until) for an integration session, as set when the dose was completed, or by protocol."""
        if session.due_from_at and session.due_until_at:
            return session.due_from_at, session.due_until_at
        protocol = self.plan.protocol
        return spacing.integration_window(
            dose_ended_at,
            from_hours=protocol.integration_from_hours or 0,
            until_hours=protocol.integration_until_hours or 0,
        )

    def dose_rule(self, session: PlannedSession) -> DoseRule:
        """Its distance from the dose before: from the latest fixed one, unless that dose is open too."""
        place = self.doses.index(session)
        earlier = {each.pk for each in self.doses[:place]}
        last_on = None
        if not place or self.doses[place - 1].pk in self.fixed:
            fixed = {each.pk: self.fixed[each.pk] for each in self.doses if each.pk in self.fixed}
            days = [each.on for pk, each in fixed.items() if pk in earlier or not each.is_upcoming]
            last_on = max(days, default=None)
        usual_days = usual_interval_days(self.plan.protocol, place + 1)
        return replace(rule_of(usual_days, self.plan.protocol.min_days_between_doses), last_on=last_on)

    def gap_to_next(self, session: PlannedSession) -> Gap | None:
        """To the next dose, where that one is booked."""
        place = self.doses.index(session) + 1 if session.kind == Kind.DOSING else len(self.doses)
        following = self.fixed.get(self.doses[place].pk) if place < len(self.doses) else None
        if following is None or not following.is_upcoming:
            return None
        return Gap(following.on, usual_interval_days(self.plan.protocol, place + 1))

    def review_blockers(self, session: PlannedSession) -> tuple[Blocker, ...]:
        """Whether the order of the plan has a review where the protocol wants one before this dose."""
        if session.kind != Kind.DOSING:
            return ()
        return reviews.review_blockers(
            gate.review_rule(self.plan.protocol),
            self._places[session.pk],
            other_doses=[self._places[each.pk] for each in self.doses if each.pk != session.pk],
            reviews=self._reviewed,
        )

    @cached_property
    def _places(self) -> Mapping[int, int]:
        """In the order of the plan, with room for a decision between two sessions."""
        return {each.pk: 2 * place for place, each in enumerate(self.order)}

    @cached_property
    def _reviewed(self) -> tuple[int, ...]:
        """The places of the reviews that are still to come, and of the decisions, which need no session."""
        to_come = (
            self._places[each.pk]
            for each in self.order
            if each.kind == Kind.REVIEW
            and each.completed_at is None
            and (each.pk not in self.fixed or self.fixed[each.pk].ends_at > self.now)
        )
        of_client = self.loaded.facts.clients.get(self.client.pk, ClientFacts())
        decided = (
            max((self._places[pk] for pk, each in self.fixed.items() if each.starts_at <= at), default=-2) + 1
            for plan_id, at in of_client.reviews
            if plan_id == self.plan.pk
        )
        return (*to_come, *decided)

    def _survey(self, kind: AppointmentType) -> Survey:
        wish = Wish(kind, self.location, self.client, self.plan)
        board = availability.load(wish, self.window, now=self.now)
        room = main_room(board)
        rooms = {key.id for need in board.demand.needs if need.key == room for key in need.candidates}
        used = [each.room_id for each in self.fixed.values() if each.room_id in rooms]
        home: dict[str, int | None] = {room: used[-1] if used else None}
        home |= {"therapist": self.plan.therapist_id, "psychiatrist": self.plan.prescriber_id}
        start = max(self.window.start, board.demand.earliest + GRACE)
        if start >= self.window.end:
            return Survey(kind, board, room, {}, ())
        openings, preferred = engine.survey(
            board.demand, board.calendars, window=Span(start, self.window.end), home=home
        )

        def against(opening: Opening) -> Iterator[str]:
            for need, pk in preferred.items():
                if opening.chosen[need].id != pk:
                    yield f"other_{need.partition(':')[0]}"
            yield from self.preferences.compromises(opening.start.astimezone(self.tz), kind.kind)

        options = tuple(engine.option(each, board.demand, tuple(against(each))) for each in openings)
        return Survey(kind, board, room, preferred, options)

    def _step(self, session: PlannedSession) -> Step:
        dose, window = self.dose_of(session), None
        if dose is not None and dose.pk in self.open:
            protocol = self.plan.protocol
            from_hours, until_hours = protocol.integration_from_hours, protocol.integration_until_hours
            window = timedelta(hours=from_hours or 0), timedelta(hours=until_hours or 0)
        return Step(
            key=session.pk,
            options=self._options_of(session),
            own_day=self.has_own_day(session),
            dose=self.dose_rule(session) if session.kind == Kind.DOSING else None,
            window=window,
            may_be_left_out=session.kind == Kind.INTEGRATION,
        )

    def _options_of(self, session: PlannedSession) -> tuple[Option, ...]:
        """One and the same tuple for sessions that have the same: the engine looks at it only once."""
        if session.kind not in self.surveys or self.review_blockers(session):
            return ()
        bounds, gap = self.bounds(session), self.gap_to_next(session)
        without = frozenset(each for each in self._beyond_limits if each[0] == session.pk)
        too_long_on = self.too_long.get(session.pk, date.max)
        key = (session.kind, bounds, gap, without, too_long_on)
        if key not in self._options:
            found = (
                option
                for option in bounds.within(self.surveys[session.kind].options)
                if option.on < too_long_on
                and self._passes_gate(session, option)
                and not any((session.pk, pk, option.on) in without for pk in _clinicians(option))
            )
            if gap is not None:
                found = (
                    replace(each, compromises=(*each.compromises, *gap.compromises(each.on)))
                    for each in found
                )
            self._options[key] = tuple(found)
        return self._options[key]

    def _passes_gate(self, session: PlannedSession, option: Option) -> bool:
        """The gate looks at days, so one answer serves a whole day with the same people."""
        key = (session.kind, option.on, *_clinicians(option))
        if key not in self._passes:
            judged = self.session(session, option.opening.chosen)
            starts_at = option.opening.start
            closed = self.loaded.blockers(judged, starts_at=starts_at, now=self.now)
            waits = self.tentative and supply.waits_for_renewal(closed)
            self._passes[key] = waits or not closed
        return self._passes[key]

    def waiting_for_renewal(self, placed: Iterable[engine.Placed]) -> set[int]:
        """The doses of a proposal for which nothing is left, by their planned sessions."""
        of_client = self.loaded.facts.clients.get(self.client.pk)
        proposed = {
            DoseFact(None, self.plan.protocol.route, each.option.opening.start, each.option.on): each.key
            for each in placed
            if self.open[each.key].kind == Kind.DOSING
        }
        if not self.tentative or of_client is None:
            return set()
        booked = self.loaded.doses.get(self.client.pk, ())
        taken = supply.allocate(of_client.prescriptions, [*booked, *proposed])
        return {key for dose, key in proposed.items() if taken[dose] is None}

    def _supply(self) -> tuple[tuple[Stock, ...], tuple[date, ...]]:
        """What is left of the prescriptions at the start of the window, and the doses booked from then on."""
        of_client = self.loaded.facts.clients.get(self.client.pk)
        prescriptions = of_client.prescriptions if of_client else ()
        doses = [
            dose
            for dose in self.loaded.doses.get(self.client.pk, ())
            if dose.route == self.plan.protocol.route
        ]
        if self.tentative:
            first, last = (clock.local_day(at, self.tz) for at in (self.window.start, self.window.end))
            return (Stock(first, last, len(self.doses)),), ()
        before = [dose for dose in doses if dose.starts_at < self.window.start]
        used = Counter(supply.allocate(prescriptions, before).values())
        stocks = tuple(
            Stock(each.valid_from_on, each.valid_through_on, each.doses - used[each.id])
            for each in prescriptions
            if each.route == self.plan.protocol.route and each.is_in_force(self.now)
        )
        return stocks, tuple(dose.day for dose in doses if dose.starts_at >= self.window.start)

    # How much people may work

    @cached_property
    def _limits(self) -> Mapping[int, WorkLimit]:
        """By clinician, of those who have one."""
        limited = Clinician.objects.filter(pk__in={key.id for key in self._keys if key.kind == "clinician"})
        limits = {
            each.pk: WorkLimit(each.most_minutes_per_day, each.most_minutes_per_week, Counter(), Counter())
            for each in limited.exclude(most_minutes_per_day=None, most_minutes_per_week=None)
        }
        whole_weeks = (self.window.start - 8 * DAY, self.window.end + 8 * DAY)
        taken = Occupancy.objects.filter(clinician__in=limits, occupies__overlap=whole_weeks)
        if limits:
            taken = taken.exclude(Booking.hold_is_over(self.now, path="booking__"))
            for pk, occupies in taken.values_list("clinician", "occupies"):
                on = clock.local_day(occupies.lower, self.tz)
                minutes = (occupies.upper - occupies.lower) // MINUTE
                limits[pk].booked[on] += minutes
                limits[pk].booked_in_week[week_of(on)] += minutes
        return limits

    def _minutes(self, clinician_id: int, placed: engine.Placed) -> int:
        """How long the clinician is booked for in this session."""
        chosen = placed.option.opening.chosen
        return sum(
            (until - start) // MINUTE
            for need in self.surveys[self.open[placed.key].kind].board.demand.needs
            if chosen[need.key] == ResourceKey("clinician", clinician_id)
            for start, until in need.windows
        )

    @property
    def _keys(self) -> set[ResourceKey]:
        return {key for each in self.surveys.values() for key in each.board.calendars}


def rule_of(usual_days: int, min_days: int = 0) -> DoseRule:
    return DoseRule(min_days, usual_days, LONGEST_GAP * usual_days)


def usual_interval_days(protocol: Protocol, dose_number: int) -> int:
    """The usual days between a dose and the one before it."""
    pace = spacing.usual_pace(protocol.usual_interval_days, protocol.interval_steps)
    return next(islice(pace, dose_number - 1, None))[1]


def in_order(sessions: Sequence[PlannedSession]) -> list[PlannedSession]:
    """By position, but what belongs to a dose comes right after it."""
    positions = {session.pk: session.position for session in sessions}

    def place(session: PlannedSession) -> tuple[int, int]:
        after = positions.get(session.after_session_id or 0)
        if session.kind == Kind.INTEGRATION and after is not None:
            return after, session.position
        return session.position, 0

    return sorted(sessions, key=place)


def types_for(plan: TreatmentPlan, kinds: Iterable[str]) -> dict[str, AppointmentType]:
    """By kind the appointment type that a booking takes unless told otherwise. Two queries."""
    found: dict[str, AppointmentType] = {}
    active = AppointmentType.objects.filter(
        kind__in=list(kinds), route__in=["", plan.protocol.route], is_active=True
    )
    for each in active.prefetch_related("phases").order_by("pk"):
        found.setdefault(each.kind, each)
    return found


def facts_for(sessions: Sequence[gate.Session], keys: Iterable[ResourceKey], *, now: datetime) -> gate.Gate:
    """What the gate knows about the sessions, whoever of `keys` takes part."""
    clinicians = sorted(key.id for key in keys if key.kind == "clinician")
    with_each = [replace(sessions[0], therapist_id=pk) for pk in clinicians if sessions]
    return gate.load([*sessions, *with_each], now=now)


def main_room(board: Board) -> str:
    """The need of the room to which the client is sent, "" without one. A peak is no room."""
    needs = (need.key for need in board.demand.needs)
    return next((need for need in needs if need.startswith("room:") and need != PEAK), "")


def _fixed(sessions: Sequence[PlannedSession], tz: ZoneInfo, now: datetime) -> dict[int, Fixed]:
    """Those that are done or booked, in the order of their starts."""
    fixed = {
        session.pk: Fixed(done, done, clock.local_day(done, tz), None, is_upcoming=False)
        for session in sessions
        if (done := session.completed_at)
    }
    in_force = Booking.objects.filter(Booking.in_force(now, or_done=True), planned_session__in=sessions)
    for each in in_force:
        if each.planned_session_id is not None:
            is_upcoming = each.is_live and each.starts_at > now
            fixed[each.planned_session_id] = Fixed(
                each.starts_at, each.ends_at, each.starts_on, each.room_id, is_upcoming
            )
    return dict(sorted(fixed.items(), key=lambda each: each[1].starts_at))


def _clinicians(option: Option) -> list[int]:
    return [key.id for key in option.opening.chosen.values() if key.kind == "clinician"]
