from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from practice import phones
from practice.models import Channel, Client, Location
from practice.models.base import validate_time_zone
from web.frontdesk.forms.fields import Choices, DayField, Radio, off, spoken

OF_THE_CLIENT = (
    "legal_name",
    "preferred_name",
    "pronouns",
    "birth_date",
    "language",
    "time_zone",
    "state",
    "location",
    "message_detail",
)


class ClientForm(forms.Form):
    """Phone and email are one contact point each; more of them are for the API."""

    legal_name = forms.CharField(label=_("Legal name"), max_length=160, widget=forms.TextInput(off()))
    preferred_name = forms.CharField(
        label=_("Preferred name"),
        max_length=80,
        required=False,
        help_text=_("What to call the client, if it is not the legal name."),
        widget=forms.TextInput(off()),
    )
    pronouns = forms.CharField(label=_("Pronouns"), max_length=40, required=False)
    birth_date = DayField(label=_("Birth date"), required=False)
    phone = forms.CharField(
        label=_("Mobile phone"), required=False, widget=forms.TextInput(off(type="tel", inputmode="tel"))
    )
    email = forms.EmailField(label=_("Email"), required=False, widget=forms.EmailInput(off()))
    channels = Choices(label=_("The client agreed to be reached by"), choices=spoken(Channel), required=False)
    language = Radio(label=_("Language of messages"), choices=spoken(Client.Language), initial="en")
    message_detail = Radio(
        label=_("What messages may say"), choices=spoken(Client.MessageDetail), initial="plain"
    )
    location = forms.ModelChoiceField(
        label=_("Location"), queryset=Location.objects.filter(is_active=True), empty_label=None
    )
    state = forms.CharField(
        label=_("State of residence"),
        max_length=2,
        help_text=_("Two letters, for example CA. Telehealth needs a licence there."),
    )
    time_zone = forms.CharField(
        label=_("Time zone"),
        help_text=_("Where the client lives, for example America/Los_Angeles."),
        validators=[validate_time_zone],
        widget=forms.TextInput({"list": "time-zones"}),
    )

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"]
        return phones.normalise(typed) if typed else ""

    def clean_state(self) -> str:
        return str(self.cleaned_data["state"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for channel, name, missing in (
            (Channel.SMS, "phone", _("Without a number nobody can be reached by SMS.")),
            (Channel.EMAIL, "email", _("Without an address nobody can be reached by email.")),
        ):
            if channel in cleaned.get("channels", ()) and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, ValidationError(missing, code="required"))
        return cleaned


def record(values: Mapping[str, Any]) -> dict[str, Any]:
    """The client's own fields."""
    return {name: values[name] for name in OF_THE_CLIENT}


def contact_points(values: Mapping[str, Any], others: list[dict[str, str]]) -> list[dict[str, str]]:
    """The form's phone and email first, so that they are the primary ones; then what it doesn't show."""
    typed = [(Channel.SMS, values["phone"]), (Channel.EMAIL, values["email"])]
    first = [{"channel": str(channel), "value": value} for channel, value in typed if value]
    known = {(point["channel"], point["value"]) for point in first}
    return first + [point for point in others if (point["channel"], point["value"]) not in known]


class SupportPersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(off()))
    relationship = forms.CharField(
        label=_("Relationship"), max_length=60, required=False, help_text=_("For example sister or friend.")
    )
    phone = forms.CharField(
        label=_("Phone"), required=False, widget=forms.TextInput(off(type="tel", inputmode="tel"))
    )
    email = forms.EmailField(label=_("Email"), required=False, widget=forms.EmailInput(off()))
    is_escort = forms.BooleanField(label=_("Takes the client home"), required=False)
    is_aftercare = forms.BooleanField(label=_("Stays with the client afterwards"), required=False)
    is_emergency = forms.BooleanField(label=_("Emergency contact"), required=False)
    may_be_contacted = forms.BooleanField(label=_("The client agreed that we call"), required=False)

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"]
        return phones.normalise(typed) if typed else ""
