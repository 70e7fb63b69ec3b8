from celery import shared_task

from config.heartbeats import record_heartbeat


@shared_task
def heartbeat() -> None:
    """Beat asks for it every few seconds, so it shows that beat, broker, worker and database all work."""
    record_heartbeat("worker")
