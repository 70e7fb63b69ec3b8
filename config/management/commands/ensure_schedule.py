from typing import Any

from django.core.management.base import BaseCommand

from config.schedule import ensure_schedule


class Command(BaseCommand):
    help = "Adds the periodic tasks that are missing. Leaves those alone that somebody changed in the admin."

    def handle(self, *args: Any, **options: Any) -> None:
        added = ensure_schedule()
        self.stdout.write("\n".join(f"added {name}" for name in added) or "Nothing was missing.")
