"""What clients are asked about their health, what they answered, its flags, and results of tests."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, NothingIn, Out, RecordOut, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, InstantField, LineField, TextField
from practice.api.filters import TruthFilter
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.models import (
    ClinicalResult,
    FlagDisposition,
    ResultKind,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningRule,
)
from treatment_plans.screening import clinical_results, screenings
from treatment_plans.screening import flags as screening_flags
from treatment_plans.screening import forms as screening_forms
from treatment_plans.screening.flags import Disposal
from treatment_plans.screening.screenings import Filled

LONGEST_REASON = 4000


class AnyAnswers(serializers.DictField):
    """Answers by the key of the question: "yes", a code, a number, a date, a text, or a blood pressure."""

    child = serializers.JSONField()


class ScreeningRuleOut(Out[ScreeningRule]):
    condition = serializers.DictField(child=serializers.JSONField(), read_only=True)
    routes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ScreeningRule
        fields = (
            "id",
            "code",
            "question",
            "condition",
            "routes",
            "effect",
            "cleared_by",
            "needs",
            "result_kind",
            "alert",
            "fact",
            "source",
        )


class FormNameOut(Out[ScreeningForm]):
    is_usable = serializers.BooleanField(read_only=True, help_text="Approved, and not retired.")

    class Meta:
        model = ScreeningForm
        fields = ("id", "code", "version", "name", "is_usable", "revision")


class FormOut(Out[ScreeningForm]):
    is_usable = serializers.BooleanField(read_only=True, help_text="Approved, and not retired.")
    questions = serializers.ListField(child=serializers.DictField(), read_only=True)
    rules = ScreeningRuleOut(many=True, read_only=True)

    class Meta:
        model = ScreeningForm
        fields = (
            "id",
            "code",
            "version",
            "name",
            "is_usable",
            "revision",
            "questions",
            "rules",
            "approved_by",
            "approved_at",
            "retired_at",
        )


class ScreeningFormFilter(django_filters.FilterSet):
    is_usable = TruthFilter(method="usable", help_text="Approved, and not retired.")

    def usable(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        in_use = Q(approved_at__isnull=False, retired_at=None)
        return queryset.filter(in_use if value else ~in_use)


@extend_schema_view(
    list=extend_schema(summary="List the screening forms"),
    retrieve=extend_schema(summary="Read a screening form"),
)
class ScreeningFormViews(Resource):
    """Questions and rules are for clinicians and the practice admin; others read names and versions."""

    queryset = ScreeningForm.objects.prefetch_related("rules")
    client = None
    out = FormOut
    brief = FormNameOut
    full_for = access.READS_PROTOCOLS
    filterset_class = ScreeningFormFilter
    permitted = {
        "list": access.READS_PROTOCOL_NAMES,
        "retrieve": access.READS_PROTOCOL_NAMES,
        "approve": access.APPROVES_PROTOCOLS,
        "revise": access.APPROVES_PROTOCOLS,
    }

    @extend_schema(summary="Approve a version; the one in use is retired", request=None)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """From now on it is the one that is filled. It is not changed afterwards."""
        self.valid(NothingIn)
        form, signer = self.get_object(), access.check_signature(self.user, None, pointer="")
        return self.write(
            lambda: screening_forms.approve(form.pk, approved_by=signer, actor=self.user, now=self.now)
        )

    @extend_schema(
        summary="Begin the next version with the questions and rules of this one",
        request=None,
        responses={201: FormOut},
    )
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        self.valid(NothingIn)
        form = self.get_object()
        return self.write(
            lambda: screening_forms.revise(form.pk, actor=self.user, now=self.now), status_code=201
        )


class ScreeningIn(In):
    client = IdField()
    form = IdField()
    answers = AnyAnswers()
    source = ChoiceOf(model=Screening, of="source")  # type: ignore[assignment]
    filled_at = InstantField(required=False, help_text="Defaults to now.")


class ScreeningCorrectionIn(In):
    answers = AnyAnswers()
    reason = LineField(max_length=200)


class ScreeningStatusOut(Out[Screening]):
    """That it was filled, and when."""

    class Meta:
        model = Screening
        fields = ("id", "client", "form", "filled_at", "corrects")


class ScreeningOut(Out[Screening]):
    answers = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Screening
        fields = (
            "id",
            "client",
            "form",
            "filled_at",
            "corrects",
            "answers",
            "source",
            "recorded_by",
            "recorded_at",
            "correction_reason",
        )


class ScreeningFilter(OfClientFilter):
    is_current = TruthFilter(method="current", help_text="Not corrected by a later row.")

    def current(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(corrections__isnull=value)


@extend_schema_view(
    list=extend_schema(summary="List filled screening forms, the latest first"),
    retrieve=extend_schema(summary="Read a filled screening form"),
)
class ScreeningViews(Resource):
    """The front desk reads that a form was filled and when; answers are for clinicians."""

    queryset = Screening.objects.all()
    client = "client"
    out = ScreeningOut
    full_for = access.CLINICAL
    filterset_class = ScreeningFilter
    ordering = ("-filled_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL | access.DESK,
        "retrieve": access.CLINICAL | access.DESK,
        "create": access.CLINICAL,
        "correct": access.CLINICAL,
    }

    @property
    def brief(self) -> type[serializers.BaseSerializer[Any]]:  # type: ignore[override]
        is_document = getattr(self, "swagger_fake_view", False)  # it is made for nobody
        return ScreeningStatusOut if is_document or self.user.has_role(*access.DESK) else RecordOut

    @extend_schema(summary="Record what a client answered to the screening form", request=ScreeningIn)
    def create(self, request: Request) -> Response:
        """Each rule that the answers meet raises a flag, which a prescriber disposes of."""
        body = self.valid(ScreeningIn)
        client = self.access_client(body.pop("client"))
        form = self.access(ScreeningForm.objects.all(), body.pop("form"), "/form")
        filled = Filled(form, **body)
        return self.write(
            lambda: screenings.record(client, filled, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(
        summary="Correct a filled form by a new one",
        request=ScreeningCorrectionIn,
        responses={201: ScreeningOut},
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """The first stays as it was, and so do the flags that it raised."""
        body, screening = self.valid(ScreeningCorrectionIn), self.get_object()
        return self.write(
            lambda: screenings.correct(screening.pk, **body, actor=self.user, now=self.now),
            status_code=201,
        )


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


class ResultFilter(ScreeningFilter):
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
