"""Requests to the API as somebody."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.test import APIClient

from practice.models import Clinician, User

API = "/api/v1"


class Caller:
    """`caller.get("bookings", client=1)`; bodies are JSON. A server error is an answer, not an exception."""

    def __init__(self, who: User | Clinician | None = None) -> None:
        user = who.user if isinstance(who, Clinician) else who
        self.http = APIClient(raise_request_exception=False)
        if user is not None:
            self.http.force_login(user)

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"{API}/{path}", query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.http.post(f"{API}/{path}", {} if body is None else body, format="json", headers=headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.generic(
            method, f"{API}/{path}", data, content_type="application/json", headers=headers
        )


def codes(answer: Any) -> set[str]:
    """Of every blocker and every wrong place of a problem."""
    body = answer.json()
    return {each["code"] for each in [*body.get("blockers", ()), *body.get("errors", ())]}


def pointers(answer: Any) -> set[str]:
    return {each["pointer"] for each in answer.json().get("errors", ())}
