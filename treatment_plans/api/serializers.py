from __future__ import annotations

from rest_framework import serializers

from practice.api.base import In, Out
from practice.api.fields import (
    ChoiceOf,
    DayField,
    IdField,
    LineField,
    TextField,
    TruthField,
    WholeNumberField,
)
from treatment_plans.models import (
    Clearance,
    FlagDisposition,
    PlannedSession,
    Protocol,
    RemsEnrollment,
    TreatmentPlan,
)
from treatment_plans.plans import MOST_DOSES

IN_YOUR_NAME = "Defaults to your own clinician record; you can't sign for another."

# Protocols


class ProtocolNameOut(Out[Protocol]):
    """What people need to know who plan time with it."""

    is_usable = serializers.BooleanField(read_only=True)

    class Meta:
        model = Protocol
        fields = ("id", "name", "version", "is_usable", "revision")


class ProtocolOut(Out[Protocol]):
    """Minutes, hours and days as the names say; null where a setting does not apply to the route."""

    is_usable = serializers.BooleanField(read_only=True, help_text="Approved, and not retired.")
    sources = serializers.DictField(
        child=serializers.CharField(), read_only=True, help_text="Where each default comes from."
    )

    class Meta:
        model = Protocol
        fields = "__all__"


# Medical decisions


class CoveredFlagIn(In):
    """What the decision says about one flag of the screening."""

    flag = IdField()
    decision = ChoiceOf(model=FlagDisposition, of="decision")
    reason = TextField(max_length=4000)
    valid_through_on = DayField(
        required=False, allow_null=True, help_text="Then it is looked at again. Defaults to the clearance's."
    )
    replaces = IdField(
        required=False, allow_null=True, help_text="The id of the disposition that you saw, if there was one."
    )


class ClearanceIn(In):
    client = IdField()
    decided_by = IdField(required=False, help_text=IN_YOUR_NAME)
    decision = ChoiceOf(model=Clearance, of="decision")
    conditions = TextField(max_length=4000, required=False, allow_blank=True)
    valid_from_on = DayField()
    valid_through_on = DayField(
        required=False, allow_null=True, help_text="The last valid day; needed when cleared."
    )
    flags = CoveredFlagIn(
        many=True, required=False, help_text="A granted clearance says something about each open flag."
    )


class ClearanceOut(Out[Clearance]):
    class Meta:
        model = Clearance
        fields = (
            "id",
            "client",
            "decided_by",
            "decided_at",
            "decision",
            "conditions",
            "valid_from_on",
            "valid_through_on",
            "superseded_at",
            "revision",
        )


class RemsEnrollmentIn(In):
    client = IdField()
    enrolled_on = DayField()
    reference = LineField(max_length=40, required=False, allow_blank=True)


class RemsEnrollmentOut(Out[RemsEnrollment]):
    class Meta:
        model = RemsEnrollment
        fields = ("id", "client", "enrolled_on", "reference", "ended_on", "revision")


# The course


class PlanIn(In):
    client = IdField()
    protocol = IdField()
    therapist = IdField()
    prescriber = IdField()
    doses = WholeNumberField(
        min_value=1, max_value=MOST_DOSES, required=False, help_text="Defaults to the protocol's series."
    )
    with_intake = TruthField(
        required=False, help_text="Plan the consult and the evaluation too; the default is true."
    )


class PlanOut(Out[TreatmentPlan]):
    """Without why it was closed: the front desk reads this too."""

    class Meta:
        model = TreatmentPlan
        fields = (
            "id",
            "client",
            "protocol",
            "therapist",
            "prescriber",
            "status",
            "created_at",
            "activated_at",
            "paused_at",
            "maintenance_at",
            "closed_at",
            "revision",
        )


class PlannedSessionOut(Out[PlannedSession]):
    client = serializers.IntegerField(source="plan.client_id", read_only=True)

    class Meta:
        model = PlannedSession
        fields = (
            "id",
            "plan",
            "client",
            "kind",
            "position",
            "dose_number",
            "after_session",
            "due_from_at",
            "due_until_at",
            "completed_at",
            "withdrawn_at",
            "revision",
        )
