"""One client in the session room, as far along as a test wants it. The clock runs on from where it is put."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from scheduling import booking, lifecycle, readiness
from scheduling.care import session_room
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from treatment_plans.dosing import records as dosing
from treatment_plans.dosing import signatures as dose_signatures
from treatment_plans.models import DosingRecord, Prescription
from treatment_plans.rules.dosing import WantedDose

START = at("2026-12-01 09:30")
MINUTE = timedelta(minutes=1)
WELL = {"systolic": 124, "diastolic": 78, "heart_rate": 72, "spo2": 98}


@dataclass
class Clock:
    """Minutes after the booked start, running on."""

    minutes: float = -10
    put_at: float = 0

    def put(self, minutes: float) -> None:
        self.minutes, self.put_at = minutes, time.monotonic()

    def now(self) -> datetime:
        return START + self.minutes * MINUTE + timedelta(seconds=time.monotonic() - self.put_at)


@dataclass
class Session:
    """Times are minutes after the booked start."""

    clinic: Clinic
    clock: Clock
    booked: Booking

    @property
    def record(self) -> DosingRecord:
        return DosingRecord.objects.get(planned_session=self.booked.planned_session_id)

    @property
    def path(self) -> str:
        return f"/dashboard/sessions/{self.record.pk}/"

    def open(self) -> None:
        session_room.open_record(self.booked.pk, **self._who(-9))

    def check_in(self) -> None:
        self.open()
        values = {"identified_by": ["name", "birth_date"], "ride_name": "Joel", "ride_phone": "+15555550101"}
        dosing.check_in(self.record.pk, uuid.uuid4(), values, **self._who(-5))

    def measure(self, minutes: float, **values: Any) -> None:
        dosing.record_vitals(self.record.pk, uuid.uuid4(), WELL | values, **self._who(minutes))

    def mark(self, minutes: float, kind: str, text: str = "") -> None:
        dosing.mark(self.record.pk, uuid.uuid4(), {"kind": kind, "text": text}, **self._who(minutes))

    def prepare(self) -> None:
        """All that comes before the dose."""
        self.check_in()
        lifecycle.start(self.booked.pk, **self._who(0))
        self.mark(1, "intention", "Let go of guilt")
        self.measure(2)
        for part in ("fit", "cleared"):
            self.sign(part, START + 4 * MINUTE)

    def sign(self, part: str, at: datetime | None = None) -> None:
        """Fit by Ana, cleared by Dr Ito; now, or earlier."""
        who = self.clinic.ana if part == "fit" else self.clinic.ito
        assert who.user
        dose_signatures.sign(
            self.record.pk, uuid.uuid4(), part=part, actor=who.user, now=at or self.clock.now()
        )

    def dose(self, minutes: float = 5) -> None:
        self.prepare()
        order = Prescription.objects.get(client=self.booked.client)
        wanted = WantedDose(
            number=1,
            amount=Decimal(40),
            unit="mg",
            route="im",
            weight_kg=None,
            is_self_administered=False,
            witnessed_by="",
        )
        session_room.give_dose(
            self.record.pk,
            uuid.uuid4(),
            wanted,
            prescription=order,
            lot_number="23K114",
            **self._who(minutes),
        )

    def _who(self, minutes: float) -> dict[str, Any]:
        return {"actor": self.clinic.ana.user, "now": START + minutes * MINUTE}


def make_session(clinic: Clinic, clock: Clock) -> Session:
    """Maya has arrived for her first dose."""
    client = clinic.ready_client()
    made = booking.book(
        booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client)),
        START,
        actor=clinic.kim,
        now=NOW,
    )
    for item in ("fasting", "ride", "support_person"):
        readiness.acknowledge(
            made.pk,
            item=item,
            answer="confirmed",
            said_by="client",
            source="phone",
            actor=clinic.kim,
            now=NOW,
        )
    lifecycle.arrive(made.pk, actor=clinic.kim, now=START - 10 * MINUTE)
    clock.put(-10)
    return Session(clinic, clock, made)
