"""Plays courses through the product's own doors, each step at its time, up to the present."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from notifications import reconcile
from practice import clients
from treatment_plans import plans
from treatment_plans.models import PlannedSession
from treatment_plans.rules.supply import last_schedule_iii_day
from treatment_plans.screening import clearances
from treatment_plans.supply import prescriptions
from web.demo import post
from web.demo.clinic import Clinic
from web.demo.course import Course
from web.demo.scores import ScorePlayer
from web.demo.screened import ScreeningPlayer
from web.demo.so_far import ClientSoFar, Step
from web.demo.values import clearance_values, client_values, helper_values, prescription_values, user_of
from web.demo.visiting import VisitPlayer

PHARMACY = "Willow Compounding Pharmacy"


def play(
    clinic: Clinic,
    courses: Sequence[Course],
    *,
    rng: Random,
    today: date,
    until: datetime,
    out_of_service: Mapping[str, datetime],
    tick: Callable[[int, int], None],
) -> None:
    """Take every step that lies before `until`, in the order of time; what is due in between is sent.

    `tick` is told how many steps are done, and of how many.
    """
    players = [Player(clinic, course, rng, today, until) for course in courses]
    steps = [step for player in players for step in player.steps() if step[0] <= until]
    steps.sort(key=lambda step: step[0])
    past = post.Past()
    with post.living_in(past, out_of_service):
        for number, (at, take) in enumerate(steps, start=1):
            post.deliver_until(past, at)
            past.at = at
            take(at)
            tick(number, len(steps))
        post.deliver_until(past, until)
        # what the sweep of every minute would have seen: a number at which nothing arrives any more
        reconcile.reconcile_upcoming(now=until, limit=len(courses) * 20)


@dataclass
class Player(ClientSoFar):
    """One client's course."""

    def steps(self) -> Iterator[Step]:
        course = self.course
        yield course.registered_at, self.register
        moments: list[tuple[datetime | None, Callable[[datetime], object]]] = [
            (course.drafted_at, self.draft),
            (course.decision.at if course.decision else None, self.decide),
            (course.order.at if course.order else None, self.prescribe),
            (course.enrolled_at, self.enroll),
            (course.activated_at, self.activate),
            (course.revoked_at, self.revoke),
            (course.sent_at, self.send),
            (course.dispensed_at, self.dispense),
            (course.renewed_at, self.renew),
            (course.left_at, self.leave),
            *((at, partial(self.sign, number)) for number, at in enumerate(course.signed_at)),
        ]
        yield from ((at, take) for at, take in moments if at is not None)
        for visit in course.visits:
            yield from VisitPlayer(self, visit).steps()
        yield from ScorePlayer(self).steps()
        yield from ScreeningPlayer(self).steps()

    def register(self, now: datetime) -> None:
        person = self.course.person
        self._client = clients.register(
            client_values(self.clinic, person),
            contact_points=[
                {"channel": "sms", "value": person.phone},
                {"channel": "email", "value": person.email},
            ],
            channels=person.channels,
            source="on the phone",
            actor=self.desk,
            now=now,
        )

    def draft(self, now: datetime) -> None:
        course = self.course
        self._plan = plans.draft(
            self.client.pk,
            self.clinic.protocols[course.route],
            therapist=self.therapist,
            prescriber=self.psychiatrist,
            doses=course.doses,
            with_intake=course.with_intake,
            actor=user_of(self.therapist),
            now=now,
        )
        rows = PlannedSession.objects.filter(plan=self._plan).order_by("position")
        counts: Counter[str] = Counter()
        for row in rows.select_related("plan__protocol"):
            counts[row.kind] += 1
            self._sessions[row.kind, counts[row.kind]] = row

    def sign(self, number: int, now: datetime) -> None:
        document = self.clinic.documents[number]
        clients.sign_consent(
            self.client.pk, document.pk, signed_at=now - timedelta(hours=2), actor=self.desk, now=now
        )
        if number == 0:
            self.name_helper(now)

    def name_helper(self, now: datetime) -> None:
        values = helper_values(self.course.person)
        clients.add_support_person(self.client.pk, values, actor=self.desk, now=now)

    def decide(self, now: datetime) -> None:
        decision = self.course.decision
        assert decision is not None
        clearances.decide(
            self.client.pk,
            clearance_values(decision, self.local_day(now)),
            decided_by=self.psychiatrist,
            actor=user_of(self.psychiatrist),
            now=now,
        )

    def prescribe(self, now: datetime) -> None:
        self._prescription = prescriptions.issue(
            self.client.pk,
            prescription_values(self.course, self.local_day(now), self.today),
            prescriber=self.psychiatrist,
            actor=user_of(self.psychiatrist),
            now=now,
        )

    def revoke(self, now: datetime) -> None:
        prescriptions.revoke(
            self.prescription_id,
            reason="Blood pressure was high twice",
            actor=user_of(self.psychiatrist),
            now=now,
        )

    def send(self, now: datetime) -> None:
        prescriptions.send(self.prescription_id, pharmacy=PHARMACY, actor=user_of(self.psychiatrist), now=now)

    def dispense(self, now: datetime) -> None:
        key = UUID(int=310_000 + self.course.number)
        prescriptions.dispense(self.prescription_id, key=key, actor=self.clinic.nurse, now=now)

    def renew(self, now: datetime) -> None:
        """A draft in the name of the one that ends soon; nobody has signed it yet."""
        day = self.local_day(now)
        values = prescription_values(self.course, day, self.today)
        values |= {"valid_through_on": last_schedule_iii_day(day), "reference": ""}
        prescriptions.draft(
            self.client.pk,
            values | {"renews_id": self.prescription_id},
            prescriber=self.psychiatrist,
            actor=user_of(self.psychiatrist),
            now=now,
        )

    def enroll(self, now: datetime) -> None:
        clearances.enroll(
            self.client.pk,
            enrolled_on=self.local_day(now),
            reference=f"R-{52_000 + self.course.number}",
            actor=self.clinic.nurse,
            now=now,
        )

    def activate(self, now: datetime) -> None:
        assert self._plan is not None
        plans.activate(self._plan.pk, actor=user_of(self.therapist), now=now)

    def leave(self, now: datetime) -> None:
        clients.change(self.client.pk, {"is_active": False}, revision=None, actor=self.desk, now=now)
