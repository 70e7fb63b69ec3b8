"""What every page of the clinicians has: who may open it, its header and navigation, and words for codes.

A page is a template that extends dashboard/base.html, a module of JavaScript that imports frame.js, and a
view under `page`. What it shows, the script asks of the REST API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from practice import clock, present
from practice.access import CLINICAL, DECIDES_MEDICAL
from practice.models import Clinician, Location, User

P = ParamSpec("P")
# An address with a number that the script replaces.
ANY_ID = 1234567890


@dataclass(frozen=True)
class Entry:
    """One place in the navigation: the name of its address, what it is called, and whose it is."""

    name: str
    label: Any
    roles: frozenset[str] = field(default=CLINICAL)


NAVIGATION = (
    Entry("dashboard", gettext_lazy("My sessions")),
    Entry("evaluations", gettext_lazy("Evaluations")),
    Entry("dashboard_follow_ups", gettext_lazy("Follow-ups")),
    Entry("admin:index", gettext_lazy("Clinic's day")),
    Entry("admin:practice_client_changelist", gettext_lazy("Clients")),
)


@dataclass(frozen=True)
class Page:
    """What a view returns: its template, what only it knows, and what its script needs beside the frame's."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)


def page(
    *roles: str, entry: str = ""
) -> Callable[[Callable[Concatenate[User, P], Page]], Callable[..., HttpResponseBase]]:
    """A view for these roles (clinicians, if none are named); `entry` is its place in the navigation."""

    def decorate(draw: Callable[Concatenate[User, P], Page]) -> Callable[..., HttpResponseBase]:
        @require_safe
        @never_cache
        @wraps(draw)
        def view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = request.user
            if not isinstance(user, User):
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            if not user.has_role(*(roles or CLINICAL)):
                raise PermissionDenied
            shown = draw(user, *args, **kwargs)
            return TemplateResponse(request, shown.template, frame(user, shown, entry=entry))

        return view

    return decorate


def frame(user: User, shown: Page, *, entry: str = "") -> dict[str, Any]:
    """The context of a page: `settings` and `words` reach its script, the rest its template."""
    zone = here()
    now = present.now()
    today = clock.local_day(now, zone)
    begins, ends = clock.day_span(today, zone)
    own = Clinician.objects.filter(user=user, is_active=True).first()
    return {
        "user": user,
        "navigation": [one for one in NAVIGATION if user.has_role(*one.roles)],
        "entry": entry,
        "today": today,
        "city": zone.key.rsplit("/", 1)[-1].replace("_", " "),
        "decides": user.has_role(*DECIDES_MEDICAL),
        **shown.context,
        "settings": {
            "now": now.isoformat(),
            "from": begins.isoformat(),
            "day_ends": ends.isoformat(),
            "today": today.isoformat(),
            "zone": zone.key,
            "mine": f"{own.kind}={own.pk}" if own else "",
            "client_page": reverse("admin:client", args=[ANY_ID]),
            "dashboard_client": reverse("dashboard_client", args=[ANY_ID]),
            "booking_page": reverse("admin:booking", args=[ANY_ID]),
            "any_id": str(ANY_ID),
            **shown.settings,
        },
        "words": {
            "done": _("Closed."),
            "no_answer": _("The server did not answer."),
            "overdue": _("overdue"),
            **shown.words,
        },
    }


def here() -> ZoneInfo:
    """The zone of the clinic's first place: the wall clock of these pages."""
    location = Location.objects.filter(is_active=True).first()
    return clock.zone(location.time_zone if location else "UTC")


def labels(choices: Any) -> dict[str, str]:
    """Codes of a model's choices, for people."""
    return {value: str(label).capitalize() for value, label in choices}
