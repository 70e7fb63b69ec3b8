"""A client's scores as charts with their tables, for those who read clinical content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

from treatment_plans.charts import outcomes as outcome_chart
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Point
from treatment_plans.models import Measure, PlannedSession
from treatment_plans.rules.instruments import INSTRUMENTS, Change, Instrument


@dataclass(frozen=True)
class Row:
    at: datetime
    total: int
    band: str
    change: str
    after_dose: int | None


@dataclass(frozen=True)
class Outcome:
    code: str
    name: str
    most: int
    summary: str
    chart: outcome_chart.Chart
    rows: Sequence[Row]


def outcomes_of(client_id: int) -> list[Outcome]:
    """In the order of the instruments, those with a score. Two queries."""
    rows = Measure.objects.filter(client=client_id, corrections=None).order_by("answered_at", "pk")
    series = measures.series(rows)
    doses = [
        (at, number)
        for at, number in PlannedSession.objects.filter(
            plan__client=client_id, dose_number__isnull=False, completed_at__isnull=False
        )
        .order_by("completed_at")
        .values_list("completed_at", "dose_number")
        if at is not None and number is not None
    ]
    return [
        _outcome(instrument, series[code], doses)
        for code, instrument in INSTRUMENTS.items()
        if code in series
    ]


def _outcome(
    instrument: Instrument, points: Sequence[Point], doses: Sequence[tuple[datetime, int]]
) -> Outcome:
    most = instrument.most or 0
    scores = [outcome_chart.Score(point.measure.answered_at, point.measure.total or 0) for point in points]
    bands = [(band.from_score, gettext(band.label)) for band in instrument.bands]
    shown = [(at, number) for at, number in doses if at >= scores[0].at or number == 1]
    return Outcome(
        instrument.code,
        instrument.name,
        most,
        _summary(points),
        outcome_chart.draw(scores, shown, most=most, bands=bands),
        [_row(instrument, point, doses) for point in reversed(points)],
    )


def _row(instrument: Instrument, point: Point, doses: Sequence[tuple[datetime, int]]) -> Row:
    measure = point.measure
    given = [number for at, number in doses if at <= measure.answered_at]
    labels = {band.code: gettext(band.label) for band in instrument.bands}
    return Row(
        measure.answered_at,
        measure.total or 0,
        labels.get(measure.band, ""),
        change_words(point.change) if point.change else "",
        given[-1] if given else None,
    )


def _summary(points: Sequence[Point]) -> str:
    first, last = points[0].measure, points[-1]
    if last.change is None:
        return gettext("%(total)s, asked once.") % {"total": first.total}
    return gettext("From %(first)s to %(last)s: %(change)s.") % {
        "first": first.total,
        "last": last.measure.total,
        "change": change_words(last.change),
    }


def change_words(change: Change) -> str:
    """How much better or worse, and what that is called."""
    points = abs(change.points)
    params = {"points": points}
    if change.points > 0:
        words = ngettext("%(points)s point better", "%(points)s points better", points) % params
    elif change.points < 0:
        words = ngettext("%(points)s point worse", "%(points)s points worse", points) % params
    else:
        words = gettext("no change")
    if change.is_remission:
        return gettext("%(words)s, remission") % {"words": words}
    if change.is_response:
        return gettext("%(words)s, response") % {"words": words}
    return words
