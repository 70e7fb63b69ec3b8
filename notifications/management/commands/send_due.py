from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from notifications import tasks


class Command(BaseCommand):
    help = "Plan, send and resolve messages once, without Celery. Safe to run beside the workers."

    def handle(self, *args: Any, **options: Any) -> None:
        tasks.reconcile_changed()
        tasks.resolve_unknown()
        tasks.deliver_due()
        self.stdout.write(_("Done."))
