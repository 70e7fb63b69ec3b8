"""Plays what is written down in one dosing session, from the check-in until the client leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from practice.models import User
from scheduling.care import session_room
from treatment_plans.dosing import discharges, rems
from treatment_plans.dosing import records as dosing
from treatment_plans.dosing import signatures as dose_signatures
from treatment_plans.models import AdverseEvent, DosingRecord, Mark, Prescription, Protocol, RemsForm, Route
from treatment_plans.rules.dosing import WantedDose
from web.demo.so_far import Step, VisitSoFar
from web.demo.values import NO_TO_ALL, user_of

MINUTE = timedelta(minutes=1)
CHECKED_IN_BEFORE, MEASURED, FIT, CLEARED, DOSED = 8 * MINUTE, 3 * MINUTE, 4 * MINUTE, 5 * MINUTE, 6 * MINUTE
INFUSION, LAST_VITALS_BEFORE_END, LEAVES_BEFORE_END = 40 * MINUTE, 8 * MINUTE, 4 * MINUTE
FAINTED, STILL_TO_BE_TAKEN = 48 * MINUTE, 6 * MINUTE
FORM_SENT_AFTER = timedelta(days=2)
MARKS = ("calm", "talking", "tearful", "nausea", "dizzy")
LOT = "23K114"


@dataclass
class DosingPlayer:
    """Of one visit; chance is its own, so that nothing else of the demo depends on it."""

    visiting: VisitSoFar
    _record: DosingRecord | None = None
    _keys: int = 0
    _rng: Random = field(default_factory=lambda: Random(1))  # noqa: S311  a story, not a secret

    def steps(self) -> Iterator[Step]:
        place, protocol = self.visiting.visit.last_place, self.protocol
        self._rng.seed(f"{self.visiting.visit.code} {place.starts_at.isoformat()}")
        start, end = place.starts_at, place.ends_at
        yield start - CHECKED_IN_BEFORE, self.check_in
        yield start + MEASURED, partial(self.measure, 0)
        yield start + FIT, partial(self.sign, "fit")
        yield start + CLEARED, partial(self.sign, "cleared")
        yield start + DOSED, self.dose
        for minutes in protocol.vitals_schedule_minutes[1:]:
            at = start + DOSED + minutes * MINUTE
            if at < end - LAST_VITALS_BEFORE_END - 5 * MINUTE and not self._is_due_now(at):
                yield at, partial(self.measure, minutes)
        for number, kind in enumerate(self._rng.sample(MARKS, 2)):
            yield start + DOSED + (12 + 17 * number) * MINUTE, partial(self.mark, kind)
        if self.visiting.visit.has_adverse_event:
            yield start + DOSED + FAINTED, self.faint
        if protocol.route == Route.IV:
            yield start + DOSED + INFUSION, partial(self.mark, Mark.Kind.INFUSION_ENDED)
        yield end - LAST_VITALS_BEFORE_END, partial(self.measure, 90)
        yield end - LEAVES_BEFORE_END, self.discharge
        if protocol.route == Route.SPRAVATO:
            yield end + FORM_SENT_AFTER, self.send_form

    def _is_due_now(self, at: datetime) -> bool:
        """Left for whoever opens the session room of the session that is going on."""
        return at <= self.visiting.player.until < at + STILL_TO_BE_TAKEN

    @property
    def protocol(self) -> Protocol:
        player = self.visiting.player
        return player.clinic.protocols[player.course.route]

    @property
    def record_id(self) -> int:
        assert self._record is not None
        return self._record.pk

    @property
    def prescriber(self) -> User:
        assert self._record is not None
        return user_of(self._record.planned_session.plan.prescriber)

    def check_in(self, now: datetime) -> None:
        actor = self.visiting.clinician_user
        self._record = session_room.open_record(self.visiting.booking_id, actor=actor, now=now)
        values: dict[str, Any] = {
            "identified_by": ["name", "birth_date"],
            "last_food_at": now - timedelta(hours=9),
            "last_drink_at": now - timedelta(hours=3),
            "ride_name": "",
            "has_new_medicines": False,
            "is_ill": False,
            "has_bladder_symptoms": False,
            "cssrs_answers": NO_TO_ALL,
        }
        if self.protocol.client_brings_medication:
            values |= {"medicine_seen": True, "medicine_count": 1}
        dosing.check_in(self.record_id, self._key(), values, actor=actor, now=now)

    def measure(self, minutes: int, now: datetime) -> None:
        """Up by some points, at its highest half an hour after the dose."""
        rise = max(0, 18 - abs(minutes - 30) // 2) if minutes else 0
        values = {
            "systolic": 116 + rise + self._rng.randrange(6),
            "diastolic": 72 + rise // 2 + self._rng.randrange(5),
            "heart_rate": 68 + rise // 2 + self._rng.randrange(7),
            "spo2": 96 + self._rng.randrange(4),
        }
        dosing.record_vitals(self.record_id, self._key(), values, actor=self.visiting.clinician_user, now=now)

    def sign(self, part: str, now: datetime) -> None:
        actor = self.visiting.clinician_user if part == "fit" else self.prescriber
        dose_signatures.sign(self.record_id, self._key(), part=part, actor=actor, now=now)

    def dose(self, now: datetime) -> None:
        assert self._record is not None
        rows = Prescription.objects.filter(client=self._record.client_id, route=self.protocol.route)
        order = rows.filter(status__in=Prescription.IN_FORCE).latest("issued_on", "pk")
        takes_it = self.protocol.route not in {Route.IV, Route.IM}
        wanted = WantedDose(
            number=1,
            amount=order.dose_amount,
            unit=order.dose_unit,
            route=order.route,
            weight_kg=None,
            is_self_administered=takes_it,
            witnessed_by=self.visiting.clinician_user.name if takes_it else "",
        )
        session_room.give_dose(
            self.record_id,
            self._key(),
            wanted,
            prescription=order,
            lot_number=LOT,
            actor=self.visiting.clinician_user,
            now=now,
        )

    def mark(self, kind: str, now: datetime) -> None:
        dosing.mark(self.record_id, self._key(), {"kind": kind}, actor=self.visiting.clinician_user, now=now)

    def faint(self, now: datetime) -> None:
        """Severe, so that the protocol holds the course until a prescriber has looked at it."""
        values = {
            "kind": AdverseEvent.Kind.SYNCOPE,
            "severity": AdverseEvent.Severity.SEVERE,
            "relatedness": AdverseEvent.Relatedness.POSSIBLE,
            "action": AdverseEvent.Action.WATCHED,
            "outcome": AdverseEvent.Outcome.RESOLVED,
            "note": "Fainted on the way to the restroom; lay down, was well again after some minutes.",
        }
        actor = self.visiting.clinician_user
        dosing.record_event(self.record_id, self._key(), values, actor=actor, now=now)

    def discharge(self, now: datetime) -> None:
        values = {
            "sedation_score": 5,
            "is_oriented": True,
            "walks_steadily": True,
            "nausea": "none",
            "pain": "none",
            "taken_over_by": "their ride home",
            "aftercare_given": True,
            "medicine_remaining": 0 if self.protocol.client_brings_medication else None,
        }
        discharges.discharge(self.record_id, self._key(), values, actor=self.visiting.clinician_user, now=now)

    def send_form(self, now: datetime) -> None:
        form, actor = RemsForm.objects.get(record=self.record_id), self.visiting.clinician_user
        answers = {
            "sex": "female",
            "is_first_treatment": self.visiting.visit.number == 1,
            **dict.fromkeys(rems.ANSWERS[2:7], False),
            "had_sedation": True,
            "had_dissociation": True,
            "had_respiratory_depression": False,
            "ready_after_minutes": 95,
        }
        rems.answer(form.pk, answers, revision=None, actor=actor, now=now)
        number = f"RM-{self._rng.randrange(10**6):06d}"
        rems.submitted(form.pk, confirmation_number=number, actor=actor, now=now)

    def _key(self) -> UUID:
        self._keys += 1
        return UUID(int=self._keys)
