"""The clinicians' own day. The page is a frame with words: what it shows, it asks of the REST API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from practice import clock, present
from practice.access import CLINICAL, DECIDES_MEDICAL, FOLLOWS_UP
from practice.models import Clinician, Location, User
from scheduling.models import Booking
from treatment_plans.models import FollowUp, SafetyAlert

EXPIRES_SOON = timedelta(days=30)
# An address of the admin with a number to be replaced by the script.
ANY_ID = 1234567890


@require_safe
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if not user.has_role(*CLINICAL):
        raise PermissionDenied
    return TemplateResponse(request, "dashboard/dashboard.html", _frame(user))


def _frame(user: User) -> dict[str, Any]:
    location = Location.objects.filter(is_active=True).first()
    zone = clock.zone(location.time_zone if location else "UTC")
    now = present.now()
    today = clock.local_day(now, zone)
    tomorrow = today + timedelta(days=1)
    begins, ends = clock.day_span(today, zone)
    _begins, until = clock.day_span(tomorrow, zone)
    own = Clinician.objects.filter(user=user, is_active=True).first()
    return {
        "user": user,
        "today": today,
        "tomorrow": tomorrow,
        "city": zone.key.rsplit("/", 1)[-1].replace("_", " "),
        "decides": user.has_role(*DECIDES_MEDICAL),
        "settings": {
            "now": now.isoformat(),
            "day_ends": ends.isoformat(),
            "today": today.isoformat(),
            "from": begins.isoformat(),
            "until": until.isoformat(),
            "zone": zone.key,
            "mine": f"{own.kind}={own.pk}" if own else "",
            "follows_up": user.has_role(*FOLLOWS_UP),
            "expires_before": (today + EXPIRES_SOON).isoformat() if user.has_role(*DECIDES_MEDICAL) else "",
            "client_page": reverse("admin:client", args=[ANY_ID]),
            "booking_page": reverse("admin:booking", args=[ANY_ID]),
            "any_id": str(ANY_ID),
        },
        "words": _words(),
    }


def _words() -> dict[str, Any]:
    """What the API says in codes, for people."""
    return {
        "status": {value: str(label).capitalize() for value, label in Booking.Status.choices},
        "glyph": {"booked": "○", "held": "◌", "arrived": "◐", "in_session": "●", "completed": "✓"},
        "follow_up": {value: str(label).capitalize() for value, label in FollowUp.Kind.choices},
        "alert": {value: str(label).capitalize() for value, label in SafetyAlert.Reason.choices},
        "taken_care_of": _("somebody takes care of it"),
        "light": {
            "consent": _("Consent"),
            "clearance": _("Clearance"),
            "prescription": _("Prescription"),
            "fasting": _("Fasting"),
            "ride": _("Ride home"),
            "support_person": _("Support person"),
            "medicine": _("Medicine in hand"),
        },
        "state": {
            "ready": ["✓", _("ready")],
            "waiting": ["…", _("waiting")],
            "blocked": ["✕", _("blocked")],
            "not_needed": ["–", _("not needed")],
        },
        "dose": _("dose"),
        "ready": _("Ready"),
        "telehealth": _("Telehealth"),
        "overdue": _("overdue"),
        "prescription": _("Prescription"),
        "clearance": _("Clearance"),
        "said_by": {
            "client": _("the client"),
            "support_person": _("the support person"),
            "staff": _("the clinic's staff"),
        },
        "source": {
            "phone": _("by phone"),
            "in_person": _("in person"),
            "email": _("by email"),
            "sms": _("by SMS"),
            "link": _("on the link page"),
        },
        "done": _("Closed."),
        "no_answer": _("The server did not answer."),
    }
