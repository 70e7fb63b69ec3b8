"""The Celery application. Tasks are nudges and sweeps; what must happen is always a row in PostgreSQL.

Losing every message here may cost one sweep's interval. Running a task twice must cost nothing: it is
acknowledged after the work, so a worker that dies midway leaves its message to be delivered again.
"""

import logging
import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# A task ends, one way or the other, before the broker thinks that its worker is dead.
TASK_SOFT_SECONDS, TASK_SECONDS, REDELIVER_SECONDS = 55, 65, 90
QUEUES = ("work", "messages")


def broker_url(redis_url: str) -> str:
    """Return the address as Celery wants it: it has a scheme of its own for a socket."""
    if redis_url.startswith("unix://"):
        return redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    return redis_url


app = Celery("quietroom")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": REDELIVER_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 30,
        "socket_timeout": 10,
        "socket_connect_timeout": 2,
        "global_keyprefix": "quietroom:",
    },
    # Publishing happens after a commit, in somebody's request: give up soon, a sweep finds the work.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    result_expires=None,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=TASK_SOFT_SECONDS,
    task_time_limit=TASK_SECONDS,
    task_default_queue="work",
    task_routes={"notifications.tasks.*": {"queue": "messages"}},
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=10,
    worker_enable_soft_shutdown_on_idle=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_send_task_events=False,
    enable_utc=True,
    timezone="UTC",
    beat_scheduler="config.beat:HeartbeatScheduler",
    beat_max_loop_interval=5,
)
app.autodiscover_tasks()
# Running as root is a danger where messages may be pickles; ours are JSON only.
warnings.filterwarnings("ignore", category=SecurityWarning)


@setup_logging.connect
def keep_our_logging(**kwargs: Any) -> None:
    """Connected, so that Celery leaves the logging of settings.py alone; three loggers talk too much."""
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


@worker_ready.connect
def show_that_we_live(**kwargs: Any) -> None:
    from config.tasks import heartbeat

    heartbeat.delay()
