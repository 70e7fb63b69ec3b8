"""python manage.py reseal_notes: put every psychotherapy note under the newest of NOTE_KEYS.

Afterwards the older keys can be taken out. May be stopped and started again at any time.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from practice import present
from treatment_plans.psychotherapy_notes import reseal_some


class Command(BaseCommand):
    help = "Put every psychotherapy note under the newest of NOTE_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        done, after = 0, 0
        while True:
            count, last = reseal_some(after=after, now=present.now())
            if last is None:
                break
            done, after = done + count, last
        if options["verbosity"]:
            self.stdout.write(f"{done} notes are under the newest key.")
