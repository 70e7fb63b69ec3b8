"""Versions of the screening form, with their rules."""

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
from practice.api.base import NothingIn, Out, Resource
from practice.api.filters import TruthFilter
from treatment_plans.models import (
    ScreeningForm,
    ScreeningRule,
)
from treatment_plans.screening import forms as screening_forms


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
