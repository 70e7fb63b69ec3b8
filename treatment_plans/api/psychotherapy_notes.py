"""Psychotherapy notes: for their author. Auditors learn that they exist, everybody else not even that."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import IdField, TextField
from treatment_plans import psychotherapy_notes
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.models import PlannedSession, PsychotherapyNote


class PsychotherapyNoteIn(In):
    client = IdField()
    planned_session = IdField(required=False, allow_null=True)
    text = TextField(max_length=psychotherapy_notes.LONGEST)


class PsychotherapyTextIn(In):
    text = TextField(max_length=psychotherapy_notes.LONGEST)


class PsychotherapyNoteHead(Out[PsychotherapyNote]):
    """Without the text, which is opened one note at a time."""

    class Meta:
        model = PsychotherapyNote
        fields = ("id", "client", "author", "planned_session", "written_at", "changed_at", "revision")


class PsychotherapyNoteOut(Out[PsychotherapyNote]):
    text = serializers.SerializerMethodField()

    class Meta:
        model = PsychotherapyNote
        fields = (*PsychotherapyNoteHead.Meta.fields, "text")

    def get_text(self, note: PsychotherapyNote) -> str:
        return psychotherapy_notes.read(note, reader=self.context["request"].user)


@extend_schema_view(list=extend_schema(summary="List your own psychotherapy notes, the latest first"))
class PsychotherapyNoteViews(Resource):
    queryset = PsychotherapyNote.objects.select_related("author")
    client = "client"
    out = PsychotherapyNoteHead
    filterset_class = OfClientFilter
    ordering = ("-written_at", "-pk")
    permitted = {
        "list": access.TREATING | access.AUDITORS,
        "retrieve": access.TREATING,
        "create": access.TREATING,
        "partial_update": access.TREATING,
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or not self.user.has_role(*access.TREATING):
            return rows  # auditors: that there is one, and about whom
        return psychotherapy_notes.own(rows, self.user)

    @extend_schema(summary="Read one of your own psychotherapy notes", responses=PsychotherapyNoteOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        note = self.get_object()
        return Response(PsychotherapyNoteOut(note, context=self.get_serializer_context()).data)

    @extend_schema(
        summary="Write a psychotherapy note",
        request=PsychotherapyNoteIn,
        responses={201: PsychotherapyNoteHead},
    )
    def create(self, request: Request) -> Response:
        """Kept apart from the record, sealed, and never part of what is exported."""
        body = self.valid(PsychotherapyNoteIn)
        client = self.access_client(body.pop("client"))
        author = access.check_signature(self.user, None, pointer="")
        session_id = body.pop("planned_session", None)
        rows = PlannedSession.objects.select_related("plan").filter(plan__client=client)
        session = None if session_id is None else self.access(rows, session_id, "/planned_session")
        return self.write(
            lambda: psychotherapy_notes.write(
                client,
                body["text"],
                planned_session=session,
                author=author,
                actor=self.user,
                now=self.now,
            ),
            status_code=201,
        )

    @extend_schema(
        summary="Change your own psychotherapy note",
        request=PsychotherapyTextIn,
        responses=PsychotherapyNoteHead,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        body, revision, note = self.valid(PsychotherapyTextIn), self.revision(), self.get_object()
        return self.write(
            lambda: psychotherapy_notes.rewrite(
                note.pk, body["text"], revision=revision, actor=self.user, now=self.now
            )
        )
