"""Every error of the API as problem details (RFC 9457): the one place that maps errors to HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from practice.blockers import Blocker
from practice.errors import Busy, DomainError, StillRunning
from practice.models import User
from scheduling.api.reasons import shown_to

CONTENT_TYPE = "application/problem+json"
MOST_ERRORS = 100
logger = logging.getLogger(__name__)

TITLES = {
    400: _("The request is not valid."),
    401: _("Please sign in."),
    403: _("Not allowed."),
    404: _("Not found."),
    405: _("This method is not available here."),
    406: _("This format is not available."),
    409: _("Not possible."),
    410: _("Gone."),
    412: _("Changed in the meantime."),
    413: _("The request is too large."),
    415: _("This content type is not understood."),
    422: _("The key was used before."),
    428: _("A precondition is required."),
    429: _("Too many requests."),
    500: _("Something went wrong on our side."),
    503: _("Please try again."),
}


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None for what we did not foresee: Django answers 500."""
    set_rollback()
    headers: dict[str, str] = {}
    match exc:
        case DomainError():
            request = context.get("request")
            body = _from_domain_error(exc, reader=getattr(request, "user", None) or AnonymousUser())
        case ModelValidationError():
            body = problem(400, "invalid", errors=list(_model_errors(exc)))
        case Http404():
            body = problem(404, "not_found", gettext("There is no such record."))
        case PermissionDenied():
            body = problem(403, "not_allowed")
        case RequestDataTooBig():
            body = problem(413, "too_large")
        case OperationalError():
            # Without its text, which may quote a statement with its values.
            logger.error("Database trouble: %s", getattr(exc.__cause__, "sqlstate", None) or "no connection")
            body = _from_domain_error(Busy(), reader=AnonymousUser())
        case exceptions.ValidationError():
            body = problem(400, "invalid", errors=list(_field_errors(exc.detail)))
        case exceptions.APIException():
            code = exc.default_code if not isinstance(exc.detail, exceptions.ErrorDetail) else exc.detail.code
            body = problem(exc.status_code, str(code), str(exc.detail))
            if getattr(exc, "auth_header", None):
                headers["WWW-Authenticate"] = str(getattr(exc, "auth_header"))  # noqa: B009
            if getattr(exc, "wait", None):
                headers["Retry-After"] = str(getattr(exc, "wait"))  # noqa: B009
        case _:
            return None
    if body["status"] == Busy.status or isinstance(exc, StillRunning):
        headers["Retry-After"] = "1"
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    blockers: Sequence[Blocker] = (),
    alternatives: Sequence[Any] = (),
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": str(TITLES.get(status, TITLES[400])),
        "status": status,
        "code": code,
    }
    if not detail and errors:
        detail = " ".join(str(error["detail"]) for error in errors[:3])
    if not detail and blockers:
        detail = " ".join(blocker.text(gettext) for blocker in blockers)
    body["detail"] = detail or body["title"]
    if errors:
        body["errors"] = list(errors[:MOST_ERRORS])
    if blockers:
        body["blockers"] = [
            {"code": blocker.code, "detail": blocker.text(gettext), "params": dict(blocker.params)}
            for blocker in blockers
        ]
    if alternatives:
        body["alternatives"] = list(alternatives)
    return body


def _from_domain_error(error: DomainError, *, reader: User | AnonymousUser) -> dict[str, Any]:
    """With the reasons that `reader` may see, in the blockers and in the detail."""
    text = error.text()
    blockers = error.blockers
    if blockers and type(error).__module__.startswith("scheduling."):  # the only ones that judge sessions
        blockers = shown_to(reader, blockers, error.client_id)
    errors = (
        [{"pointer": error.pointer, "code": error.code, "detail": text}] if error.pointer is not None else []
    )
    return problem(
        error.status,
        error.code,
        " ".join(blocker.text(gettext) for blocker in blockers) or text,
        errors=errors,
        blockers=blockers,
        alternatives=error.alternatives,
    )


def _field_errors(detail: Any, pointer: str = "") -> Iterator[dict[str, Any]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            at = pointer if name == api_settings.NON_FIELD_ERRORS_KEY else f"{pointer}/{_escape(str(name))}"
            yield from _field_errors(inner, at)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _field_errors(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}


def _model_errors(error: ModelValidationError) -> Iterator[dict[str, Any]]:
    """Keys are names of fields, or JSON pointers when the field lies deeper in the body."""
    by_name = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    for name, inner in by_name.items():
        pointer = "" if name == "__all__" else name if name.startswith("/") else f"/{_escape(name)}"
        for one in inner:
            for text in one.messages:
                yield {"pointer": pointer, "code": one.code or "invalid", "detail": text}


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's own refusals, before a view was found: oversized bodies, forged hosts."""
    too_large = type(exception).__name__ == "RequestDataTooBig"
    body = problem(413, "too_large") if too_large else problem(400, "invalid")
    return JsonResponse(body, status=body["status"], content_type=CONTENT_TYPE)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    return JsonResponse(problem(404, "not_found"), status=404, content_type=CONTENT_TYPE)


def server_error(request: HttpRequest) -> JsonResponse:
    return JsonResponse(problem(500, "server_error"), status=500, content_type=CONTENT_TYPE)
