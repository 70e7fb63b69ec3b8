"""Serializers that show many rows cheaply: what each field asks for is worked out once per class.

The fields stay the description, for the API document as for this. The answer is that of Django REST
framework's own loop, which takes over for a row that lacks an attribute.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, TypeVar, cast

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from rest_framework import serializers
from rest_framework.fields import SkipField, empty

T = TypeVar("T")

AnyField = serializers.Field[Any, Any, Any, Any]
Read = Callable[[Any], Any]
Step = tuple[str, Read, Read | None]  # what is None is not rendered
Bind = Callable[[serializers.Serializer[Any]], Step]


class Quick(serializers.Serializer[T]):
    # For showing only. A field that asks for more than an attribute may say how, in `ways`. No docstring:
    # the API document would repeat it at every serializer without one.

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if isinstance(instance, Mapping):
            return super().to_representation(cast(Any, instance))
        shown = {}
        try:
            for name, read, render in self._steps:
                value = read(instance)
                shown[name] = value if render is None or value is None else render(value)
        except (AttributeError, TypeError, ObjectDoesNotExist, SkipField):
            return super().to_representation(instance)
        return shown

    @cached_property
    def _steps(self) -> list[Step]:
        return [bind(self) for bind in _plan(type(self))]

    @classmethod
    def show_all(cls, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """Of rows for which the request does not matter."""
        show = _without_context(cls).to_representation
        return [show(row) for row in rows]


@cache
def _without_context(cls: type[Quick[Any]]) -> Quick[Any]:
    return cls()


@cache
def _plan(cls: type[Quick[Any]]) -> tuple[Bind, ...]:
    model = getattr(getattr(cls, "Meta", None), "model", None)
    return tuple(_bind(field, model) for field in cls()._readable_fields)


def _bind(field: AnyField, model: Any) -> Bind:
    name = str(field.field_name)
    if isinstance(field, serializers.SerializerMethodField):
        method = str(field.method_name)
        return lambda owner: (name, getattr(owner, method), None)
    if isinstance(field, serializers.BaseSerializer):
        return lambda owner: (name, _reader(field), _bound(field, owner).to_representation)
    step = (name, *_ways(field, model))
    return lambda owner: step


def _bound(field: Any, owner: serializers.Serializer[Any]) -> Any:
    """One of the owner's own, which knows the request."""
    own = copy.deepcopy(field)
    own.bind(field_name=field.field_name, parent=owner)
    return own


def _ways(field: AnyField, model: Any) -> tuple[Read, Read | None]:
    """How to get at the value, and how to show it."""
    ways = getattr(field, "ways", None)
    if ways is not None:
        found: tuple[Read, Read | None] = ways()
        return found
    if isinstance(field, serializers.PrimaryKeyRelatedField) and field.pk_field is None:
        try:
            return attrgetter(model._meta.get_field(field.source).attname), None
        except (AttributeError, FieldDoesNotExist):
            pass
    if isinstance(field, serializers.RelatedField | serializers.ManyRelatedField):
        return lambda row: _related(field, row), None
    return _reader(field), _RENDERED.get(_function(field), lambda each: each.to_representation)(field)


def _reader(field: AnyField) -> Read:
    is_plain = type(field).get_attribute is serializers.Field.get_attribute and field.source_attrs
    may_end_early = "." in str(field.source) and (field.allow_null or field.default is not empty)
    if not is_plain or may_end_early:
        return field.get_attribute
    return attrgetter(".".join(field.source_attrs))


def _related(field: Any, row: Any) -> Any:
    value = field.get_attribute(row)
    return None if value is None or getattr(value, "pk", value) is None else field.to_representation(value)


def _function(field: AnyField) -> Any:
    return type(field).to_representation


def _word(field: Any) -> Read:
    words = {"": "", **field.choice_strings_to_values}

    def word(value: Any) -> Any:
        found = words.get(value)
        return field.to_representation(value) if found is None else found

    return word


def _truth(field: Any) -> Read:
    return lambda value: value if value is True or value is False else field.to_representation(value)


def _day(field: Any) -> Read:
    return lambda value: value.isoformat() if type(value) is date else field.to_representation(value)


# By the function that a field shows its value with, so that a subclass with one of its own goes its own way.
_RENDERED: Mapping[Any, Callable[[Any], Read]] = {
    serializers.CharField.to_representation: lambda field: str,
    serializers.IntegerField.to_representation: lambda field: int,
    serializers.ChoiceField.to_representation: _word,
    serializers.BooleanField.to_representation: _truth,
    serializers.DateField.to_representation: _day,
}
