"""What the link pages ask. Nothing is chosen beforehand: a machine that presses a button says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils import translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

NAME_WIDGET = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words"})
PHONE_WIDGET = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"})
CHOOSE = _("Please choose one.")


class PageForm(forms.Form):
    """Its fields know what the templates need: how to describe an error, and what is a group."""

    use_required_attribute = True

    def __init__(self, sent: Any = None) -> None:
        super().__init__(sent, label_suffix="", auto_id="%s")

    def problems(self) -> Iterator[tuple[str, str]]:
        """(id of the first control, what to do about it)"""
        for name, errors in self.errors.items():
            is_group = name in self.fields and isinstance(self.fields[name], forms.ChoiceField)
            yield f"{name}_0" if is_group else name, str(errors[0])


@dataclass(frozen=True)
class Said:
    """What the record takes from a form. `answer` None: nothing to note, the question stays open."""

    answer: str | None
    detail: str = ""
    asks_for_help: bool = False
    support_name: str = ""
    support_phone: str = ""
    may_call_them: bool = False


def _choice(choices: list[tuple[str, Any]], label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, widget=forms.RadioSelect, error_messages={"required": CHOOSE}
    )


class ItemForm(PageForm):
    """One question of the list. `problem` choices bring the desk in; `later` ones leave it open."""

    lead: str
    confirmed: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()

    def said(self) -> Said:
        choice = self.cleaned_data["choice"]
        if choice in self.later:
            return Said(None)
        is_settled = choice in self.confirmed
        return Said("confirmed" if is_settled else "problem", self.detail(), asks_for_help=not is_settled)

    def detail(self) -> str:
        """In the language of the desk."""
        field = self.fields["choice"]
        assert isinstance(field, forms.ChoiceField)
        with translation.override("en"):
            words = [str(dict(field.choices)[self.cleaned_data["choice"]])]  # type: ignore[arg-type]
        words += [self.cleaned_data[name] for name in ("name", "phone") if self.cleaned_data.get(name)]
        return ", ".join(words)


class RideForm(ItemForm):
    confirmed = frozenset({"friend", "ride_share"})

    choice = _choice(
        [
            ("friend", _("A friend or family")),
            ("ride_share", _("Ride share or taxi")),
            ("none", _("I do not have a ride yet")),
        ],
        _("Who will take you home?"),
    )
    name = forms.CharField(
        label=_("Their name, if you like"), max_length=60, required=False, widget=NAME_WIDGET
    )
    phone = forms.CharField(
        label=_("Their phone, if you like"), max_length=30, required=False, widget=PHONE_WIDGET
    )


class EscortForm(RideForm):
    """Where an adult must come along, a taxi alone is not enough."""

    choice = _choice(
        [
            ("friend", _("A friend or family")),
            ("ride_share", _("Ride share or taxi, and an adult comes with me")),
            ("none", _("I do not have anyone yet")),
        ],
        _("Who will take you home?"),
    )


class SupportForm(ItemForm):
    confirmed = frozenset({"yes"})

    choice = _choice(
        [("yes", _("Yes, an adult will be with me")), ("none", _("I do not have anyone yet"))],
        _("Will someone be with you after?"),
    )
    name = forms.CharField(
        label=_("Their name, if you like"), max_length=60, required=False, widget=NAME_WIDGET
    )
    phone = forms.CharField(
        label=_("Their phone, if you like"), max_length=30, required=False, widget=PHONE_WIDGET
    )
    may_call = forms.BooleanField(label=_("You may call them on the day of my visit."), required=False)

    def said(self) -> Said:
        said = super().said()
        if said.answer != "confirmed":
            return said
        return Said(
            said.answer,
            said.detail,
            support_name=self.cleaned_data["name"],
            support_phone=self.cleaned_data["phone"],
            may_call_them=self.cleaned_data["may_call"],
        )


class FastingForm(ItemForm):
    confirmed = frozenset({"read"})

    choice = _choice(
        [("read", _("Yes, I know when to stop")), ("question", _("I have a question. Please call me"))],
        _("Do you know when to stop eating and drinking?"),
    )


class MedicineForm(ItemForm):
    confirmed = frozenset({"have"})
    later = frozenset({"later"})

    choice = _choice(
        [
            ("have", _("I have it and will bring it")),
            ("later", _("Not yet")),
            ("trouble", _("The pharmacy does not have it")),
        ],
        _("Do you have your medicine?"),
    )


class BirthDateForm(PageForm):
    month = forms.IntegerField(label=_("Month"), min_value=1, max_value=12)
    day = forms.IntegerField(label=_("Day"), min_value=1, max_value=31)
    year = forms.IntegerField(label=_("Year"), min_value=1900, max_value=2100)

    def __init__(self, sent: Any = None) -> None:
        super().__init__(sent)
        for name, length in (("month", 2), ("day", 2), ("year", 4)):
            widget = forms.TextInput(
                attrs={
                    "inputmode": "numeric",
                    "autocomplete": f"bday-{name}",
                    "maxlength": length,
                    "class": "n",
                }
            )
            field = self.fields[name]
            field.widget, widget.is_required = widget, True
            field.error_messages |= {
                each: _("Write your birth date with numbers: month, day, year.")
                for each in ("required", "invalid", "min_value", "max_value")
            }

    @property
    def birth_date(self) -> date | None:
        """None for a day that the calendar does not have."""
        try:
            return date(*(self.cleaned_data[name] for name in ("year", "month", "day")))
        except ValueError:
            return None

    def problems(self) -> Iterator[tuple[str, str]]:
        """The three fields are one question, so they have one error."""
        yield from list(super().problems())[:1]


class CancelForm(BirthDateForm):
    reason = forms.CharField(
        label=_("Why, if you like to say"), max_length=200, required=False, widget=forms.TextInput()
    )


class MoveForm(PageForm):
    days = forms.MultipleChoiceField(
        label=_("Which days are good?"),
        choices=[(code, WEEKDAYS[day]) for day, code in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    time = _choice(
        [("morning", _("Morning")), ("afternoon", _("Afternoon")), ("any", _("Any time"))],
        _("What time of day?"),
    )
    note = forms.CharField(
        label=_("Anything else, if you like"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def detail(self) -> str:
        """For the desk."""
        wishes = [" ".join(self.cleaned_data["days"]), self.cleaned_data["time"], self.cleaned_data["note"]]
        return " · ".join(wish for wish in wishes if wish)


class CallForm(PageForm):
    choice = _choice([("call", _("Yes, please call me"))], _("Do you want us to call you?"))


class NoteForm(PageForm):
    text = forms.CharField(
        label=_("Your note"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write a word or two, or go back.")},
    )


class OfferForm(PageForm):
    choice = _choice([("yes", _("Yes, I want it")), ("no", _("No, thank you"))], _("Do you want this time?"))


ITEMS: dict[str, type[ItemForm]] = {
    "ride": RideForm,
    "support_person": SupportForm,
    "fasting": FastingForm,
    "medicine": MedicineForm,
}
