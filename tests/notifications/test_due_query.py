"""What the sweep asks for is found by its partial index, however many rows there are."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from notifications import deliver
from notifications.models import Message, Reminder
from notifications.switches import Stopped
from scheduling import booking
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db

MANY = """
    INSERT INTO notifications_reminder (booking_id, booking_version, client_id, kind, channel, due_at,
        expires_at, next_attempt_at, state, skip_reason, attempt_count, last_error_code, created_at,
        settled_how)
    SELECT %(booking)s, n + 10, %(client)s, 'booked', 'sms', moment, moment + interval '1 day', moment,
           CASE WHEN n %% 3 = 0 THEN 'sent' ELSE 'planned' END, '', 0, '', %(now)s, ''
      FROM generate_series(1, %(count)s) n, LATERAL (SELECT %(now)s + n * interval '1 minute' AS moment) due
"""


def explained(sql: str, params: Any) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        value = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(value) if isinstance(value, str) else value)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[tuple[str, str]]:
    inner = [node for child in plan.get("Plans", ()) for node in nodes(child)]
    return [(plan["Node Type"], plan.get("Index Name", "")), *inner]


@pytest.fixture
def many(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    row = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    with connection.cursor() as cursor:
        values = {"booking": row.pk, "client": client.pk, "now": NOW, "count": 20_000}
        cursor.execute(MANY, values)
        cursor.execute("ANALYZE notifications_reminder")
    return row


@pytest.mark.parametrize(
    "stopped",
    [Stopped(), Stopped(channels=frozenset({"email"})), Stopped(kinds=frozenset({"fasting", "moved"}))],
    ids=["nothing", "a channel", "kinds"],
)
def test_the_due_rows_come_from_the_partial_index_without_sorting(many: Booking, stopped: Stopped) -> None:
    due = deliver._due(stopped, now=NOW + timedelta(minutes=5))[: deliver.BATCH]
    found = nodes(explained(*due.query.sql_with_params()))
    assert ("Index Scan", "notifications_due") in found
    assert not [node for node, _index in found if node in ("Seq Scan", "Sort")]


def test_the_ceiling_counts_by_an_index(many: Booking) -> None:
    reminders = Reminder.objects.order_by("pk")[:3000]
    Message.objects.bulk_create(
        Message(
            reminder=reminder,
            token=f"00000000-0000-0000-0000-{number:012}",
            recipient="+1",
            started_at=NOW - timedelta(minutes=number),
            outcome="accepted",
        )
        for number, reminder in enumerate(reminders)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_message")
    counted = Message.objects.filter(started_at__gt=NOW - timedelta(minutes=1))
    found = nodes(explained(*counted.query.sql_with_params()))
    assert "notifications_started" in {index for _node, index in found}
