"""A decision on clearance, tried: which of the client's sessions it would block or free."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import Resource
from practice.api.fields import ChoiceOf
from scheduling.api.fields import ClinicTime
from scheduling.api.serializers import BlockerOut
from scheduling.care import clearance_preview
from scheduling.care.clearance_preview import ClearancePreview, Touched
from scheduling.models import AppointmentType
from treatment_plans.api.serializers import ClearanceIn
from treatment_plans.api.views import disposal_of
from treatment_plans.models import Clearance


class TouchedOut(serializers.Serializer[Touched]):
    booking = serializers.IntegerField(source="booking.pk")
    starts_at = ClinicTime(zone="booking.location.time_zone", source="booking.starts_at")
    appointment_type = serializers.IntegerField(source="booking.appointment_type_id")
    kind = ChoiceOf(model=AppointmentType, of="kind", source="booking.appointment_type.kind")
    blockers = BlockerOut(many=True)


class ClearancePreviewOut(serializers.Serializer[ClearancePreview]):
    """How it would be: nothing of it is written."""

    blocks = TouchedOut(many=True, help_text="Sessions that could not take place any more.")
    frees = TouchedOut(many=True, help_text="Sessions that could take place again; with what it takes away.")
    stays_blocked = TouchedOut(many=True)


class ClearancePreviewViews(Resource):
    queryset = Clearance.objects.none()
    client = "client"
    out = ClearancePreviewOut
    permitted = {"preview": access.DECIDES_MEDICAL}

    @extend_schema(
        summary="Show what a decision on clearance would block or free",
        request=ClearanceIn,
        responses=ClearancePreviewOut,
    )
    def preview(self, request: Request) -> Response:
        """It is decided for real and undone, so it refuses as the decision would."""
        body: dict[str, Any] = self.valid(ClearanceIn)
        client = self.access_client(body.pop("client"))
        signer = access.check_signature(self.user, body.pop("decided_by", None), pointer="/decided_by")
        flags = [disposal_of(each, body.get("valid_through_on")) for each in body.pop("flags", ())]
        found = clearance_preview.preview(
            client.pk, body, flags=flags, decided_by=signer, actor=self.user, now=self.now
        )
        return Response(ClearancePreviewOut(found, context=self.get_serializer_context()).data)
