"""The API's document, and its page for people: Swagger UI from our own files, without inline code."""

from __future__ import annotations

import functools
from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from practice.api.authentication import StaffSession, TokenAuthentication


class CompactJson(OpenApiJsonRenderer):
    """Without the indentation, which takes an encoder that is written in Python and most of a second."""

    def get_indent(self, accepted_media_type: str, renderer_context: Any) -> int | None:
        return JSONRenderer.get_indent(self, accepted_media_type, renderer_context)


class CompactPlainJson(CompactJson):
    media_type = "application/json"


class Document(SpectacularJSONAPIView):
    renderer_classes = [CompactJson, CompactPlainJson]
    # The first one's challenge makes a request without credentials a 401; the session has none.
    authentication_classes = [TokenAuthentication, StaffSession]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document(get_language()))


@functools.cache
def document(language: str) -> Any:
    """Making it takes as long as a hundred requests. `language` is the active one, in which it is."""
    return SchemaGenerator().get_schema(request=None, public=True)


@require_safe
@login_required(login_url="admin:login")
@csp_update({"img-src": ["data:"]})  # its style sheet has its icons inside
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "config/api_docs.html")
