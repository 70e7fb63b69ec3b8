from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from notifications import switches
from practice import present


class Command(BaseCommand):
    help = "Stops all messages after a restore, until a person has looked and starts them again."

    def handle(self, *args: Any, **options: Any) -> None:
        switches.stop_after_restore(now=present.now())
        self.stdout.write(
            _(
                "Nothing is sent now. Run check_invariants, look at the list of messages, "
                "then switch sending on again."
            )
        )
