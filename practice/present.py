"""What time it is: the only place that asks.

A demo may live ahead of the real clock, so that the messages of a course arrive in minutes instead of weeks.
Real practices can't: `config.settings` refuses the file.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The present instant, aware UTC."""
    return timezone.now() + _ahead()


def _ahead() -> timedelta:
    """What QUIETROOM_CLOCK_FILE says now, in whole seconds; it may change while we run."""
    if settings.CLOCK_FILE is None:
        return timedelta(0)
    try:
        return timedelta(seconds=int(settings.CLOCK_FILE.read_text() or 0))
    except FileNotFoundError:
        return timedelta(0)
