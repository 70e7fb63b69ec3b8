"""What a client wishes, in the words of the desk; and whom to ask about a time that became free."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms
from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician, Location, WorkingHours
from scheduling.models import WaitlistEntry
from web.frontdesk.forms.fields import Choices, DayField, MomentField

MIDNIGHT = time(0)
NOON, FIVE = time(12), time(17)
PARTS = {
    (MIDNIGHT, NOON): _("Mornings, until noon"),
    (NOON, FIVE): _("Afternoons, noon to five"),
    (FIVE, MIDNIGHT): _("Evenings, from five on"),
}
NOTICES = {
    0: _("none beyond what the session needs"),
    120: _("two hours"),
    24 * 60: _("a day"),
    2 * 24 * 60: _("two days"),
    7 * 24 * 60: _("a week"),
}


def range_key(pair: Iterable[time]) -> str:
    return "-".join(each.strftime("%H:%M") for each in pair)


def range_words(pair: tuple[time, time]) -> str:
    known = PARTS.get(pair)
    return str(known) if known else " – ".join(time_format(each, "TIME_FORMAT") for each in pair)


class ClinicianChoices(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class WishesForm(forms.Form):
    """All may be left open. What an entry already wishes stays among the choices, however it got there."""

    weekdays = Choices(label=_("Days of the week"), required=False, help_text=_("None ticked: any day."))
    times = Choices(label=_("Times of day"), required=False, help_text=_("When it may start, at the clinic."))
    earliest_on = DayField(label=_("Not before"), required=False)
    latest_on = DayField(label=_("Not after"), required=False)
    clinicians = ClinicianChoices(
        label=_("Only with"),
        queryset=Clinician.objects.none(),
        required=False,
        help_text=_("None ticked: whoever is free, those of the plan first."),
    )
    locations = forms.ModelMultipleChoiceField(
        label=_("Where"), queryset=Location.objects.none(), widget=forms.CheckboxSelectMultiple, required=True
    )
    notice_minutes = forms.TypedChoiceField(label=_("How much notice they need"), coerce=int)

    def __init__(self, *args: Any, roles: Iterable[str], entry: WaitlistEntry | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        wished = [(begin, end) for begin, end in entry.times] if entry else []
        ranges = dict.fromkeys([*PARTS, *wished])
        self.fields["weekdays"].choices = WorkingHours.Weekday.choices  # type: ignore[attr-defined]
        self.fields["times"].choices = [(range_key(pair), range_words(pair)) for pair in ranges]  # type: ignore[attr-defined]
        notices = {**({entry.notice_minutes: entry.notice_minutes} if entry else {}), **NOTICES}
        self.fields["notice_minutes"].choices = sorted(notices.items())  # type: ignore[attr-defined]
        active = Location.objects.filter(is_active=True)
        self.fields["locations"].queryset = active  # type: ignore[attr-defined]
        people = Clinician.objects.filter(is_active=True, kind__in=list(roles))
        self.fields["clinicians"].queryset = people  # type: ignore[attr-defined]

    def clean_times(self) -> list[list[time]]:
        return [[time.fromisoformat(each) for each in key.split("-")] for key in self.cleaned_data["times"]]

    def clean_weekdays(self) -> list[int]:
        return [int(day) for day in self.cleaned_data["weekdays"]]


class OfferForm(forms.Form):
    """Who is asked, of those who fit."""

    entries = Choices(label=_("Whom to ask"), error_messages={"required": _("Tick somebody.")})

    def __init__(self, *args: Any, entry_ids: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entries"].choices = [(str(pk), str(pk)) for pk in entry_ids]  # type: ignore[attr-defined]

    def clean_entries(self) -> list[int]:
        return [int(pk) for pk in self.cleaned_data["entries"]]


class OpenTimeForm(forms.Form):
    """A time on the clinic's clock that nothing freed."""

    location = forms.ModelChoiceField(
        label=_("Location"), queryset=Location.objects.filter(is_active=True), empty_label=None
    )
    starts_local = MomentField(label=_("From"))
    ends_local = MomentField(label=_("Until"))
    therapist = forms.ModelChoiceField(
        label=_("Therapist"),
        queryset=Clinician.objects.filter(kind=Clinician.Kind.THERAPIST, is_active=True),
        empty_label=_("whoever is free"),
        required=False,
    )
