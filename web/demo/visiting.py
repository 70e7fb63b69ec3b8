"""Plays one visit through the doors, from the call at the desk to the calls after a dose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from scheduling import booking, lifecycle, moves, readiness
from treatment_plans import follow_ups
from treatment_plans.models import FollowUp, PlannedSession
from web.demo.course import THERAPIST, Answer
from web.demo.dosing import DosingPlayer
from web.demo.so_far import ARRIVES_BEFORE, Step, VisitSoFar
from web.demo.written import NotePlayer

STARTS_AFTER, NO_SHOW_AFTER = timedelta(minutes=1), timedelta(minutes=20)
ASKED_AFTER = timedelta(minutes=10)
CHECK_INS_AFTER = (timedelta(hours=26), timedelta(hours=75))
CHECK_INS_MADE = 0.8
OUTCOMES = ("Slept well, calm", "Tired, otherwise well", "A little nausea, gone by the evening")


@dataclass
class VisitPlayer(VisitSoFar):
    """One booking, from the call at the desk to the follow-ups."""

    def steps(self) -> Iterator[Step]:
        visit, place = self.visit, self.visit.last_place
        yield visit.booked_at, self.book
        if visit.moved_at is not None:
            yield visit.moved_at, self.move
        ends_at = visit.cancelled_at or place.ends_at
        for answer in visit.answers:
            if (at := max(answer.at, visit.booked_at + ASKED_AFTER)) < ends_at:
                yield at, partial(self.answer, answer)
        if visit.cancelled_at is not None:
            yield visit.cancelled_at, self.cancel
        elif not visit.came:
            yield place.starts_at + NO_SHOW_AFTER, self.miss
        else:
            yield place.starts_at - ARRIVES_BEFORE, self.arrive
            yield place.starts_at + STARTS_AFTER, self.start
            if visit.kind == PlannedSession.Kind.DOSING:
                yield from DosingPlayer(self).steps()
            yield place.ends_at, self.complete
            yield from NotePlayer(self).steps()
            yield from self.check_ins()

    def check_ins(self) -> Iterator[Step]:
        """Calls in the days after a dose; some are still owed."""
        if self.visit.kind != PlannedSession.Kind.DOSING:
            return
        for number, after in enumerate(CHECK_INS_AFTER):
            if self.player.rng.random() < CHECK_INS_MADE:
                yield self.visit.last_place.ends_at + after, partial(self.check_in, number)

    def book(self, now: datetime) -> None:
        place, player = self.visit.place, self.player
        request = booking.Request(
            client=player.client,
            appointment_type=player.clinic.types[self.visit.code],
            location=player.clinic.location,
            planned_session=player.session(self.visit.kind, self.visit.number),
            therapist_id=place.therapist_id,
            psychiatrist_id=place.psychiatrist_id,
            room_id=place.room_id,
        )
        self._booking = booking.book(request, place.starts_at, actor=player.desk, now=now)

    def move(self, now: datetime) -> None:
        place = self.visit.last_place
        moves.reschedule(
            self.booking_id,
            place.starts_at,
            therapist_id=place.therapist_id,
            psychiatrist_id=place.psychiatrist_id,
            room_id=place.room_id,
            actor=self.player.desk,
            now=now,
        )

    def answer(self, answer: Answer, now: datetime) -> None:
        readiness.acknowledge(
            self.booking_id,
            item=answer.item,
            answer=answer.answer,
            said_by=answer.said_by,
            source=answer.source,
            detail=answer.detail,
            actor=self.clinician_user if answer.recorded_by == THERAPIST else self.player.desk,
            now=now,
        )

    def arrive(self, now: datetime) -> None:
        lifecycle.arrive(self.booking_id, actor=self.player.desk, now=now)

    def start(self, now: datetime) -> None:
        lifecycle.start(self.booking_id, actor=self.clinician_user, now=now)

    def complete(self, now: datetime) -> None:
        lifecycle.complete(self.booking_id, actor=self.clinician_user, now=now)

    def miss(self, now: datetime) -> None:
        lifecycle.mark_no_show(self.booking_id, actor=self.player.desk, now=now)

    def cancel(self, now: datetime) -> None:
        lifecycle.cancel(
            self.booking_id,
            party=self.visit.cancelled_by,
            reason=self.visit.cancel_reason,
            actor=self.player.desk,
            now=now,
        )

    def check_in(self, number: int, now: datetime) -> None:
        owed = FollowUp.objects.filter(
            source_session=self.player.session(self.visit.kind, self.visit.number),
            kind=FollowUp.Kind.CHECK_IN,
        ).order_by("position")[number]
        outcome = self.player.rng.choice(OUTCOMES)
        follow_ups.mark_done(owed.pk, outcome=outcome, actor=self.player.clinic.nurse, now=now)
