from celery import shared_task

from config.heartbeats import record_heartbeat
from practice import idempotency, present


@shared_task
def forget_answers() -> None:
    """Answers to idempotent requests hold records of clients: none stays longer than it is needed."""
    idempotency.forget_old(present.now())


@shared_task
def heartbeat() -> None:
    """Beat asks for it every few seconds, so it shows that beat, broker, worker and database all work."""
    record_heartbeat("worker")
