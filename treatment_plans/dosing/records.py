"""What is written down in a dosing session: check-in, vitals, marks, adverse events.

A door here locks the record, and nothing else. Giving the dose, and the end without one, need the booking:
`scheduling.care.session_room` has those.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, step
from practice.editing import save_new
from practice.errors import DomainError, Invalid, KeyReused, OutOfScope
from practice.models import Client, User
from treatment_plans.dosing import brought
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.rows import (
    Values,
    add,
    check_not_ahead,
    check_open,
    correction,
    lock,
    saved,
    stamp,
)
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import (
    AdverseEvent,
    CheckIn,
    CourseHold,
    DosingRecord,
    Mark,
    Measure,
    Vitals,
)
from treatment_plans.rules import dosing as dosing_rules
from treatment_plans.rules import vitals


class NotVitals(DomainError):
    status = 400
    code = "not_vitals"
    message = _("These can't be vitals of this session.")


@step
def open_record(record: DosingRecord, *, actor: User, now: datetime) -> DosingRecord:
    """Save the new `record`, or return the one that is open for its planned session."""
    found = DosingRecord.objects.filter(
        planned_session=record.planned_session, ended_without_dose_at=None
    ).first()
    if found is not None:
        return found
    record.opened_at, record.opened_by = now, actor
    save_new(record)
    activity.record("dosing_record.opened", record, actor=actor, at=now, client=record.client_id)
    return record


@door
def check_in(record_id: int, key: uuid.UUID, values: Values, *, actor: User, now: datetime) -> CheckIn:
    """What is missing or has changed is explained by the room, never refused. A later one counts instead.

    `cssrs_answers` are those of the screener since last contact: kept as a measure in the same transaction,
    with the safety alert that an unsafe one raises. Counted medicine goes into the client's ledger.
    Locks the client, then the record.
    """
    of_record = DosingRecord.objects.filter(pk=record_id).values("client")
    Client.objects.select_for_update(no_key=True).filter(pk__in=of_record).first()
    record = lock(record_id)
    own = {name: value for name, value in values.items() if name != "cssrs_answers"}
    answers = values.get("cssrs_answers")
    first = saved(CheckIn, record, key, own)
    if first is not None:
        if answers is not None and (first.cssrs is None or first.cssrs.answers != answers):
            raise KeyReused(pointer="/key")
        return first
    check_open(record)
    _check_identifiers(own["identified_by"])
    for name in ("last_food_at", "last_drink_at"):
        check_not_ahead(own.get(name), now, f"/{name}")
    if answers is not None:
        own["cssrs"] = _screened(record, answers, actor=actor, now=now)
    elif own.get("cssrs") is not None:
        _check_cssrs(own["cssrs"], record)
    row = add(CheckIn(record=record, key=key, **own), actor=actor, now=now)
    brought.compare(record, row.medicine_count or 0, key=key, actor=actor, now=now)
    return row


@step
def _screened(record: DosingRecord, answers: Mapping[str, int], *, actor: User, now: datetime) -> Measure:
    answered = Answered(Measure.Instrument.CSSRS, answers, Measure.Source.WITH_STAFF, record.planned_session)
    measure = measures.keep(record.client, answered, actor=actor, now=now)
    activity.record("measure.recorded", measure, actor=actor, at=now, client=record.client_id)
    return measure


@door
def record_vitals(record_id: int, key: uuid.UUID, values: Values, *, actor: User, now: datetime) -> Vitals:
    """What can't be is refused, with all reasons; what is out of range is saved."""
    record = lock(record_id)
    first = saved(Vitals, record, key, values)
    return first or _keep_vitals(Vitals(record=record, key=key, **values), actor=actor, now=now)


@door
def correct_vitals(
    record_id: int,
    vitals_id: int,
    key: uuid.UUID,
    values: Values,
    *,
    reason: str,
    actor: User,
    now: datetime,
) -> Vitals:
    """A new row beside the first, which stays; what is not given is as in the first."""
    record = lock(record_id)
    row, is_new = correction(Vitals, record, vitals_id, key, values, reason)
    return _keep_vitals(row, actor=actor, now=now) if is_new else row


