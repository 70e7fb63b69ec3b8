"""Clients who wait for a prescriber's decision, in the shape of one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, clock
from practice.api.base import In, NothingIn, RecordOut, Resource
from practice.api.fields import IdField, InstantField, NamedChoice
from practice.api.filters import TruthFilter
from practice.models import Clinician
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.api.medications import InteractionOut, TakenOut
from treatment_plans.api.screening_flags import FlagOut
from treatment_plans.models import Evaluation, ScreeningFlag
from treatment_plans.screening import evaluations
from treatment_plans.screening.evaluations import Waiting

STAGES = [
    (evaluations.NEW, "new"),
    (evaluations.WAITING_ON_CLIENT, "waiting on the client"),
    (evaluations.READY, "ready to decide"),
]


class EvaluationIn(In):
    client = IdField()
    prescriber = IdField(
        required=False,
        help_text="Who is to decide, and joins the care team. Defaults to the psychiatrists who are on it, "
        "or to the only one here.",
    )


class RaisedOut(FlagOut):
    """With when the form was filled that it comes from."""

    filled_at = InstantField(source="screening.filled_at", read_only=True)

    class Meta:
        model = ScreeningFlag
        fields = (*FlagOut.Meta.fields, "filled_at")


class MissingOut(serializers.Serializer[Any]):
    kind = NamedChoice("MissingKind", [("form", "form"), ("consent", "consent"), ("result", "result")])
    code = serializers.CharField()
    title = serializers.CharField()


class EvaluationStatusOut(serializers.Serializer[Waiting]):
    """How far it is, without a word of what was answered."""

    id = serializers.IntegerField(source="evaluation.pk")
    client = serializers.IntegerField(source="evaluation.client_id")
    client_name = serializers.CharField(source="evaluation.client.display_name")
    referred_by = serializers.IntegerField(source="evaluation.referred_by_id")
    referred_by_name = serializers.CharField(source="evaluation.referred_by.name")
    referred_at = InstantField(source="evaluation.referred_at")
    asked_at = InstantField(source="evaluation.asked_at", allow_null=True)
    closed_at = InstantField(source="evaluation.closed_at", allow_null=True)
    stage = NamedChoice("EvaluationStage", STAGES)
    filled = serializers.IntegerField(help_text="Of what is needed: forms, consents, results.")
    needed = serializers.IntegerField()


class EvaluationOut(EvaluationStatusOut):
    missing = MissingOut(many=True)
    flags = RaisedOut(many=True, help_text="Facts with their sources, never a verdict.")
    interactions = InteractionOut(many=True)
    unclassified = TakenOut(many=True)


class EvaluationFilter(OfClientFilter):
    is_open = TruthFilter(method="still_open", help_text="Not decided yet.")

    def still_open(self, queryset: Any, name: str, value: bool) -> Any:
        return queryset.filter(closed_at__isnull=value)


@extend_schema_view(retrieve=extend_schema(summary="Read an evaluation"))
class EvaluationViews(Resource):
    queryset = Evaluation.objects.select_related("client__location", "referred_by")
    client = "client"
    out = EvaluationOut
    full_for = access.CLINICAL
    filterset_class = EvaluationFilter
    ordering = ("referred_at", "pk")
    permitted = {
        "list": access.READS_MEDICAL | access.DESK,
        "retrieve": access.CLINICAL | access.DESK,
        "create": access.DESK | access.TREATING,
        "ask": access.DESK | access.CLINICAL,
    }

    @property
    def brief(self) -> type[serializers.BaseSerializer[Any]]:  # type: ignore[override]
        is_document = getattr(self, "swagger_fake_view", False)  # it is made for nobody
        return EvaluationStatusOut if is_document or self.user.has_role(*access.DESK) else RecordOut

    @extend_schema(summary="List who waits for a decision, the first referred first")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        shown = self.get_serializer_class()
        rows = page if shown is RecordOut else self._loaded(page)
        data = shown(rows, many=True, context=self.get_serializer_context()).data
        return self.get_paginated_response(data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self._shown(self.get_object()))

    @extend_schema(
        summary="Send a client to a prescriber for a decision",
        request=EvaluationIn,
        responses={201: EvaluationStatusOut},
    )
    def create(self, request: Request) -> Response:
        """It stays open until a clearance is decided that does not ask for more."""
        body = self.valid(EvaluationIn)
        client = self.access_client(body["client"])
        prescriber = None
        if "prescriber" in body:
            prescriber = self.access(Clinician.objects.all(), body["prescriber"], "/prescriber")
        return self.write(
            lambda: evaluations.refer(client, prescriber=prescriber, actor=self.user, now=self.now),
            status_code=201,
            out=self._one(),
        )

    @extend_schema(
        summary="Say that the client was asked for what is missing",
        request=None,
        responses=EvaluationStatusOut,
    )
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, pk: str) -> Response:
        self.valid(NothingIn)
        found = self.get_object()
        return self.write(lambda: evaluations.ask(found.pk, actor=self.user, now=self.now), out=self._one())

    def _loaded(self, rows: Any) -> Sequence[Waiting]:
        zones = {row.client.location.time_zone for row in rows}
        day = clock.local_day(self.now, clock.zone(min(zones))) if zones else self.now.date()
        return evaluations.load(rows, day=day)

    def _shown(self, evaluation: Evaluation) -> Any:
        return self.get_serializer_class()(
            self._loaded([evaluation])[0], context=self.get_serializer_context()
        ).data

    def _one(self) -> Any:
        """How far it is now: whoever refers or asks gets the same, whatever they may read."""
        view = self

        class Shown(EvaluationStatusOut):
            def to_representation(self, instance: Any) -> Any:
                return super().to_representation(view._loaded([instance])[0])

        return Shown
