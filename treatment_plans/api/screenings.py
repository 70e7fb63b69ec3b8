"""What clients answered to the screening form."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, RecordOut, Resource
from practice.api.fields import ChoiceOf, IdField, InstantField, LineField
from treatment_plans.api.filters import CorrectableFilter, OfClientFilter
from treatment_plans.models import (
    Screening,
    ScreeningForm,
)
from treatment_plans.screening import screenings
from treatment_plans.screening.screenings import Filled


class AnyAnswers(serializers.DictField):
    """Answers by the key of the question: "yes", a code, a number, a date, a text, or a blood pressure."""

    child = serializers.JSONField()


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


class ScreeningFilter(OfClientFilter, CorrectableFilter):
    """Of a client, and whether it still stands."""


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
