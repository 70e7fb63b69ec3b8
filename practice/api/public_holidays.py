from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, public_holidays
from practice.api.base import In, Resource
from practice.api.calendars import MOST_CONFIRMED, HolidayOut
from practice.api.fields import IdField, WholeNumberField
from practice.models import Location


class PublicHolidaysIn(In):
    years = WholeNumberField(
        required=False,
        min_value=1,
        max_value=public_holidays.MOST_YEARS,
        help_text="This year and the next ones, 3 in all.",
    )
    confirmed = serializers.ListField(
        child=IdField(),
        required=False,
        max_length=MOST_CONFIRMED,
        help_text="The bookings that it hits, as a sign that somebody has looked at them.",
    )


class PublicHolidaysOut(serializers.Serializer[Any]):
    added = HolidayOut(many=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {"added": HolidayOut(instance, many=True).data}


class PublicHolidayViews(Resource):
    """Days off by law at the location's country and state."""

    queryset = Location.objects.all()
    client = None
    out = PublicHolidaysOut
    permitted = {"create": access.DESK}

    @extend_schema(
        summary="Load the public holidays of a location",
        request=PublicHolidaysIn,
        responses={201: PublicHolidaysOut},
    )
    def create(self, request: Request, location_id: int) -> Response:
        """Adds those that it has not been offered before, as holidays to be edited or removed."""
        body = self.valid(PublicHolidaysIn)
        return self.write(
            lambda: public_holidays.load(
                location_id,
                years=body.get("years", 3),
                confirmed=body.get("confirmed", ()),
                actor=self.user,
                now=self.now,
            ),
            status_code=201,
        )
