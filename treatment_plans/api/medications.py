"""What clients take besides, the rules about it, and the words that a prescriber approved for one client."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, clock
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, LineField, TextField
from practice.api.filters import TruthFilter
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.models import CurrentMedication, HoldInstruction, InteractionRule
from treatment_plans.rules.interactions import InteractionHit, MedicationFact
from treatment_plans.screening import medications

CLINICAL_READ = {
    "list": access.READS_MEDICAL,
    "retrieve": access.READS_MEDICAL - access.AUDITORS,
}


class MedicationIn(In):
    client = IdField()
    name = LineField(max_length=120)
    medicine_class = ChoiceOf(
        model=CurrentMedication, of="medicine_class", required=False, help_text="Left out: not looked at yet."
    )
    dose_text = LineField(max_length=120, required=False, allow_blank=True)
    since_on = DayField(required=False, allow_null=True)
    source = ChoiceOf(model=CurrentMedication, of="source")  # type: ignore[assignment]


class StopIn(In):
    stopped_on = DayField(help_text="The last day on which it was taken.")


class ClassifyIn(In):
    medicine_class = ChoiceOf(model=CurrentMedication, of="medicine_class")


class MedicationOut(Out[CurrentMedication]):
    class Meta:
        model = CurrentMedication
        fields = (
            "id",
            "client",
            "name",
            "medicine_class",
            "dose_text",
            "since_on",
            "stopped_on",
            "source",
            "recorded_by",
            "recorded_at",
            "revision",
        )


class MedicationFilter(OfClientFilter):
    is_taken = TruthFilter(method="taken", help_text="Not stopped.")

    def taken(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(stopped_on__isnull=value)


@extend_schema_view(
    list=extend_schema(summary="List what clients take besides"),
    retrieve=extend_schema(summary="Read a medication"),
)
class CurrentMedicationViews(Resource):
    queryset = CurrentMedication.objects.all()
    client = "client"
    out = MedicationOut
    filterset_class = MedicationFilter
    permitted = {
        **CLINICAL_READ,
        "create": access.CLINICAL,
        "stop": access.CLINICAL,
        "classify": access.CLINICAL,
    }

    @extend_schema(summary="Record what a client takes", request=MedicationIn)
    def create(self, request: Request) -> Response:
        body = self.valid(MedicationIn)
        client = self.access_client(body.pop("client"))
        return self.write(
            lambda: medications.record(client, body, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="Record that it was stopped", request=StopIn)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """A record of what happened; it tells the client nothing."""
        body, medication = self.valid(StopIn), self.get_object()
        return self.write(lambda: medications.stop(medication.pk, **body, actor=self.user, now=self.now))

    @extend_schema(summary="Say which class it belongs to", request=ClassifyIn)
    @action(detail=True, methods=["post"])
    def classify(self, request: Request, pk: str) -> Response:
        body, medication = self.valid(ClassifyIn), self.get_object()
        return self.write(lambda: medications.classify(medication.pk, **body, actor=self.user, now=self.now))


class InteractionRuleOut(Out[InteractionRule]):
    routes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = InteractionRule
        fields = (
            "id",
            "medicine_class",
            "effect",
            "advice",
            "hold_hours",
            "hold_days",
            "routes",
            "source",
            "is_active",
            "revision",
        )


class InteractionRuleFilter(django_filters.FilterSet):
    is_active = TruthFilter()


@extend_schema_view(
    list=extend_schema(summary="List the interaction rules"),
    retrieve=extend_schema(summary="Read an interaction rule"),
)
class InteractionRuleViews(Resource):
    """For the eyes of clinicians: prescribers edit them in the admin."""

    queryset = InteractionRule.objects.all()
    client = None
    out = InteractionRuleOut
    filterset_class = InteractionRuleFilter
    permitted = {"list": access.CLINICAL, "retrieve": access.CLINICAL}


class HoldIn(In):
    client = IdField()
    medication = IdField(required=False, allow_null=True, help_text="What it is about.")
    text_en = TextField(max_length=1000)
    text_es = TextField(max_length=1000)


class HoldWithdrawalIn(In):
    reason = LineField(max_length=200)


class HoldOut(Out[HoldInstruction]):
    class Meta:
        model = HoldInstruction
        fields = (
            "id",
            "client",
            "medication",
            "text_en",
            "text_es",
            "approved_by",
            "approved_at",
            "withdrawn_by",
            "withdrawn_at",
            "withdraw_reason",
        )


class HoldFilter(OfClientFilter):
    stands = TruthFilter(method="standing", help_text="Not withdrawn.")

    def standing(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(withdrawn_at__isnull=value)


@extend_schema_view(
    list=extend_schema(summary="List hold instructions"),
    retrieve=extend_schema(summary="Read a hold instruction"),
)
class HoldInstructionViews(Resource):
    """The only words about medicines that may reach a client: a prescriber approved them for that client."""

    queryset = HoldInstruction.objects.all()
    client = "client"
    out = HoldOut
    filterset_class = HoldFilter
    permitted = {**CLINICAL_READ, "create": access.DECIDES_MEDICAL, "withdraw": access.DECIDES_MEDICAL}

    @extend_schema(summary="Approve words for a client in your name", request=HoldIn)
    def create(self, request: Request) -> Response:
        """The client reads them on their link page once they gave their birth date."""
        body = self.valid(HoldIn)
        client = self.access_client(body.pop("client"))
        signer = access.check_signature(self.user, None, pointer="")
        medication_id = body.pop("medication", None)
        medication = None
        if medication_id is not None:
            medication = self.access(
                CurrentMedication.objects.filter(client=client), medication_id, "/medication"
            )
        return self.write(
            lambda: medications.approve_hold(
                client, **body, medication=medication, approved_by=signer, actor=self.user, now=self.now
            ),
            status_code=201,
        )

    @extend_schema(summary="Withdraw the words", request=HoldWithdrawalIn)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        body, hold = self.valid(HoldWithdrawalIn), self.get_object()
        signer = access.check_signature(self.user, None, pointer="")
        return self.write(
            lambda: medications.withdraw_hold(
                hold.pk, **body, withdrawn_by=signer, actor=self.user, now=self.now
            )
        )


class InteractionOut(serializers.Serializer[InteractionHit]):
    """For the prescriber to weigh: nothing of it reaches the client by itself."""

    medication = serializers.IntegerField(source="medication.id")
    name = serializers.CharField(source="medication.name")
    rule = serializers.IntegerField(source="rule.id")
    medicine_class = ChoiceOf(model=InteractionRule, of="medicine_class", source="rule.medicine_class")
    effect = serializers.CharField(source="rule.effect")
    advice = serializers.CharField(source="rule.advice")
    hold_hours = serializers.IntegerField(source="rule.hold_hours", allow_null=True)
    hold_days = serializers.IntegerField(source="rule.hold_days", allow_null=True)
    source = serializers.CharField(source="rule.source")  # type: ignore[assignment]


class TakenOut(serializers.Serializer[MedicationFact]):
    medication = serializers.IntegerField(source="id")
    name = serializers.CharField()


class InteractionsOut(serializers.Serializer[Any]):
    interactions = InteractionOut(many=True)
    unclassified = TakenOut(many=True, help_text="Taken, and in no class yet: no rule can name it.")


class InteractionViews(Resource):
    queryset = CurrentMedication.objects.none()
    client = "client"
    out = InteractionsOut
    permitted = {"interactions": access.CLINICAL}

    @extend_schema(summary="Read which of a client's medicines matter today", responses=InteractionsOut)
    def interactions(self, request: Request, client_id: int) -> Response:
        client = self.access_client(client_id, pointer="/path/client_id")
        day = clock.local_day(self.now, clock.zone(client.location.time_zone))
        found, unclassified = medications.interactions_of([client.pk], route=None, day=day)[client.pk]
        return Response(InteractionsOut({"interactions": found, "unclassified": unclassified}).data)
