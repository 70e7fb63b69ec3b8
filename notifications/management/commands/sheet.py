from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from notifications import sheet


class Command(BaseCommand):
    help = "Writes every message that we ship, with how it reads, to docs/messages.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=Path(settings.BASE_DIR) / "docs" / "messages.md")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override("en"):
            options["to"].write_text(sheet.markdown(), encoding="utf-8")
        self.stdout.write(str(options["to"]))
