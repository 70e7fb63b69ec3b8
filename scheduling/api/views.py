from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice.access import AUDITORS, CLINICAL, DESK, EVERYONE, TREATING, check_role
from practice.api.base import Resource
from practice.api.bodies import NothingIn
from practice.api.schema import IF_MATCH_IF_SENT, PROBLEM, Problem
from practice.errors import Invalid
from scheduling import booking, lifecycle, moves, readiness
from scheduling.api.bodies import START, AcknowledgementIn, BookingIn, CancelIn, RescheduleIn, taken
from scheduling.api.filters import AppointmentTypeFilter, BookingFilter
from scheduling.api.moves import MovePreviewOut, follow_of
from scheduling.api.serializers import (
    AcknowledgementOut,
    AppointmentTypeOut,
    BookingOut,
    NewBookingOut,
    ReadinessOut,
)
from scheduling.models import Acknowledgement, AppointmentType, Booking
from scheduling.requests import BOOKINGS, access_booking, request_for, request_to_move
from scheduling.starts import resolve

BOOKS = DESK | TREATING


def command(summary: str, request: type[Any], shown: Any = BookingOut) -> Any:
    """What happens to a booking: If-Match is checked when it is sent."""
    return extend_schema(
        summary=summary,
        request=request,
        parameters=[IF_MATCH_IF_SENT],
        responses={200: shown, (412, PROBLEM): Problem},
    )


@extend_schema_view(
    list=extend_schema(summary="List appointment types"),
    retrieve=extend_schema(summary="Read an appointment type"),
)
class AppointmentTypeViews(Resource):
    """What can be booked, how long it takes, and whom and what it needs when."""

    queryset = AppointmentType.objects.prefetch_related("phases")
    client = None
    out = AppointmentTypeOut
    filterset_class = AppointmentTypeFilter
    permitted = {"list": EVERYONE, "retrieve": EVERYONE}


