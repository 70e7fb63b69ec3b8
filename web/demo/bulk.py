"""Writes the courses of many more clients straight into the tables, as the doors would have left them.

Simplified against what is played: no trail of messages for visits that are over, and one activity row for
each client, plan and visit instead of one for each step. What lies ahead gets its messages planned by
`notifications.reconcile`, like any other booking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from notifications import reconcile
from practice import clock
from practice.models import (
    Activity,
    CareTeamMember,
    ChannelConsent,
    Client,
    Consent,
    ContactPoint,
    SupportPerson,
    User,
)
from scheduling.lifecycle import Status
from scheduling.models import Acknowledgement, Booking, Occupancy, Phase
from scheduling.starts import promise
from treatment_plans import follow_ups, plans
from treatment_plans.models import Clearance, FollowUp, PlannedSession, Prescription, TreatmentPlan
from treatment_plans.rules.spacing import integration_window
from web.demo.clinic import Clinic
from web.demo.course import Course, Visit
from web.demo.so_far import ARRIVES_BEFORE
from web.demo.values import clearance_values, client_values, helper_values, prescription_values, user_of
from web.demo.visiting import OUTCOMES, STARTS_AFTER

CHUNK, ROWS = 200, 1000
Kind = PlannedSession.Kind


def write(
    clinic: Clinic,
    courses: Sequence[Course],
    *,
    rng: Random,
    today: date,
    now: datetime,
    booked_at: datetime,
    tick: Callable[[int, int], None],
) -> None:
    """`booked_at` is when all visits that lie ahead were booked: `plan_messages` comes right after it."""
    for first in range(0, len(courses), CHUNK):
        Chunk(clinic, courses[first : first + CHUNK], rng, today, now, booked_at).write()
        tick(min(first + CHUNK, len(courses)), len(courses))


def plan_messages(at: datetime) -> None:
    """Plan what should be told about the visits that lie ahead of `at`."""
    place = reconcile.reconcile_upcoming(now=at)
    while place is not None:
        place = reconcile.reconcile_upcoming(now=at, after=place)


@dataclass
class Written:
    """One client's rows, made in the order in which they need each other's keys."""

    course: Course
    client: Client
    plan: TreatmentPlan | None = None
    sessions: dict[tuple[str, int], PlannedSession] = field(default_factory=dict)
    bookings: list[tuple[Visit, Booking]] = field(default_factory=list)


class Chunk:
    def __init__(
        self,
        clinic: Clinic,
        courses: Sequence[Course],
        rng: Random,
        today: date,
        now: datetime,
        booked_at: datetime,
    ) -> None:
        self.clinic, self.rng, self.today, self.now, self.booked_at = clinic, rng, today, now, booked_at
        self.tz = clock.zone(clinic.location.time_zone)
        self.written = [
            Written(course, Client(is_active=course.left_at is None, **client_values(clinic, course.person)))
            for course in courses
        ]
        self.clinicians = {each.pk: each for each in (*clinic.therapists, *clinic.psychiatrists)}
        self.activity: list[Activity] = []

    def write(self) -> None:
        self.write_clients()
        self.write_papers()
        self.write_plans()
        self.write_visits()
        insert(self.activity)

    def write_clients(self) -> None:
        insert([each.client for each in self.written])
        for each in self.written:
            each.client.created_at = each.course.registered_at  # had filled itself with the present
            self.note("client.registered", each, each.client, each.course.registered_at)
        Client.objects.bulk_update([each.client for each in self.written], ["created_at"])
        insert(
            ContactPoint(client=each.client, channel=channel, value=value)
            for each in self.written
            for channel, value in (("sms", each.course.person.phone), ("email", each.course.person.email))
        )
        insert(
            ChannelConsent(
                client=each.client,
                channel=channel,
                granted_at=each.course.registered_at,
                source="on the phone",
            )
            for each in self.written
            for channel in each.course.person.channels
        )
        insert(
            SupportPerson(client=each.client, **helper_values(each.course.person))
            for each in self.written
            if each.course.signed_at
        )

    def write_papers(self) -> None:
        insert(
            Consent(client=each.client, document=document, signed_at=at)
            for each in self.written
            for document, at in zip(self.clinic.documents, each.course.signed_at, strict=False)
        )
        insert(
            Clearance(
                client=each.client,
                decided_by_id=each.course.psychiatrist_id,
                decided_at=decision.at,
                **clearance_values(decision, clock.local_day(decision.at, self.tz)),
            )
            for each in self.written
            if (decision := each.course.decision)
        )
        insert(
            Prescription(
                client=each.client,
                prescriber_id=each.course.psychiatrist_id,
                status=Prescription.Status.SIGNED,
                signed_at=order.at,
                **prescription_values(each.course, clock.local_day(order.at, self.tz), self.today),
            )
            for each in self.written
            if (order := each.course.order)
        )

    def write_plans(self) -> None:
        planned = [each for each in self.written if each.course.drafted_at]
        drafts = [self.plan(each) for each in planned]
        insert(drafts)
        for each, plan in zip(planned, drafts, strict=True):
            each.plan = plan
            self.note("plan.drafted", each, plan, plan.created_at)
            self.plan_sessions(each, plan)
        insert(
            CareTeamMember(client=each.client, clinician_id=pk, joined_at=plan.created_at)
            for each, plan in zip(planned, drafts, strict=True)
            for pk in sorted(team_of(each.course))
        )
        rows = [row for each in planned for row in each.sessions.values()]
        insert(row for row in rows if row.kind == Kind.DOSING)  # the others may come after one of them
        insert(row for row in rows if row.kind != Kind.DOSING)

    def plan(self, each: Written) -> TreatmentPlan:
        course = each.course
        return TreatmentPlan(
            client=each.client,
            protocol=self.clinic.protocols[course.route],
            therapist_id=course.therapist_id,
            prescriber_id=course.psychiatrist_id,
            status=TreatmentPlan.Status.ACTIVE if course.activated_at else TreatmentPlan.Status.DRAFT,
            created_by=user_of(self.clinicians[course.therapist_id]),
            created_at=course.drafted_at or self.now,
            activated_at=course.activated_at,
        )

    def plan_sessions(self, each: Written, plan: TreatmentPlan) -> None:
        """What `plans.draft` plans; a visit that is over completes its session."""
        protocol, course = plan.protocol, each.course
        over = {(visit.kind, visit.number): visit.place.ends_at for visit in self.over(course)}
        counts: Counter[str] = Counter()
        dose: PlannedSession | None = None
        kinds = plans._course(protocol, course.doses or protocol.series_length, course.with_intake)
        for position, (kind, dose_number) in enumerate(kinds, start=1):
            counts[kind] += 1
            row = PlannedSession(
                plan=plan,
                kind=kind,
                position=position,
                dose_number=dose_number,
                after_session=dose if kind == Kind.INTEGRATION else None,
                completed_at=over.get((kind, counts[kind])),
            )
            if kind == Kind.INTEGRATION and dose is not None and dose.completed_at is not None:
                row.due_from_at, row.due_until_at = self.window(plan, dose.completed_at)
            if kind == Kind.DOSING:
                dose = row
            each.sessions[kind, counts[kind]] = row

    def write_visits(self) -> None:
        pairs = [(each, visit) for each in self.written for visit in each.course.visits]
        bookings = [self.booking(each, visit) for each, visit in pairs]
        insert(bookings)
        for (each, visit), booking in zip(pairs, bookings, strict=True):
            each.bookings.append((visit, booking))
            self.note(f"booking.{booking.status}", each, booking, booking.touched_at)
        insert(
            row
            for (_each, visit), booking in zip(pairs, bookings, strict=True)
            if booking.is_live
            for row in self.occupancy(visit, booking)
        )
        insert(
            Acknowledgement(
                booking=booking,
                item=answer.item,
                for_starts_at=booking.starts_at,
                answer=answer.answer,
                said_by=answer.said_by,
                source=answer.source,
                detail=answer.detail,
                recorded_by=self.desk(each),
                recorded_at=max(answer.at, booking.created_at),
            )
            for (each, visit), booking in zip(pairs, bookings, strict=True)
            for answer in visit.answers
            if answer.at < self.now
        )
        insert(row for each in self.written if each.plan for row in self.follow_ups(each, each.plan))

    def over(self, course: Course) -> Iterator[Visit]:
        return (visit for visit in course.visits if visit.place.ends_at < self.now)

    def booking(self, each: Written, visit: Visit) -> Booking:
        place, is_over = visit.place, visit.place.ends_at < self.now
        local = promise(place.starts_at, self.clinic.location)
        booked_at = visit.booked_at if is_over else self.booked_at
        return Booking(
            client=each.client,
            planned_session=each.sessions[visit.kind, visit.number],
            appointment_type=self.clinic.types[visit.code],
            location=self.clinic.location,
            therapist_id=place.therapist_id,
            psychiatrist_id=place.psychiatrist_id,
            room_id=place.room_id,
            room_place=1 if place.room_id else None,
            starts_at=place.starts_at,
            ends_at=place.ends_at,
            starts_on=local.starts_on,
            starts_local=local.starts_local,
            time_zone=local.time_zone,
            fold=local.fold,
            status=Status.COMPLETED if is_over else Status.BOOKED,
            created_at=booked_at,
            booked_by=self.desk(each),
            booked_at=booked_at,
            arrived_at=place.starts_at - ARRIVES_BEFORE if is_over else None,
            started_at=place.starts_at + STARTS_AFTER if is_over else None,
            completed_at=place.ends_at if is_over else None,
            touched_at=place.ends_at if is_over else booked_at,
        )

    def occupancy(self, visit: Visit, booking: Booking) -> Iterator[Occupancy]:
        place = visit.place
        yield Occupancy(
            booking=booking, client=booking.client, occupies=DateTimeTZRange(place.starts_at, place.ends_at)
        )
        for phase in booking.appointment_type.phases.all():
            is_therapist = phase.role == Phase.Role.THERAPIST
            yield Occupancy(
                booking=booking,
                clinician_id=(place.therapist_id if is_therapist else place.psychiatrist_id)
                if phase.role
                else None,
                room_id=None if phase.role else place.room_id,
                room_place=None if phase.role else 1,
                occupies=DateTimeTZRange(
                    place.starts_at + timedelta(minutes=phase.from_minutes),
                    place.starts_at + timedelta(minutes=phase.until_minutes),
                ),
            )

    def follow_ups(self, each: Written, plan: TreatmentPlan) -> Iterator[FollowUp]:
        """What `follow_ups.plan_follow_ups` plans after each dose; what was due is done."""
        for visit in self.over(each.course):
            if visit.kind != Kind.DOSING:
                continue
            ended_at, talk = visit.place.ends_at, each.sessions.get((Kind.INTEGRATION, visit.number))
            owed: list[tuple[PlannedSession | None, datetime, datetime]] = [
                (None, due_at, due_at + follow_ups.LASTS)
                for hours in plan.protocol.check_in_hours
                for due_at in [ended_at + timedelta(hours=hours)]
            ]
            if talk is not None:
                owed.insert(0, (talk, *self.window(plan, ended_at)))
            for position, (session, from_at, until_at) in enumerate(owed, start=1):
                done_at = session.completed_at if session else from_at + timedelta(hours=2)
                is_done = done_at is not None and done_at < self.now
                yield FollowUp(
                    client=each.client,
                    source_session=each.sessions[Kind.DOSING, visit.number],
                    kind=FollowUp.Kind.INTEGRATION if session else FollowUp.Kind.CHECK_IN,
                    position=position,
                    planned_session=session,
                    due_from_at=from_at,
                    due_until_at=until_at,
                    done_at=done_at if is_done else None,
                    done_by=self.clinic.nurse if is_done else None,
                    result=FollowUp.Result.DONE if is_done else "",
                    outcome=("session" if session else self.rng.choice(OUTCOMES)) if is_done else "",
                )

    def window(self, plan: TreatmentPlan, ended_at: datetime) -> tuple[datetime, datetime]:
        protocol = plan.protocol
        return integration_window(
            ended_at,
            from_hours=protocol.integration_from_hours or 0,
            until_hours=protocol.integration_until_hours or 0,
        )

    def desk(self, each: Written) -> User:
        return self.clinic.desk[each.course.number % len(self.clinic.desk)]

    def note(self, action: str, each: Written, subject: models.Model, at: datetime) -> None:
        self.activity.append(
            Activity(
                at=at,
                actor=self.desk(each),
                action=action,
                subject_type=subject._meta.label_lower,
                subject_id=subject.pk,
                client=each.client,
            )
        )


def team_of(course: Course) -> set[int]:
    seen = {course.therapist_id, course.psychiatrist_id}
    for visit in course.visits:
        seen |= {pk for pk in (visit.place.therapist_id, visit.place.psychiatrist_id) if pk is not None}
    return seen


def insert(rows: Iterable[models.Model]) -> None:
    """All rows of one model, a thousand at a time."""
    rows = list(rows)
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=ROWS)
