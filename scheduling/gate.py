"""May this session take place? Rows to facts for `treatment_plans.gates`, for many sessions at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from django.db.models import BigIntegerField, DateTimeField

from practice import clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from practice.models import Client, Location
from practice.prepared import Param, Prepared, is_one_of
from scheduling.availability import where_the_client_is
from scheduling.models import AppointmentType, Booking
from treatment_plans import facts
from treatment_plans.models import PlannedSession, Protocol, TreatmentPlan
from treatment_plans.rules import gates, reviews
from treatment_plans.rules.supply import DoseFact

BEFORE_THE_COURSE = frozenset({PlannedSession.Kind.CONSULT, PlannedSession.Kind.EVALUATION})


@dataclass(frozen=True)
class Session:
    """A booked or proposed session, with whom it would take place."""

    client: Client
    appointment_type: AppointmentType
    location: Location
    planned_session: PlannedSession | None
    therapist_id: int | None
    psychiatrist_id: int | None
    booking_id: int | None = None
    is_booked_here: bool = False  # at the very time that is judged

    @property
    def plan(self) -> TreatmentPlan | None:
        return self.planned_session.plan if self.planned_session else None

    @property
    def is_dosing(self) -> bool:
        return self.appointment_type.kind == PlannedSession.Kind.DOSING

    @property
    def prescriber_id(self) -> int | None:
        """Who answers for it medically: who is booked, or for a dose the plan's prescriber."""
        if self.psychiatrist_id is not None or self.plan is None or not self.is_dosing:
            return self.psychiatrist_id
        return self.plan.prescriber_id

    @property
    def clinician_ids(self) -> list[int]:
        return [pk for pk in (self.therapist_id, self.prescriber_id) if pk is not None]


class Shared(TypedDict):
    client_state: str
    therapist: gates.ClinicianFact | None
    prescriber: gates.ClinicianFact | None


@dataclass(frozen=True)
class Booked:
    """When the live or completed booking of a planned session ends; of a dose also which one, and its day."""

    booking_id: int
    ends_at: datetime
    plan_id: int | None = None
    dose_number: int | None = None
    on: date | None = None
    is_review: bool = False
    is_done: bool = False


