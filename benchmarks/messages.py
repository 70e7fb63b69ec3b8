"""A million planned messages: how long it takes to find those that are due, and how many go out a second."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from benchmarks import dataset
from benchmarks.client import Answers
from benchmarks.filling import at_once, fill
from benchmarks.http_cases import judge
from benchmarks.load import Line, line_of
from benchmarks.stand import BASE
from notifications import deliver, reconcile
from notifications.models import ClientLink, Message, Reminder, ReminderEvent, SendingPolicy
from practice import clock, present
from practice.models import ChannelConsent
from scheduling.models import Booking

SENDERS = 2  # as many as there are workers on two cores
TO_SEND = 2000
SLOW_MS = 100  # about what Twilio takes
LOOKS = 200
DUE_INDEX = "notifications_due"


def lines(*, planned: int) -> Iterator[Line]:
    keys = dataset.biggest_keys()
    try:
        plan_far_ahead(planned)
        yield looks()
        yield sends("email", "a local mail server")
        make_due(TO_SEND, channel="sms", now=present.now() + shifted())
        yield sends("sms", "a local server of Twilio's API")
        make_due(TO_SEND, channel="sms", now=present.now() + shifted())
        yield sends("sms", f"one that takes {SLOW_MS} ms for each", slow_ms=SLOW_MS)
    finally:
        put_back(keys)


def plan_far_ahead(count: int) -> None:
    """Two for each booking that is over, due in the weeks to come, until there are enough."""
    at_once("SET session_replication_role = replica")
    at_once("SET statement_timeout = 0")
    kinds = Reminder.Kind.values
    per_booking = 2 * len(kinds)
    fill(
        Reminder,
        {
            "booking": "b.id",
            "booking_version": "b.version",
            "client": "b.client_id",
            "kind": f"(ARRAY{list(kinds)})[1 + k / 2]",
            "channel": "(ARRAY['sms', 'email'])[1 + mod(k, 2)]",
            "due_at": "now() + interval '2 days' + b.id * interval '30 seconds'",
            "next_attempt_at": "now() + interval '2 days' + b.id * interval '30 seconds'",
            "expires_at": "now() + interval '900 days'",
            "created_at": "now()",
        },
        f"FROM (SELECT * FROM {Booking._meta.db_table} WHERE status = 'completed' ORDER BY id "
        f"LIMIT {-(-count // per_booking)}) b CROSS JOIN generate_series(0, {per_booking - 1}) k",
    )
    at_once("RESET session_replication_role")
    at_once(f"ANALYZE {Reminder._meta.db_table}")


def shifted() -> timedelta:
    """To the next noon on the clinic's clock: at night nothing is sent."""
    now, tz = present.now(), clock.zone(dataset.ZONE)
    for days in (0, 1):
        noon = clock.day_span(clock.local_day(now, tz) + timedelta(days=days), tz)[0] + timedelta(hours=12)
        if noon > now:
            return noon - now
    raise AssertionError("no noon")


def make_due(count: int, *, channel: str = "email", now: datetime) -> int:
    """Bookings made ten minutes ago, whose first message is due, on one channel: a sink takes no other."""
    ChannelConsent.objects.exclude(channel=channel).update(granted_at=None)
    ChannelConsent.objects.filter(channel=channel).update(granted_at=now, withdrawn_at=None)
    at = now - timedelta(minutes=10)
    ahead = Booking.objects.filter(status="booked", starts_at__gt=now + timedelta(days=4)).order_by("pk")
    ids = list(ahead.values_list("pk", flat=True)[:count])
    forget(ids)
    Booking.objects.filter(pk__in=ids).update(booked_at=at, created_at=at, touched_at=at)
    for first in range(0, len(ids), 500):
        reconcile.reconcile_these(ids[first : first + 500], now=at)
    due = Reminder.objects.filter(state="planned", next_attempt_at__lte=now)
    return due.count()


def forget(booking_ids: list[int]) -> None:
    """What was planned for these, and sent."""
    ours = f"(SELECT id FROM {Reminder._meta.db_table} WHERE booking_id = ANY(%s))"
    links = ClientLink._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in (Message, ReminderEvent):
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE reminder_id IN {ours}", [booking_ids])
        for table in (Reminder._meta.db_table, links):
            cursor.execute(f"DELETE FROM {table} WHERE booking_id = ANY(%s)", [booking_ids])


