from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.translation import gettext as _

from scheduling import appointment_types
from treatment_plans.first_rows import interactions as first_interactions
from treatment_plans.first_rows import prescribing_rules as first_prescribing_rules
from treatment_plans.first_rows import protocols as first_protocols
from treatment_plans.first_rows import screening_form as first_screening_form


class Command(BaseCommand):
    help = (
        "Add the first protocols and screening form (not approved), interaction rules, state limits and "
        "appointment types where they are missing. Changes none."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(durable=True):
            protocols = first_protocols.add_missing()
            form = first_screening_form.add_missing()
            interactions = first_interactions.add_missing()
            first_prescribing_rules.add_missing()
            types = appointment_types.add_missing()
        self.stdout.write(
            _(
                "Added %(protocols)s protocols, %(forms)s screening forms, %(interactions)s interaction "
                "rules and %(types)s appointment types."
            )
            % {
                "protocols": len(protocols),
                "forms": int(form is not None),
                "interactions": len(interactions),
                "types": len(types),
            }
        )