@dataclass(frozen=True)
class Gate:
    """Everything that is on record about some sessions, loaded once."""

    facts: facts.Facts
    doses: Mapping[int, Sequence[DoseFact]]  # by client
    booked: Mapping[int, Booked]  # by planned session
    keeps_order: bool = False  # whoever asks places the reviews in their order among the doses

    def needs_the_hour(self, session: Session, day: date) -> bool:
        """Whether the answer for one start on `day` may differ from that for another."""
        planned = session.planned_session
        if planned is None:
            return False
        reviews = (
            each for each in self.booked.values() if each.is_review and each.plan_id == planned.plan_id
        )
        return planned.after_session_id is not None or any(each.on == day for each in reviews)

    def blockers(self, session: Session, *, starts_at: datetime, now: datetime) -> tuple[Blocker, ...]:
        """Every reason why not, judged for the day of the start; what ended since then counts too."""
        at = max(starts_at, now)
        day = clock.local_day(starts_at, clock.zone(session.location.time_zone))
        plan = session.plan
        shared: Shared = {
            "client_state": where_the_client_is(session.appointment_type, session.location, session.client),
            "therapist": self.facts.clinician(session.therapist_id),
            "prescriber": self.facts.clinician(session.prescriber_id),
        }
        found = [*_session_is_over(session), *_inactive(session), *self._out_of_order(session, starts_at)]
        if not session.is_dosing or plan is None:
            plan_status = _plan_status_that_counts(session)
            found += gates.session_blockers(gates.SessionFacts(plan_status=plan_status, **shared), day=day)
            return tuple(found)
        found += gates.dosing_blockers(
            self._dosing_facts(session, plan, plan.protocol, shared, now=now), at=at, day=day
        )
        return tuple(found)

    def reviews_of(self, plan: TreatmentPlan, *, now: datetime) -> tuple[datetime, ...]:
        """When each was decided, and the ends of those that are booked and still to come."""
        of_client = self.facts.clients.get(plan.client_id, facts.ClientFacts())
        return (
            *(
                each.ends_at
                for each in self.booked.values()
                if each.is_review and each.plan_id == plan.pk and not each.is_done and each.ends_at > now
            ),
            *(decided_at for plan_id, decided_at in of_client.reviews if plan_id == plan.pk),
        )

    def _out_of_order(self, session: Session, starts_at: datetime) -> Iterable[Blocker]:
        planned = session.planned_session
        if planned is None:
            return
        booked = self.booked.get(planned.pk)
        if booked is not None and booked.booking_id != session.booking_id:
            yield Blocker("already_booked", _("This planned session has a booking already."))
        dose = self.booked.get(planned.after_session_id or 0)
        if dose is not None and starts_at < dose.ends_at:
            yield Blocker("before_its_dose", _("This session belongs after its dosing session."))
        if planned.dose_number is not None and not session.is_booked_here:
            yield from self._doses_out_of_order(session, planned, starts_at)

    def _doses_out_of_order(
        self, session: Session, planned: PlannedSession, starts_at: datetime
    ) -> Iterable[Blocker]:
        """Two doses on one day are for the spacing to refuse."""
        day = clock.local_day(starts_at, clock.zone(session.location.time_zone))
        number = planned.dose_number or 0
        for other in self.booked.values():
            if other.plan_id != planned.plan_id or other.dose_number is None or other.on is None:
                continue
            if (number < other.dose_number and day > other.on) or (
                number > other.dose_number and day < other.on
            ):
                yield Blocker(
                    "dose_out_of_order",
                    _("Dose %(number)s would change places with dose %(other)s, which is on %(other_on)s."),
                    {"number": number, "other": other.dose_number, "other_on": other.on.isoformat()},
                )

    def _dosing_facts(
        self, session: Session, plan: TreatmentPlan, protocol: Protocol, shared: Shared, *, now: datetime
    ) -> gates.DosingFacts:
        of_client = self.facts.clients[session.client.pk]
        other_doses = tuple(
            dose
            for dose in self.doses.get(session.client.pk, ())
            if dose.booking_id != session.booking_id or session.booking_id is None
        )
        return gates.DosingFacts(
            plan_status=plan.status if plan.paused_at is None else gates.PAUSED,
            booking_id=session.booking_id,
            is_booked_here=session.is_booked_here,
            route=protocol.route,
            booked_route=session.appointment_type.route,
            protocol_is_approved=protocol.approved_at is not None,
            min_days_between_doses=protocol.min_days_between_doses,
            needs_prescriber_on_site=protocol.needs_prescriber_on_site,
            needs_rems_enrollment=facts.needs_rems_enrollment(protocol),
            has_psychiatrist=session.psychiatrist_id is not None,
            required_documents=self.facts.documents,
            signatures=of_client.signatures,
            clearances=of_client.clearances,
            prescriptions=of_client.prescriptions,
            other_doses=other_doses,
            enrollments=of_client.enrollments,
            has_open_alert=of_client.has_open_alert,
            review_rule=reviews.NO_REVIEWS if self.keeps_order else review_rule(protocol),
            doses_of_plan=tuple(dose for dose in other_doses if dose.plan_id == plan.pk),
            reviews=self.reviews_of(plan, now=now),
            flags=of_client.flags,
            results=of_client.results,
            is_course_on_hold=plan.pk in of_client.held_plans,
            **shared,
        )


def review_rule(protocol: Protocol) -> reviews.ReviewRule:
    return reviews.rule_of(
        protocol.supply_before_review_doses, protocol.review_after_doses, protocol.review_after_days
    )


