"""Celery beat with the schedule in the database and a heartbeat of its own."""

import logging
import time
from typing import Any

from django.db import DatabaseError, close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler

from config.heartbeats import INTERVAL_SECONDS, record_heartbeat

log = logging.getLogger(__name__)


class HeartbeatScheduler(DatabaseScheduler):
    """Writes the heartbeat "beat" about every ten seconds, from the loop that starts the tasks."""

    _next_heartbeat = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        pause: float = super().tick(*args, **kwargs)
        if time.monotonic() >= self._next_heartbeat:
            self._next_heartbeat = time.monotonic() + INTERVAL_SECONDS
            self.show_that_we_live()
        return pause

    def show_that_we_live(self) -> None:
        close_old_connections()
        try:
            record_heartbeat("beat")
        except DatabaseError:
            log.warning("Could not write beat's heartbeat; the database does not answer.")
