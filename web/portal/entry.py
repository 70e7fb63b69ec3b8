"""The way in: from the secret of an address to its link, or to one page that says only that it ended."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from notifications import links
from notifications.links import LinkOver
from notifications.models import ClientLink
from practice import phones, present
from practice.errors import DomainError
from practice.models import Location
from web.portal import throttle

View = Callable[..., HttpResponse]

LANGUAGES = dict(settings.LANGUAGES)
IN_OTHER_WORDS = {"en": "See in English", "es": "Ver en español"}  # each for who reads it
LANGUAGE_COOKIE, PROOF_COOKIE = "link_language", "link_proof"
PROOF_SECONDS = 30 * 60
# Nothing of the page is kept, told to others or found; forms post without cookies of ours (see `through`).
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


class Visitor(HttpRequest):
    """What a view gets, for the type checker: a request that came through a link."""

    link: ClientLink
    secret: str
    now: datetime
    language: str


def through(*purposes: str, posts: bool = True) -> Callable[[View], View]:
    """For whoever has the address of a link for one of `purposes`.

    Without Django's CSRF token: no cookie gives a right here, the secret in the address does, and who
    knows that needs no forgery. (The check refuses `Origin: null`, which no-referrer makes of ours.)
    GET and HEAD change nothing, but for the note that somebody, or some machine, fetched it.
    """
    methods = ["GET", "HEAD", "POST"] if posts else ["GET", "HEAD"]

    def protect(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        def enter(request: Any, secret: str, **options: Any) -> HttpResponse:
            if request.method not in methods:
                return _sealed(HttpResponseNotAllowed(methods))
            if throttle.is_refused(request):
                return ended(request, status=429)
            now = present.now()
            link = links.find(secret, now=now)
            if link is None or link.purpose not in purposes:
                throttle.note_wrong(request)
                return ended(request)
            if throttle.is_worn_out(link.pk):
                return ended(request, status=429)
            request.link, request.secret, request.now = link, secret, now
            request.language = _language(request)
            with translation.override(request.language):
                try:
                    if request.method == "GET":
                        links.note_view(link.pk, now=now)
                    answer = view(request, **options)
                except LinkOver:
                    return ended(request)
                if isinstance(answer, TemplateResponse):
                    answer.render()
            if request.GET.get("lang") == request.language:
                _set_cookie(answer, request, LANGUAGE_COOKIE, request.language)
            return _sealed(answer)

        return enter

    return protect


def page(request: Any, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
    link, booking = request.link, request.link.booking
    location = links.location_of(link)
    other = "en" if request.language == "es" else "es"
    return TemplateResponse(
        request,
        f"portal/{template}.html",
        {
            "home": f"/l/{request.secret}",
            "language": request.language,
            "other_language": other,
            "other_language_words": IN_OTHER_WORDS[other],
            "places": [Place(location)],
            "clinic": location.display_name,
            "has_booking": booking is not None,
            "is_visit": link.purpose == ClientLink.Purpose.VISIT,
            "refusal": "",
            **context,
        },
        status=status,
    )


def ended(request: Any, *, status: int = 404) -> HttpResponse:
    """The same for what never was, is over, was taken back, or belongs to another page."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    chosen = request.COOKIES.get(LANGUAGE_COOKIE)
    with translation.override(chosen if chosen in LANGUAGES else language):
        places = [Place(each) for each in Location.objects.filter(is_active=True).order_by("name")]
        answer = TemplateResponse(
            request,
            "portal/ended.html",
            {"language": translation.get_language(), "places": places, "clinic": ""},
            status=status,
        ).render()
    if status == 429:
        answer["Retry-After"] = str(throttle.WINDOW_SECONDS)
    return _sealed(answer)


class Place:
    """Where to call."""

    def __init__(self, location: Location) -> None:
        self.name = location.display_name
        self.number = location.phone
        self.phone = phones.display(location.phone)


def go(request: Any, path: str) -> HttpResponse:
    """After a POST, or where there is nothing to see: another page of the link, by GET."""
    answer = HttpResponseRedirect(f"/l/{request.secret}/{path}")
    answer.status_code = 303
    return answer


def back(request: Any, anchor: str = "") -> HttpResponse:
    """After a POST: the link's first page, by GET, so that reloading sends nothing twice."""
    answer = HttpResponseRedirect(f"/l/{request.secret}{f'#{anchor}' if anchor else ''}")
    answer.status_code = 303
    return answer


def said_no(refusal: DomainError) -> str:
    return " ".join(refusal.reasons())


def has_proof(request: Any) -> bool:
    """Whether this browser gave the birth date within the last half hour."""
    try:
        proven = signing.loads(
            request.COOKIES.get(PROOF_COOKIE, ""), salt=PROOF_COOKIE, max_age=PROOF_SECONDS
        )
    except signing.BadSignature:
        return False
    return bool(proven == request.link.pk)


def remember_proof(answer: HttpResponse, request: Any) -> None:
    _set_cookie(answer, request, PROOF_COOKIE, signing.dumps(request.link.pk, salt=PROOF_COOKIE))


def _set_cookie(answer: HttpResponse, request: Any, name: str, value: str) -> None:
    """It travels with this link's pages only, and ends soon: the phone may be shared."""
    answer.set_cookie(
        name,
        value,
        max_age=PROOF_SECONDS,
        path=f"/l/{request.secret}",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _language(request: Any) -> str:
    asked = request.GET.get("lang") or request.COOKIES.get(LANGUAGE_COOKIE)
    return asked if asked in LANGUAGES else request.link.client.language


def _sealed(answer: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        answer[name] = value
    return answer
