"""Several values in one query parameter, separated by commas, in the order of the caller's preference."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice.api.fields import LARGEST_ID

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST = 20

_DAYS = "|".join(WEEKDAYS)
_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_TIMES = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class _Listed(serializers.Field[Any, Any, str, Any]):
    default_error_messages = {
        "wrong": _("“%(part)s” does not fit here."),
        "too_many": _("Give at most %(most)s."),
        "twice": _("“%(part)s” is given twice."),
    }

    def __init__(self, *, most: int = MOST, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.most = most

    def to_internal_value(self, data: Any) -> tuple[Any, ...]:
        parts = str(data).split(",")
        if len(parts) > self.most:
            self._refuse("too_many", most=self.most)
        for number, part in enumerate(parts):
            if part in parts[:number]:
                self._refuse("twice", part=part[:20])
        return tuple(self.read(part) for part in parts)

    def read(self, part: str) -> Any:
        raise NotImplementedError

    def _refuse(self, key: str, **params: Any) -> None:
        raise serializers.ValidationError(self.error_messages[key] % params, code="invalid")


@extend_schema_field({"type": "string", "pattern": rf"^({_DAYS})(,({_DAYS}))*$"})
class WeekdaysField(_Listed):
    """As numbers from Monday = 0."""

    def read(self, part: str) -> Any:
        if part not in WEEKDAYS:
            self._refuse("wrong", part=part[:20])
        return WEEKDAYS.index(part)


@extend_schema_field({"type": "string", "pattern": r"^[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*$"})
class IdsField(_Listed):
    def read(self, part: str) -> Any:
        if not _ID.fullmatch(part) or int(part) > LARGEST_ID:
            self._refuse("wrong", part=part[:20])
        return int(part)


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d-\d\d:\d\d(,\d\d:\d\d-\d\d:\d\d)*$"})
class TimesField(_Listed):
    """Pairs of wall times [from, until); until 00:00 is the end of the day."""

    def read(self, part: str) -> Any:
        found = _TIMES.fullmatch(part)
        if not found:
            self._refuse("wrong", part=part[:20])
            return None
        hour, minute, until_hour, until_minute = map(int, found.groups())
        start, until = time(hour, minute), time(until_hour, until_minute)
        if until != time(0) and start >= until:
            self._refuse("wrong", part=part)
        return start, until
