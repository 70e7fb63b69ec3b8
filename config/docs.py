"""The API's documentation for people: Swagger UI from our own static files, without inline code."""

from __future__ import annotations

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
@login_required(login_url="admin:login")
@csp_update({"img-src": ["data:"]})  # its style sheet has its icons inside
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "config/api_docs.html")
