"""Outcome measures of a client: recording what was answered, correcting it, and what became of the scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, on_violation, step
from practice.editing import save_new
from practice.errors import DomainError, Invalid, OutOfScope, Taken
from practice.models import Client, User
from treatment_plans import safety
from treatment_plans.models import Measure, PlannedSession, SafetyAlert
from treatment_plans.rules import instruments
from treatment_plans.rules.cadence import Answer
from treatment_plans.rules.instruments import INSTRUMENTS, Change, Score


class NotAnswers(DomainError):
    status = 400
    code = "not_answers"
    message = _("These are no answers to this questionnaire.")
    pointer = "/answers"


class CorrectedBefore(Taken):
    code = "corrected_before"
    message = _("This measure was corrected before: correct the correction.")


on_violation("treatment_plans_measure_corrected_once", CorrectedBefore)


@dataclass(frozen=True)
class Answered:
    """What somebody answered. `answers` go by item, "1" to the last; `answered_at` is aware, None for now."""

    instrument: str
    answers: Mapping[str, int]
    source: str
    planned_session: PlannedSession | None = None
    answered_at: datetime | None = None


@door
def record(client: Client, answered: Answered, *, actor: User | None, now: datetime) -> Measure:
    """Score and keep the answers; an answer that sounds unsafe raises a safety alert in the same transaction.

    Raises NotAnswers with every reason, Invalid for a time ahead of now or a session of somebody else.
    """
    measure = keep(client, answered, actor=actor, now=now)
    activity.record("measure.recorded", measure, actor=actor, at=now, client=client)
    return measure


@door
def correct(
    measure_id: int, answers: Mapping[str, int], *, reason: str, actor: User, now: datetime
) -> Measure:
    """Put a corrected row beside the first, which stays. An alert that the first raised stays open.

    Raises CorrectedBefore when another correction stands there, NotAnswers as `record` does.
    """
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    first = (
        Measure.objects.select_for_update(no_key=True, of=("self",))
        .select_related("client", "planned_session")
        .filter(pk=measure_id)
        .first()
    )
    if first is None:
        raise OutOfScope
    answered = Answered(first.instrument, answers, first.source, first.planned_session, first.answered_at)
    measure = keep(first.client, answered, actor=actor, now=now, corrects=first, reason=reason.strip())
    activity.record("measure.corrected", measure, actor=actor, at=now, client=first.client_id)
    return measure


def answers_of(client_ids: Iterable[int], *, since: datetime) -> Mapping[int, Mapping[str, list[Answer]]]:
    """By client and instrument what was answered from `since` on, corrected ones left out. One query."""
    found: dict[int, dict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    rows = Measure.objects.filter(client__in=client_ids, corrections=None, answered_at__gte=since)
    names = ("client", "instrument", "answered_at", "planned_session")
    for client_id, instrument, at, session_id in rows.values_list(*names):
        found[client_id][instrument].append(Answer(at, session_id))
    return found


@dataclass(frozen=True)
class Point:
    """One score of a series, and the change since the first; `change` is None at the first itself."""

    measure: Measure
    change: Change | None


def series(measures: Iterable[Measure]) -> dict[str, list[Point]]:
    """Scores that nothing has corrected, by instrument, each compared with the first of its instrument.

    `measures` come in the order of their answers.
    """
    found: dict[str, list[Point]] = {}
    for measure in measures:
        if measure.total is None:
            continue
        points = found.setdefault(measure.instrument, [])
        first = points[0].measure.total if points else None
        compared = (
            None
            if first is None
            else instruments.change(INSTRUMENTS[measure.instrument], first, measure.total)
        )
        points.append(Point(measure, compared))
    return found


@step
def keep(
    client: Client,
    answered: Answered,
    *,
    actor: User | None,
    now: datetime,
    corrects: Measure | None = None,
    reason: str = "",
    alert: SafetyAlert | None = None,
    heard: str = "",
) -> Measure:
    """Score and save.

    `alert` is the last one that these answers raised while they were given, if they did, and `heard` the
    worst severity of which an alert told then; what they say beyond that raises another.
    """
    instrument = INSTRUMENTS[answered.instrument]
    blockers = instruments.answer_blockers(instrument, answered.answers)
    if blockers:
        raise NotAnswers(blockers=blockers)
    answered_at = answered.answered_at or now
    if answered_at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/answered_at")
    session = answered.planned_session
    if session is not None and session.plan.client_id != client.pk:
        raise OutOfScope(pointer="/planned_session")
    scored: Score = instruments.score(instrument, answered.answers)
    measure = save_new(
        Measure(
            client=client,
            planned_session=session,
            instrument=instrument.code,
            instrument_version=instrument.version,
            scorer_version=instruments.SCORER_VERSION,
            answers=dict(answered.answers),
            total=scored.total,
            band=scored.band,
            is_prorated=scored.is_prorated,
            flags=list(scored.flags),
            answered_at=answered_at,
            source=answered.source,
            recorded_by=actor,
            recorded_at=now,
            corrects=corrects,
            correction_reason=reason,
        )
    )
    if scored.alert and not safety.is_as_bad(heard, scored.alert):
        safety.raise_alert(
            client.pk, reason=scored.flags[0], severity=scored.alert, measure=measure, actor=actor, now=now
        )
    elif alert is not None:
        safety.found_in(alert, measure)
    return measure
