from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError
from django.utils.translation import gettext as _

from practice import present
from practice.models import Activity
from web.demo import build, description
from web.demo.clinic import is_empty
from web.demo.progress import Progress

USAGE, FAILURE, STOPPED = 2, 3, 130


class Command(BaseCommand):
    help = "Fills an empty database with an invented practice, alive today. A second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--size",
            choices=build.SIZES,
            default="small",
            help="; ".join(f"{name}: {size.clients:,} clients" for name, size in build.SIZES.items()),
        )
        parser.add_argument("--seed", type=int, default=7, help="the same seed invents the same people")
        parser.add_argument("--describe", action="store_true", help="only say what is there")
        parser.add_argument("--json", action="store_true", help="print one object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                _("Invented people are for a demo only: set QUIETROOM_DEMO=1."), returncode=USAGE
            )
        try:
            built = build.find_demo()
        except ProgrammingError as exc:
            raise CommandError(
                _("The database has no tables yet. Run: manage.py migrate"), returncode=FAILURE
            ) from exc
        if built and not options["describe"] and not options["json"]:
            self.stdout.write(_("  The demo is there already; nothing was changed.") + "\n")
        if built or options["describe"]:
            self.say("present" if built else "absent", built, as_json=options["json"])
            return
        if not is_empty():
            raise CommandError(
                _(
                    "There are people in this database that are not the demo's; nothing was changed.\n"
                    "Give the demo a database of its own, with another QUIETROOM_DATA or DATABASE_URL."
                ),
                returncode=FAILURE,
            )
        self.build(options["size"], options["seed"], as_json=options["json"])
        self.say("built", build.find_demo(), as_json=options["json"])

    def build(self, size: str, seed: int, *, as_json: bool) -> None:
        progress = Progress(self.stderr if as_json else self.stdout, quiet=as_json)
        try:
            build.build(size, seed=seed, now=present.now(), progress=progress)
        except KeyboardInterrupt:
            raise CommandError(_("Stopped. The database is as it was."), returncode=STOPPED) from None
        finally:
            progress.finish()

    def say(self, status: str, built: Activity | None, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(description.as_json(status, built), ensure_ascii=False))
        elif built is None:
            self.stdout.write(_("  There is no demo in this database."))
        else:
            self.stdout.write(description.as_words(built, now=present.now()))
