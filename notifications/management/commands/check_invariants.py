from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from notifications import invariants as of_messages
from practice import present
from scheduling import invariants as of_bookings

SHOWN = 10


class Command(BaseCommand):
    help = "Asks the data whether it keeps its own rules, for example after a restore. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 1 when anything was found."""
        now = present.now()
        checks = (*of_bookings.CHECKS, *of_messages.CHECKS)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # a large practice takes longer than a request
            found = {check.name: check.find(now) for check in checks}
        if options["json"]:
            counted = {name: {"count": len(ids), "ids": ids} for name, ids in found.items()}
            self.stdout.write(json.dumps(counted))
        else:
            for check in checks:
                self.say(check, found[check.name])
        if any(found.values()):
            sys.exit(1)

    def say(self, check: of_bookings.Check, ids: list[int]) -> None:
        if not ids:
            self.stdout.write(f"      0  {check.name}")
            return
        shown = ", ".join(str(pk) for pk in ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
        self.stdout.write(self.style.ERROR(f"{len(ids):>7}  {check.name}: {check.says} ({check.of} {shown})"))
