"""What is due for a clinician's clients, and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from practice.access import DECIDES_MEDICAL, FOLLOWS_UP
from practice.models import User
from scheduling.care.follow_ups_due import KINDS
from scheduling.models import SessionNote
from treatment_plans.follow_ups import closed_by
from treatment_plans.models import (
    AdverseEvent,
    CourseHold,
    FollowUp,
    FollowUpAttempt,
    PlanReview,
    SafetyAlert,
)
from treatment_plans.rules.instruments import INSTRUMENTS
from web.dashboard.frame import Page, labels, page


@page(entry="dashboard_follow_ups")
def follow_ups(user: User) -> Page:
    return Page(
        "dashboard/follow_ups.html",
        context={
            "hows": FollowUpAttempt.How.choices,
            "reached": FollowUpAttempt.Reached.choices,
            "results": FollowUp.Result.choices,
            "decisions": PlanReview.Decision.choices,
            "dispositions": CourseHold.Disposition.choices,
        },
        settings={
            "follows_up": user.has_role(*FOLLOWS_UP),
            "closes": [kind for kind in FollowUp.Kind.values if user.has_role(*closed_by(kind))],
            "decides": user.has_role(*DECIDES_MEDICAL),
        },
        words=_words(),
    )


def _words() -> dict[str, Any]:
    codes = {
        **labels(FollowUp.Kind.choices),
        **labels(FollowUp.Practice.choices),
        **labels(SafetyAlert.Reason.choices),
        **labels(SessionNote.Kind.choices),
        **labels(AdverseEvent.Kind.choices),
        **{code: instrument.name for code, instrument in INSTRUMENTS.items()},
    }
    return {
        "kind": {code: str(label).capitalize() for code, label in KINDS.items()},
        "code": codes,
        "how": labels(FollowUpAttempt.How.choices),
        "pressing": {
            "safety": ["✕", _("needs a clinician now")],
            "overdue": ["✕", _("overdue")],
            "due": ["…", _("due")],
            "soon": ["○", _("within a day")],
        },
        "until": _("until"),
        "hours_left": _("hours left"),
        "attempts": _("attempts, the last"),
        "booked": _("booked for"),
        "kept": _("Saved."),
        "signed": _("Signed."),
        "put_off": _("Put off."),
    }