@extend_schema_view(
    list=extend_schema(summary="List bookings"),
    retrieve=extend_schema(summary="Read a booking"),
    create=extend_schema(summary="Book a session", request=BookingIn, responses={201: BookingOut}),
    confirm=extend_schema(
        summary="Confirm a held time",
        request=NothingIn,
        parameters=[IF_MATCH_IF_SENT],
        responses={200: BookingOut, (410, PROBLEM): Problem, (412, PROBLEM): Problem},
    ),
    reschedule=extend_schema(
        summary="Move a booking, or preview the move",
        request=RescheduleIn,
        parameters=[IF_MATCH_IF_SENT],
        responses={
            200: PolymorphicProxySerializer(
                component_name="MovedOrPreview",
                serializers=[BookingOut, MovePreviewOut],
                resource_type_field_name=None,
            ),
            (412, PROBLEM): Problem,
            (428, PROBLEM): Problem,
        },
    ),
    cancel=command("Cancel a booking", CancelIn),
    arrive=command("The client is here", NothingIn),
    start=command("Start the session", NothingIn),
    complete=command("The session took place", NothingIn),
    no_show=command("The client did not come", NothingIn),
    readiness=extend_schema(summary="Is everybody ready?", responses=ReadinessOut),
)
class BookingViews(Resource):
    """Reserved times, earliest first, with their lights as of now. `status` changes by commands only."""

    queryset = BOOKINGS
    client = "client"
    out = BookingOut
    ordering = ("starts_at", "pk")
    filterset_class = BookingFilter
    permitted = {
        "list": EVERYONE,
        "retrieve": EVERYONE - AUDITORS,
        "readiness": EVERYONE - AUDITORS,
        "create": BOOKS,
        "confirm": BOOKS,
        "reschedule": BOOKS,
        "cancel": BOOKS,
        "arrive": BOOKS | CLINICAL,
        "start": CLINICAL,
        "complete": TREATING,
        "no_show": BOOKS,
    }

    def create(self, request: Request) -> Response:
        """Reserves the time with its people and its room.

        A refusal has every blocker, and the nearest openings as alternatives.
        """
        body = self.valid(BookingIn)
        start, minutes = taken(body, START), body.pop("hold_minutes", None)
        tentative = body.pop("tentative", False)
        if tentative and minutes is not None:
            raise Invalid(
                _("A tentative dose is booked, not held."), code="not_needed", pointer="/hold_minutes"
            )
        wanted = replace(request_for(self.user, roles=self.roles, **body), tentative=tentative)
        starts_at = resolve(wanted.location, **start)
        hold_for = None if minutes is None else timedelta(minutes=minutes)
        return self.write(
            lambda: booking.book(wanted, starts_at, hold_for=hold_for, actor=self.user, now=self.now),
            status_code=201,
            out=BookingOut if tentative else NewBookingOut,
        )

    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Turns a held time into a booking, while its minutes last."""
        found = self._booking(pk)
        self.valid(NothingIn)
        revision = self.revision_if_sent()
        return self.write(lambda: booking.confirm(found.pk, revision=revision, actor=self.user, now=self.now))

    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        """All or nothing. What the client said about the old time no longer counts.

        A dry run does it, shows what it would mean, and undoes it: the sessions that would fall out of the
        window after their dose, with the nearest openings for them; answers to be asked again; messages to be
        withdrawn, corrected and sent. To take its `follow_moves`, echo those that are wanted, with If-Match:
        if anything has changed since, the answer is 412 or 409 `proposal_stale`, and nothing is moved.
        """
        moving = self._booking(pk)
        body = self.valid(RescheduleIn)
        starts_at = resolve(moving.location, **taken(body, START))
        is_dry, listed = body.pop("dry_run", False), body.pop("follow_moves", None)
        wanted = request_to_move(moving, **body)
        follow = None if listed is None else [follow_of(each) for each in listed]
        move: dict[str, Any] = {
            "therapist_id": wanted.therapist_id,
            "psychiatrist_id": wanted.psychiatrist_id,
            "room_id": wanted.room_id,
            "revision": self.revision() if follow and not is_dry else self.revision_if_sent(),
            "actor": self.user,
            "now": self.now,
        }
        if is_dry:
            return Response(moves.preview(moving.pk, starts_at, follow=follow, show=self._preview, **move))
        return self.write(lambda: moves.reschedule(moving.pk, starts_at, follow=follow or (), **move))

    def _preview(self, preview: moves.Preview) -> Any:
        return MovePreviewOut(preview, context=self.get_serializer_context()).data

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Frees the time and withdraws the messages about it."""
        found = self._booking(pk)
        body, revision = self.valid(CancelIn), self.revision_if_sent()
        return self.write(
            lambda: lifecycle.cancel(found.pk, **body, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["post"])
    def arrive(self, request: Request, pk: str) -> Response:
        """Never refused for something that is missing: that is looked at before the start."""
        found = self._booking(pk)
        self.valid(NothingIn)
        revision = self.revision_if_sent()
        return self.write(
            lambda: lifecycle.arrive(found.pk, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Refused with every reason while a light is waiting or blocked, judged again now."""
        found = self._booking(pk)
        self.valid(NothingIn)
        revision = self.revision_if_sent()
        return self.write(lambda: lifecycle.start(found.pk, revision=revision, actor=self.user, now=self.now))

    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """A dosing session's follow-ups are created with it."""
        found = self._booking(pk)
        self.valid(NothingIn)
        revision = self.revision_if_sent()
        return self.write(
            lambda: lifecycle.complete(found.pk, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: Request, pk: str) -> Response:
        """Refused before the start of the session."""
        found = self._booking(pk)
        self.valid(NothingIn)
        revision = self.revision_if_sent()
        return self.write(
            lambda: lifecycle.mark_no_show(found.pk, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["get"])
    def readiness(self, request: Request, pk: str) -> Response:
        """The seven lights, each with what stands against it, or who said so, how and when."""
        return Response(ReadinessOut(self._booking(pk), context=self.get_serializer_context()).data)

    def _booking(self, pk: str) -> Booking:
        return access_booking(self.user, int(pk), roles=self.roles)


@extend_schema_view(
    list=extend_schema(summary="List what was said about a booking"),
    create=extend_schema(
        summary="Record what someone said", request=AcknowledgementIn, responses={201: AcknowledgementOut}
    ),
)
class AcknowledgementViews(Resource):
    """Of each item the latest answer for the present start counts."""

    queryset = Acknowledgement.objects.select_related("booking", "recorded_by")
    client = "booking__client"
    out = AcknowledgementOut
    permitted = {"list": EVERYONE, "create": BOOKS | CLINICAL}

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(booking=self._booking())

    def create(self, request: Request, booking_id: int) -> Response:
        """About fasting, the ride home, the support person or the medicine, for the present start.

        An override is for therapists and psychiatrists, with the reason as detail.
        """
        found = self._booking()
        body = self.valid(AcknowledgementIn)
        if body["answer"] == Acknowledgement.Answer.OVERRIDDEN:
            check_role(self.user, TREATING)
            access_booking(self.user, found.pk, roles=TREATING)
        return self.write(
            lambda: readiness.acknowledge(found.pk, **body, actor=self.user, now=self.now), status_code=201
        )

    def _booking(self) -> Booking:
        return access_booking(self.user, self.kwargs["booking_id"], roles=self.roles)
