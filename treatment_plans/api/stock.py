"""The clinic's stock by lot. Nothing here says for whom a dose was."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, InstantField, LineField, NamedChoice
from practice.api.filters import IdFilter, TruthFilter
from practice.models import Client, Location
from treatment_plans.api.filters import CorrectableFilter
from treatment_plans.api.prescriptions import KEY, AmountField
from treatment_plans.api.supply import EVENT_FIELDS, TASK_FIELDS, LedgerCorrectionIn, SettleCountIn
from treatment_plans.models import PlannedSession, Route, StockEvent, StockLot, StockTask
from treatment_plans.rules import balances
from treatment_plans.supply import accounts, stock
from treatment_plans.supply.accounts import NewEvent

READS_STOCK = access.CLINICAL | access.ADMIN
KEEPS_STOCK = READS_STOCK
LABELS = dict(StockEvent.Kind.choices)


class StockLotIn(In):
    location = IdField()
    drug = LineField(max_length=160)
    strength_amount = AmountField(max_digits=8)
    strength_unit = ChoiceOf(model=StockLot, of="strength_unit")
    form = ChoiceOf(model=StockLot, of="form")
    route = ChoiceOf(model=StockLot, of="route")
    lot = LineField(max_length=40)
    unit = ChoiceOf(model=StockLot, of="unit")
    expires_on = DayField(help_text="The last day of use by the label.")
    use_by_on = DayField(required=False, allow_null=True, help_text="The last day of use by the rules.")
    received_on = DayField()
    for_client = IdField(required=False, allow_null=True, help_text="When it was delivered for one client.")
    amount = AmountField()
    key = serializers.UUIDField(help_text=KEY)


class TransferIn(In):
    to_location = IdField()
    amount = AmountField()
    unit = ChoiceOf(model=StockLot, of="unit")
    key = serializers.UUIDField(help_text=KEY)


class StockEventIn(In):
    """A delivery is recorded with its lot, an adjustment by settling a count."""

    stock_lot = IdField()
    kind = NamedChoice("StockEventKindRecorded", [(kind, LABELS[kind]) for kind in stock.RECORDED])
    amount = AmountField(min_value=balances.NOTHING, help_text="More than nothing, except for a count.")
    unit = ChoiceOf(model=StockEvent, of="unit", help_text="The lot's `unit`.")
    key = serializers.UUIDField(help_text=KEY)
    planned_session = IdField(required=False, allow_null=True, help_text="Needed for a dose that was used.")
    witness = IdField(required=False, allow_null=True, help_text="Somebody else.")
    occurred_at = InstantField(required=False, help_text="Defaults to now.")
    note = LineField(max_length=200, required=False, allow_blank=True)


class StockLotOut(Out[StockLot]):
    left = serializers.SerializerMethodField()
    is_for_one_client = serializers.SerializerMethodField()

    class Meta:
        model = StockLot
        fields = (
            "id",
            "location",
            "drug",
            "strength_amount",
            "strength_unit",
            "form",
            "route",
            "lot",
            "unit",
            "expires_on",
            "use_by_on",
            "received_on",
            "is_for_one_client",
            "left",
            "revision",
        )

    @extend_schema_field(serializers.DecimalField(max_digits=10, decimal_places=3))
    def get_left(self, lot: StockLot) -> str:
        return f"{balances.balance(accounts.entries_of(lot.events.all())):.3f}"

    @extend_schema_field(serializers.BooleanField())
    def get_is_for_one_client(self, lot: StockLot) -> bool:
        return lot.for_client_id is not None


class StockEventOut(Out[StockEvent]):
    class Meta:
        model = StockEvent
        fields = ("id", "stock_lot", "other_lot", *EVENT_FIELDS)


class StockTaskOut(Out[StockTask]):
    class Meta:
        model = StockTask
        fields = ("id", *TASK_FIELDS)


class StockLotFilter(django_filters.FilterSet):
    location = IdFilter()
    route = django_filters.ChoiceFilter(choices=Route.choices)
    client = IdFilter(method="usable_for", help_text="Those that may be used for this client.")

    def usable_for(self, queryset: QuerySet[StockLot], name: str, value: int) -> QuerySet[StockLot]:
        user = self.request.user if self.request else None
        mine = access.visible_to(user, Client.objects.filter(pk=value), client="pk") if user else ()
        return queryset.filter(Q(for_client=None) | Q(for_client__in=mine))


class StockEventFilter(CorrectableFilter):
    stock_lot = IdFilter()
    kind = django_filters.ChoiceFilter(choices=StockEvent.Kind.choices)


class StockTaskFilter(django_filters.FilterSet):
    is_open = TruthFilter("settled_at", "isnull", help_text="Not settled yet.")


@extend_schema_view(
    list=extend_schema(summary="List the lots in stock, with what is left"),
    retrieve=extend_schema(summary="Read a lot"),
)
class StockLotViews(Resource):
    queryset = StockLot.objects.prefetch_related("events")
    client = None
    out = StockLotOut
    filterset_class = StockLotFilter
    ordering = ("expires_on", "pk")
    permitted = {
        "list": READS_STOCK,
        "retrieve": READS_STOCK,
        "create": KEEPS_STOCK,
        "transfer": KEEPS_STOCK,
    }

    @extend_schema(summary="Record a delivery", request=StockLotIn)
    def create(self, request: Request) -> Response:
        body = self.valid(StockLotIn)
        location = self.access(Location.objects.all(), body.pop("location"), "/location")
        client_id = body.pop("for_client", None)
        client = None if client_id is None else self.access_client(client_id, pointer="/for_client")
        amount, key = body.pop("amount"), body.pop("key")
        return self.write(
            lambda: stock.receive(
                location, body, amount, key=key, for_client=client, actor=self.user, now=self.now
            ),
            status_code=201,
        )

    @extend_schema(
        summary="Transfer some of a lot to another location",
        request=TransferIn,
        responses={201: StockEventOut},
    )
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, pk: str) -> Response:
        body, lot = self.valid(TransferIn), self.get_object()
        to = self.access(Location.objects.all(), body.pop("to_location"), "/to_location")
        return self.write(
            lambda: stock.transfer(lot.pk, **body, to=to, actor=self.user, now=self.now),
            status_code=201,
            out=StockEventOut,
        )


@extend_schema_view(
    list=extend_schema(summary="List stock events, the latest first"),
    retrieve=extend_schema(summary="Read a stock event"),
)
class StockEventViews(Resource):
    queryset = StockEvent.objects.all()
    client = None
    out = StockEventOut
    filterset_class = StockEventFilter
    ordering = ("-occurred_at", "-pk")
    permitted = {
        "list": READS_STOCK,
        "retrieve": READS_STOCK,
        "create": access.CLINICAL,
        "correct": access.CLINICAL,
    }

    @extend_schema(summary="Record what happened to a lot", request=StockEventIn)
    def create(self, request: Request) -> Response:
        """Never below nothing; no dose from an expired lot. A count that does not fit opens a stock task."""
        body = self.valid(StockEventIn)
        lot_id, session_id = body.pop("stock_lot"), body.pop("planned_session", None)
        self.access(StockLot.objects.all(), lot_id, "/stock_lot")
        if session_id is not None:
            rows = PlannedSession.objects.all()
            visible = access.visible_to(self.user, rows, client="plan__client", roles=self.roles)
            access.access_one(visible, session_id, "/planned_session")
        witness_id = body.pop("witness", None)
        new = NewEvent(**body, planned_session_id=session_id, witness_id=witness_id)
        return self.write(lambda: stock.record(lot_id, new, actor=self.user, now=self.now), status_code=201)

    @extend_schema(
        summary="Correct a stock event by a new one",
        request=LedgerCorrectionIn,
        responses={201: StockEventOut},
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        body, event = self.valid(LedgerCorrectionIn), self.get_object()
        return self.write(
            lambda: stock.correct(event.pk, **body, actor=self.user, now=self.now), status_code=201
        )


@extend_schema_view(
    list=extend_schema(summary="List counts of lots that don't fit, the oldest first"),
    retrieve=extend_schema(summary="Read a count of a lot that doesn't fit"),
)
class StockTaskViews(Resource):
    queryset = StockTask.objects.all()
    client = None
    out = StockTaskOut
    filterset_class = StockTaskFilter
    ordering = ("raised_at", "pk")
    permitted = {"list": READS_STOCK, "retrieve": READS_STOCK, "settle": KEEPS_STOCK}

    @extend_schema(summary="Settle a count of a lot with what was found", request=SettleCountIn)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        """`adjusted` and `reported` make the ledger take the count."""
        body, task = self.valid(SettleCountIn), self.get_object()
        return self.write(lambda: stock.settle(task.pk, **body, actor=self.user, now=self.now))
