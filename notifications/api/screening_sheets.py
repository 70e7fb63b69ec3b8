"""Screening forms sent to clients to fill alone, and how far they are; never a word of what was answered."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import links, screening_links
from notifications.screening_links import DELIVERIES, STAGES
from practice import access
from practice.api.base import In, NothingIn, Out, Resource
from practice.api.fields import IdField, InstantField, NamedChoice
from practice.api.filters import TruthFilter
from practice.models import Channel
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.models import ScreeningForm, ScreeningSheet


class ScreeningSheetIn(In):
    client = IdField()
    form = IdField(help_text="The version that is in use.")
    delivery = NamedChoice("ScreeningDelivery", DELIVERIES)


class ScreeningSheetOut(Out[ScreeningSheet]):
    form_name = serializers.CharField(source="form.name", read_only=True)
    stage = serializers.SerializerMethodField()
    opened_at = InstantField(
        read_only=True, allow_null=True, help_text="By somebody who gave the birth date, not by a machine."
    )
    told_by = NamedChoice("ScreeningChannel", Channel.choices, source="message_channel", allow_null=True)
    answered_count = serializers.SerializerMethodField(help_text="Answered, or passed over.")
    question_count = serializers.SerializerMethodField()

    class Meta:
        model = ScreeningSheet
        fields = (
            "id",
            "client",
            "form",
            "form_name",
            "stage",
            "asked_by",
            "asked_at",
            "expires_at",
            "told_by",
            "opened_at",
            "answered_at",
            "answered_count",
            "question_count",
            "withdrawn_at",
            "screening",
        )

    @extend_schema_field(NamedChoice("ScreeningStage", STAGES))
    def get_stage(self, sheet: ScreeningSheet) -> str:
        return screening_links.stage(sheet, now=self.context["view"].now)

    def get_answered_count(self, sheet: ScreeningSheet) -> int:
        return len(sheet.form.questions) if sheet.screening_id else len(sheet.answers)

    def get_question_count(self, sheet: ScreeningSheet) -> int:
        return len(sheet.form.questions)


class AskedOut(ScreeningSheetOut):
    address = serializers.URLField(
        allow_null=True,
        read_only=True,
        default=None,
        help_text="To hand on. Shown this once; null for a message, and in the answer to a repeat.",
    )

    class Meta:
        model = ScreeningSheet
        fields = (*ScreeningSheetOut.Meta.fields, "address")


class ScreeningSheetFilter(OfClientFilter):
    is_open = TruthFilter(method="still_open", help_text="Neither filled nor taken back.")

    def still_open(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        waiting = {"screening": None, "withdrawn_at": None}
        return queryset.filter(**waiting) if value else queryset.exclude(**waiting)


@extend_schema_view(
    list=extend_schema(summary="List the screening forms that clients were asked to fill, the latest first"),
    retrieve=extend_schema(summary="Read how far a screening form is that a client was asked to fill"),
    create=extend_schema(
        summary="Have a client fill a screening form on a link page",
        request=ScreeningSheetIn,
        responses={201: AskedOut},
    ),
    withdraw=extend_schema(summary="Take it back: its links end", request=NothingIn),
)
class ScreeningSheetViews(Resource):
    """Whom somebody asked to fill a form alone, and how far it is. Its answers are read as a screening."""

    queryset = screening_links.with_progress(ScreeningSheet.objects.all())
    client = "client"
    out = ScreeningSheetOut
    filterset_class = ScreeningSheetFilter
    ordering = ("-asked_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL | access.DESK,
        "retrieve": access.CLINICAL | access.DESK,
        "create": access.CLINICAL | access.DESK,
        "withdraw": access.CLINICAL | access.DESK,
    }

    def create(self, request: Request) -> Response:
        """Told by a text or an email without a health word, or by an address that you hand on yourself.

        Asked again, the client finds what they have answered: the same sheet is open for two more weeks.
        """
        body = self.valid(ScreeningSheetIn)
        client = self.access_client(body["client"])
        form = self.access(ScreeningForm.objects.all(), body["form"], "/form")
        delivery, secret = body["delivery"], links.new_secret()
        answer = self.write(
            lambda: screening_links.ask(
                client, form, delivery=delivery, secret=secret, actor=self.user, now=self.now
            ),
            status_code=201,
            out=AskedOut,
        )
        if delivery == screening_links.COPY and "Idempotency-Replayed" not in answer.headers:
            answer.data["address"] = links.address(secret)
        return answer

    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """What was answered so far is kept, and goes along when the client is asked again."""
        self.valid(NothingIn)
        sheet = self.get_object()
        return self.write(lambda: screening_links.withdraw(sheet.pk, actor=self.user, now=self.now))