@door
def mark(record_id: int, key: uuid.UUID, values: Values, *, actor: User, now: datetime) -> Mark:
    record = lock(record_id)
    first = saved(Mark, record, key, values)
    return first or _keep_mark(Mark(record=record, key=key, **values), actor=actor, now=now)


@door
def correct_mark(
    record_id: int, mark_id: int, key: uuid.UUID, values: Values, *, reason: str, actor: User, now: datetime
) -> Mark:
    record = lock(record_id)
    row, is_new = correction(Mark, record, mark_id, key, values, reason)
    return _keep_mark(row, actor=actor, now=now) if is_new else row


@door
def record_event(
    record_id: int, key: uuid.UUID, values: Values, *, actor: User, now: datetime
) -> AdverseEvent:
    """Also after the session. One that the protocol says so of holds the rest of the course."""
    record = lock(record_id)
    first = saved(AdverseEvent, record, key, values)
    return first or _keep_event(AdverseEvent(record=record, key=key, **values), actor=actor, now=now)


@door
def correct_event(
    record_id: int, event_id: int, key: uuid.UUID, values: Values, *, reason: str, actor: User, now: datetime
) -> AdverseEvent:
    """A hold that the first raised stays: a prescriber releases it."""
    record = lock(record_id)
    row, is_new = correction(AdverseEvent, record, event_id, key, values, reason)
    return _keep_event(row, actor=actor, now=now) if is_new else row


@step
def _keep_vitals(row: Vitals, *, actor: User, now: datetime) -> Vitals:
    stamp(row, "taken_at", now=now)
    first = CheckIn.objects.filter(record=row.record).order_by("pk").first()
    impossible = vitals.impossible(dosing_facts.reading(row), not_before=first.recorded_at if first else None)
    if impossible:
        raise NotVitals(blockers=impossible)
    if row.corrects_id is None:
        check_open(row.record, at=row.taken_at)
    return add(row, actor=actor, now=now, is_judged=True)


@step
def _keep_mark(row: Mark, *, actor: User, now: datetime) -> Mark:
    stamp(row, "seen_at", now=now)
    if (row.kind == Mark.Kind.PHASE) != bool(row.phase):
        raise Invalid(_("Say which phase begins, and of no other mark."), code="phase", pointer="/phase")
    if row.kind in Mark.SAID_IN_WORDS and not row.text.strip():
        raise Invalid(_("This mark needs words."), code="required", pointer="/text")
    if row.corrects_id is None:
        check_open(row.record, at=row.seen_at)
    return add(row, actor=actor, now=now, is_judged=True)


@step
def _keep_event(row: AdverseEvent, *, actor: User, now: datetime) -> AdverseEvent:
    stamp(row, "began_at", now=now)
    check_not_ahead(row.ended_at, now, "/ended_at")
    if row.ended_at is not None and row.ended_at < row.began_at:
        raise Invalid(_("It can't end before it begins."), code="order", pointer="/ended_at")
    event = add(row, actor=actor, now=now)
    record = row.record
    if dosing_rules.holds_course(
        severity=row.severity, is_serious=row.is_serious, holds_from=record.protocol.holds_course_from
    ):
        hold = CourseHold.objects.create(plan=record.planned_session.plan, event=event, raised_at=now)
        activity.record("course_hold.raised", hold, actor=actor, at=now, client=record.client_id)
    return event


def _check_identifiers(identified_by: list[str]) -> None:
    if len(set(identified_by)) < 2:
        raise Invalid(
            _("Two different things say who somebody is."), code="two_identifiers", pointer="/identified_by"
        )


def _check_cssrs(measure: Measure, record: DosingRecord) -> None:
    if measure.client_id != record.client_id:
        raise OutOfScope(pointer="/cssrs")
    if measure.instrument != Measure.Instrument.CSSRS:
        raise Invalid(_("This is not a C-SSRS screener."), code="not_cssrs", pointer="/cssrs")
