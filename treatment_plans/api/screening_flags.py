"""What answers raised, and what a prescriber decided about it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, TextField
from practice.api.filters import TruthFilter
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.models import (
    FlagDisposition,
    ScreeningFlag,
    ScreeningRule,
)
from treatment_plans.screening import flags as screening_flags
from treatment_plans.screening.flags import Disposal

LONGEST_REASON = 4000


class DispositionOut(Out[FlagDisposition]):
    class Meta:
        model = FlagDisposition
        fields = (
            "id",
            "decision",
            "reason",
            "valid_through_on",
            "decided_by",
            "decided_at",
            "clearance",
        )


class FlagOut(Out[ScreeningFlag]):
    """A fact and where it comes from, never a verdict. `routes` is empty when it is about all of them."""

    rule = serializers.CharField(source="rule.code", read_only=True)
    effect = ChoiceOf(model=ScreeningRule, of="effect", source="rule.effect", read_only=True)
    routes = serializers.ListField(child=serializers.CharField(), source="rule.routes", read_only=True)
    fact = serializers.CharField(source="rule.fact", read_only=True)
    source = serializers.CharField(source="rule.source", read_only=True)  # type: ignore[assignment]
    question = serializers.CharField(source="rule.question", read_only=True)
    cleared_by = serializers.CharField(source="rule.cleared_by", read_only=True)
    needs = serializers.CharField(source="rule.needs", read_only=True)
    result_kind = serializers.CharField(source="rule.result_kind", read_only=True)
    disposition = DispositionOut(read_only=True, allow_null=True)

    class Meta:
        model = ScreeningFlag
        fields = (
            "id",
            "client",
            "screening",
            "rule",
            "effect",
            "routes",
            "fact",
            "source",
            "question",
            "answer",
            "cleared_by",
            "needs",
            "result_kind",
            "raised_at",
            "disposition",
            "revision",
        )


class DisposalIn(In):
    decision = ChoiceOf(model=FlagDisposition, of="decision")
    reason = TextField(max_length=LONGEST_REASON)
    valid_through_on = DayField(
        required=False,
        allow_null=True,
        help_text="The last day on which this holds: then it is looked at again.",
    )
    replaces = IdField(
        required=False, allow_null=True, help_text="The id of the disposition that you saw, if there was one."
    )


class FlagFilter(OfClientFilter):
    is_open = TruthFilter(method="still_open", help_text="Nobody has disposed of it yet.")
    effect = django_filters.ChoiceFilter("rule__effect", choices=ScreeningRule.Effect.choices)

    def still_open(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(disposition__isnull=value)


@extend_schema_view(
    list=extend_schema(summary="List screening flags, the oldest first"),
    retrieve=extend_schema(summary="Read a screening flag"),
)
class ScreeningFlagViews(Resource):
    queryset = ScreeningFlag.objects.select_related("rule", "disposition")
    client = "client"
    out = FlagOut
    filterset_class = FlagFilter
    ordering = ("raised_at", "pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "dispose": access.DECIDES_MEDICAL,
    }

    @extend_schema(summary="Dispose of a flag, with a reason and a day to look again", request=DisposalIn)
    @action(detail=True, methods=["post"])
    def dispose(self, request: Request, pk: str) -> Response:
        """Until then, and once that day has passed, no dose is given."""
        body, flag = self.valid(DisposalIn), self.get_object()
        signer = access.check_signature(self.user, None, pointer="")
        disposal = Disposal(flag.pk, **body)
        return self.write(
            lambda: screening_flags.dispose(disposal, decided_by=signer, actor=self.user, now=self.now)
        )
