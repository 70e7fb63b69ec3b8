from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician, Location, Room
from scheduling.models import Acknowledgement, AppointmentType, Booking
from web.frontdesk.forms.fields import DayField, Radio, spoken

Kind = Clinician.Kind
Answer, Source = Acknowledgement.Answer, Acknowledgement.Source


class ClinicianChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class SearchForm(forms.Form):
    """What to look for openings for. A GET form: ids and dates only, so that the address may be kept."""

    appointment_type = forms.ModelChoiceField(
        label=_("Appointment"), queryset=AppointmentType.objects.none(), empty_label=None, required=False
    )
    location = forms.ModelChoiceField(
        label=_("Location"),
        queryset=Location.objects.filter(is_active=True),
        empty_label=None,
        required=False,
    )
    therapist = ClinicianChoice(
        label=_("Therapist"),
        queryset=Clinician.objects.filter(kind=Kind.THERAPIST, is_active=True),
        empty_label=_("whoever is free"),
        required=False,
    )
    psychiatrist = ClinicianChoice(
        label=_("Psychiatrist"),
        queryset=Clinician.objects.filter(kind=Kind.PSYCHIATRIST, is_active=True),
        empty_label=_("whoever is free"),
        required=False,
    )
    room = forms.ModelChoiceField(
        label=_("Room"), queryset=Room.objects.none(), empty_label=_("any that fits"), required=False
    )
    from_on = DayField(label=_("From"), required=False)

    def offer(self, kind: AppointmentType, location: Location) -> None:
        """Leave only what this appointment has a use for."""
        roles = {phase.role for phase in kind.phases.all()}
        rooms = {phase.room_kind for phase in kind.phases.all()} - {""}
        for role in (Kind.THERAPIST, Kind.PSYCHIATRIST):
            if role not in roles:
                del self.fields[str(role)]
        if rooms:
            of_kind = Room.objects.filter(location=location, kind__in=rooms, is_active=True)
            self.fields["room"].queryset = of_kind  # type: ignore[attr-defined]
        else:
            del self.fields["room"]


class TimeForm(forms.Form):
    """One of the offered openings, or a time of one's own on the clinic's clock."""

    OTHER = "other"

    start = forms.CharField(
        label=_("Time"), max_length=80, error_messages={"required": _("Choose one of the times.")}
    )
    other_local = forms.CharField(label=_("Another time"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("start") == self.OTHER:
            try:
                cleaned["other_local"] = datetime.fromisoformat(cleaned.get("other_local") or "")
            except ValueError:
                self.add_error("other_local", _("Say on which day and at what time."))
        return cleaned


class CancelForm(forms.Form):
    party = Radio(label=_("Who cancels?"), choices=spoken(Booking.Party))
    reason = forms.CharField(label=_("Why"), max_length=200, help_text=_("The client does not see this."))


class AcknowledgementForm(forms.Form):
    answer = Radio(label=_("What do we know?"), choices=spoken(Answer), initial="confirmed")
    said_by = Radio(label=_("Who said so?"), choices=spoken(Acknowledgement.Speaker), initial="client")
    source = Radio(label=_("How?"), choices=spoken(Source, without=[Source.LINK]), initial="phone")
    detail = forms.CharField(
        label=_("Detail"),
        max_length=200,
        required=False,
        help_text=_("For example who drives. An override needs a reason."),
    )
    for_starts_at = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, may_override: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answer = self.fields["answer"]
        assert isinstance(answer, forms.ChoiceField)
        if not may_override:
            answer.choices = spoken(Answer, without=[Answer.OVERRIDDEN])
