"""Outcome measures, what became of them, and the safety alerts that they raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import django_filters
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, NothingIn, Out, Resource
from practice.api.fields import ChoiceOf, IdField, InstantField, LineField, TextField, WholeNumberField
from practice.api.filters import InstantFilter, TruthFilter
from treatment_plans import safety
from treatment_plans.api.filters import CorrectableFilter, OfClientFilter
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered, Point
from treatment_plans.models import Measure, PlannedSession, SafetyAlert
from treatment_plans.rules.instruments import INSTRUMENTS, Instrument

MOST_ITEMS, HIGHEST = 30, 10


class AnswersField(serializers.DictField):
    """Numbers by item: {"1": 2, "2": 0}."""

    child = WholeNumberField(min_value=0, max_value=HIGHEST)

    def to_internal_value(self, data: Any) -> dict[str, int]:
        if isinstance(data, Mapping) and len(data) > MOST_ITEMS:
            raise serializers.ValidationError(
                gettext("No questionnaire has so many items."), code="too_many_items"
            )
        answers: dict[str, int] = super().to_internal_value(data)
        return answers


class MeasureIn(In):
    client = IdField()
    instrument = ChoiceOf(model=Measure, of="instrument")
    answers = AnswersField()
    planned_session = IdField(required=False, allow_null=True, help_text="The session that it is about.")
    answered_at = InstantField(required=False, help_text="Defaults to now.")
    source = ChoiceOf(model=Measure, of="source")  # type: ignore[assignment]


class CorrectionIn(In):
    answers = AnswersField()
    reason = LineField(max_length=200)


class MeasureOut(Out[Measure]):
    answers = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    flags = serializers.ListField(child=serializers.CharField(), read_only=True)
    band_text = serializers.SerializerMethodField()

    class Meta:
        model = Measure
        fields = (
            "id",
            "client",
            "planned_session",
            "instrument",
            "instrument_version",
            "scorer_version",
            "answers",
            "total",
            "band",
            "band_text",
            "is_prorated",
            "flags",
            "answered_at",
            "source",
            "recorded_by",
            "recorded_at",
            "corrects",
            "correction_reason",
        )

    @extend_schema_field(serializers.CharField())
    def get_band_text(self, measure: Measure) -> str:
        return band_text(measure)


class AlertOut(Out[SafetyAlert]):
    class Meta:
        model = SafetyAlert
        fields = (
            "id",
            "client",
            "measure",
            "reason",
            "severity",
            "raised_at",
            "acknowledge_by_at",
            "acknowledged_at",
            "acknowledged_by",
            "escalated_at",
            "disposed_at",
            "disposed_by",
            "disposition",
            "note",
            "revision",
        )


class DisposeIn(In):
    disposition = ChoiceOf(model=SafetyAlert, of="disposition")
    note = TextField(max_length=4000)


class MeasureFilter(OfClientFilter, CorrectableFilter):
    instrument = django_filters.ChoiceFilter(choices=Measure.Instrument.choices)
    answered_before = InstantFilter("answered_at", "lt")


class AlertFilter(OfClientFilter):
    is_open = TruthFilter("disposed_at", "isnull", help_text="Not yet disposed of.")
    severity = django_filters.ChoiceFilter(choices=SafetyAlert.Severity.choices)


def band_text(measure: Measure) -> str:
    """In words, in the reader's language; empty for an instrument without bands."""
    bands = INSTRUMENTS[measure.instrument].bands
    return next((gettext(band.label) for band in bands if band.code == measure.band), "")


