"""Nudges: what they do would be found by the next sweep anyway. No task takes an argument."""

from __future__ import annotations

from celery import shared_task

from practice import present
from treatment_plans import safety


@shared_task
def escalate_unseen_alerts() -> None:
    safety.escalate_unseen(now=present.now())
