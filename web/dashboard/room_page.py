"""What the page and the print of a session room draw, from what `room_state` knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.blockers import Blocker
from practice.models import Role, User
from scheduling.care.room_state import Room, Step
from treatment_plans.charts.figures import vitals_figure
from treatment_plans.charts.vitals import Reading
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.models import (
    DoseSignature,
    DosingRecord,
    Mark,
    Protocol,
    RemsForm,
    Route,
    StockLot,
)
from treatment_plans.models.dosing_records import CorrectableRow
from treatment_plans.rules import vitals
from treatment_plans.supply import stock
from web.dashboard import room_notes
from web.dashboard.room_gaps import room_gaps
from web.dashboard.room_notes import RoomNotes
from web.dashboard.room_screener import Screener, screener_of

MINUTE = timedelta(minutes=1)
SIGNATURES = "signatures"  # a step of the page: before the dose, while one is missing
STEPS = (
    (Step.CHECK_IN, _("Check-in")),
    (Step.VITALS, _("Before vitals")),
    (SIGNATURES, _("Signatures")),
    (Step.DOSE, _("Dose")),
    (Step.MONITORING, _("Monitoring")),
    (Step.RECOVERY, _("Recovery")),
    (Step.LEAVING, _("Leaving")),
)
QUICK = (
    Mark.Kind.CALM,
    Mark.Kind.TALKING,
    Mark.Kind.TEARFUL,
    Mark.Kind.NAUSEA,
    Mark.Kind.DIZZY,
    Mark.Kind.BP_HIGH,
    Mark.Kind.GAVE_ANTIEMETIC,
    Mark.Kind.CALLED_PRESCRIBER,
)
WRITTEN = (Mark.Kind.NOTE, Mark.Kind.INTENTION, Mark.Kind.TECHNIQUE)


@dataclass(frozen=True)
class Line:
    """An entry as it is listed. `by` is the entry that corrects it, `minutes` count from the first dose."""

    row: Any
    minutes: int | None
    by: CorrectableRow | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """One step on the way: done, now or next."""

    word: Any
    state: str


@dataclass(frozen=True)
class RoomPage:
    """One reader's view of the room."""

    room: Room
    user: User

    @property
    def record(self) -> DosingRecord:
        return self.room.record

    @property
    def protocol(self) -> Protocol:
        return self.room.record.protocol

    @property
    def dose_number(self) -> int | None:
        return self.record.planned_session.dose_number

    @property
    def is_ended(self) -> bool:
        return self.room.step == Step.ENDED

    @property
    def attend(self) -> tuple[datetime, datetime] | None:
        """When vitals were or are due next, and from when on it is an alarm that nobody measured them."""
        point = self.room.unattended or self.room.next_point
        if point is None:
            return None
        return point.at, point.at + timedelta(minutes=self.protocol.vitals_tolerance_minutes)

    @property
    def can_start(self) -> bool:
        booking = self.room.booking
        return booking.is_here and not booking.is_in_session and not self.is_ended

    @property
    def can_complete(self) -> bool:
        return self.room.booking.is_in_session and self.room.rows.discharge is not None

    @property
    def is_before_dose(self) -> bool:
        return self.room.step in {Step.CHECK_IN, Step.VITALS, Step.DOSE}

    @property
    def can_take_vitals(self) -> bool:
        return bool(self.room.rows.check_ins) and not self.is_ended

    @property
    def can_dose_again(self) -> bool:
        return self.protocol.second_dose_allowed and len(self.room.rows.given) == 1 and not self.is_ended

    @property
    def can_leave(self) -> bool:
        return bool(self.room.rows.given) and not self.is_ended and self.treats

    @property
    def treats(self) -> bool:
        return self.user.has_role(Role.THERAPIST, Role.PSYCHIATRIST)

    @property
    def overrides(self) -> bool:
        return self.user.has_role(Role.PSYCHIATRIST)

    @property
    def signs(self) -> list[tuple[str, Any, str]]:
        """The parts that the reader may sign before the dose: address, what it says, what is on record."""
        if not self.is_before_dose or not self.room.rows.check_ins:
            return []
        own = []
        if self.user.has_role(Role.THERAPIST):
            own.append(("fit", _("The client is fit for a dose today")))
        if self.user.has_role(Role.PSYCHIATRIST, Role.NURSE):
            own.append(("cleared", _("The dose is cleared")))
        return [(part, words, self._signed(part)) for part, words in own]

    def _signed(self, part: str) -> str:
        signed = self.room.rows.signed(part)
        return "" if signed is None else "yes" if signed.is_yes else "no"

    @property
    def to_accept(self) -> vitals.Reading | None:
        """The last reading, when a prescriber has to accept it by name."""
        readings = self.room.rows.readings
        if not readings or not self.overrides:
            return None
        last = readings[-1]
        return last if vitals.needs_acceptance(last, dosing_facts.limits(self.protocol)) else None

    @cached_property
    def steps(self) -> list[Place]:
        at = self.room.step
        words: list[tuple[Any, Any]] = list(STEPS)
        codes = [code for code, _word in words]
        here: Any = at
        if at == Step.DOSE and not all(self._signed(part) == "yes" for part in DoseSignature.Part.values):
            here = SIGNATURES
        place = codes.index(here) if here in codes else len(codes)
        return [
            Place(word, "done" if number < place else "now" if number == place else "next")
            for number, (_code, word) in enumerate(words)
        ]

    @property
    def missing(self) -> list[str]:
        return _texts(self.room.missing)

    @cached_property
    def notes(self) -> RoomNotes:
        return room_notes.load(self.room.booking, self.user)

    @cached_property
    def gaps(self) -> list[str]:
        """What the record lacks once a dose was given; said before somebody leaves or completes it."""
        return _texts(room_gaps(self.room, self.notes, self.rems_form))

    @property
    def has_alert(self) -> bool:
        """An unsafe answer is still open, and no dose is given until a clinician has disposed of it."""
        return any(each.code == "safety_alert_open" for each in self.room.missing)

    @property
    def screener(self) -> Screener | None:
        return screener_of(self.protocol)

    @property
    def check_in_remarks(self) -> list[str]:
        return _texts(self.room.rows.remarks)

    @property
    def last_vitals(self) -> Line | None:
        counting = [line for line in self.vitals if line.by is None]
        return max(counting, key=lambda line: (line.row.taken_at, line.row.pk), default=None)

    @cached_property
    def vitals(self) -> list[Line]:
        limits = dosing_facts.limits(self.protocol)
        rows = sorted(self.room.rows.vitals, key=lambda row: (row.taken_at, row.pk))
        return self._lines(
            rows,
            "taken_at",
            lambda row: _texts(
                (
                    *vitals.remarks(dosing_facts.reading(row), limits),
                    *vitals.clock_remark(row.taken_at, row.device_at),
                )
            ),
        )

    @cached_property
    def doses(self) -> list[Line]:
        return self._lines(self.room.rows.doses, "given_at")

    @cached_property
    def marks(self) -> list[Line]:
        return self._lines(sorted(self.room.rows.marks, key=lambda row: (row.seen_at, row.pk)), "seen_at")

    @cached_property
    def events(self) -> list[Line]:
        return self._lines(self.room.rows.events, "began_at")

    @property
    def happened(self) -> list[tuple[str, Any]]:
        """Signatures, doses, marks and events in the order of their times, each with what it is."""
        found = [
            *((row.recorded_at, "signature", (row, accepted)) for row, accepted in self.signatures),
            *((line.row.given_at, "dose", line) for line in self.doses),
            *((line.row.seen_at, "mark", line) for line in self.marks),
            *((line.row.began_at, "event", line) for line in self.events),
        ]
        return [(what, one) for _at, what, one in sorted(found, key=itemgetter(0))]

    @property
    def intention(self) -> str:
        return next((line.row.text for line in reversed(self.marks) if self._is_intention(line)), "")

    @staticmethod
    def _is_intention(line: Line) -> bool:
        return line.row.kind == Mark.Kind.INTENTION and line.by is None

    @property
    def signatures(self) -> list[tuple[DoseSignature, Any]]:
        """Each with the reading that it accepts."""
        readings = {row.pk: row for row in self.room.rows.vitals}
        return [(row, readings.get(row.accepts_id or 0)) for row in self.room.rows.signatures]

    @property
    def quick(self) -> list[tuple[str, Any]]:
        kinds = [(kind.value, kind.label) for kind in QUICK]
        if self.room.rows.given and self.protocol.route == Route.IV:
            kinds.append((Mark.Kind.INFUSION_ENDED.value, Mark.Kind.INFUSION_ENDED.label))
        if self.room.step == Step.MONITORING:
            kinds.append((Mark.Kind.MONITORING_ENDED.value, Mark.Kind.MONITORING_ENDED.label))
        return kinds

    @property
    def witnesses(self) -> list[str]:
        booking = self.room.booking
        people = [self.user.name, *(one.name for one in (booking.therapist, booking.psychiatrist) if one)]
        return list(dict.fromkeys(people))

    @property
    def lots(self) -> list[StockLot]:
        """Of the clinic's stock, those from which today's dose may come."""
        if self.protocol.client_brings_medication:
            return []
        day = clock.local_day(self.room.now, clock.zone(self.record.time_zone))
        here = StockLot.objects.filter(location=self.record.location_id, route=self.protocol.route)
        theirs = here.filter(Q(for_client=None) | Q(for_client=self.record.client_id))
        return [lot for lot in theirs if stock.last_day(lot) >= day]

    @cached_property
    def rems_form(self) -> RemsForm | None:
        if self.protocol.route != Route.SPRAVATO:
            return None
        return RemsForm.objects.filter(record=self.record).first()

    @property
    def takes_it_themselves(self) -> bool:
        return self.protocol.route not in {Route.IV, Route.IM}

    def chart(self, *, is_open: bool = False, id: str = "vitals-chart") -> SafeString:
        """Before a dose, minutes count from the first reading."""
        rows = self.room.rows.readings
        base = self.room.dosed_at or (rows[0].at if rows else None)
        points = [
            Reading((row.at - base) / MINUTE, row.systolic, row.diastolic, row.heart_rate, row.spo2)
            for row in rows
            if base is not None
        ]
        limit = self.protocol.bp_warn_systolic
        words = gettext("warning from %(limit)s") % {"limit": limit}
        return vitals_figure(points, limits=[(limit, words)], id=id, is_open=is_open)

    @property
    def figure(self) -> SafeString:
        return self.chart()

    @property
    def printed_figure(self) -> SafeString:
        return self.chart(id="printed")

    def _lines(self, rows: Sequence[Any], at: str, remarks: Any = lambda row: ()) -> list[Line]:
        by = {row.corrects_id: row for row in rows if row.corrects_id}
        return [
            Line(row, self._minutes(getattr(row, at)), by.get(row.pk), tuple(remarks(row))) for row in rows
        ]

    def _minutes(self, at: datetime) -> int | None:
        dosed_at = self.room.dosed_at
        return None if dosed_at is None else int((at - dosed_at) // MINUTE)


def _texts(blockers: Iterable[Blocker]) -> list[str]:
    return [blocker.text(gettext) for blocker in blockers]
