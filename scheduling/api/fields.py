"""Times as the API takes and gives them: instants with an offset, wall-clock times without one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice import clock
from practice.api.fields import FIRST_YEAR, LAST_YEAR, ChoiceOf
from practice.api.quick import Read

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$", re.ASCII)


@extend_schema_field({"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$"})
class WallTime(serializers.Field[datetime, Any, str, Any]):
    """A date and time on the clinic's clock."""

    default_error_messages = {
        "invalid": _("This is not a date and time, for example 2026-12-01T09:30."),
        "has_offset": _("A time on the clinic's clock has no offset; give an instant as starts_at."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self.fail("invalid")
        if _OFFSET.search(data):
            self.fail("has_offset")
        if not _LOCAL.fullmatch(data):
            self.fail("invalid")
        try:
            local = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not FIRST_YEAR < local.year < LAST_YEAR:
            self.fail("invalid")
        return local

    def to_representation(self, value: datetime) -> str:
        return value.isoformat(timespec="minutes")


@extend_schema_field(OpenApiTypes.DATETIME)
class ClinicTime(serializers.Field[datetime, None, str, Any]):
    """An instant with the offset that the clinic's clock has then.

    `zone` is the way to the zone's name, None for an instant that is in it already.
    """

    def __init__(self, *, zone: str | None = "time_zone", **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)
        self.zone = zone

    def get_attribute(self, instance: Any) -> datetime | None:
        at: datetime | None = super().get_attribute(instance)
        if at is None or self.zone is None:
            return at
        name = instance
        for step in self.zone.split("."):
            name = getattr(name, step)
        return at.astimezone(clock.zone(name))

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()

    def ways(self) -> tuple[Read, Read]:
        at_of = attrgetter(".".join(self.source_attrs))
        if self.zone is None:
            return at_of, datetime.isoformat
        zone_of = attrgetter(self.zone)

        def read(row: Any) -> datetime | None:
            at: datetime | None = at_of(row)
            return None if at is None else at.astimezone(clock.zone(zone_of(row)))

        return read, datetime.isoformat


class WordOf(ChoiceOf):
    """One of some words that no model has, shown under a name of their own."""

    def __init__(
        self, *, component: str, words: Iterable[str], allow_null: bool = False, **kwargs: Any
    ) -> None:
        serializers.ChoiceField.__init__(
            self, choices=list(words), read_only=True, allow_null=allow_null, **kwargs
        )
        self.component = component
