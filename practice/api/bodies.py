"""What goes in and out of the API: `In` says the shape of a body, `Out` what is shown. Neither writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from practice.api.fields import ChoiceOf, DayField, InstantField
from practice.api.quick import Quick

M = TypeVar("M", bound=models.Model)

_UNKNOWN_FIELD = _("There is no field of this name.")


class In(serializers.Serializer[Any]):
    """A body: its shape, and what no field may hold by itself.

    A field that it does not have is refused, beside the other reasons.
    """

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if not unknown:
            return super().to_internal_value(data)
        wrong: dict[str, Any] = {
            name: [serializers.ErrorDetail(gettext(_UNKNOWN_FIELD), code="unknown_field")] for name in unknown
        }
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as also:
            if isinstance(also.detail, dict):
                wrong |= also.detail
        raise serializers.ValidationError(wrong)


class NothingIn(In):
    """A command that needs no more than its address."""


class Out(Quick[M], serializers.ModelSerializer[M]):
    """Fields of a row, for reading only."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: InstantField,
        models.DateField: DayField,
        models.EmailField: serializers.CharField,  # may be empty
    }

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        if model_field.choices:
            return ChoiceOf, {
                "model": model_field.model,
                "of": model_field.name,
                "allow_null": model_field.null,
                "may_be_empty": model_field.blank and not model_field.null,
            }
        return super().build_standard_field(field_name, model_field)

    def include_extra_kwargs(self, kwargs: Any, extra_kwargs: Any) -> Any:
        return super().include_extra_kwargs(kwargs, {**extra_kwargs, "read_only": True})


class RecordOut(Quick[Any]):
    """That a record exists, and about whom."""

    id = serializers.IntegerField(read_only=True)
    client = serializers.SerializerMethodField()

    def get_client(self, row: models.Model) -> int:
        *steps, last = self.context["view"].client.split("__")
        about: Any = row
        for step in steps:
            about = getattr(about, step)
        return int(getattr(about, last if last == "pk" else f"{last}_id"))
