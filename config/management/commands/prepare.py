from typing import Any

from django.core.management.base import BaseCommand

from config.run.prepare import prepare


class Command(BaseCommand):
    help = (
        "Migrates, completes the schedule, fills an empty demo database, collects static files. For make run."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
