"""What happened to a client, for those who read their record."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.timeline import SOURCES
from practice import access
from practice.api.base import Resource
from practice.api.fields import LARGEST_ID, InstantField
from practice.errors import Invalid
from practice.models import Client
from practice.timeline import Entry, Place, page
from scheduling.api.fields import WordOf

ON_A_PAGE = 50


class EntryOut(serializers.Serializer[Entry]):
    """`source` and `id` name the record; the words are in the reader's language."""

    at = InstantField()
    source = WordOf(component="TimelineSource", words=tuple(source.name for source in SOURCES))  # type: ignore[assignment]
    id = serializers.IntegerField()
    title = serializers.CharField()
    detail = serializers.CharField()
    by = serializers.CharField()


class TimelineOut(serializers.Serializer[Any]):
    results = EntryOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of the next page.")


@dataclass(frozen=True)
class _Page:
    results: Any
    next: str | None


class TimelineViews(Resource):
    queryset = Client.objects.none()
    client = "pk"
    out = TimelineOut
    permitted = {"timeline": access.READS_MEDICAL - access.AUDITORS}
    query_params = frozenset({"cursor"})

    @extend_schema(
        summary="Read what happened to a client, the newest first",
        parameters=[OpenApiParameter("cursor", str, description="From `next` of the page before.")],
        responses=TimelineOut,
    )
    def timeline(self, request: Request, client_id: int) -> Response:
        """Sessions, measures, decisions, alerts, follow-ups, signed notes, and what the client wrote."""
        client = self.access_client(client_id, pointer="/path/client_id")
        cursor = request.query_params.get("cursor")
        after = None if cursor is None else _place(cursor)
        found, goes_on = page(SOURCES, client.pk, after=after, limit=ON_A_PAGE)
        address = request.build_absolute_uri(request.path)
        following = f"{address}?cursor={_cursor(goes_on)}" if goes_on else None
        return Response(TimelineOut(_Page(found, following)).data)


def _cursor(place: Place) -> str:
    text = json.dumps([place.at.isoformat(), place.source, place.id])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        at, source, pk = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = Place(datetime.fromisoformat(at), str(source), int(pk))
    except (ValueError, TypeError):
        place = None
    if place is None or place.at.tzinfo is None or not 0 < place.id <= LARGEST_ID:
        raise Invalid(_("This is no page of this list."), code="bad_cursor", pointer="/query/cursor")
    return place
