"""Filters of lists: a value that can't be read is refused, with the parameter's name, and never ignored."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.drainage import set_override
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from practice.api.fields import LARGEST_ID, DayField, InstantField


class Filters(DjangoFilterBackend):
    """Asked for only when there is something to filter by: no filter of ours does anything of itself."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset = self.get_filterset_class(view, queryset)
        if filterset is None or not filterset.base_filters.keys() & request.query_params.keys():
            return queryset
        try:
            filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        except exceptions.ValidationError as wrong:
            raise exceptions.ValidationError({"query": wrong.detail}) from None
        return filtered


class _IdText(forms.RegexField):
    default_error_messages = {"invalid": _("This is not an id.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=r"\A[0-9]{1,19}\Z", **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and not 1 <= int(text) <= LARGEST_ID:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(text) if text else None


class _TruthText(forms.CharField):
    default_error_messages = {"invalid": _("This has to be true or false.")}

    def clean(self, value: Any) -> bool | None:
        text = super().clean(value)
        if text not in {"", "true", "false"}:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return text == "true" if text else None


class _Read(forms.CharField):
    """Text that a field of a body can read."""

    reader: type[serializers.Field[Any, Any, Any, Any]]

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return self.reader().run_validation(text)
        except serializers.ValidationError as wrong:
            details: Any = wrong.detail
            raise ValidationError([ValidationError(str(each), code=each.code) for each in details]) from None


class _InstantText(_Read):
    reader = InstantField


class _DayText(_Read):
    reader = DayField


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
class IdFilter(django_filters.Filter):
    field_class = _IdText


class TruthFilter(django_filters.BooleanFilter):
    field_class = _TruthText


class InstantFilter(django_filters.IsoDateTimeFilter):
    """An instant with an offset; in an address its + is written %2B."""

    field_class = _InstantText


class DayFilter(django_filters.DateFilter):
    field_class = _DayText


class TextFilter(django_filters.CharFilter):
    def __init__(self, *args: Any, max_length: int, help_text: str = "", **kwargs: Any) -> None:
        super().__init__(*args, max_length=max_length, help_text=help_text, **kwargs)
        schema = {"type": "string", "minLength": 1, "maxLength": max_length, "description": help_text}
        set_override(self, "field", schema)
