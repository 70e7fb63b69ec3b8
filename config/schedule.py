"""What beat starts, and how often. An admin may change or switch off any of it; we add what is missing."""

from dataclasses import dataclass

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.heartbeats import INTERVAL_SECONDS


@dataclass(frozen=True, slots=True)
class Sweep:
    task: str
    every_seconds: int
    why: str


SWEEPS = (
    Sweep("notifications.tasks.deliver_due", 10, "Sends the reminders that are due."),
    Sweep("notifications.tasks.alert_on_call", 10, "Tells whoever is on call who may not be safe."),
    Sweep("notifications.tasks.watch_sessions", 20, "Tells staff of sessions that nobody attends to."),
    Sweep("notifications.tasks.tell_of_pages", 30, "Tells clients of a sooner time, or of a form to fill."),
    Sweep("notifications.tasks.resolve_unknown", 30, "Finds out what became of messages cut off midway."),
    Sweep("notifications.tasks.reconcile_changed", 60, "Plans reminders again for what changed."),
    Sweep("treatment_plans.tasks.escalate_unseen_alerts", 60, "Tells again of alerts that nobody has seen."),
    Sweep("scheduling.tasks.expire_holds", 60, "Frees held times that nobody confirmed."),
    Sweep("scheduling.tasks.offer_freed_times", 30, "Offers times that became free to the waitlist."),
    Sweep("scheduling.tasks.read_busy_calendars", 300, "Reads when clinicians are busy elsewhere."),
    Sweep("notifications.tasks.reconcile_all", 3600, "Plans reminders again for all sessions to come."),
    Sweep("notifications.tasks.tell_staff", 900, "Tells staff what expires and what did not get through."),
    Sweep("config.tasks.forget_answers", 3600, "Deletes stored answers to requests after a day."),
    Sweep("config.tasks.heartbeat", INTERVAL_SECONDS, "Shows that beat, broker and worker work."),
)


@transaction.atomic
def ensure_schedule() -> list[str]:
    """Add the sweeps that are missing, by name; leave those that exist as they are. Return what was added."""
    known = set(PeriodicTask.objects.values_list("name", flat=True))
    missing = [sweep for sweep in SWEEPS if sweep.task not in known]
    for sweep in missing:
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=sweep.every_seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.create(
            name=sweep.task,
            task=sweep.task,
            interval=interval,
            description=sweep.why,
            # While no worker runs they would only pile up: each does the work of all before it.
            expire_seconds=2 * sweep.every_seconds,
        )
    return [sweep.task for sweep in missing]
