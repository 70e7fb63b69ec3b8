from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.heartbeats import PROCESSES, STALE_SECONDS, heartbeat_ages


class Command(BaseCommand):
    help = "Says how long ago a process showed that it works; fails when that was too long ago."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", choices=PROCESSES)

    def handle(self, *args: Any, **options: Any) -> None:
        age = heartbeat_ages(now=timezone.now())[options["process"]]
        if age is None or age >= STALE_SECONDS:
            raise CommandError("never" if age is None else f"{age:.0f} s ago")
        self.stdout.write(f"{age:.0f} s ago")
