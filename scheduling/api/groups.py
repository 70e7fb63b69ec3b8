from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice.access import DESK, EVERYONE, TREATING, visible_to
from practice.api.base import In, Resource
from practice.api.fields import IdField, WholeNumberField
from practice.api.schema import IF_MATCH_IF_SENT, PROBLEM, Problem
from practice.errors import NotAllowed
from practice.models import Clinician, Location, Room
from scheduling import groups
from scheduling.api.bodies import START, CancelIn, WithStart, taken
from scheduling.api.fields import ClinicTime
from scheduling.api.serializers import AppointmentTypeRef, BookingOut, NamedRef
from scheduling.models import AppointmentType, Booking, GroupSession
from scheduling.requests import request_to_join
from scheduling.starts import resolve

BOOKS = DESK | TREATING
MOST_PEOPLE = 4


class GroupSessionIn(WithStart):
    appointment_type = IdField()
    location = IdField()
    clinicians = serializers.ListField(
        child=IdField(), required=False, max_length=MOST_PEOPLE, help_text="Preferred, best first."
    )
    room = IdField(required=False)
    seats = WholeNumberField(required=False, min_value=1, max_value=50, help_text="At most the type's.")


class MemberIn(In):
    """`planned_session`, or else `client`."""

    planned_session = IdField(required=False)
    client = IdField(required=False)


class MoveGroupIn(WithStart):
    pass


class GroupSessionOut(serializers.Serializer[GroupSession]):
    id = serializers.IntegerField()
    appointment_type = AppointmentTypeRef()
    location = NamedRef()
    therapist = NamedRef(allow_null=True)
    second_therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    starts_at = ClinicTime()
    ends_at = ClinicTime()
    time_zone = serializers.CharField()
    fold = serializers.IntegerField()
    seats = serializers.IntegerField()
    seats_taken = serializers.SerializerMethodField(help_text="Who has them is told by the bookings.")
    cancelled_at = ClinicTime(allow_null=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    revision = serializers.IntegerField()

    def get_seats_taken(self, group: GroupSession) -> int:
        counted = getattr(group, "counted", None)
        if counted is None:
            counted = group.members.filter(status__in=Booking.LIVE).count()
        return int(counted)


@extend_schema_view(
    list=extend_schema(summary="List the group sessions"),
    retrieve=extend_schema(summary="Read a group session"),
    create=extend_schema(
        summary="Open a group session", request=GroupSessionIn, responses={201: GroupSessionOut}
    ),
    members=extend_schema(summary="Join a group session", request=MemberIn, responses={201: BookingOut}),
    reschedule=extend_schema(
        summary="Move a group session",
        request=MoveGroupIn,
        parameters=[IF_MATCH_IF_SENT],
        responses={200: GroupSessionOut, (412, PROBLEM): Problem},
    ),
    cancel=extend_schema(
        summary="Cancel a group session",
        request=CancelIn,
        parameters=[IF_MATCH_IF_SENT],
        responses={200: GroupSessionOut, (412, PROBLEM): Problem},
    ),
)
class GroupSessionViews(Resource):
    """One time for several clients. Each member has a booking; who leaves cancels that."""

    queryset = GroupSession.objects.select_related(
        "appointment_type", "location", "therapist", "second_therapist", "psychiatrist", "room"
    ).annotate(counted=Count("members", filter=Q(members__status__in=Booking.LIVE)))
    client = None
    out = GroupSessionOut
    ordering = ("starts_at", "pk")
    permitted = {
        "list": EVERYONE,
        "retrieve": EVERYONE,
        "create": BOOKS,
        "members": BOOKS,
        "reschedule": BOOKS,
        "cancel": BOOKS,
    }

    def create(self, request: Request) -> Response:
        """Reserves the people and the room; members come after."""
        body = self.valid(GroupSessionIn)
        start = taken(body, START)
        location = self.access(Location.objects.all(), body["location"], "/location")
        kinds = AppointmentType.objects.filter(is_active=True).prefetch_related("phases")
        kind = self.access(kinds, body["appointment_type"], "/appointment_type")
        if "room" in body:
            self.access(Room.objects.filter(location=location), body["room"], "/room")
        for place, pk in enumerate(body.get("clinicians", ())):
            self.access(Clinician.objects.filter(is_active=True), pk, f"/clinicians/{place}")
        wanted = groups.Wanted(
            kind, location, tuple(body.get("clinicians", ())), body.get("room"), body.get("seats")
        )
        starts_at = resolve(location, **start)
        return self.write(
            lambda: groups.open_session(wanted, starts_at, actor=self.user, now=self.now), status_code=201
        )

    @action(detail=True, methods=["post"])
    def members(self, request: Request, pk: str) -> Response:
        """Books a seat. Refused with every reason: of the client, and when the group is full."""
        group, body = self.get_object(), self.valid(MemberIn)
        wanted = request_to_join(self.user, group, roles=self.roles, **body)
        return self.write(
            lambda: groups.join(group.pk, wanted, actor=self.user, now=self.now),
            status_code=201,
            out=BookingOut,
        )

    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        """All members move, or nobody does."""
        group, revision = self._with_all_members(), self.revision_if_sent()
        starts_at = resolve(group.location, **taken(self.valid(MoveGroupIn), START))
        return self.write(
            lambda: groups.move(group.pk, starts_at, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancels the bookings of all members with it."""
        group, revision = self._with_all_members(), self.revision_if_sent()
        body: dict[str, Any] = self.valid(CancelIn)
        return self.write(
            lambda: groups.cancel(group.pk, **body, revision=revision, actor=self.user, now=self.now)
        )

    def _with_all_members(self) -> GroupSession:
        """Whoever moves or cancels the group does it to all of them. Raises NotAllowed."""
        group: GroupSession = self.get_object()
        members = Booking.objects.filter(group_session=group, status__in=Booking.LIVE)
        seen = visible_to(self.user, members, client="client", roles=self.roles)
        if seen.count() < members.count():
            raise NotAllowed
        return group
