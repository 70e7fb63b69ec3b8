"""What a worker writes about the reminders that it holds: several at once, each only with its own token.

Whoever lost a row meanwhile writes nothing about it, however late they come back.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from notifications.channels import Outgoing, Receipt
from notifications.crash import crash_here
from notifications.links import Draft
from notifications.models import Message, Reminder, ReminderEvent
from notifications.redaction import redacted
from practice.doors import door, step

State = Reminder.State
logger = logging.getLogger(__name__)

# One statement for a batch, whatever its size: a worker spends its time on these.
TAKE = """
    WITH batch AS (
        SELECT * FROM jsonb_to_recordset(%(batch)s)
            AS b(reminder bigint, token uuid, recipient text, subject text, body text)
    ), taken AS (
        UPDATE notifications_reminder r
           SET state = 'sending', lease_token = b.token, lease_until = %(until)s,
               attempt_count = r.attempt_count + 1
          FROM batch b WHERE r.id = b.reminder
    ), noted AS (
        INSERT INTO notifications_message (reminder_id, token, recipient, subject, body, started_at, outcome,
                                           provider, provider_ref, error_code)
        SELECT reminder, token, recipient, subject, body, %(now)s, 'open', '', '', '' FROM batch
    )
    INSERT INTO notifications_reminderevent (reminder_id, at, from_state, to_state, detail)
    SELECT reminder, %(now)s, 'planned', 'sending', '' FROM batch
"""
# The reminders are locked in their order before their messages are touched, as everywhere.
BEGIN = """
    WITH held AS (
        SELECT lease_token FROM notifications_reminder
         WHERE id = ANY(%(reminders)s) AND lease_token = ANY(%(tokens)s) AND state = 'sending'
         ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE notifications_message m SET begun_at = %(now)s FROM held
     WHERE m.token = held.lease_token AND m.outcome = 'open'
    RETURNING m.token
"""
MARK = """
    WITH batch AS (
        SELECT * FROM jsonb_to_recordset(%(batch)s)
            AS b(reminder bigint, token uuid, before text, state text, outcome text, ended_at timestamptz,
                 provider text, provider_ref text, error_code text, next_attempt_at timestamptz,
                 lease_until timestamptz)
    ), marked AS (
        UPDATE notifications_reminder r
           SET state = b.state, last_error_code = b.error_code, lease_until = b.lease_until,
               lease_token = CASE WHEN b.state = 'unknown' THEN b.token END,
               next_attempt_at = COALESCE(b.next_attempt_at, r.next_attempt_at),
               sent_at = CASE WHEN b.state = 'sent' THEN %(now)s END
          FROM batch b WHERE r.id = b.reminder
    ), noted AS (
        UPDATE notifications_message m
           SET outcome = b.outcome, ended_at = b.ended_at, error_code = b.error_code,
               provider = COALESCE(b.provider, m.provider),
               provider_ref = COALESCE(b.provider_ref, m.provider_ref)
          FROM batch b WHERE m.token = b.token AND m.outcome IN ('open', 'unknown')
    )
    INSERT INTO notifications_reminderevent (reminder_id, at, from_state, to_state, detail)
    SELECT reminder, %(now)s, before, state, error_code FROM batch
"""


@dataclass(frozen=True)
class Claimed:
    reminder: Reminder
    outgoing: Outgoing
    lease_until: datetime
    link: Draft | None = None

    @property
    def token(self) -> uuid.UUID:
        return uuid.UUID(self.outgoing.token)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one call of a provider, `at` the time of its answer."""

    claimed: Claimed
    state: str
    outcome: str
    at: datetime
    receipt: Receipt | None = None
    error_code: str = ""
    next_attempt_at: datetime | None = None


@step
def take(batch: Sequence[Claimed], *, now: datetime) -> None:
    """planned → sending, in the claim that holds the rows."""
    if not batch:
        return
    rows = [
        {
            "reminder": one.reminder.pk,
            "token": one.outgoing.token,
            "recipient": one.outgoing.to,
            "subject": one.outgoing.subject,
            "body": redacted(one.outgoing.body),
        }
        for one in batch
    ]
    _execute(TAKE, {"batch": json.dumps(rows), "until": batch[0].lease_until, "now": now})


@door
def begin(batch: Sequence[Claimed], *, now: datetime) -> list[Claimed]:
    """Note that the provider is called now for each of these; return those that are still ours."""
    reminders, tokens = [one.reminder.pk for one in batch], [one.token for one in batch]
    ours = {token for (token,) in _execute(BEGIN, {"reminders": reminders, "tokens": tokens, "now": now})}
    return [one for one in batch if one.token in ours]


def mark(results: Sequence[Result], *, now: datetime) -> None:
    """Write what the provider said. A result that can't be written keeps no other from being so."""
    if not results:
        return
    crash_here("before_mark")
    try:
        _mark(results, now=now)
    except Exception:
        if len(results) > 1:
            for result in results:
                mark([result], now=now)
            return
        pk = results[0].claimed.reminder.pk  # its lease will end, and `resolve` finds out
        logger.exception("reminder %s: what became of it could not be noted", pk)
    crash_here("after_mark")


@door
def _mark(results: Sequence[Result], *, now: datetime) -> None:
    """Only for rows that nobody settled without us.

    A lease that ran out meanwhile made a row unknown: an answer that comes after all is better than a
    question.
    """
    before = dict(
        Reminder.objects.select_for_update(no_key=True)
        .filter(
            pk__in=[result.claimed.reminder.pk for result in results],
            lease_token__in=[result.claimed.token for result in results],
            state__in=(State.SENDING, State.UNKNOWN),
        )
        .order_by("pk")
        .values_list("lease_token", "state")
    )
    ours = [
        result for result in results if (before.get(result.claimed.token), result.state) in Reminder.EDGES
    ]
    if ours:
        rows = [_row(result, before[result.claimed.token]) for result in ours]
        _execute(MARK, {"batch": json.dumps(rows), "now": now})


def _row(result: Result, before: str) -> dict[str, Any]:
    is_unknown = result.state == State.UNKNOWN
    provider, provider_ref = result.receipt or (None, None)  # without one, what is there already stays
    return {
        "reminder": result.claimed.reminder.pk,
        "token": result.claimed.outgoing.token,
        "before": before,
        "state": result.state,
        "outcome": result.outcome,
        "ended_at": result.at.isoformat(),
        "provider": provider,
        "provider_ref": provider_ref,
        "error_code": result.error_code,
        "next_attempt_at": result.next_attempt_at.isoformat() if result.next_attempt_at else None,
        "lease_until": result.claimed.lease_until.isoformat() if is_unknown else None,
    }


def _execute(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@door
def give_back(batch: Sequence[Claimed], *, now: datetime) -> None:
    """The provider was certainly not called for these, and will not be: another round may have them."""
    held = Reminder.objects.select_for_update(no_key=True).filter(
        pk__in=[one.reminder.pk for one in batch],
        lease_token__in=[one.token for one in batch],
        state__in=(State.SENDING, State.UNKNOWN),
    )
    rows = list(held.order_by("pk"))
    Message.objects.filter(token__in=[row.lease_token for row in rows if row.lease_token]).delete()
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.PLANNED, lease_token=None, lease_until=None, attempt_count=F("attempt_count") - 1
    )
    ReminderEvent.objects.bulk_create(
        _event(row, row.state, State.PLANNED, now=now, detail="given_back") for row in rows
    )


def _event(row: Reminder, before: str, after: str, *, now: datetime, detail: str = "") -> ReminderEvent:
    return ReminderEvent(reminder=row, at=now, from_state=before, to_state=after, detail=detail)
