from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.translation import gettext as _

from notifications import rule_book, staff


class Command(BaseCommand):
    help = "Writes down the rules for messages that are missing, to be edited. Changes none."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(durable=True):
            reminders, notices = rule_book.add_missing(), staff.add_missing()
        self.stdout.write(
            _("Added %(reminders)s rules for reminders and %(notices)s for staff.")
            % {"reminders": len(reminders), "notices": len(notices)}
        )
