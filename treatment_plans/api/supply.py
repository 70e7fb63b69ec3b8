"""What clients hold of their prescriptions, and the counts that don't fit."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, IdField, InstantField, LineField, NamedChoice, TextField
from practice.api.filters import IdFilter, TruthFilter
from practice.api.quick import Quick
from treatment_plans.api.filters import CorrectableFilter, OfClientFilter
from treatment_plans.api.prescriptions import KEY, AmountField
from treatment_plans.models import Prescription, SupplyEvent, SupplyTask
from treatment_plans.rules import balances
from treatment_plans.supply import ledger as supply_ledger
from treatment_plans.supply.ledger import NewEvent, Supply

LABELS = dict(SupplyEvent.Kind.choices)


class SupplyEventIn(In):
    """A dispensed fill is recorded at its prescription; an adjustment by settling a count."""

    client = IdField()
    prescription = IdField()
    kind = NamedChoice("SupplyEventKindRecorded", [(kind, LABELS[kind]) for kind in supply_ledger.RECORDED])
    amount = AmountField(min_value=balances.NOTHING, help_text="More than nothing, except for a count.")
    unit = ChoiceOf(model=SupplyEvent, of="unit", help_text="The prescription's `quantity_unit`.")
    key = serializers.UUIDField(help_text=KEY)
    planned_session = IdField(required=False, allow_null=True, help_text="Needed for a dose that was used.")
    witness = IdField(required=False, allow_null=True, help_text="Somebody else; needed for waste.")
    occurred_at = InstantField(required=False, help_text="Defaults to now.")
    note = LineField(max_length=200, required=False, allow_blank=True)


class LedgerCorrectionIn(In):
    amount = AmountField(min_value=balances.NOTHING, help_text="The right one; 0 undoes the event.")
    reason = LineField(max_length=200)
    key = serializers.UUIDField(help_text=KEY)


class SettleCountIn(In):
    outcome = ChoiceOf(model=SupplyTask, of="outcome")
    note = TextField(max_length=4000)


EVENT_FIELDS = (
    "kind",
    "amount",
    "unit",
    "key",
    "occurred_at",
    "note",
    "witness",
    "recorded_by",
    "recorded_at",
    "corrects",
    "correction_reason",
)
TASK_FIELDS = (
    "event",
    "expected",
    "counted",
    "unit",
    "raised_at",
    "settled_at",
    "settled_by",
    "outcome",
    "note",
    "revision",
)


class SupplyEventOut(Out[SupplyEvent]):
    class Meta:
        model = SupplyEvent
        fields = ("id", "client", "prescription", "planned_session", *EVENT_FIELDS)


class SupplyTaskOut(Out[SupplyTask]):
    class Meta:
        model = SupplyTask
        fields = ("id", "client", *TASK_FIELDS)


class SupplyEventFilter(OfClientFilter, CorrectableFilter):
    prescription = IdFilter()
    planned_session = IdFilter()
    kind = django_filters.ChoiceFilter(choices=SupplyEvent.Kind.choices)


class SupplyTaskFilter(OfClientFilter):
    is_open = TruthFilter("settled_at", "isnull", help_text="Not settled yet.")


@extend_schema_view(
    list=extend_schema(summary="List supply events, the latest first"),
    retrieve=extend_schema(summary="Read a supply event"),
)
class SupplyEventViews(Resource):
    queryset = SupplyEvent.objects.all()
    client = "client"
    out = SupplyEventOut
    filterset_class = SupplyEventFilter
    ordering = ("-occurred_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "create": access.CLINICAL,
        "correct": access.CLINICAL,
    }

    @extend_schema(summary="Record what happened to a client's medicine", request=SupplyEventIn)
    def create(self, request: Request) -> Response:
        """Never below nothing. A count that does not fit opens a supply task."""
        body = self.valid(SupplyEventIn)
        client = self.access_client(body.pop("client"))
        ids = {f"{name}_id": body.pop(name, None) for name in ("prescription", "planned_session", "witness")}
        new = NewEvent(**body, **ids)
        return self.write(
            lambda: supply_ledger.record(client.pk, new, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(
        summary="Correct a supply event by a new one",
        request=LedgerCorrectionIn,
        responses={201: SupplyEventOut},
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        body, event = self.valid(LedgerCorrectionIn), self.get_object()
        return self.write(
            lambda: supply_ledger.correct(event.pk, **body, actor=self.user, now=self.now), status_code=201
        )


@extend_schema_view(
    list=extend_schema(summary="List counts that don't fit, the oldest first"),
    retrieve=extend_schema(summary="Read a count that doesn't fit"),
)
class SupplyTaskViews(Resource):
    queryset = SupplyTask.objects.all()
    client = "client"
    out = SupplyTaskOut
    filterset_class = SupplyTaskFilter
    ordering = ("raised_at", "pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "settle": access.CLINICAL,
    }

    @extend_schema(summary="Settle a count with what was found", request=SettleCountIn)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        """`adjusted` and `reported` make the ledger take the count."""
        body, task = self.valid(SettleCountIn), self.get_object()
        return self.write(lambda: supply_ledger.settle(task.pk, **body, actor=self.user, now=self.now))


class HeldOut(Quick[Supply]):
    """What the client holds of one prescription, in its unit."""

    prescription = serializers.IntegerField(source="prescription.pk")
    drug = serializers.CharField(source="prescription.drug")
    route = ChoiceOf(model=Prescription, of="route", source="prescription.route")
    status = ChoiceOf(model=Prescription, of="status", source="prescription.status")
    valid_through_on = serializers.DateField(source="prescription.valid_through_on", allow_null=True)
    unit = ChoiceOf(model=SupplyEvent, of="unit", source="prescription.quantity_unit")
    units_per_dose = AmountField(source="prescription.units_per_dose", allow_null=True)
    dispensed = AmountField()
    used = AmountField()
    left = AmountField()
    open_tasks = serializers.IntegerField(help_text="Counts that are not settled yet.")


class ClientSupplyOut(serializers.Serializer[Any]):
    supplies = HeldOut(many=True)


class ClientSupplyViews(Resource):
    queryset = SupplyEvent.objects.none()
    client = "client"
    out = ClientSupplyOut
    permitted = {"held": access.READS_MEDICAL - access.AUDITORS}

    @extend_schema(summary="Read what a client holds of each prescription", responses=ClientSupplyOut)
    def held(self, request: Request, client_id: int) -> Response:
        """The latest prescription first."""
        client = self.access_client(client_id, pointer="/path/client_id")
        return Response(ClientSupplyOut({"supplies": supply_ledger.supplies(client.pk)}).data)
