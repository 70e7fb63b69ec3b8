"""Who waits for a prescriber's decision."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from practice.access import DECIDES_MEDICAL
from practice.models import User
from treatment_plans.models import Clearance, FlagDisposition, ScreeningRule
from web.dashboard.frame import ANY_ID, Page, labels, page


@page(entry="evaluations")
def evaluations(user: User) -> Page:
    return Page(
        "dashboard/evaluations.html",
        context={"decisions": Clearance.Decision.choices},
        settings={
            "screening_page": reverse("client_screening", args=[ANY_ID]),
            "decides": user.has_role(*DECIDES_MEDICAL),
            "decide_page": reverse("admin:decide_clearance", args=[ANY_ID]),
        },
        words={
            "effect": labels(ScreeningRule.Effect.choices),
            "decision": labels(FlagDisposition.Decision.choices),
            "answer": _("answer"),
            "look_again": _("look again after"),
            "referred_by": _("Referred by"),
            "unclassified": _("in no class yet, so that no rule names it"),
            "asked": _("The client was asked."),
            "blocks": _("Sessions it would block"),
            "frees": _("Sessions it would free"),
            "stays_blocked": _("Sessions that stay blocked"),
            "none": _("none"),
            "tried": _("tried"),
        },
    )
