"""When, with whom and where: openings, and why a proposed time is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from practice.access import AUDITORS, EVERYONE
from practice.api.base import Resource
from practice.api.schema import PROBLEM, Problem
from practice.blockers import Blocker
from practice.errors import DomainError, Invalid
from practice.models import Clinician, Location, Room
from scheduling import booking
from scheduling.api.bodies import START, ExplainIn, OpeningsQuery, taken
from scheduling.api.fields import ClinicTime
from scheduling.api.serializers import BlockerOut, NamedRef
from scheduling.booking import Request
from scheduling.engine.types import Opening, Span
from scheduling.models import AppointmentType
from scheduling.requests import access_booking, request_for, request_to_move
from scheduling.starts import promise, resolve

USUAL_WINDOW, LONGEST_WINDOW = timedelta(days=14), timedelta(days=62)


@dataclass(frozen=True)
class Offer:
    starts_at: datetime
    ends_at: datetime
    starts_local: str
    fold: int
    time_zone: str
    therapist: Clinician | None
    psychiatrist: Clinician | None
    room: Room | None
    room_place: int | None


@dataclass(frozen=True)
class Offers:
    time_zone: str
    from_at: datetime
    until_at: datetime
    is_cut: bool
    openings: tuple[Offer, ...]


@dataclass(frozen=True)
class Explanation:
    starts_at: datetime
    time_zone: str
    blockers: tuple[Blocker, ...]

    @property
    def is_bookable(self) -> bool:
        return not self.blockers


class OfferOut(serializers.Serializer[Offer]):
    starts_at = ClinicTime()
    ends_at = ClinicTime()
    starts_local = serializers.CharField()
    fold = serializers.IntegerField()
    time_zone = serializers.CharField()
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    room_place = serializers.IntegerField(allow_null=True)


class OffersOut(serializers.Serializer[Offers]):
    time_zone = serializers.CharField()
    from_at = ClinicTime(help_text="What was searched, from here …")
    until_at = ClinicTime(help_text="… until before this.")
    is_cut = serializers.BooleanField(help_text="There may be more: by the limit, or beyond the 62 days.")
    openings = OfferOut(many=True)


class ExplanationOut(serializers.Serializer[Explanation]):
    starts_at = ClinicTime()
    time_zone = serializers.CharField()
    is_bookable = serializers.BooleanField()
    blockers = BlockerOut(many=True)


class OpeningViews(Resource):
    queryset = AppointmentType.objects.none()
    client = None
    out = OffersOut
    permitted = {"find": EVERYONE - AUDITORS, "explain": EVERYONE - AUDITORS}
    query_params = frozenset(OpeningsQuery().fields)

    @extend_schema(
        summary="Find openings",
        parameters=[OpeningsQuery],
        responses={200: OffersOut, (404, PROBLEM): Problem},
    )
    def find(self, request: HttpRequest) -> Response:
        """What a booking would be accepted for, earliest first."""
        try:
            asked = self._query()
            limit, from_at, until = (asked.pop(name, None) for name in ("limit", "from", "until"))
            window, is_cut = bounded(from_at, until, now=self.now)
            wanted = self._wanted(asked)
        except DomainError as wrong:
            wrong.pointer = wrong.pointer and f"/query{wrong.pointer}"
            raise
        found = booking.openings(wanted, window, limit=limit + 1, now=self.now)
        offers = Offers(
            time_zone=wanted.location.time_zone,
            from_at=window.start,
            until_at=window.end,
            is_cut=is_cut or len(found) > limit,
            openings=tuple(described(found[:limit], wanted.location)),
        )
        return Response(OffersOut(offers).data)

    @extend_schema(summary="Explain a time", request=ExplainIn, responses=ExplanationOut)
    def explain(self, request: HttpRequest) -> Response:
        """Every reason why a booking for this start would be refused; none exactly if it would be accepted.

        Writes nothing.
        """
        asked = self.valid(ExplainIn)
        start = taken(asked, START)
        wanted = self._wanted(asked)
        starts_at = resolve(wanted.location, **start)
        against = booking.blockers(wanted, starts_at, now=self.now)
        return Response(ExplanationOut(Explanation(starts_at, wanted.location.time_zone, against)).data)

    def _query(self) -> dict[str, Any]:
        asked = OpeningsQuery(data=self.request.query_params.dict())
        try:
            asked.is_valid(raise_exception=True)
        except ValidationError as wrong:
            raise ValidationError({"query": wrong.detail}) from None
        data: dict[str, Any] = asked.validated_data
        return data

    def _wanted(self, asked: dict[str, Any]) -> Request:
        """For the session that is named, or for the booking that is to be moved."""
        moving = asked.pop("booking", None)
        if moving is None:
            return request_for(self.user, roles=self.roles, **asked)
        for name in ("planned_session", "client", "appointment_type", "location"):
            if name in asked:
                raise Invalid(
                    _("A booking has this already: leave it out."), code="not_needed", pointer=f"/{name}"
                )
        found = access_booking(self.user, moving, roles=self.roles, pointer="/booking")
        return request_to_move(found, **asked)


def bounded(from_at: datetime | None, until: datetime | None, *, now: datetime) -> tuple[Span, bool]:
    """The window to search, and whether it is shorter than what was asked for."""
    start = now if from_at is None else from_at
    end = start + USUAL_WINDOW if until is None else until
    if end <= start:
        raise Invalid(_("The end has to be after the start."), code="wrong_order", pointer="/until")
    longest = start + LONGEST_WINDOW
    return Span(start, min(end, longest)), end > longest


def described(openings: Iterable[Opening], location: Location) -> Iterator[Offer]:
    """With names instead of keys; two queries for any number."""
    openings = list(openings)
    keys = {key for opening in openings for key in opening.chosen.values()}
    clinicians = Clinician.objects.in_bulk([key.id for key in keys if key.kind == "clinician"])
    rooms = Room.objects.in_bulk([key.id for key in keys if key.kind == "room"])
    for opening in openings:
        chosen = opening.chosen
        room = next((key for need, key in chosen.items() if need.startswith("room:")), None)
        local = promise(opening.start, location)
        yield Offer(
            starts_at=opening.start,
            ends_at=opening.end,
            starts_local=datetime.combine(local.starts_on, local.starts_local).isoformat(timespec="minutes"),
            fold=local.fold,
            time_zone=local.time_zone,
            therapist=clinicians[chosen["therapist"].id] if "therapist" in chosen else None,
            psychiatrist=clinicians[chosen["psychiatrist"].id] if "psychiatrist" in chosen else None,
            room=rooms[room.id] if room else None,
            room_place=room.unit if room else None,
        )
