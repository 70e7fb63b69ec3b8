"""What is due for clients, shaped for one screen; and which questionnaires are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import Resource
from practice.api.fields import ChoiceOf, InstantField
from scheduling.api.fields import WordOf
from scheduling.api.serializers import ClientRef
from scheduling.care import follow_ups_due, measures_due
from scheduling.care.follow_ups_due import Item
from treatment_plans.models import FollowUp, Measure
from treatment_plans.models.protocols import OCCASIONS
from treatment_plans.rules.cadence import Due
from treatment_plans.rules.instruments import INSTRUMENTS


class DueItemOut(serializers.Serializer[Item]):
    """`id` is the follow-up's or the alert's; of a note its booking's, of a review its session's, of
    measures the client's.
    """

    kind = WordOf(component="DueKind", words=tuple(follow_ups_due.KINDS))
    id = serializers.IntegerField()
    client = ClientRef()
    codes = serializers.ListField(
        child=serializers.CharField(), help_text="What: kind of follow-up, instruments, reason of the alert."
    )
    due_from_at = InstantField()
    due_until_at = InstantField(allow_null=True)
    hours_left = serializers.SerializerMethodField()
    pressing = WordOf(component="DuePressing", words=("safety", "overdue", "due", "soon"))
    agreed = serializers.CharField()
    attempt_count = serializers.IntegerField()
    last_attempt_at = InstantField(allow_null=True)
    last_attempt_how = serializers.CharField()
    booked_at = InstantField(allow_null=True, help_text="The session is booked, but later than it is due.")
    note = serializers.IntegerField(
        source="note_id", allow_null=True, help_text="The draft, if there is one."
    )

    def get_hours_left(self, item: Item) -> int | None:
        return item.hours_left(self.context["view"].now)


class DueListOut(serializers.Serializer[Any]):
    items = DueItemOut(many=True)


class DueMeasureOut(serializers.Serializer[Due]):
    instrument = ChoiceOf(model=Measure, of="instrument")
    name = serializers.SerializerMethodField()
    occasion = WordOf(component="MeasureOccasion", words=tuple(sorted(OCCASIONS)))
    dose_number = serializers.IntegerField(allow_null=True)
    planned_session = serializers.IntegerField(source="planned_session_id", allow_null=True)
    due_from_at = InstantField(source="from_at")
    due_until_at = InstantField(source="until_at", allow_null=True)

    def get_name(self, one: Due) -> str:
        return INSTRUMENTS[one.instrument].name


class DueMeasuresOut(serializers.Serializer[Any]):
    measures = DueMeasureOut(many=True)


@dataclass(frozen=True)
class _Listed:
    items: Any = ()
    measures: Any = ()


class DueViews(Resource):
    queryset = FollowUp.objects.none()
    client = "client"
    out = DueListOut
    permitted = {
        "due": access.CLINICAL,
        "measures": access.READS_MEDICAL - access.AUDITORS,
    }

    @extend_schema(summary="List what is due for your clients", responses=DueListOut)
    def due(self, request: Request) -> Response:
        """Safety first, then what is overdue. Notes, questionnaires and reviews that wait are derived from
        the record; they leave the list when they are signed, answered or decided.
        """
        items = follow_ups_due.due(self.user, now=self.now)
        return Response(DueListOut(_Listed(items=items), context=self.get_serializer_context()).data)

    @extend_schema(summary="List the questionnaires that a client is to answer now", responses=DueMeasuresOut)
    def measures(self, request: Request, client_id: int) -> Response:
        """As the plan's protocol says, by the doses given and booked and what was answered already."""
        client = self.access_client(client_id, pointer="/path/client_id")
        owed = measures_due.load([client.pk], now=self.now).get(client.pk, ())
        return Response(DueMeasuresOut(_Listed(measures=owed)).data)
