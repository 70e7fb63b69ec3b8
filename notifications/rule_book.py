"""The rules in force: what a practice has written, and for every other kind what we ship."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db import connection

from notifications.models import ReminderRule, SendingPolicy
from notifications.rules import DEFAULT_RULES, Policy, Rule
from practice.models import Activity

# Asked in every transaction that changes a booking, hence one question for both tables.
STORED = (
    "(SELECT jsonb_agg(to_jsonb(r)) FROM notifications_reminderrule r)",
    "(SELECT to_jsonb(p) FROM notifications_sendingpolicy p)",
)
WRITTEN = tuple(model._meta.label_lower for model in (ReminderRule, SendingPolicy))


@dataclass(frozen=True)
class Limits:
    """How many messages at most; 0 means no limit."""

    texts_per_day: int
    texts_per_week: int
    client_per_hour: int
    practice_per_minute: int


@dataclass(frozen=True)
class Book:
    policy: Policy
    limits: Limits
    call_list_local: time


def load() -> Book:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(STORED)}")
        return read(*cursor.fetchone())


def read(rules: Any, policy: Any) -> Book:
    """What the columns of STORED say, which may be part of another question."""
    stored_rules, stored_policy = _read(rules), _read(policy)
    sending = SendingPolicy(**_columns(stored_policy or {}, "id"))
    written = {rule.kind: rule for rule in (_rule(columns) for columns in stored_rules or ())}
    in_force = tuple(written.pop(rule.kind, rule) for rule in DEFAULT_RULES)
    return Book(
        sending.value((*in_force, *written.values())),
        Limits(
            sending.texts_per_day,
            sending.texts_per_week,
            sending.client_per_hour,
            sending.practice_per_minute,
        ),
        sending.call_list_local,
    )


def policy() -> Policy:
    return load().policy


def add_missing() -> list[ReminderRule]:
    """Write down the shipped rules that are not there yet, to be edited; returns them. Changes none."""
    present = set(ReminderRule.objects.values_list("kind", flat=True))
    rows = [ReminderRule.of(rule) for rule in DEFAULT_RULES if rule.kind not in present]
    return ReminderRule.objects.bulk_create(rows, ignore_conflicts=True)


def _rule(columns: Mapping[str, Any]) -> Rule:
    return ReminderRule(**_columns(columns, "id", "revision")).value()


def _columns(columns: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {
        name: time.fromisoformat(value) if value and name.endswith("local") else value
        for name, value in columns.items()
        if name not in without
    }


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def last_change(*, since: datetime) -> int | None:
    """Which change of the rules or the policy came last, None if there was none since."""
    changes = Activity.objects.filter(at__gte=since, subject_type__in=WRITTEN)
    return changes.order_by("-pk").values_list("pk", flat=True).first()
