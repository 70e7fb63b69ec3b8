"""The REMS monitoring forms that are owed after doses of Spravato."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, clock, present
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, LineField, TruthField, WholeNumberField
from practice.api.filters import DayFilter, IdFilter, TruthFilter
from practice.api.schema import IF_MATCH
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing import rems
from treatment_plans.models import RemsForm


def _truth() -> TruthField:
    return TruthField(required=False, allow_null=True)


class RemsAnswersIn(In):
    """What the record does not say; what is left out stays."""

    sex = ChoiceOf(model=RemsForm, of="sex", required=False)
    is_first_treatment = _truth()
    takes_benzodiazepine = _truth()
    takes_hypnotic = _truth()
    takes_psychostimulant = _truth()
    takes_maoi = _truth()
    takes_opioid = _truth()
    had_sedation = _truth()
    had_dissociation = _truth()
    had_respiratory_depression = _truth()
    ready_after_minutes = WholeNumberField(min_value=0, max_value=1440, required=False, allow_null=True)


class RemsSubmittedIn(In):
    confirmation_number = LineField(max_length=40)


class RemsFormOut(Out[RemsForm]):
    client = serializers.IntegerField(source="record.client_id", read_only=True)
    is_overdue = serializers.SerializerMethodField()

    class Meta:
        model = RemsForm
        fields: tuple[str, ...] = (
            "id",
            "client",
            "record",
            "treated_on",
            "due_on",
            "is_overdue",
            "submitted_at",
            "submitted_by",
            "confirmation_number",
            "revision",
        )

    def get_is_overdue(self, form: RemsForm) -> bool:
        today = clock.local_day(self.context["view"].now, clock.zone(form.record.time_zone))
        return rems.is_overdue(form, today=today)


class RemsFormDetailOut(RemsFormOut):
    """`lines` are the form's lines in its order, as the record and the answers have them."""

    missing = serializers.SerializerMethodField(help_text="Names of the lines without a value.")

    class Meta(RemsFormOut.Meta):
        fields = (*RemsFormOut.Meta.fields, *rems.ANSWERS, "lines", "missing")

    lines = serializers.SerializerMethodField(help_text="The form's lines in its order; null is missing.")

    @extend_schema_field(serializers.DictField())
    def get_lines(self, form: RemsForm) -> dict[str, Any]:
        return {field.name: field.value for field in self._lines(form)}

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_missing(self, form: RemsForm) -> list[str]:
        return list(rems.missing(self._lines(form)))

    def _lines(self, form: RemsForm) -> tuple[rems.Field, ...]:
        if not hasattr(self, "_read"):
            self._read = rems.form_fields(form, dosing_facts.load(form.record))
        return self._read


class RemsFormFilter(django_filters.FilterSet):
    client = IdFilter("record__client")
    is_submitted = TruthFilter(method="submitted")
    is_overdue = TruthFilter(method="overdue", help_text="Not submitted, and the last day has passed.")
    due_before = DayFilter("due_on", "lt")

    class Meta:
        model = RemsForm
        fields: tuple[str, ...] = ()

    def submitted(self, queryset: QuerySet[RemsForm], name: str, value: bool) -> QuerySet[RemsForm]:
        return queryset.filter(submitted_at__isnull=not value)

    def overdue(self, queryset: QuerySet[RemsForm], name: str, value: bool) -> QuerySet[RemsForm]:
        return rems.overdue(queryset, now=present.now(), is_overdue=value)


@extend_schema_view(
    list=extend_schema(summary="List REMS monitoring forms, the first due first"),
    retrieve=extend_schema(summary="Read a REMS monitoring form", responses=RemsFormDetailOut),
    partial_update=extend_schema(
        summary="Answer what the record does not say",
        request=RemsAnswersIn,
        parameters=[IF_MATCH],
        responses=RemsFormDetailOut,
    ),
    submitted=extend_schema(
        summary="The form was submitted", request=RemsSubmittedIn, responses=RemsFormDetailOut
    ),
)
class RemsFormViews(Resource):
    """Due seven days after each dose of Spravato. They are sent at the REMS's own site or by fax."""

    queryset = RemsForm.objects.select_related("record__client", "record__protocol", "record__location")
    client = "record__client"
    out = RemsFormOut
    filterset_class = RemsFormFilter
    ordering = ("due_on", "pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.CLINICAL,
        "partial_update": access.CLINICAL,
        "submitted": access.CLINICAL,
    }

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(RemsFormDetailOut(self.get_object(), context=self.get_serializer_context()).data)

    def partial_update(self, request: Request, pk: str) -> Response:
        form, body, revision = self.get_object(), self.valid(RemsAnswersIn), self.revision()
        return self.write(
            lambda: rems.answer(form.pk, body, revision=revision, actor=self.user, now=self.now),
            out=RemsFormDetailOut,
        )

    @action(detail=True, methods=["post"])
    def submitted(self, request: Request, pk: str) -> Response:
        """Refused while a line is missing. The number is the receipt's."""
        form, body = self.get_object(), self.valid(RemsSubmittedIn)
        return self.write(
            lambda: rems.submitted(form.pk, **body, actor=self.user, now=self.now), out=RemsFormDetailOut
        )
