"""GET /healthz: this process lives. GET /readyz: does everything that a clinic needs work?

/readyz answers 200 or 503 with its checks as JSON, to anybody, so it says no name, host or version. A
balancer should ask /healthz: a dead worker is no reason to shut the desk out.
They are a middleware, in front of the checks of host and TLS: a balancer asks by address, without TLS.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from config.heartbeats import STALE_SECONDS, heartbeat_ages
from notifications.models import Reminder
from practice import present

OVERDUE_SECONDS = 300


class Health:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in ("/healthz", "/readyz") or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        body: dict[str, Any] = {"ok": True}
        if request.path_info == "/readyz":
            checks = look(now=timezone.now())
            body = {"ok": all(check["ok"] for check in checks.values()), "checks": checks}
        answer = JsonResponse(body, status=200 if body["ok"] else 503)
        answer["Cache-Control"] = "no-store"
        answer._has_been_logged = True  # type: ignore[attr-defined]  # or each 503 would be an error in the log
        return answer


def look(*, now: datetime) -> dict[str, dict[str, Any]]:
    """Return each check with `ok` and, where there is one, an age in seconds."""
    checks: dict[str, dict[str, Any]] = {"database": {"ok": False}, "redis": {"ok": redis_answers()}}
    unknown: dict[str, Any] = {"ok": False, "age_seconds": None}
    checks |= {"migrations": {"ok": False}, "worker": unknown, "beat": unknown, "reminders": unknown}
    try:
        connection.ensure_connection()
        checks["database"] = {"ok": True}
        checks["migrations"] = {"ok": migrations_are_applied()}
        if checks["migrations"]["ok"]:
            for name, age in heartbeat_ages(now=now).items():
                checks[name] = {"ok": age is not None and age < STALE_SECONDS, "age_seconds": rounded(age)}
            age = oldest_due_reminder_age(now=present.now())
            checks["reminders"] = {"ok": age is None or age < OVERDUE_SECONDS, "age_seconds": rounded(age)}
    except DatabaseError:
        checks["database"] = {"ok": False}
    return checks


def redis_answers() -> bool:
    key = "health"
    try:
        cache.set(key, time.time(), timeout=60)
        return cache.get(key) is not None
    except Exception:
        return False


_applied = False


def migrations_are_applied() -> bool:
    """Once applied they stay applied for as long as this process runs its code, so a yes is kept."""
    global _applied
    if not _applied:
        executor = MigrationExecutor(connection)
        _applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _applied


def oldest_due_reminder_age(*, now: datetime) -> float | None:
    """Return for how many seconds the oldest unsent reminder has waited for its attempt, None when none does.

    What a cap or quiet hours put off waits for nobody until then.
    """
    attempt_at = (
        Reminder.objects.filter(state=Reminder.State.PLANNED, next_attempt_at__lte=now)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    return None if attempt_at is None else (now - attempt_at).total_seconds()


def rounded(age: float | None) -> float | None:
    return None if age is None else max(0.0, round(age, 1))
