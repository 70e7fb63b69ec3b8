"""A client's doses: those that were given, and those that are planned, booked or not. The latest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from practice import clock
from practice.models import Client
from scheduling.models import Booking
from treatment_plans.models import AdverseEvent, Dose, DosingRecord, PlannedSession

GIVEN, BOOKED, PLANNED, NOT_GIVEN = "given", "booked", "planned", "not_given"
AFTER_ALL_OTHERS = "9999"


@dataclass(frozen=True, kw_only=True)
class DoseLine:
    """One dose of one planned session; a session in which two were given has two lines.

    `at` is when it was given, else the booked start, else None. Amount, unit, prescription and lot are those
    of a dose that was given. `adverse_events` counts those of its dosing record.
    """

    session: PlannedSession
    time_zone: str
    status: str
    route: str
    at: datetime | None
    dose: Dose | None = None
    record: DosingRecord | None = None
    booking: Booking | None = None
    adverse_events: int = 0

    @property
    def amount(self) -> Decimal | None:
        return self.dose.amount if self.dose else None

    @property
    def lot_number(self) -> str:
        if self.dose is None:
            return ""
        return self.dose.lot_number or (self.dose.stock_lot.lot if self.dose.stock_lot else "")

    @property
    def place(self) -> list[str | int]:
        """Its place in the order, the latest first: what has no time yet comes before all."""
        second = -int(self.at.timestamp()) if self.at else -(10**12)
        number = self.dose.number if self.dose else 0
        return [second, -self.session.position, -self.session.pk, -number]


def load(client: Client, *, from_on: date | None = None, through_on: date | None = None) -> list[DoseLine]:
    """Of the clinic-local days `from_on` to `through_on`, both included; with either, without those that have
    no time. Withdrawn sessions only where a dose was given. Five queries, whatever the number.
    """
    sessions = list(
        PlannedSession.objects.filter(plan__client=client, dose_number__isnull=False)
        .select_related("plan__protocol")
        .order_by("plan", "position")
    )
    given = _given(client.pk)
    ended = _ended_without(client.pk)
    booked = {
        row.planned_session_id: row
        for row in Booking.objects.filter(planned_session__in=sessions, status__in=Booking.LIVE)
    }
    events = Counter(
        AdverseEvent.objects.filter(record__client=client, corrections=None).values_list("record", flat=True)
    )
    lines = [
        line
        for session in sessions
        for line in _of_session(
            session,
            given.get(session.pk, ()),
            ended.get(session.pk, ()),
            booked.get(session.pk),
            events,
            time_zone=client.location.time_zone,
        )
    ]
    tz = clock.zone(client.location.time_zone)
    kept = [line for line in lines if _is_within(line, from_on, through_on, tz)]
    return sorted(kept, key=lambda line: line.place)


def _given(client_id: int) -> dict[int, list[Dose]]:
    """By planned session; of a corrected one the correction, at the time of the first."""
    rows = Dose.objects.filter(record__client=client_id, corrections=None).select_related(
        "record", "prescription", "stock_lot"
    )
    found: dict[int, list[Dose]] = {}
    for row in rows.order_by("given_at", "pk"):
        found.setdefault(row.record.planned_session_id, []).append(row)
    return found


def _ended_without(client_id: int) -> dict[int, list[DosingRecord]]:
    rows = DosingRecord.objects.filter(client=client_id, ended_without_dose_at__isnull=False)
    found: dict[int, list[DosingRecord]] = {}
    for row in rows.order_by("pk"):
        found.setdefault(row.planned_session_id, []).append(row)
    return found


def _of_session(
    session: PlannedSession,
    doses: Sequence[Dose],
    ended: Sequence[DosingRecord],
    booking: Booking | None,
    events: Counter[int],
    *,
    time_zone: str,
) -> Iterable[DoseLine]:
    make = partial(DoseLine, session=session, time_zone=time_zone)
    for dose in doses:
        yield make(
            status=GIVEN,
            route=dose.route,
            at=dose.given_at,
            dose=dose,
            record=dose.record,
            adverse_events=events[dose.record_id],
        )
    route = session.plan.protocol.route
    for record in ended:
        yield make(
            status=NOT_GIVEN,
            route=route,
            at=record.ended_without_dose_at,
            record=record,
            adverse_events=events[record.pk],
        )
    if doses or session.withdrawn_at is not None:
        return
    if session.completed_at is not None:  # given before there were dosing records
        yield make(status=GIVEN, route=route, at=session.completed_at)
    elif booking is not None:
        yield make(status=BOOKED, route=route, at=booking.starts_at, booking=booking)
    else:
        yield make(status=PLANNED, route=route, at=None)


def _is_within(line: DoseLine, from_on: date | None, through_on: date | None, tz: ZoneInfo) -> bool:
    if from_on is None and through_on is None:
        return True
    if line.at is None:
        return False
    day = clock.local_day(line.at, tz)
    return (from_on or day) <= day <= (through_on or day)
