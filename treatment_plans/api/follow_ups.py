"""Follow-ups: what is owed to clients, attempts to reach them, and what came of it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, DayField, IdField, InstantField, LineField
from practice.api.filters import InstantFilter, TruthFilter
from treatment_plans import follow_ups
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.models import FollowUp, FollowUpAttempt, PlannedSession


class FollowUpFilter(OfClientFilter):
    kind = django_filters.ChoiceFilter(choices=FollowUp.Kind.choices)
    due_before = InstantFilter("due_from_at", "lt", help_text="Due from a time before this instant.")
    is_done = TruthFilter(method="done")

    def done(self, queryset: QuerySet[FollowUp], name: str, value: bool) -> QuerySet[FollowUp]:
        return queryset.filter(done_at__isnull=not value)


class FollowUpIn(In):
    """A check-in or a review beside those that a dose brings."""

    client = IdField()
    kind = ChoiceOf(model=FollowUp, of="kind", help_text="A check-in or a review.")
    due_from_at = InstantField()
    due_until_at = InstantField()


class PracticeIn(In):
    client = IdField()
    source_session = IdField(required=False, help_text="The session in which it was agreed.")
    practice = ChoiceOf(model=FollowUp, of="practice")
    agreed = LineField(max_length=200, help_text="What the client means to do.")
    how_often = ChoiceOf(model=FollowUp, of="how_often")
    until_on = DayField(help_text="The last day; after it somebody asks how it went.")


class AttemptIn(In):
    how = ChoiceOf(model=FollowUpAttempt, of="how")
    reached = ChoiceOf(model=FollowUpAttempt, of="reached")
    note = LineField(max_length=200, required=False, allow_blank=True)


class SnoozeIn(In):
    until_on = DayField(help_text="From that day on, on the clinic's clock, it is shown again.")


class MoveIn(In):
    due_from_at = InstantField()
    due_until_at = InstantField()
    reason = LineField(max_length=200)


class DoneIn(In):
    outcome = LineField(max_length=200, help_text="What came of it, in words.")
    result = ChoiceOf(model=FollowUp, of="result", required=False, help_text="The default is done.")


class FollowUpOut(Out[FollowUp]):
    """Due in [`due_from_at`, `due_until_at`)."""

    class Meta:
        model = FollowUp
        fields = (
            "id",
            "client",
            "source_session",
            "kind",
            "position",
            "planned_session",
            "practice",
            "agreed",
            "how_often",
            "due_from_at",
            "due_until_at",
            "snoozed_until_on",
            "move_reason",
            "done_at",
            "done_by",
            "result",
            "outcome",
            "revision",
        )


class AttemptOut(Out[FollowUpAttempt]):
    class Meta:
        model = FollowUpAttempt
        fields = ("id", "follow_up", "how", "reached", "note", "made_at", "made_by")


@extend_schema_view(
    list=extend_schema(summary="List follow-ups, the first due first"),
    retrieve=extend_schema(summary="Read a follow-up"),
)
class FollowUpViews(Resource):
    queryset = FollowUp.objects.all()
    client = "client"
    out = FollowUpOut
    filterset_class = FollowUpFilter
    ordering = ("due_from_at", "pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "create": access.FOLLOWS_UP,
        "agree": access.FOLLOWS_UP,
        "snooze": access.CALLS_BACK,
        "move": access.FOLLOWS_UP,
        "done": access.CALLS_BACK,
    }

    @extend_schema(summary="Plan a check-in or a review", request=FollowUpIn)
    def create(self, request: Request) -> Response:
        body = self.valid(FollowUpIn)
        client = self.access_client(body.pop("client"))
        return self.write(
            lambda: follow_ups.plan_one(client, **body, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="Record a practice that was agreed with a client", request=PracticeIn)
    def agree(self, request: Request) -> Response:
        """When its last day is over, a follow-up asks how it went."""
        body = self.valid(PracticeIn)
        client = self.access_client(body.pop("client"))
        session_id = body.pop("source_session", None)
        rows = PlannedSession.objects.select_related("plan").filter(plan__client=client)
        session = None if session_id is None else self.access(rows, session_id, "/source_session")
        return self.write(
            lambda: follow_ups.agree_on_practice(
                client, **body, source_session=session, actor=self.user, now=self.now
            ),
            status_code=201,
        )

    @extend_schema(summary="Put a follow-up off until a day", request=SnoozeIn)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """It stays due: only the list of what is due leaves it out until then. Nurses put check-ins off."""
        body, follow_up = self.valid(SnoozeIn), self._to_close()
        return self.write(lambda: follow_ups.snooze(follow_up.pk, **body, actor=self.user, now=self.now))

    @extend_schema(summary="Give a follow-up another window, with the reason", request=MoveIn)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        body, follow_up = self.valid(MoveIn), self.get_object()
        return self.write(lambda: follow_ups.move(follow_up.pk, **body, actor=self.user, now=self.now))

    @extend_schema(summary="Close a follow-up with its outcome", request=DoneIn)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: str) -> Response:
        """Nurses close check-ins; the others are for those who treat the client."""
        body, follow_up = self.valid(DoneIn), self._to_close()
        return self.write(lambda: follow_ups.mark_done(follow_up.pk, **body, actor=self.user, now=self.now))

    def _to_close(self) -> FollowUp:
        follow_up: FollowUp = self.get_object()
        access.check_role(self.user, follow_ups.closed_by(follow_up.kind))
        return follow_up


@extend_schema_view(list=extend_schema(summary="List the attempts to reach a client about a follow-up"))
class AttemptViews(Resource):
    queryset = FollowUpAttempt.objects.select_related("follow_up")
    client = "follow_up__client"
    out = AttemptOut
    ordering = ("made_at", "pk")
    permitted = {"list": access.READS_MEDICAL, "create": access.CLINICAL}

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(follow_up=self._follow_up())

    @extend_schema(
        summary="Record that somebody called, texted or emailed",
        request=AttemptIn,
        responses={201: AttemptOut},
    )
    def create(self, request: Request, follow_up_id: int) -> Response:
        found, body = self._follow_up(), self.valid(AttemptIn)
        return self.write(
            lambda: follow_ups.attempt(found.pk, **body, actor=self.user, now=self.now), status_code=201
        )

    def _follow_up(self) -> FollowUp:
        rows = access.visible_to(self.user, FollowUp.objects.all(), client="client", roles=self.roles)
        return access.access_one(rows, self.kwargs["follow_up_id"], "/path/follow_up_id")
