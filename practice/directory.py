"""Use cases about the set-up of the practice: locations, rooms, clinicians. Plain records, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, on_violation
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Taken
from practice.models import User
from practice.models.base import Revisioned

E = TypeVar("E", bound=Revisioned)


class NameTaken(Taken):
    code = "name_taken"
    message = _("There is a room of this name at the location.")
    pointer = "/name"


class NpiTaken(Taken):
    code = "npi_taken"
    message = _("Another clinician has this NPI.")
    pointer = "/npi"


on_violation("practice_room_name_unique", NameTaken)
on_violation("practice_clinician_npi_unique", NpiTaken)


@door
def add(instance: E, *, actor: User, now: datetime) -> E:
    """Raises ValidationError with every field's reasons."""
    save_new(instance)
    activity.record(f"{instance._meta.model_name}.added", instance, actor=actor, at=now)
    return instance


@door
def change(
    model: type[E], pk: int, values: Mapping[str, Any], *, revision: int | None, actor: User, now: datetime
) -> E:
    instance = lock_for_edit(model._default_manager.all(), pk, revision=revision)
    changed = save_changes(instance, values)
    if changed:
        activity.record(
            f"{instance._meta.model_name}.changed", instance, actor=actor, at=now, data={"fields": changed}
        )
    return instance
