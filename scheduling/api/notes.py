"""Session notes: drafts of their authors, signed notes for the care team, addenda."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, Out, Resource
from practice.api.fields import ChoiceOf, IdField, TextField, WholeNumberField
from practice.api.filters import IdFilter, TruthFilter
from practice.errors import Invalid
from scheduling.api.bodies import LARGEST_REVISION
from scheduling.care import notes
from scheduling.models import NoteAddendum, SessionNote
from scheduling.requests import access_booking
from treatment_plans.models import TreatmentPlan


class NoteIn(In):
    """About a `booking`, or about the end of a `plan`: then with the `kind`."""

    booking = IdField(required=False)
    plan = IdField(required=False)
    kind = ChoiceOf(model=SessionNote, of="kind", required=False, help_text="The default: session.")
    text = TextField(max_length=notes.LONGEST, required=False, allow_blank=True)


class NoteTextIn(In):
    text = TextField(max_length=notes.LONGEST, allow_blank=True)


class SignNoteIn(In):
    revision = WholeNumberField(
        min_value=1, max_value=LARGEST_REVISION, help_text="Of the text as you read it."
    )


class AddendumIn(In):
    text = TextField(max_length=notes.LONGEST)


class AddendumOut(Out[NoteAddendum]):
    class Meta:
        model = NoteAddendum
        fields = ("id", "note", "author", "text", "signed_at")


class NoteOut(Out[SessionNote]):
    author_name = serializers.CharField(source="author.name", read_only=True)
    addenda = AddendumOut(many=True, read_only=True)

    class Meta:
        model = SessionNote
        fields = (
            "id",
            "client",
            "kind",
            "booking",
            "plan",
            "author",
            "author_name",
            "text",
            "begun_at",
            "saved_at",
            "signed_at",
            "addenda",
            "revision",
        )


class NoteFilter(django_filters.FilterSet):
    client = IdFilter()
    booking = IdFilter()
    plan = IdFilter()
    kind = django_filters.ChoiceFilter(choices=SessionNote.Kind.choices)
    is_signed = TruthFilter(method="signed")

    def signed(self, queryset: QuerySet[SessionNote], name: str, value: bool) -> QuerySet[SessionNote]:
        return queryset.filter(signed_at__isnull=not value)


@extend_schema_view(
    list=extend_schema(summary="List notes, the latest first"),
    retrieve=extend_schema(summary="Read a note with its addenda"),
)
class SessionNoteViews(Resource):
    """A draft is its author's alone; once signed, the care team reads it."""

    queryset = SessionNote.objects.select_related("author").prefetch_related("addenda")
    client = "client"
    out = NoteOut
    filterset_class = NoteFilter
    ordering = ("-begun_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "create": access.TREATING,
        "partial_update": access.TREATING,
        "destroy": access.TREATING,
        "sign": access.TREATING,
        "addenda": access.TREATING,
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or self.user.has_role(*access.AUDITORS):
            return rows
        return rows.filter(Q(signed_at__isnull=False) | Q(author__user=self.user))

    @extend_schema(summary="Begin a note", request=NoteIn)
    def create(self, request: Request) -> Response:
        """About a session that has begun, one for each author; or about the end of a plan, one of a kind."""
        body = self.valid(NoteIn)
        author = access.check_signature(self.user, None, pointer="")
        text, kind = body.get("text", ""), body.get("kind", SessionNote.Kind.SESSION)
        if ("booking" in body) == ("plan" in body):
            raise Invalid(_("A note is about a booking or about a plan."), pointer="/booking")
        if "booking" in body:
            found = access_booking(self.user, body["booking"], roles=self.roles, pointer="/booking")
            if kind != SessionNote.Kind.SESSION:
                raise Invalid(_("This kind of note is about a plan."), pointer="/kind")
            return self.write(
                lambda: notes.begin(found.pk, text=text, author=author, actor=self.user, now=self.now),
                status_code=201,
            )
        plans = access.visible_to(self.user, TreatmentPlan.objects.all(), client="client", roles=self.roles)
        plan = access.access_one(plans, body["plan"], "/plan")
        return self.write(
            lambda: notes.begin_closing(
                plan.pk, kind=kind, text=text, author=author, actor=self.user, now=self.now
            ),
            status_code=201,
        )

    @extend_schema(summary="Save your draft", request=NoteTextIn)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Who comes second gets 412, and in `alternatives` the text as it is now: nothing is lost."""
        body, revision, note = self.valid(NoteTextIn), self.revision(), self.get_object()
        return self.write(
            lambda: notes.save(note.pk, body["text"], revision=revision, actor=self.user, now=self.now)
        )

    @extend_schema(summary="Discard your draft")
    def destroy(self, request: Request, pk: str) -> Response:
        revision, note = self.revision(), self.get_object()
        return self.write(
            lambda: notes.discard(note.pk, revision=revision, actor=self.user, now=self.now), status_code=204
        )

    @extend_schema(summary="Sign your note: it never changes again", request=SignNoteIn)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        body, note = self.valid(SignNoteIn), self.get_object()
        return self.write(
            lambda: notes.sign(note.pk, revision=body["revision"], actor=self.user, now=self.now)
        )

    @extend_schema(summary="Add to a signed note", request=AddendumIn, responses={201: AddendumOut})
    @action(detail=True, methods=["post"])
    def addenda(self, request: Request, pk: str) -> Response:
        body, note = self.valid(AddendumIn), self.get_object()
        author = access.check_signature(self.user, None, pointer="")
        return self.write(
            lambda: notes.add(note.pk, body["text"], author=author, actor=self.user, now=self.now),
            status_code=201,
            out=AddendumOut,
        )
