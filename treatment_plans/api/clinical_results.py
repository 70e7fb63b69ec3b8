"""Results of tests, with their last valid day."""

from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, LineField
from treatment_plans.api.filters import CorrectableFilter, OfClientFilter
from treatment_plans.models import (
    ClinicalResult,
    ResultKind,
)
from treatment_plans.screening import clinical_results


class ResultCorrectionIn(In):
    values = serializers.DictField(child=serializers.JSONField())
    taken_on = DayField()
    valid_through_on = DayField(required=False, allow_null=True, help_text="The last day on which it counts.")
    reason = LineField(max_length=200)


class ResultIn(In):
    client = IdField()
    kind = ChoiceOf(model=ClinicalResult, of="kind")
    values = serializers.DictField(child=serializers.JSONField())
    taken_on = DayField()
    valid_through_on = DayField(required=False, allow_null=True, help_text="The last day on which it counts.")
    document_note = LineField(max_length=200, required=False, allow_blank=True)


class ResultOut(Out[ClinicalResult]):
    values = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = ClinicalResult
        fields = (
            "id",
            "client",
            "kind",
            "values",
            "taken_on",
            "valid_through_on",
            "document_note",
            "recorded_by",
            "recorded_at",
            "corrects",
            "correction_reason",
        )


class ResultFilter(OfClientFilter, CorrectableFilter):
    kind = django_filters.ChoiceFilter(choices=ResultKind.choices)


@extend_schema_view(
    list=extend_schema(summary="List clinical results, the latest first"),
    retrieve=extend_schema(summary="Read a clinical result"),
)
class ClinicalResultViews(Resource):
    queryset = ClinicalResult.objects.all()
    client = "client"
    out = ResultOut
    filterset_class = ResultFilter
    ordering = ("-taken_on", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "create": access.CLINICAL,
        "correct": access.CLINICAL,
    }

    @extend_schema(summary="Record a result", request=ResultIn)
    def create(self, request: Request) -> Response:
        """Of a kind the latest counts. One that a flag asks for and that has ended stands against a dose."""
        body = self.valid(ResultIn)
        client = self.access_client(body.pop("client"))
        kind, values = body.pop("kind"), body.pop("values")
        return self.write(
            lambda: clinical_results.record(client, kind, values, **body, actor=self.user, now=self.now),
            status_code=201,
        )

    @extend_schema(
        summary="Correct a result by a new one",
        request=ResultCorrectionIn,
        responses={201: ResultOut},
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        body, result = self.valid(ResultCorrectionIn), self.get_object()
        values = body.pop("values")
        return self.write(
            lambda: clinical_results.correct(result.pk, values, **body, actor=self.user, now=self.now),
            status_code=201,
        )
