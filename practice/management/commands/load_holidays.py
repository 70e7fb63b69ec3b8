from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from practice import present, public_holidays
from practice.errors import DomainError
from practice.models import Location


class Command(BaseCommand):
    help = (
        "Add the public holidays of the coming years to the locations. What was edited or removed stays so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--location", type=int, help="Only the location with this id.")
        parser.add_argument("--years", type=int, default=3)
        parser.add_argument("--confirm", action="store_true", help="Also where sessions are booked.")

    def handle(self, *args: Any, **options: Any) -> None:
        locations = Location.objects.filter(is_active=True)
        if options["location"]:
            locations = locations.filter(pk=options["location"])
        for location in locations:
            try:
                added = public_holidays.load(
                    location.pk,
                    years=options["years"],
                    confirmed=None if options["confirm"] else (),
                    actor=None,
                    now=present.now(),
                )
            except DomainError as refused:
                raise CommandError(
                    f"{location}: {' '.join([refused.text(), *refused.reasons()])}"
                ) from refused
            self.stdout.write(f"{location}: {len(added)}")
            for row in added:
                self.stdout.write(f"  {row}")
