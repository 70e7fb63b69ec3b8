from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from notifications import figures
from practice import present


class Command(BaseCommand):
    help = "Prints as JSON how messages get out: what waits, how each ended, and how long it took."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=int, default=24, help="how far to look back")

    def handle(self, *args: Any, hours: int, **options: Any) -> None:
        self.stdout.write(json.dumps(figures.delivery(since=timedelta(hours=hours), now=present.now())))
