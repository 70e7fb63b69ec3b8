"""Which rows stand behind the reasons against a start: the rule to look at, or to change.

What is taken is named by its own id, never by whose it is. Reasons that stand for clinical ones have no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from practice import clock
from practice.blockers import Blocker
from practice.models import (
    Closure,
    Consent,
    ExtraHours,
    Holiday,
    Licence,
    TimeOff,
    WorkingHours,
)
from scheduling import availability
from scheduling.booking import Request
from scheduling.engine.types import Span
from scheduling.models import Booking, BusyTime, Occupancy
from treatment_plans.models import Clearance, PlannedSession, Prescription, RemsEnrollment, SafetyAlert

MOST = 20  # of one reason

KINDS = (
    "appointment_type", "booking", "busy_time", "clearance", "client", "clinician", "closure", "consent",
    "extra_hours", "holiday", "licence", "location", "occupancy", "planned_session", "prescription",
    "protocol", "rems_enrollment", "room", "safety_alert", "time_off", "treatment_plan", "working_hours",
)  # fmt: skip

OF_THE_TYPE = frozenset(
    {"off_grid", "too_soon", "too_far", "kind_mismatch", "no_candidate", "prescriber_not_on_site"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    kind: str
    id: int


def behind(
    blockers: Sequence[Blocker], request: Request, starts_at: datetime, *, now: datetime
) -> tuple[tuple[Rule, ...], ...]:
    """The rules behind each blocker, in their order; at most MOST each, none where nothing is on record.

    A dozen queries at the most, whatever the number of reasons: one for each kind of row that is asked for.
    """
    finder = _Finder(blockers, request, starts_at, now)
    return tuple(tuple(finder.rules(blocker))[:MOST] for blocker in blockers)


class _Finder:
    def __init__(
        self, blockers: Sequence[Blocker], request: Request, starts_at: datetime, now: datetime
    ) -> None:
        named = {(one.params["resource_kind"], one.params["resource_id"]) for one in blockers
                 if "resource_id" in one.params}  # fmt: skip
        self.people = {int(pk) for kind, pk in named if kind == "clinician"}
        self.rooms = {int(pk) for kind, pk in named if kind == "room"}
        self.request, self.starts_at, self.now = request, starts_at, now
        self.kind = request.appointment_type
        self.tz = clock.zone(request.location.time_zone)
        self.day = clock.local_day(starts_at, self.tz)
        self.phases = list(self.kind.phases.all())
        self._rows: dict[str, list[Any]] = {}

    def rules(self, blocker: Blocker) -> Iterable[Rule]:
        code, params = blocker.code, blocker.params
        if "resource_id" in params:
            return self._of_resource(code, params)
        if code in {
            "off_grid",
            "too_soon",
            "too_far",
            "kind_mismatch",
            "no_candidate",
            "prescriber_not_on_site",
        }:
            return [Rule("appointment_type", self.kind.pk)]
        if code == "client_busy":
            whole = Span(self.starts_at, self.starts_at + timedelta(minutes=self.kind.duration_minutes))
            return [
                Rule("occupancy", row.pk)
                for row in self._occupied()
                if row.client_id and _meets(row, [whole])
            ]
        if code == "location_inactive":
            return [Rule("location", self.request.location.pk)]
        if code == "client_inactive":
            return [Rule("client", self.request.client.pk)]
        if code.startswith(("consent_", "clearance_", "prescription_", "rems_", "safety_")):
            return self._of_the_record(code, params)
        return self._of_the_plan(code)

    def _of_resource(self, code: str, params: Mapping[str, str | int]) -> Iterable[Rule]:
        kind, pk, unit = str(params["resource_kind"]), int(params["resource_id"]), params["resource_unit"]
        spans = self._taken(str(params["need"]))
        if code == "busy":
            wanted = (pk, None, None) if kind == "clinician" else (None, pk, unit)
            same = [
                row
                for row in self._occupied()
                if (row.clinician_id, row.room_id, row.room_place) == wanted and not row.client_id
            ]
            return [Rule("occupancy", row.pk) for row in same if _meets(row, spans)]
        if code == "away":
            return self._absences(pk if kind == "clinician" else None, spans)
        if code == "outside_hours":
            return self._hours(pk)
        if code == "not_licensed":
            return self._licences([pk])
        return [Rule(kind, pk)]

    def _absences(self, clinician_id: int | None, spans: Sequence[Span]) -> Iterable[Rule]:
        reach = _hull(spans)
        during = Q(starts_at__lt=reach.end, ends_at__gt=reach.start)
        here = self.request.location
        if clinician_id is not None:
            of_all = TimeOff.objects.filter(during, clinician__in=self.people)
            for row in self._once("time_off", of_all):
                if row.clinician_id == clinician_id and _between(row, spans):
                    yield Rule("time_off", row.pk)
            elsewhere = BusyTime.objects.filter(
                calendar__clinician__in=self.people, span__overlap=(reach.start, reach.end)
            ).select_related("calendar")
            for row in self._once("busy_time", elsewhere):
                if row.calendar.clinician_id == clinician_id and any(_cross(row.span, one) for one in spans):
                    yield Rule("busy_time", row.pk)
        for row in self._once("closure", Closure.objects.filter(during, location=here)):
            if _between(row, spans):
                yield Rule("closure", row.pk)
        days = {clock.local_day(at, self.tz) for at in (reach.start, reach.end - datetime.resolution)}
        for row in self._once("holiday", Holiday.objects.filter(location=here, on__in=days)):
            yield Rule("holiday", row.pk)

    def _hours(self, clinician_id: int) -> Iterable[Rule]:
        """The hours of that day, which are not enough; or else that there are none."""
        here = self.request.location
        weekly = WorkingHours.objects.filter(
            Q(effective_until_on=None) | Q(effective_until_on__gt=self.day),
            clinician__in=self.people,
            location=here,
            weekday=self.day.weekday(),
            effective_from_on__lte=self.day,
        )
        found = [
            *(Rule("working_hours", row.pk) for row in self._once("working_hours", weekly)
              if row.clinician_id == clinician_id),
            *(Rule("extra_hours", row.pk)
              for row in self._once("extra_hours", ExtraHours.objects.filter(location=here, on=self.day))
              if row.clinician_id == clinician_id),
        ]  # fmt: skip
        return found or [Rule("clinician", clinician_id)]

    def _licences(self, clinician_ids: Sequence[int]) -> Iterable[Rule]:
        state = availability.where_the_client_is(self.kind, self.request.location, self.request.client)
        rows = self._once("licence", Licence.objects.filter(state=state))
        found = [Rule("licence", row.pk) for row in rows if row.clinician_id in clinician_ids]
        return found or [Rule("clinician", pk) for pk in clinician_ids]

    def _of_the_plan(self, code: str) -> Iterable[Rule]:
        planned = self.request.planned_session
        if code in {"therapist_not_licensed", "prescriber_not_licensed"}:
            fixed = (
                self.request.therapist_id if code.startswith("therapist") else self.request.psychiatrist_id
            )
            plan = planned.plan if planned else None
            usual = plan and (plan.therapist_id if code.startswith("therapist") else plan.prescriber_id)
            clinician_id = fixed or usual
            return self._licences([clinician_id]) if clinician_id else []
        if planned is None:
            return []
        if code == "plan_not_active":
            return [Rule("treatment_plan", planned.plan_id)]
        if code in {"protocol_not_approved", "review_due", "review_missing", "route_mismatch"}:
            return [Rule("protocol", planned.plan.protocol_id)]
        if code in {"session_completed", "session_withdrawn"}:
            return [Rule("planned_session", planned.pk)]
        return self._bookings(code, planned)

    def _bookings(self, code: str, planned: PlannedSession) -> Iterable[Rule]:
        """Which other session stands in the way: of the same step, the dose before it, another dose."""
        of_client = Booking.objects.filter(
            Booking.in_force(self.now, or_done=True),
            client=self.request.client,
            planned_session__isnull=False,
        ).select_related("planned_session", "appointment_type")
        moving = self.request.moving
        rows = [row for row in self._once("booking", of_client) if moving is None or row.pk != moving.pk]
        beside = {"already_booked": planned.pk, "before_its_dose": planned.after_session_id}
        if code in beside:
            return [Rule("booking", row.pk) for row in rows if row.planned_session_id == beside[code]]
        if code in {"dose_out_of_order", "too_soon_after_dose", "too_close_to_next_dose"}:
            doses = [row for row in rows if row.is_dosing]
            if code == "too_soon_after_dose":
                doses = [row for row in doses if row.starts_on <= self.day][-1:]
            if code == "too_close_to_next_dose":
                doses = [row for row in doses if row.starts_on >= self.day][:1]
            return [Rule("booking", row.pk) for row in doses]
        return []

    def _of_the_record(self, code: str, params: Mapping[str, str | int]) -> Iterable[Rule]:
        if code.endswith("_not_in_order"):
            return []
        mine: dict[str, Any] = {"client": self.request.client}
        if code.startswith("consent_"):
            rows = self._once("consent", Consent.objects.filter(**mine).select_related("document"))
            return [Rule("consent", row.pk) for row in rows if row.document.kind == params.get("kind")]
        if code.startswith("clearance_"):
            return self._every("clearance", Clearance.objects.filter(**mine))
        if code.startswith("prescription_"):
            return self._every("prescription", Prescription.objects.filter(**mine))
        if code.startswith("rems_"):
            return self._every("rems_enrollment", RemsEnrollment.objects.filter(**mine))
        return self._every("safety_alert", SafetyAlert.objects.filter(**mine, disposed_at=None))

    def _every(self, kind: str, rows: QuerySet[Any]) -> Iterable[Rule]:
        return [Rule(kind, row.pk) for row in self._once(kind, rows)]

    def _occupied(self) -> list[Any]:
        whole = Span(self.starts_at, self.starts_at + timedelta(minutes=self.kind.duration_minutes))
        reach = _hull([*self._taken(None), whole])
        taken = Occupancy.objects.filter(
            Q(client=self.request.client) | Q(clinician__in=self.people) | Q(room__in=self.rooms),
            occupies__overlap=(reach.start, reach.end),
        ).exclude(Booking.hold_is_over(self.now, path="booking__"))
        if self.request.moving:
            taken = taken.exclude(booking=self.request.moving)
        return self._once("occupancy", taken)

    def _taken(self, need: str | None) -> list[Span]:
        """When the session would take what fills `need`, or anything."""
        return [
            Span(
                self.starts_at + timedelta(minutes=phase.from_minutes),
                self.starts_at + timedelta(minutes=phase.until_minutes),
            )
            for phase in self.phases
            if need is None or phase.need == need
        ]

    def _once(self, kind: str, rows: QuerySet[Any]) -> list[Any]:
        if kind not in self._rows:
            self._rows[kind] = list(rows.order_by("pk"))
        return self._rows[kind]


def _hull(spans: Sequence[Span]) -> Span:
    return Span(min(span.start for span in spans), max(span.end for span in spans))


def _meets(row: Occupancy, spans: Sequence[Span]) -> bool:
    return any(_cross(row.occupies, span) for span in spans)


def _cross(taken: Any, span: Span) -> bool:
    return bool(taken.lower < span.end and span.start < taken.upper)


def _between(row: TimeOff | Closure, spans: Sequence[Span]) -> bool:
    return any(row.starts_at < span.end and span.start < row.ends_at for span in spans)