@extend_schema_view(
    list=extend_schema(summary="List measures, the latest answered first"),
    retrieve=extend_schema(summary="Read a measure"),
)
class MeasureViews(Resource):
    queryset = Measure.objects.all()
    client = "client"
    out = MeasureOut
    filterset_class = MeasureFilter
    ordering = ("-answered_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "create": access.CLINICAL,
        "correct": access.CLINICAL,
    }

    @extend_schema(summary="Record what a client answered", request=MeasureIn)
    def create(self, request: Request) -> Response:
        """An answer that sounds unsafe raises a safety alert at once."""
        body = self.valid(MeasureIn)
        client = self.access_client(body.pop("client"))
        session_id = body.pop("planned_session", None)
        session = (
            self.access(
                PlannedSession.objects.select_related("plan").filter(plan__client=client),
                session_id,
                "/planned_session",
            )
            if session_id is not None
            else None
        )
        answered = Answered(**body, planned_session=session)
        return self.write(
            lambda: measures.record(client, answered, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(
        summary="Correct a measure by a new one", request=CorrectionIn, responses={201: MeasureOut}
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """The first stays as it was, and so does an alert that it raised."""
        body, measure = self.valid(CorrectionIn), self.get_object()
        return self.write(
            lambda: measures.correct(measure.pk, **body, actor=self.user, now=self.now), status_code=201
        )


@extend_schema_view(
    list=extend_schema(summary="List safety alerts, the oldest first"),
    retrieve=extend_schema(summary="Read a safety alert"),
)
class SafetyAlertViews(Resource):
    queryset = SafetyAlert.objects.all()
    client = "client"
    out = AlertOut
    filterset_class = AlertFilter
    ordering = ("raised_at", "pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "acknowledge": access.CLINICAL,
        "dispose": access.TREATING,
    }

    @extend_schema(summary="Say that you take care of it", request=None)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        self.valid(NothingIn)
        alert = self.get_object()
        return self.write(lambda: safety.acknowledge(alert.pk, actor=self.user, now=self.now))

    @extend_schema(summary="Close it with what was found and done", request=DisposeIn)
    @action(detail=True, methods=["post"])
    def dispose(self, request: Request, pk: str) -> Response:
        """Until then no dose is given."""
        body, alert = self.valid(DisposeIn), self.get_object()
        return self.write(lambda: safety.dispose(alert.pk, **body, actor=self.user, now=self.now))


@dataclass(frozen=True)
class Scores:
    instrument: Instrument
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Outcomes:
    series: tuple[Scores, ...]
    doses: tuple[PlannedSession, ...]


class ScoreChangeOut(serializers.Serializer[Any]):
    points = serializers.IntegerField(help_text="Positive for the better.")
    is_response = serializers.BooleanField(allow_null=True)
    is_remission = serializers.BooleanField(allow_null=True)
    is_reliable = serializers.BooleanField(allow_null=True)


class ScorePointOut(serializers.Serializer[Point]):
    measure = serializers.IntegerField(source="measure.pk")
    answered_at = InstantField(source="measure.answered_at")
    total = serializers.IntegerField(source="measure.total")
    band = serializers.CharField(source="measure.band")
    band_text = serializers.SerializerMethodField()
    is_prorated = serializers.BooleanField(source="measure.is_prorated")
    change = ScoreChangeOut(allow_null=True, help_text="Since the first of the series.")

    @extend_schema_field(serializers.CharField())
    def get_band_text(self, point: Point) -> str:
        return band_text(point.measure)


class ScoresOut(serializers.Serializer[Scores]):
    instrument = ChoiceOf(model=Measure, of="instrument", source="instrument.code")
    name = serializers.CharField(source="instrument.name")
    most = serializers.IntegerField(source="instrument.most", allow_null=True, help_text="The highest total.")
    rises_for_better = serializers.BooleanField(source="instrument.rises_for_better")
    points = ScorePointOut(many=True)


class GivenDoseOut(serializers.Serializer[PlannedSession]):
    planned_session = serializers.IntegerField(source="pk")
    dose_number = serializers.IntegerField()
    completed_at = InstantField()


class OutcomesOut(serializers.Serializer[Outcomes]):
    series = ScoresOut(many=True)
    doses = GivenDoseOut(many=True)


class OutcomeViews(Resource):
    queryset = Measure.objects.none()
    client = "client"
    out = OutcomesOut
    permitted = {"outcomes": access.READS_MEDICAL - access.AUDITORS}

    @extend_schema(summary="Read what became of a client's scores", responses=OutcomesOut)
    def outcomes(self, request: Request, client_id: int) -> Response:
        """For each instrument its scores and the change since the first, and the doses given meanwhile."""
        found = load_outcomes(self.access_client(client_id, pointer="/path/client_id").pk)
        return Response(OutcomesOut(found).data)


def load_outcomes(client_id: int) -> Outcomes:
    """Two queries. Scores come in the order of the instruments, points and doses by time."""
    rows = Measure.objects.filter(client=client_id, corrections=None).order_by("answered_at", "pk")
    by_instrument = measures.series(rows)
    doses = PlannedSession.objects.filter(
        plan__client=client_id, dose_number__isnull=False, completed_at__isnull=False
    ).order_by("completed_at")
    return Outcomes(
        tuple(
            Scores(instrument, tuple(by_instrument[code]))
            for code, instrument in INSTRUMENTS.items()
            if code in by_instrument
        ),
        tuple(doses),
    )
