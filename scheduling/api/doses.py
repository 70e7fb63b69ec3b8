"""A client's doses, given and planned, in the shape of one list."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import Resource
from practice.api.fields import ChoiceOf, DayField
from practice.api.pagination import ValuePages
from practice.api.quick import Quick
from scheduling.api.fields import ClinicTime, WordOf
from scheduling.api.serializers import PlannedSessionRef
from scheduling.care import dose_history
from scheduling.care.dose_history import DoseLine
from treatment_plans.models import Dose, Prescription, Protocol

STATUSES = (dose_history.GIVEN, dose_history.BOOKED, dose_history.PLANNED, dose_history.NOT_GIVEN)


class DosesQuery(serializers.Serializer[Any]):
    from_on = DayField(required=False, help_text="The first day, on the clinic's calendar.")
    through_on = DayField(required=False, help_text="The last day. With either, only doses that have a time.")


class PrescribedRef(Quick[Prescription]):
    id = serializers.IntegerField()
    drug = serializers.CharField()


class DoseLineOut(Quick[DoseLine]):
    """`at` is when it was given, ended without one, or is booked for; null while it is only planned."""

    status = WordOf(component="DoseStatus", words=STATUSES)
    at = ClinicTime(allow_null=True)
    planned_session = PlannedSessionRef(source="session")
    plan = serializers.IntegerField(source="session.plan_id")
    booking = serializers.IntegerField(source="booking.pk", allow_null=True)
    record = serializers.IntegerField(source="record.pk", allow_null=True, help_text="The dosing record.")
    dose = serializers.IntegerField(source="dose.pk", allow_null=True, help_text="The entry of the record.")
    number = serializers.IntegerField(
        source="dose.number", allow_null=True, help_text="1, or 2 where a second one was given."
    )
    amount = serializers.DecimalField(8, 3, allow_null=True)
    unit = ChoiceOf(model=Dose, of="unit", source="dose.unit", allow_null=True)
    route = ChoiceOf(model=Protocol, of="route")
    prescription = PrescribedRef(source="dose.prescription", allow_null=True)
    lot_number = serializers.CharField(help_text="Empty where none was written down.")
    is_self_administered = serializers.BooleanField(source="dose.is_self_administered", allow_null=True)
    adverse_events = serializers.IntegerField(help_text="How many the dosing record has.")


class DoseViews(Resource):
    queryset = Dose.objects.none()
    client = "record__client"
    out = DoseLineOut
    permitted = {"list": access.READS_MEDICAL - access.AUDITORS}
    query_params = frozenset(DosesQuery().fields)

    @property
    def paginator(self) -> ValuePages:
        if not hasattr(self, "_values"):
            self._values = ValuePages()
        return self._values

    @extend_schema(
        summary="List a client's doses, given and planned, the latest first",
        parameters=[DosesQuery],
        responses=DoseLineOut(many=True),
    )
    def list(self, request: Request, client_id: int) -> Response:
        """What has no time yet comes first. A session in which two were given has two."""
        client = self.access_client(client_id, pointer="/path/client_id")
        asked = DosesQuery(
            data={name: value for name, value in request.query_params.items() if name in self.query_params}
        )
        try:
            asked.is_valid(raise_exception=True)
        except serializers.ValidationError as wrong:
            raise serializers.ValidationError({"query": wrong.detail}) from None
        found = dose_history.load(client, **asked.validated_data)
        page = self.paginator.page_of(found, request, name=f"doses {client.pk}")
        shown: Any = DoseLineOut(page, many=True, context=self.get_serializer_context())  # type: ignore[arg-type]
        return self.paginator.get_paginated_response(shown.data)
