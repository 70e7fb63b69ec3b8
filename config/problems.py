"""What the codes of problem details mean, and problems that arise where no view of the API is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from django.views.decorators.http import require_safe
from rest_framework import exceptions

from config import errors
from practice.errors import DomainError

E = TypeVar("E", bound=Exception)

ABOUT_THE_API = "/api/", "/problems/"

REMEDIES = {
    400: _("Correct the request by what `errors` says; each entry points at its place."),
    401: _("Sign in, or send a token that is valid."),
    403: _("Ask the practice admin for a role that may do this."),
    404: _("Check the id. Records that you may not see look missing."),
    405: _("Look the methods up in the API's documentation."),
    409: _("Read `blockers` for every reason; `alternatives` are what would be possible."),
    410: _("Begin again."),
    412: _("Read the record again, and repeat with its new ETag if you still want to."),
    413: _("Send less at a time."),
    422: _("Use a new idempotency key for another request."),
    428: _("Read the record and send its ETag as If-Match."),
    429: _("Wait as long as Retry-After says."),
    503: _("Repeat it after the time in Retry-After; with an idempotency key that is safe."),
}


@require_safe
def explain(request: HttpRequest, code: str) -> JsonResponse:
    """The address in a problem's `type`."""
    found = meanings().get(code)
    if found is None:
        return errors.not_found(request, Exception())
    status, text = found
    return JsonResponse(
        {
            "code": code,
            "status": status,
            "title": str(errors.TITLES.get(status, errors.TITLES[400])),
            "detail": gettext(text),
            "remedy": str(REMEDIES.get(status, "")),
        }
    )


def meanings() -> dict[str, tuple[int, str]]:
    """HTTP status and default message of every code."""
    return {
        "too_large": (413, str(errors.TITLES[413])),
        "server_error": (500, str(errors.TITLES[500])),
        **{
            error.default_code: (error.status_code, str(error.default_detail))
            for error in _below(exceptions.APIException)
            if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        },
        **{error.code: (error.status, error.message) for error in _below(DomainError)},
    }


def _below(error: type[E]) -> Iterator[type[E]]:
    for each in error.__subclasses__():
        yield each
        yield from _below(each)


Handler = Callable[[HttpRequest, Exception], HttpResponseBase]


def _for_the_api(problem: Handler, page: Handler) -> Handler:
    """The API answers with problem details, everything else with Django's pages."""

    def handle(request: HttpRequest, exception: Exception) -> HttpResponseBase:
        return (problem if request.path.startswith(ABOUT_THE_API) else page)(request, exception)

    return handle


def _not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    return JsonResponse(errors.problem(403, "not_allowed"), status=403, content_type=errors.CONTENT_TYPE)


bad_request = _for_the_api(errors.bad_request, defaults.bad_request)
not_allowed = _for_the_api(_not_allowed, defaults.permission_denied)
not_found = _for_the_api(errors.not_found, defaults.page_not_found)


def server_error(request: HttpRequest) -> HttpResponseBase:
    is_api = request.path.startswith(ABOUT_THE_API)
    return errors.server_error(request) if is_api else defaults.server_error(request)
