from __future__ import annotations

from typing import Any

from practice.models import Clinician, User
from tests.api.calls import API, Caller


def edit(who: User | Clinician, path: str, body: Any, *, etag: str | None = '"1"') -> Any:
    """PATCH with If-Match, or without when `etag` is None."""
    headers = {} if etag is None else {"If-Match": etag}
    return Caller(who).http.patch(f"{API}/{path}", body, format="json", headers=headers)


def send_raw(who: User | Clinician, path: str, body: bytes, content_type: str = "application/json") -> Any:
    """POST these very bytes."""
    return Caller(who).http.post(f"{API}/{path}", body, content_type=content_type)
