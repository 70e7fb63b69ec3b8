"""Everything that the session room shows of one dosing record, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext

from practice import clock
from practice.blockers import Blocker
from scheduling import gate, readiness
from scheduling.care import session_room
from scheduling.models import Booking
from scheduling.readiness_rules import Light
from treatment_plans.dosing import doses
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.facts import Rows, current
from treatment_plans.models import (
    AdverseEvent,
    CourseHold,
    Dose,
    DosingRecord,
    Mark,
    PlannedSession,
    Prescription,
    Vitals,
)
from treatment_plans.rules import discharge, vitals
from treatment_plans.rules import dosing as dosing_rules
from treatment_plans.rules.session_summary import GivenDose, Seen, SummaryFacts, session_summary
from treatment_plans.rules.vitals import Point

MINUTE = timedelta(minutes=1)
SIDE_EFFECTS = frozenset({Mark.Kind.NAUSEA, Mark.Kind.DIZZY, Mark.Kind.BP_HIGH, Mark.Kind.TEARFUL})


class Step(StrEnum):
    CHECK_IN = "check_in"
    VITALS = "vitals"
    DOSE = "dose"
    MONITORING = "monitoring"
    RECOVERY = "recovery"
    LEAVING = "leaving"
    ENDED = "ended"


@dataclass(frozen=True)
class SideEffect:
    """`minutes` after the first dose of that session; None before it."""

    what: str
    minutes: int | None
    severity: str = ""


@dataclass(frozen=True)
class LastSession:
    record_id: int
    dosed_at: datetime
    dose: str
    side_effects: tuple[SideEffect, ...]
    highest_systolic: int | None
    highest_diastolic: int | None


@dataclass(frozen=True)
class Room:
    """`missing` is what stands against the next step. Times are aware."""

    record: DosingRecord
    booking: Booking
    rows: Rows
    now: datetime
    step: Step
    lights: tuple[Light, ...]
    planned_doses: int
    prescriptions: Sequence[Prescription]
    dosed_at: datetime | None
    observed_from: datetime | None
    observed_until: datetime | None
    points: tuple[Point, ...]
    missing: tuple[Blocker, ...]
    holds: Sequence[CourseHold]
    last_session: LastSession | None
    note_draft: str

    @property
    def next_point(self) -> Point | None:
        return vitals.next_point(self.points) if not self.rows.is_ended else None

    @property
    def unattended(self) -> Point | None:
        """What nobody has measured though its grace is over; None again with the next reading."""
        return vitals.unattended(self.points) if not self.rows.is_ended else None


def load(record: DosingRecord, *, now: datetime) -> Room:
    """The record comes with its protocol and its client."""
    booking = session_room.booking_of(record)
    assert booking is not None
    rows = dosing_facts.load(record)
    leaving = dosing_facts.leaving(rows)
    dosed_at = min((dose.at for dose in rows.given), default=None)
    until = discharge.observed_until(leaving)
    step = _step(rows, until, now=now)
    live = [booking] if booking.is_live else []
    judged = readiness.judge(live, now=now).get(booking.pk)
    return Room(
        record=record,
        booking=booking,
        rows=rows,
        now=now,
        step=step,
        lights=judged.lights if judged else (),
        planned_doses=PlannedSession.objects.filter(
            plan=booking.planned_session.plan_id,  # type: ignore[union-attr]
            dose_number__isnull=False,
            withdrawn_at=None,
        ).count(),
        prescriptions=_prescriptions(record, now=now),
        dosed_at=dosed_at,
        observed_from=discharge.observed_from(leaving),
        observed_until=until,
        points=dosing_facts.points(rows, now=now),
        missing=_missing(step, rows, booking, now=now),
        holds=list(
            CourseHold.objects.filter(plan=booking.planned_session.plan_id, released_at=None)  # type: ignore[union-attr]
        ),
        last_session=_last_session(record),
        note_draft=draft(rows),
    )


def _step(rows: Rows, until: datetime | None, *, now: datetime) -> Step:
    if rows.is_ended:
        return Step.ENDED
    if rows.given:
        if until is not None and now >= until:
            return Step.LEAVING
        return Step.RECOVERY if rows.marked(Mark.Kind.MONITORING_ENDED) else Step.MONITORING
    if not rows.check_ins:
        return Step.CHECK_IN
    return Step.DOSE if rows.vitals else Step.VITALS


def _missing(step: Step, rows: Rows, booking: Booking, *, now: datetime) -> tuple[Blocker, ...]:
    if step == Step.ENDED:
        return ()
    if rows.given:
        return discharge.time_blockers(dosing_facts.leaving(rows), now=now)
    session = gate.session_of(booking)
    closed = gate.load([session], now=now).blockers(session, starts_at=now, now=now)
    before = dosing_facts.before_dose(
        rows,
        is_in_session=booking.is_in_session,
        is_prescriber_on_site=session_room.on_site(booking, now=now) is not None,
    )
    return tuple(doses.distinct((*closed, *dosing_rules.before_dose_blockers(before, number=1, now=now))))


def _prescriptions(record: DosingRecord, *, now: datetime) -> list[Prescription]:
    """Those from which a dose may be given today."""
    day = clock.local_day(now, clock.zone(record.time_zone))
    return list(
        Prescription.objects.filter(
            client=record.client_id,
            route=record.protocol.route,
            status__in=Prescription.IN_FORCE,
            issued_on__lte=day,
            valid_through_on__gte=day,
        ).order_by("valid_through_on", "pk")
    )


def _last_session(record: DosingRecord) -> LastSession | None:
    """The newest earlier session of the client in which a dose was given; five queries at most."""
    dose = (
        Dose.objects.filter(record__client=record.client_id, record__starts_at__lt=record.starts_at, number=1)
        .order_by("-given_at", "-pk")
        .first()
    )
    if dose is None:
        return None
    marks = current(Mark.objects.filter(record=dose.record_id).order_by("seen_at"))
    events = current(AdverseEvent.objects.filter(record=dose.record_id).order_by("began_at"))
    readings = [
        row for row in current(Vitals.objects.filter(record=dose.record_id)) if row.taken_at > dose.given_at
    ]
    highest = max(readings, key=lambda row: row.systolic, default=None)
    effects = [
        *((row.seen_at, str(row.get_kind_display()), "") for row in marks if row.kind in SIDE_EFFECTS),
        *((row.began_at, str(row.get_kind_display()), row.severity) for row in events),
    ]
    return LastSession(
        dose.record_id,
        dose.given_at,
        str(dose),
        tuple(
            SideEffect(what, int((at - dose.given_at) // MINUTE) if at >= dose.given_at else None, severity)
            for at, what, severity in sorted(effects)
        ),
        highest.systolic if highest else None,
        highest.diastolic if highest else None,
    )


def draft(rows: Rows) -> str:
    """The note as it would begin, in the reader's language."""
    zone = clock.zone(rows.record.time_zone)
    marks = sorted(current(rows.marks), key=lambda row: (row.seen_at, row.pk))
    intentions = [row.text for row in marks if row.kind == Mark.Kind.INTENTION]
    given = sorted(current(rows.doses), key=lambda row: row.number)
    first = given[0].given_at if given else None
    facts = SummaryFacts(
        intention=intentions[-1] if intentions else "",
        before=rows.before_dose[-1] if rows.before_dose else None,
        doses=[
            GivenDose(dose.given_at, str(dose), dose.witnessed_by if dose.is_self_administered else "")
            for dose in given
        ],
        after=[each for each in rows.readings if first is not None and each.at > first],
        marks=[Seen(row.seen_at, row.words, row.text) for row in marks if row.kind != Mark.Kind.INTENTION],
        events=[
            Seen(row.began_at, f"{row.get_kind_display()} ({row.get_severity_display()})", row.note)
            for row in current(rows.events)
        ],
        left_at=rows.discharge.recorded_at if rows.discharge else None,
        taken_over_by=rows.discharge.taken_over_by if rows.discharge else "",
        no_dose_because=rows.record.end_reason,
    )
    return " ".join(sentence.text(gettext) for sentence in session_summary(facts, zone=zone))