def load(sessions: Iterable[Session], *, now: datetime) -> Gate:
    """Two queries, whatever the number of sessions; one where none is part of a plan."""
    sessions = list(sessions)
    client_ids = {session.client.pk for session in sessions}
    clinician_ids = {pk for session in sessions for pk in session.clinician_ids}
    on_record = facts.load(client_ids, clinician_ids)
    if all(session.planned_session is None for session in sessions):
        return Gate(on_record, {}, {})
    return Gate(on_record, *_booked(client_ids, now=now))


def session_of(booking: Booking) -> Session:
    """An existing booking at its own time."""
    return Session(
        client=booking.client,
        appointment_type=booking.appointment_type,
        location=booking.location,
        planned_session=booking.planned_session,
        therapist_id=booking.therapist_id,
        psychiatrist_id=booking.psychiatrist_id,
        booking_id=booking.pk,
        is_booked_here=True,
    )


_BOOKED = Prepared(
    lambda: (
        Booking.objects.filter(
            Booking.in_force(Param("now", DateTimeField()), or_done=True),  # type: ignore[arg-type]
            is_one_of("client", "clients", BigIntegerField()),
            planned_session__isnull=False,
        )
        .order_by("starts_at", "pk")
        .values_list(
            "pk",
            "client",
            "planned_session",
            "planned_session__plan",
            "planned_session__dose_number",
            "starts_at",
            "ends_at",
            "starts_on",
            "completed_at",
            "appointment_type__kind",
            "appointment_type__route",
        )
    )
)


def _booked(
    client_ids: Iterable[int], *, now: datetime
) -> tuple[Mapping[int, Sequence[DoseFact]], Mapping[int, Booked]]:
    """What is live or completed: dosing sessions by client, and the booking of each planned session."""
    doses: dict[int, list[DoseFact]] = defaultdict(list)
    booked: dict[int, Booked] = {}
    rows = _BOOKED.rows(clients=sorted(set(client_ids)), now=now)
    for pk, client, planned, plan, number, starts_at, ends_at, starts_on, completed_at, kind, route in rows:
        is_review, is_done = kind == PlannedSession.Kind.REVIEW, completed_at is not None
        booked[planned] = Booked(pk, ends_at, plan, number, starts_on, is_review, is_done)
        if kind == PlannedSession.Kind.DOSING:
            doses[client].append(DoseFact(pk, route, starts_at, starts_on, is_done, plan))
    return doses, booked


def booked_doses(client_ids: Iterable[int], *, now: datetime) -> Mapping[int, Sequence[DoseFact]]:
    """The live and done dosing sessions of some clients, by client. One query."""
    return _booked(client_ids, now=now)[0]


def _plan_status_that_counts(session: Session) -> str | None:
    """Consult and evaluation come before a plan is active; only a closed one stands against them."""
    if session.plan is None:
        return "none" if session.is_dosing else None  # a dose without a plan has nothing that allows it
    is_early = session.appointment_type.kind in BEFORE_THE_COURSE
    return None if is_early and session.plan.status == TreatmentPlan.Status.DRAFT else session.plan.status


def _inactive(session: Session) -> Iterable[Blocker]:
    if not session.client.is_active:
        yield Blocker("client_inactive", _("The client's record is no longer active."))
    if not session.location.is_active:
        yield Blocker("location_inactive", _("The location is no longer in use."))


def _session_is_over(session: Session) -> Iterable[Blocker]:
    planned = session.planned_session
    if planned is None:
        return
    if planned.completed_at is not None:
        yield Blocker("session_completed", _("This planned session was completed before."))
    if planned.withdrawn_at is not None:
        yield Blocker("session_withdrawn", _("This planned session was withdrawn from the plan."))
    if planned.kind != session.appointment_type.kind:
        yield Blocker(
            "kind_mismatch",
            _(
                "This appointment type is for another kind of session (%(booked)s) "
                "than planned (%(planned)s)."
            ),
            {"booked": session.appointment_type.kind, "planned": planned.kind},
        )
