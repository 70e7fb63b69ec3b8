"""How far a story has got: what is there of one client, and of one visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from practice import clock
from practice.models import Client, Clinician, User
from scheduling.models import Booking
from treatment_plans.models import PlannedSession, Prescription, TreatmentPlan
from web.demo.clinic import Clinic
from web.demo.course import Course, Visit
from web.demo.values import user_of

Step = tuple[datetime, Callable[[datetime], object]]

ARRIVES_BEFORE = timedelta(minutes=12)


@dataclass
class ClientSoFar:
    clinic: Clinic
    course: Course
    rng: Random
    today: date
    until: datetime
    _client: Client | None = None
    _plan: TreatmentPlan | None = None
    _prescription: Prescription | None = None
    _sessions: dict[tuple[str, int], PlannedSession] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        assert self._client is not None
        return self._client

    @property
    def desk(self) -> User:
        return self.clinic.desk[self.course.number % len(self.clinic.desk)]

    @property
    def therapist(self) -> Clinician:
        return next(each for each in self.clinic.therapists if each.pk == self.course.therapist_id)

    @property
    def psychiatrist(self) -> Clinician:
        return next(each for each in self.clinic.psychiatrists if each.pk == self.course.psychiatrist_id)

    def session(self, kind: str, number: int) -> PlannedSession:
        """The planned session of that kind, counted from 1."""
        return self._sessions[kind, number]

    @property
    def prescription_id(self) -> int:
        assert self._prescription is not None
        return self._prescription.pk

    def local_day(self, at: datetime) -> date:
        return clock.local_day(at, clock.zone(self.clinic.location.time_zone))


@dataclass
class VisitSoFar:
    player: ClientSoFar
    visit: Visit
    _booking: Booking | None = None

    @property
    def booking_id(self) -> int:
        assert self._booking is not None
        return self._booking.pk

    @property
    def clinician_user(self) -> User:
        return user_of(self.clinician)

    @property
    def clinician(self) -> Clinician:
        place, clinic = self.visit.last_place, self.player.clinic
        pk = place.therapist_id or place.psychiatrist_id
        return next(each for each in (*clinic.therapists, *clinic.psychiatrists) if each.pk == pk)
