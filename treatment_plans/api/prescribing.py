"""What prescribers looked up and saw before they prescribe."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, InstantField, LineField, TextField
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.api.prescriptions import IN_YOUR_NAME, KEY
from treatment_plans.models import InPersonEvaluation, PdmpCheck
from treatment_plans.supply import prescribing_checks

LOOKED_UP = {
    "list": access.READS_MEDICAL,
    "retrieve": access.READS_MEDICAL - access.AUDITORS,
    "create": access.DECIDES_MEDICAL,
}


class PdmpCheckIn(In):
    client = IdField()
    prescriber = IdField(required=False, help_text=IN_YOUR_NAME)
    state = LineField(max_length=2, required=False, help_text="Two letters; defaults to the client's.")
    result = ChoiceOf(model=PdmpCheck, of="result")
    note = TextField(max_length=4000, required=False, allow_blank=True)
    checked_at = InstantField(required=False, help_text="Defaults to now.")
    key = serializers.UUIDField(help_text=KEY)


class PdmpCheckOut(Out[PdmpCheck]):
    class Meta:
        model = PdmpCheck
        fields = (
            "id",
            "client",
            "prescriber",
            "state",
            "result",
            "note",
            "checked_at",
            "next_due_on",
            "key",
            "recorded_by",
            "recorded_at",
        )


class InPersonIn(In):
    client = IdField()
    clinician = IdField(required=False, help_text=IN_YOUR_NAME)
    evaluated_on = DayField()
    note = LineField(max_length=200, required=False, allow_blank=True)


class InPersonOut(Out[InPersonEvaluation]):
    class Meta:
        model = InPersonEvaluation
        fields = ("id", "client", "clinician", "evaluated_on", "note", "recorded_by", "recorded_at")


@extend_schema_view(
    list=extend_schema(summary="List looks into monitoring programmes, the latest first"),
    retrieve=extend_schema(summary="Read a look into a monitoring programme"),
)
class PdmpCheckViews(Resource):
    queryset = PdmpCheck.objects.all()
    client = "client"
    out = PdmpCheckOut
    filterset_class = OfClientFilter
    ordering = ("-checked_at", "-pk")
    permitted = LOOKED_UP

    @extend_schema(summary="Record a look into a state's monitoring programme", request=PdmpCheckIn)
    def create(self, request: Request) -> Response:
        """When it is due next follows from the state's row."""
        body = self.valid(PdmpCheckIn)
        client = self.access_client(body.pop("client"))
        signer = access.check_signature(self.user, body.pop("prescriber", None), pointer="/prescriber")
        return self.write(
            lambda: prescribing_checks.record_pdmp_check(
                client.pk, prescriber=signer, **body, actor=self.user, now=self.now
            ),
            status_code=201,
        )


@extend_schema_view(
    list=extend_schema(summary="List evaluations in person, the latest first"),
    retrieve=extend_schema(summary="Read an evaluation in person"),
)
class InPersonViews(Resource):
    queryset = InPersonEvaluation.objects.all()
    client = "client"
    out = InPersonOut
    filterset_class = OfClientFilter
    ordering = ("-evaluated_on", "-pk")
    permitted = LOOKED_UP

    @extend_schema(summary="Record that a prescriber saw the client in person", request=InPersonIn)
    def create(self, request: Request) -> Response:
        body = self.valid(InPersonIn)
        client = self.access_client(body.pop("client"))
        signer = access.check_signature(self.user, body.pop("clinician", None), pointer="/clinician")
        return self.write(
            lambda: prescribing_checks.record_in_person(
                client.pk, clinician=signer, **body, actor=self.user, now=self.now
            ),
            status_code=201,
        )
