"""Steps for records without rules of their own: validate, save what changed, count the revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from practice.doors import error_named_for, step
from practice.errors import OutOfScope, Stale
from practice.models.base import Revisioned

M = TypeVar("M", bound=models.Model)
E = TypeVar("E", bound=Revisioned)


@step
def save_new(instance: M) -> M:
    """Raises ValidationError with every field's reasons, or the error named for a constraint."""
    _check(instance)
    instance.save(force_insert=True)
    return instance


@step
def lock_for_edit(queryset: models.QuerySet[E], pk: int, *, revision: int | None) -> E:
    """The row, locked. Raises Stale unless it still has `revision` (None: any), OutOfScope when missing."""
    found = queryset.order_by().select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
    if found is None:
        raise OutOfScope
    if revision is not None and found.revision != revision:
        raise Stale
    return found


@step
def save_changes(instance: Revisioned, values: Mapping[str, Any]) -> list[str]:
    """Set and save `values`; returns the names of the fields that changed, empty when nothing did."""
    changed = [name for name, value in values.items() if getattr(instance, name) != value]
    for name in changed:
        setattr(instance, name, values[name])
    _check(instance)
    if changed:
        instance.revision += 1
        # clean() may have normalised further fields of the same form
        instance.save(update_fields=[*changed, "revision"])
    return changed


def _check(instance: models.Model) -> None:
    """The same answer whether Python sees a conflict or, a moment later, the database."""
    try:
        instance.full_clean()
    except ValidationError as wrong:
        if set(wrong.message_dict) == {NON_FIELD_ERRORS}:
            for constraint in instance._meta.constraints:
                error = error_named_for(constraint.name)
                if error is not None and _is_violated(constraint, instance):
                    raise error from wrong
        raise


def _is_violated(constraint: models.BaseConstraint, instance: models.Model) -> bool:
    try:
        constraint.validate(type(instance), instance)
    except ValidationError:
        return True
    return False
