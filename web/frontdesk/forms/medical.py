from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician, ConsentDocument
from treatment_plans.models import Clearance, PlannedSession, PlanReview, Prescription, Protocol, Route
from web.frontdesk.forms.fields import DayField, MomentField, Radio, TextArea, spoken


class ConsentForm(forms.Form):
    document = forms.ModelChoiceField(
        label=_("Document"),
        queryset=ConsentDocument.objects.filter(is_current=True),
        widget=forms.RadioSelect,
        empty_label=None,
    )
    signed_at = MomentField(label=_("Signed at"))
    valid_through_on = DayField(
        label=_("Last valid day"), required=False, help_text=_("Leave empty if it does not end by itself.")
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=200, widget=forms.TextInput({"autofocus": True}))


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=200, required=False)


class ClearanceForm(forms.Form):
    decision = Radio(label=_("Decision"), choices=spoken(Clearance.Decision))
    conditions = TextArea(
        label=_("Conditions, or the reason"), required=False, help_text=_("Only clinicians read this.")
    )
    valid_from_on = DayField(label=_("Valid from"))
    valid_through_on = DayField(
        label=_("Last valid day"), required=False, help_text=_("Needed when the client is cleared.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_granted = cleaned.get("decision") in Clearance.GRANTED
        if is_granted and "valid_through_on" in cleaned and not cleaned["valid_through_on"]:
            self.add_error("valid_through_on", _("Say until when the client is cleared."))
        return cleaned


class EnrollmentForm(forms.Form):
    enrolled_on = DayField(label=_("Enrolled on"))
    reference = forms.CharField(label=_("Enrolment number"), max_length=40, required=False)


class PrescriptionForm(forms.Form):
    route = forms.ChoiceField(label=_("Route"), choices=spoken(Route))
    drug = forms.CharField(label=_("Drug, strength and form"), max_length=160)
    dose_amount = forms.DecimalField(label=_("Dose"), max_digits=8, decimal_places=3, min_value=0)
    dose_unit = Radio(label=_("Unit"), choices=Prescription.Unit.choices, initial="mg")
    directions = TextArea(label=_("Directions"), required=False)
    doses_per_fill = forms.IntegerField(label=_("Doses in one fill"), min_value=1, max_value=100)
    refills = forms.IntegerField(
        label=_("Refills"), min_value=0, max_value=5, initial=0, help_text=_("Schedule III: five at most.")
    )
    issued_on = DayField(label=_("Issued on"))
    valid_through_on = DayField(
        label=_("Last valid day"), help_text=_("Schedule III: six months after the issue at most.")
    )
    reference = forms.CharField(
        label=_("E-prescribing reference"),
        max_length=80,
        required=False,
        help_text=_("The prescription is signed in the certified system; this is where to find it."),
    )


class ReviewForm(forms.Form):
    decision = Radio(label=_("Decision"), choices=spoken(PlanReview.Decision))
    note = TextArea(
        label=_("What was decided and why"), required=False, help_text=_("Needed for all but to continue.")
    )
    planned_session = forms.ModelChoiceField(
        label=_("Review session"),
        queryset=PlannedSession.objects.none(),
        required=False,
        empty_label=_("None: decided between sessions"),
        help_text=_("It is over with the decision."),
    )

    def __init__(self, *args: Any, reviews: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sessions: Any = self.fields["planned_session"]
        sessions.queryset = reviews


class PlanForm(forms.Form):
    protocol = forms.ModelChoiceField(
        label=_("Protocol"),
        queryset=Protocol.objects.filter(approved_at__isnull=False, retired_at=None),
        empty_label=None,
        help_text=_("Only protocols that a prescriber approved."),
    )
    therapist = forms.ModelChoiceField(
        label=_("Therapist"),
        queryset=Clinician.objects.filter(kind=Clinician.Kind.THERAPIST, is_active=True),
        empty_label=None,
    )
    prescriber = forms.ModelChoiceField(
        label=_("Prescriber"),
        queryset=Clinician.objects.filter(kind=Clinician.Kind.PSYCHIATRIST, is_active=True),
        empty_label=None,
    )
    doses = forms.IntegerField(
        label=_("Doses"),
        required=False,
        min_value=1,
        max_value=30,
        help_text=_("Leave empty for as many as the protocol's series has."),
    )
    with_intake = forms.BooleanField(
        label=_("With consult and medical evaluation"),
        required=False,
        initial=True,
        help_text=_("For a client who has had neither."),
    )


class FollowUpForm(forms.Form):
    outcome = forms.CharField(
        label=_("What came of it"), max_length=200, widget=forms.TextInput({"autofocus": True})
    )
