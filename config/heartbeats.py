"""Heartbeats say that a process worked a moment ago, not only that it exists."""

from datetime import datetime

from django.utils import timezone

from practice.models import Heartbeat

INTERVAL_SECONDS = 10
STALE_SECONDS = 45
PROCESSES = ("worker", "beat")


def record_heartbeat(name: str, *, now: datetime | None = None) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now or timezone.now()})


def heartbeat_ages(*, now: datetime) -> dict[str, float | None]:
    """Return seconds since each process last showed itself, None for never."""
    seen = dict(Heartbeat.objects.filter(name__in=PROCESSES).values_list("name", "beat_at"))
    return {name: (now - seen[name]).total_seconds() if name in seen else None for name in PROCESSES}
