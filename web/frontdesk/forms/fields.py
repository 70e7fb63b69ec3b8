"""Fields with the browser's own pickers; dates and times are typed on the clinic's clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django import forms
from django.db import models
from django.utils.text import capfirst


class DayField(forms.DateField):
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class TextArea(forms.CharField):
    widget = forms.Textarea({"rows": 3})


def spoken(
    choices: type[models.TextChoices], *, without: Collection[str] = ()
) -> Callable[[], list[tuple[str, str]]]:
    """The choices of a model with a capital first letter, in the language of the moment."""

    def now() -> list[tuple[str, str]]:
        return [
            (str(value), capfirst(str(label))) for value, label in choices.choices if value not in without
        ]

    return now


class Choices(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class Radio(forms.ChoiceField):
    widget = forms.RadioSelect


def off(**attributes: Any) -> dict[str, Any]:
    """Attributes of a field about somebody else: the browser must not fill in the user's own data."""
    return {"autocomplete": "off", **attributes}
