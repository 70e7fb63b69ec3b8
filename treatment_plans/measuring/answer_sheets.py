"""Questionnaires that a client answers alone, one question after the other, around a dosing session.

What was answered so far is kept, so that they may stop and come back. An answer that sounds unsafe raises
its alert at once and not only with the last question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, step
from practice.errors import Gone, Invalid, OutOfScope
from treatment_plans import safety
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.measuring.questionnaires import find_questionnaire
from treatment_plans.models import AnswerSheet, Measure, PlannedSession
from treatment_plans.rules.cadence import instruments_around
from treatment_plans.rules.instruments import INSTRUMENTS

Occasion = AnswerSheet.Occasion


class SheetFinished(Gone):
    code = "sheet_finished"
    message = _("These questions were answered before.")


def asked(session: PlannedSession, occasion: str, *, language: str) -> tuple[str, ...]:
    """The instruments that the protocol asks for around this dose, of those with words in `language`."""
    if session.dose_number is None:
        return ()
    around = instruments_around(session.plan.protocol.outcome_measures, occasion)
    return tuple(code for code in around if find_questionnaire(code, language) is not None)


def sheets_of(
    session: PlannedSession, occasion: str, *, language: str
) -> Sequence[tuple[str, AnswerSheet | None]]:
    """Each instrument that is asked for, with its sheet once there is an answer. One query."""
    rows = AnswerSheet.objects.filter(planned_session=session, occasion=occasion)
    by_instrument = {row.instrument: row for row in rows}
    return [(code, by_instrument.get(code)) for code in asked(session, occasion, language=language)]


@door
def answer(
    session: PlannedSession, occasion: str, instrument: str, *, item: str, value: int, now: datetime
) -> AnswerSheet:
    """Keep one answer; a later one takes its place. Raises Invalid, SheetFinished."""
    asked_for = INSTRUMENTS[instrument]
    if item not in asked_for.items or not 0 <= value <= asked_for.highest:
        raise Invalid(_("Choose one of the answers."), code="no_such_answer", pointer=f"/answers/{item}")
    sheet = _hold(session, occasion, instrument, now=now)
    sheet.answers = {**sheet.answers, item: value}
    severity = _hear(sheet, item, value, now=now)
    sheet.heard.pop(item, None)
    if severity:
        sheet.heard[item] = severity
    sheet.save(update_fields=["answers", "heard"])
    return sheet


@door
def overhear(
    session: PlannedSession, occasion: str, instrument: str, *, item: str, value: int, now: datetime
) -> bool:
    """Raise the alert of an answer that is not kept yet. Whether it sounds unsafe. Raises SheetFinished."""
    if not _unsafe(instrument, item, value)[1]:
        return False
    return bool(_hear(_hold(session, occasion, instrument, now=now), item, value, now=now))


@door
def finish(session: PlannedSession, occasion: str, instrument: str, *, now: datetime) -> Measure:
    """Score the sheet, once. Raises NotAnswers when too much is missing, SheetFinished."""
    sheet = _hold(session, occasion, instrument, now=now)
    measure = measures.keep(
        session.plan.client,
        Answered(instrument, sheet.answers, Measure.Source.LINK, session),
        actor=None,
        now=now,
        alert=sheet.alert,
        heard=safety.worst(sheet.heard.values()),
    )
    sheet.measure, sheet.answers, sheet.heard = measure, {}, {}
    sheet.save(update_fields=["measure", "answers", "heard"])
    activity.record("measure.recorded", measure, actor=None, at=now, client=session.plan.client_id)
    return measure


@step
def _hear(sheet: AnswerSheet, item: str, value: int, *, now: datetime) -> str:
    """The severity of the alert, or ''."""
    reason, severity = _unsafe(sheet.instrument, item, value)
    if severity:
        sheet.alert = safety.hear(sheet.alert, sheet.client_id, reason=reason, severity=severity, now=now)
        sheet.save(update_fields=["alert"])
    return severity


@step
def _hold(session: PlannedSession, occasion: str, instrument: str, *, now: datetime) -> AnswerSheet:
    if session.dose_number is None:
        raise OutOfScope
    sheet, _is_new = AnswerSheet.objects.select_for_update(no_key=True).get_or_create(
        planned_session=session,
        occasion=occasion,
        instrument=instrument,
        defaults={"client_id": session.plan.client_id, "started_at": now},
    )
    if sheet.measure_id is not None:
        raise SheetFinished
    return sheet


def _unsafe(instrument: str, item: str, value: int) -> tuple[str, str]:
    """Reason and severity of the alert of one answer; nothing for what others leave out."""
    flags, severity = INSTRUMENTS[instrument].safety_of({item: value})
    is_said = not any(flag.endswith("_missing") for flag in flags)
    return (flags[0], severity) if severity and is_said else ("", "")


def next_item(instrument: str, answers: Mapping[str, int]) -> str | None:
    """The first item without an answer; None when there is nothing more to ask."""
    return next((item for item in INSTRUMENTS[instrument].items if item not in answers), None)
