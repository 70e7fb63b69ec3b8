"""A whole course of treatment: proposals for all its open sessions, and booking them together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice.access import access_one
from practice.api.base import Resource
from practice.api.bodies import In
from practice.api.fields import IdField, InstantField, TruthField, WholeNumberField
from practice.errors import Invalid
from scheduling.api.bodies import TENTATIVE, WithChoice
from scheduling.api.fields import ClinicTime
from scheduling.api.serializers import (
    AppointmentTypeRef,
    BlockerOut,
    BookingOut,
    NamedRef,
    PlannedSessionRef,
)
from scheduling.api.views import BOOKS
from scheduling.course import series
from scheduling.course.series import BookedSeries, Proposal, Unplaced, Wanted
from scheduling.course.steps import Preferences
from scheduling.engine.types import Span
from treatment_plans.models import TreatmentPlan

MOST_WEEKS, MOST_ITEMS, MOST_PROPOSALS = 26, 100, 3
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})
class TimeOfDay(serializers.Field[time, Any, str, Any]):
    """On the clinic's clock."""

    default_error_messages = {"invalid": gettext_lazy("This is not a time of day, for example 09:30.")}

    def to_internal_value(self, data: Any) -> time:
        if not isinstance(data, str) or not _TIME.fullmatch(data):
            self.fail("invalid")
        return time.fromisoformat(data)


class ProposeIn(In):
    """Preferences are kept where that is possible, and reported where it is not."""

    from_at = InstantField(required=False, help_text="Starts at this instant or later; default now.")
    until = InstantField(required=False, help_text="Starts before this, at most 26 weeks on.")
    weeks = WholeNumberField(
        required=False,
        min_value=1,
        max_value=MOST_WEEKS,
        help_text="Or so many weeks on; by default as many as the course takes at half the usual pace.",
    )
    preferred_weekdays = serializers.ListField(
        child=WholeNumberField(min_value=0, max_value=6),
        required=False,
        max_length=7,
        help_text="0 is Monday. Integration sessions follow from their dose and are not asked.",
    )
    preferred_from_local = TimeOfDay(required=False, help_text="Preferred starts, from this time of day …")
    preferred_until_local = TimeOfDay(required=False, help_text="… until before this.")
    limit = WholeNumberField(required=False, min_value=1, max_value=MOST_PROPOSALS)
    tentative = TruthField(
        required=False, help_text="Place doses too for which nothing is left, where the location keeps them."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a keyword, so no attribute can have this name."""
        fields = super().get_fields()
        return {"from" if name == "from_at" else name: field for name, field in fields.items()}


class SeriesItemIn(WithChoice):
    """Whoever and whatever is left out is chosen: those whom the plan names first."""

    planned_session = IdField()
    starts_at = InstantField(help_text="The instant, with an offset.")
    tentative = TruthField(required=False, help_text=TENTATIVE)


class SeriesIn(In):
    items = serializers.ListField(child=SeriesItemIn(), allow_empty=False, max_length=MOST_ITEMS)


class SeriesItemOut(serializers.Serializer[series.Item]):
    planned_session = PlannedSessionRef()
    appointment_type = AppointmentTypeRef()
    starts_at = ClinicTime()
    ends_at = ClinicTime()
    time_zone = serializers.CharField()
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    compromises = BlockerOut(many=True)
    tentative = serializers.BooleanField(
        source="is_tentative", help_text="Bookable as tentative, until the prescription is renewed."
    )


class UnplacedSessionOut(serializers.Serializer[Unplaced]):
    planned_session = PlannedSessionRef()
    blockers = BlockerOut(many=True)
    remedies = BlockerOut(many=True, help_text="What would give it a place.")


class SeriesProposalOut(serializers.Serializer[Proposal]):
    items = SeriesItemOut(many=True)
    unplaced = UnplacedSessionOut(many=True, help_text="Sessions that have no place, and why.")
    compromise_count = serializers.IntegerField()
    finishes_at = ClinicTime(allow_null=True)


@dataclass(frozen=True)
class Proposals:
    time_zone: str
    from_at: datetime
    until_at: datetime
    proposals: tuple[Proposal, ...]


class SeriesProposalsOut(serializers.Serializer[Proposals]):
    time_zone = serializers.CharField()
    from_at = ClinicTime(help_text="What was searched, from here …")
    until_at = ClinicTime(help_text="… until before this.")
    proposals = SeriesProposalOut(many=True, help_text="None if no session is open.")


class SeriesOut(serializers.Serializer[BookedSeries]):
    bookings = BookingOut(many=True)


class SeriesViews(Resource):
    queryset = TreatmentPlan.objects.select_related("protocol", "client__location", "therapist", "prescriber")
    client = "client"
    out = SeriesOut
    permitted = {"propose": BOOKS, "book": BOOKS}

    @extend_schema(summary="Propose times for a course", request=ProposeIn, responses=SeriesProposalsOut)
    def propose(self, request: Request, pk: int) -> Response:
        """Up to three complete proposals for all open sessions of the plan. Writes nothing.

        Fewest compromises first, then the earliest finish. What can't be placed says what stands against it.
        """
        plan = self._plan(pk)
        asked = self.valid(ProposeIn)
        window = self._window(plan, asked)
        found = series.propose(
            plan,
            window,
            preferences=preferences(asked),
            limit=asked.get("limit", MOST_PROPOSALS),
            tentative=asked.get("tentative", False),
            now=self.now,
        )
        answer = Proposals(plan.client.location.time_zone, window.start, window.end, found)
        return Response(SeriesProposalsOut(answer, context=self.get_serializer_context()).data)

    @extend_schema(summary="Book a course", request=SeriesIn, responses={201: SeriesOut})
    def book(self, request: Request, pk: int) -> Response:
        """All or nothing. A refusal says in the params of each blocker to which item it belongs: `index`."""
        plan = self._plan(pk)
        wanted = [
            Wanted(
                item["planned_session"],
                item["starts_at"],
                therapist_id=item.get("therapist"),
                psychiatrist_id=item.get("psychiatrist"),
                room_id=item.get("room"),
                tentative=item.get("tentative", False),
            )
            for item in self.valid(SeriesIn)["items"]
        ]

        return self.write(lambda: series.book(plan, wanted, actor=self.user, now=self.now), status_code=201)

    def _plan(self, pk: int) -> TreatmentPlan:
        return access_one(self.get_queryset(), pk, None)

    def _window(self, plan: TreatmentPlan, asked: dict[str, Any]) -> Span:
        start = max(asked.get("from", self.now), self.now)
        if "until" in asked and "weeks" in asked:
            raise Invalid(_("Give either until or weeks."), code="not_needed", pointer="/weeks")
        if "weeks" in asked:
            return Span(start, start + timedelta(weeks=asked["weeks"]))
        longest = start + timedelta(weeks=MOST_WEEKS)
        end = asked.get("until") or min(longest, start + series.usual_length(plan))
        if end <= start:
            raise Invalid(_("The end has to be after the start."), code="wrong_order", pointer="/until")
        if end > longest:
            raise Invalid(
                _("The end is at most 26 weeks after the start."), code="too_long", pointer="/until"
            )
        return Span(start, end)


def preferences(asked: dict[str, Any]) -> Preferences:
    from_local, until_local = asked.get("preferred_from_local"), asked.get("preferred_until_local")
    if from_local is not None and until_local is not None and until_local <= from_local:
        raise Invalid(
            _("The end has to be after the start."), code="wrong_order", pointer="/preferred_until_local"
        )
    return Preferences(frozenset(asked.get("preferred_weekdays", ())), from_local, until_local)
