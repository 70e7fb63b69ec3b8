"""Fields of bodies that take one spelling each: what is not exactly of the type is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from practice import phones
from practice.models.base import validate_time_zone

LARGEST_ID = 2**63 - 1
# Far enough from both ends of the calendar that an instant can be shown in any zone.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def refuse_more_lines(text: str) -> None:
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        raise serializers.ValidationError(
            _("This has to be one line, without control characters."), code="not_one_line"
        )


class InstantField(serializers.DateTimeField):
    """An instant with an offset, in RFC 3339; becomes aware UTC. Written with Z."""

    default_error_messages = {
        "invalid": _("This is not an instant, for example 2026-12-01T09:30:00-08:00."),
        "no_offset": _("An instant needs an offset, for example -08:00 or Z."),
        "out_of_range": _("The year has to lie between 1900 and 2199."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _INSTANT.fullmatch(value.upper()):
            self.fail("invalid")
        try:
            written = datetime.fromisoformat(value.upper())
        except ValueError:
            self.fail("invalid")
        if written.tzinfo is None:
            self.fail("no_offset")
        if not FIRST_YEAR <= written.year <= LAST_YEAR:
            self.fail("out_of_range")
        return written.astimezone(UTC)

    def to_representation(self, value: datetime | str) -> str:
        if isinstance(value, str):
            return value
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class DayField(serializers.DateField):
    """A local date, YYYY-MM-DD."""

    default_error_messages = {
        "invalid": _("This is not a date, for example 2026-12-01."),
        "out_of_range": _("The year has to lie between 1900 and 2199."),
    }

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail("invalid")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("out_of_range")
        return day


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; neither a string nor a boolean."""

    def __init__(self, *, min_value: int, max_value: int, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data // 1:
            self.fail("invalid")
        return int(data)


class IdField(WholeNumberField):
    """The id of a record; whether the caller may see that record is for the view."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


class TruthField(serializers.BooleanField):
    """true or false; none of the words that mean as much."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """Text of any number of lines."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class LineField(TextField):
    """Text of one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(refuse_more_lines)


class ZoneField(LineField):
    """A name of the IANA database."""

    def __init__(self) -> None:
        super().__init__(max_length=64, help_text="A name of the IANA database: America/Los_Angeles.")
        self.validators.append(validate_time_zone)


class PhoneField(LineField):
    """A number that can be called, in any spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.validators.append(phones.validate)


class LineSchema(OpenApiSerializerFieldExtension):
    target_class = "practice.api.fields.LineField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer_field(
            self.target, direction, bypass_extensions=True
        )
        return {"pattern": r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$", **schema}


class ChoiceOf(serializers.ChoiceField):
    """One of the words of a model's field. The API document names the set after both: RoomKind.

    What is shown `may_be_empty` where a field is blank as long as nobody has said anything.
    """

    may_be_empty = False

    def __init__(
        self, *, model: type[models.Model], of: str, may_be_empty: bool = False, **kwargs: Any
    ) -> None:
        self.may_be_empty = may_be_empty
        field = model._meta.get_field(of)
        assert isinstance(field, models.Field)
        choices: Any = field.choices
        super().__init__(choices=[(value, label) for value, label in choices if value], **kwargs)
        self.component = model.__name__ + "".join(part.capitalize() for part in of.split("_"))


class NamedChoice(ChoiceOf):
    """Words of our own making; the API document names the set `component`."""

    def __init__(self, component: str, choices: Iterable[tuple[str, Any]], **kwargs: Any) -> None:
        serializers.ChoiceField.__init__(self, choices=list(choices), **kwargs)
        self.component = component


class ChoiceOfSchema(OpenApiSerializerFieldExtension):
    target_class = "practice.api.fields.ChoiceOf"
    match_subclasses = True

    def get_name(self) -> str:
        return f"{self.target.component}OrEmpty" if self.target.may_be_empty else str(self.target.component)

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        words = self.target.choices
        return {
            "type": "string",
            "enum": [*words, *([""] if self.target.may_be_empty else [])],
            "description": "\n".join(f"* `{word}` - {label}" for word, label in words.items()),
        }
