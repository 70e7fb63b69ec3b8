"""What ends soon, and the sessions that it will block."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice.access import EVERYONE
from practice.api.base import Resource
from practice.api.fields import DayField
from practice.api.pagination import ValuePages
from practice.api.quick import Quick
from practice.models import Role
from scheduling.api.fields import ClinicTime, WordOf
from scheduling.api.serializers import ClientRef, NamedRef, PlannedSessionRef
from scheduling.care import expiring
from scheduling.care.expiring import Expiring
from scheduling.models import Booking

KINDS = (
    "prescription",
    "clearance",
    "rems_enrollment",
    "consent",
    "licence",
    "screening_flag",
    "clinical_result",
)
MOST_DAYS, USUAL_DAYS = 365, 30


class ExpiringQuery(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        required=False,
        default=USUAL_DAYS,
        min_value=1,
        max_value=MOST_DAYS,
        help_text="How far to look ahead.",
    )
    client = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Of this client alone."
    )


class SupplyOfDosesOut(Quick[Any]):
    doses = serializers.IntegerField()
    used = serializers.IntegerField()
    booked = serializers.IntegerField()


class BlockedSessionOut(Quick[Booking]):
    id = serializers.IntegerField()
    client = ClientRef()
    planned_session = PlannedSessionRef(allow_null=True)
    starts_at = ClinicTime()
    time_zone = serializers.CharField()


class ExpiringOut(Quick[Expiring]):
    """`ends_on` is the last valid day, and may lie behind; `owner` who can do something about it."""

    kind = WordOf(component="ExpiringKind", words=KINDS)
    subject = serializers.IntegerField(source="subject_id")
    client = ClientRef(allow_null=True)
    clinician = NamedRef(allow_null=True)
    what = serializers.CharField()
    ends_on = DayField()
    because = WordOf(component="ExpiringBecause", words=("date", "used_up"))
    supply = SupplyOfDosesOut(allow_null=True)
    owner = WordOf(component="ExpiringOwner", words=Role.values)
    blocks = BlockedSessionOut(many=True)


class ExpiringViews(Resource):
    """Not about rows of one table: what is shown depends on who asks, as in `scheduling.care.expiring`."""

    queryset = Booking.objects.none()
    client = None
    out = ExpiringOut
    full_for = EVERYONE
    permitted = {"list": expiring.READS}
    query_params = frozenset(ExpiringQuery().fields)

    @property
    def paginator(self) -> ValuePages:
        if not hasattr(self, "_values"):
            self._values = ValuePages()
        return self._values

    @extend_schema(
        summary="List what ends soon, the soonest blocked session first",
        parameters=[ExpiringQuery],
        responses=ExpiringOut(many=True),
    )
    def list(self, request: Request) -> Response:
        """Prescriptions by date and by doses, clearances, consents, licences, enrolments.

        What is over is listed while a session still counts on it. Front desk and practice admin read consents
        and licences; clinicians all of their clients.
        """
        asked = ExpiringQuery(
            data={name: value for name, value in request.query_params.items() if name in self.query_params}
        )
        try:
            asked.is_valid(raise_exception=True)
        except serializers.ValidationError as wrong:
            raise serializers.ValidationError({"query": wrong.detail}) from None
        query = asked.validated_data
        found = expiring.expiring(self.user, days=query["days"], client_id=query.get("client"), now=self.now)
        page = self.paginator.page_of(found, request, name="expiring")
        shown: Any = ExpiringOut(page, many=True, context=self.get_serializer_context())  # type: ignore[arg-type]
        return self.paginator.get_paginated_response(shown.data)