def looks() -> Line:
    """The statement with which a worker looks for what is due, taken from the worker itself."""
    asked: list[tuple[str, Any]] = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        if "SKIP LOCKED" in sql and Reminder._meta.db_table in sql:
            asked.append((sql, params))
        return execute(sql, params, *rest)

    now = present.now() + shifted()
    make_due(TO_SEND, now=now)
    at_once(f"VACUUM ANALYZE {Reminder._meta.db_table}")
    with connection.execute_wrapper(listen):
        deliver.claim(now=present.now() - timedelta(days=900), limit=deliver.BATCH)  # nothing was due then
    sql, params = asked[0]
    params = tuple(now if isinstance(each, datetime) else each for each in params)
    answers, began = Answers(), time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for _ in range(LOOKS):
            start = time.perf_counter()
            cursor.execute(sql, params)
            rows = len(cursor.fetchall())
            answers.times.append(time.perf_counter() - start)
        cursor.execute(f"EXPLAIN {sql}", params)
        explained = "\n".join(row[0] for row in cursor.fetchall())
        transaction.set_rollback(True)
    answers.wall = time.perf_counter() - began
    stored = Reminder.objects.filter(state="planned").count()
    line = line_of("due", f"what is due, of {stored:,} planned messages", answers, clients=1)
    uses_index = DUE_INDEX in explained
    line.notes = {"rows": rows, "uses_the_partial_index": uses_index}
    judge(line, [("p50 ≤ 5 ms", line.p50 <= 5), ("by the partial index", uses_index)])
    return line


def sends(channel: str, to: str, *, slow_ms: int = 0) -> Line:
    """Worker processes send what is due to a provider on this machine, which shares its cores."""
    policy = SendingPolicy.load()
    policy.texts_per_day = policy.texts_per_week = policy.client_per_hour = policy.practice_per_minute = 0
    policy.save()
    shift, before = shifted(), Reminder.objects.filter(state="sent").count()
    due = Reminder.objects.filter(state="planned", next_attempt_at__lte=present.now() + shift).count()
    with sink(channel, slow_ms) as (port, ended):
        senders = [started(port, shift) for _ in range(SENDERS)]
        began, began_at = time.perf_counter(), present.now() + shift
        for each in senders:
            assert each.stdin
            each.stdin.close()
        said = [text.split() for each in senders for text in (each.stdout or []) if text.strip()]
        wall = time.perf_counter() - began
        for each in senders:
            each.wait()
        got, different, by_sink = ended()
    sent = Reminder.objects.filter(state="sent").count() - before
    left = Reminder.objects.filter(state="planned", next_attempt_at__lte=present.now() + shift).count()
    answers = Answers(times=[float(words[0]) for words in said if len(words) == 1], wall=wall)
    case = "sends" if channel == "email" else "sends_texts_slowly" if slow_ms else "sends_texts"
    found = line_of(case, f"messages sent by {SENDERS} workers to {to}", answers, clients=SENDERS)
    found.count, found.a_second = sent, round(sent / wall, 1)
    found.notes = {"due": due, "accepted": got, "batch": deliver.BATCH, "times_are": "of a batch"}
    ended_at = Message.objects.filter(ended_at__gte=began_at).order_by("ended_at")
    waited = [(at - began_at).total_seconds() for at in ended_at.values_list("ended_at", flat=True) if at]
    found.notes["p99_seconds_to_accepted"] = round(waited[len(waited) * 99 // 100], 1) if waited else None
    spent = [tuple(int(word) for word in words[1:]) for words in said if words[0] == "processor"]
    found.notes["processor_ms_each"] = {
        "workers": round(sum(ours for ours, _ in spent) / max(1, sent), 2),
        "database": round(sum(theirs for _, theirs in spent) / max(1, sent), 2),
        "provider": round(by_sink / max(1, sent), 2),
    }
    if got != different or got != sent or left or sent < TO_SEND:
        found.wrong = f"{due} due, {sent} sent, {left} left, {got} accepted, {different} different"
    judge(found, [] if slow_ms else [("≥ 500 a second", found.a_second >= 500)])
    return found


def started(port: int, shift: timedelta) -> subprocess.Popen[str]:
    env = {**os.environ, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(port), "EMAIL_TLS": "none"}
    env |= {"TWILIO_BASE_URL": f"http://127.0.0.1:{port}", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32}
    env |= {"TWILIO_AUTH_TOKEN": "none", "TWILIO_FROM": "+12025550100"}
    line = [sys.executable, "-m", "benchmarks.sender", str(shift.total_seconds())]
    sender = subprocess.Popen(
        line, cwd=BASE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sender.stdout
    sender.stdout.readline()  # ready
    return sender


@contextmanager
def sink(channel: str, slow_ms: int) -> Iterator[tuple[int, Callable[[], tuple[int, int, int]]]]:
    line = [sys.executable, "-m", "benchmarks.sink", channel, str(slow_ms)]
    process = subprocess.Popen(line, cwd=BASE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout

    def ended() -> tuple[int, int, int]:
        process.stdin.close()  # type: ignore[union-attr]
        got, different, milliseconds = process.stdout.readline().split()  # type: ignore[union-attr]
        return int(got), int(different), int(milliseconds)

    try:
        yield int(process.stdout.readline()), ended
    finally:
        process.kill()
        process.wait()


def put_back(keys: dict[str, int]) -> None:
    """The bookings whose message went out keep their new times; their messages are planned anew next time."""
    at_once("SET session_replication_role = replica")
    at_once("SET statement_timeout = 0")
    ours = keys[Reminder._meta.db_table]
    at_once(f"DELETE FROM {Message._meta.db_table} WHERE reminder_id > {ours}")
    dataset.put_back(keys)
    SendingPolicy.objects.filter(pk=1).delete()
