from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from practice import present
from practice.api.authentication import issue_token
from practice.models import User


class Command(BaseCommand):
    help = "Print a new API token that acts as the user with this email."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--days", type=int, default=90)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError(_("There is no active user with this email."))
        if options["days"] < 1:
            raise CommandError(_("A token lasts at least a day."))
        lasts = timedelta(days=options["days"])
        self.stdout.write(issue_token(user, name=options["name"], now=present.now(), lasts=lasts))
