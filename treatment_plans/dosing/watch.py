"""Sessions in which vitals are overdue: what the protocol wanted was not recorded within its grace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.facts import Rows
from treatment_plans.models import DischargeCheck, Dose, DosingRecord, Vitals
from treatment_plans.rules import vitals
from treatment_plans.rules.vitals import Point

LONGEST = timedelta(hours=24)  # a record that was left open is no longer watched


@dataclass(frozen=True)
class Overdue:
    """`point` is the first that nobody measured since the last reading."""

    record: DosingRecord
    point: Point


def overdue(*, now: datetime, records: Iterable[int] | None = None) -> list[Overdue]:
    """Of all sessions that go on after a dose, or of some `records`; three queries for any number of them."""
    going_on = DosingRecord.objects.filter(
        Exists(Dose.objects.filter(record=OuterRef("pk"))),
        ~Exists(DischargeCheck.objects.filter(record=OuterRef("pk"))),
        ended_without_dose_at=None,
        opened_at__gt=now - LONGEST,
    ).select_related("protocol", "client", "therapist", "psychiatrist")
    if records is not None:
        going_on = going_on.filter(pk__in=records)
    found = list(going_on.order_by("pk"))
    if not found:
        return []
    doses, readings = _by_record(Dose, found), _by_record(Vitals, found)
    judged = (
        (record, vitals.unattended(dosing_facts.points(_rows(record, doses, readings), now=now)))
        for record in found
    )
    return [Overdue(record, point) for record, point in judged if point is not None]


def _by_record(model: Any, records: Iterable[DosingRecord]) -> dict[int, list[Any]]:
    rows = defaultdict[int, list[Any]](list)
    for row in model.objects.filter(record__in=records).order_by("pk"):
        rows[row.record_id].append(row)
    return rows


def _rows(record: DosingRecord, doses: dict[int, list[Dose]], readings: dict[int, list[Vitals]]) -> Rows:
    return Rows(record, (), readings[record.pk], (), doses[record.pk], (), (), None)
