"""python manage.py load_wording who5 es FILE.json: wording that the clinic has the right to show."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from treatment_plans.measuring.questionnaires import keep
from treatment_plans.rules.instruments import INSTRUMENTS


class Command(BaseCommand):
    help = "Check the wording of a questionnaire against its instrument, and keep it for every process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instrument", choices=sorted(INSTRUMENTS))
        parser.add_argument("language", choices=[code for code, _name in settings.LANGUAGES])
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            words = json.loads(options["file"].read_text(encoding="utf-8"))
        except (OSError, ValueError) as wrong:
            raise CommandError(f"{options['file']} can't be read as JSON.") from wrong
        try:
            path = keep(INSTRUMENTS[options["instrument"]], options["language"], words)
        except ValueError as wrong:
            raise CommandError(str(wrong)) from wrong
        self.stdout.write(f"Kept in {path}. Restart the processes: they read it when they start.")
