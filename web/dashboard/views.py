"""The clinicians' own day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from practice import clock, present
from practice.access import DECIDES_MEDICAL
from practice.models import User
from scheduling.models import Booking
from treatment_plans.follow_ups import closed_by
from treatment_plans.models import FollowUp, SafetyAlert
from web.dashboard.frame import ANY_ID, Page, here, labels, page
from web.dashboard.words import ENDING, LIGHTS, STATES

EXPIRES_WITHIN_DAYS = 30


@page(entry="dashboard")
def dashboard(user: User) -> Page:
    today = clock.local_day(present.now(), here())
    tomorrow = today + timedelta(days=1)
    _begins, until = clock.day_span(tomorrow, here())
    return Page(
        "dashboard/dashboard.html",
        context={"tomorrow": tomorrow},
        settings={
            "until": until.isoformat(),
            "prescription_page": reverse("prescription", args=[ANY_ID]),
            "screening_page": reverse("client_screening", args=[ANY_ID]),
            "room_page": reverse("session_room", args=[ANY_ID]),
            "closes": [kind for kind in FollowUp.Kind.values if user.has_role(*closed_by(kind))],
            "expires_within_days": EXPIRES_WITHIN_DAYS if user.has_role(*DECIDES_MEDICAL) else 0,
        },
        words=_words(),
    )


def _words() -> dict[str, Any]:
    """What the API says in codes, for people."""
    return {
        "status": labels(Booking.Status.choices),
        "glyph": {"booked": "○", "held": "◌", "arrived": "◐", "in_session": "●", "completed": "✓"},
        "follow_up": labels(FollowUp.Kind.choices),
        "alert": labels(SafetyAlert.Reason.choices),
        "taken_care_of": _("somebody takes care of it"),
        "light": {name: str(word) for name, word in LIGHTS.items()},
        "state": {state: [glyph, str(word)] for state, (glyph, word) in STATES.items()},
        "dose": _("dose"),
        "ready": _("Ready"),
        "telehealth": _("Telehealth"),
        "used": _("used"),
        "expiring": {kind: str(word) for kind, word in ENDING.items()},
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
    }
