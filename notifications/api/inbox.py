"""What clients ask and tell: tasks that wait for a person, the texts that came in, and notes for the team."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import desk_tasks
from notifications.api.serializers import ClientNoteOut, DeskTaskOut, FinishIn, ReplyOut
from notifications.desk_tasks import READS, SETTLES
from notifications.models import ClientNote, DeskTask, InboundMessage
from practice.access import CLINICAL
from practice.api.base import NothingIn, Resource
from practice.api.filters import IdFilter
from practice.api.schema import IF_MATCH_IF_SENT
from scheduling.api.filters import AnyOf


class DeskTaskFilter(django_filters.FilterSet):
    client = IdFilter("client")
    booking = IdFilter("booking")
    kind = AnyOf("kind", choices=DeskTask.Kind.choices)
    done = django_filters.BooleanFilter("done_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = DeskTask
        fields: tuple[str, ...] = ()


class ReplyFilter(django_filters.FilterSet):
    client = IdFilter("client")
    booking = IdFilter("booking")
    meaning = AnyOf("meaning", choices=InboundMessage.Meaning.choices)

    class Meta:
        model = InboundMessage
        fields: tuple[str, ...] = ()


class ClientNoteFilter(django_filters.FilterSet):
    client = IdFilter("client")
    booking = IdFilter("booking")

    class Meta:
        model = ClientNote
        fields: tuple[str, ...] = ()


class FromClients(Resource):
    """Rows of clients, and rows of a number that is not one client's, which are the desk's."""

    client = "client"

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else desk_tasks.seen_by(self.user, rows)


@extend_schema_view(
    list=extend_schema(summary="List what waits for a person"),
    retrieve=extend_schema(summary="Read a task"),
    take=extend_schema(
        summary="See to it", request=NothingIn, responses=DeskTaskOut, parameters=[IF_MATCH_IF_SENT]
    ),
    give_back=extend_schema(
        summary="Let somebody else see to it",
        request=NothingIn,
        responses=DeskTaskOut,
        parameters=[IF_MATCH_IF_SENT],
    ),
    finish=extend_schema(
        summary="Say what came of it",
        request=FinishIn,
        responses=DeskTaskOut,
        parameters=[IF_MATCH_IF_SENT],
    ),
)
class DeskTaskViews(FromClients):
    """What clients asked or told us that a person must settle. Lists begin with what has waited longest.

    `done=false` leaves out what is settled. An `unsafe` one comes before everything else, whatever its age.
    """

    queryset = DeskTask.objects.select_related("client")
    out = DeskTaskOut
    ordering = ("created_at", "pk")
    filterset_class = DeskTaskFilter
    permitted = {"list": READS, "retrieve": READS, "take": SETTLES, "give_back": SETTLES, "finish": SETTLES}

    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        """So that no two people call. 409 while somebody else has it."""
        found, revision = self.get_object(), self.revision_if_sent()
        self.valid(NothingIn)
        return self.write(lambda: desk_tasks.take(found.pk, revision=revision, actor=self.user, now=self.now))

    @action(detail=True, methods=["post"], url_path="give-back")
    def give_back(self, request: Request, pk: str) -> Response:
        """Of somebody else's, only the desk does this."""
        found, revision = self.get_object(), self.revision_if_sent()
        self.valid(NothingIn)
        return self.write(
            lambda: desk_tasks.give_back(found.pk, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """Takes it off the list, whoever had it. Send If-Match, or what came meanwhile goes unanswered."""
        found, revision, body = self.get_object(), self.revision_if_sent(), self.valid(FinishIn)
        return self.write(
            lambda: desk_tasks.finish(found.pk, **body, revision=revision, actor=self.user, now=self.now)
        )


@extend_schema_view(
    list=extend_schema(summary="List replies"), retrieve=extend_schema(summary="Read a reply")
)
class ReplyViews(FromClients):
    """The texts that clients sent us, and what we took them for. Lists begin with the latest."""

    queryset = InboundMessage.objects.select_related("client")
    out = ReplyOut
    ordering = ("-received_at", "-pk")
    filterset_class = ReplyFilter
    permitted = {"list": READS, "retrieve": READS}


@extend_schema_view(
    list=extend_schema(summary="List clients' notes"), retrieve=extend_schema(summary="Read a client's note")
)
class ClientNoteViews(Resource):
    """What clients wrote for their care team, who alone read it. Lists begin with the latest."""

    queryset = ClientNote.objects.select_related("client")
    client = "client"
    out = ClientNoteOut
    ordering = ("-written_at", "-pk")
    filterset_class = ClientNoteFilter
    permitted = {"list": CLINICAL, "retrieve": CLINICAL}
