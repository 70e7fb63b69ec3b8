"""One client's outcomes, prescriptions, doses and timeline."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.screening_links import STAGES
from practice import present
from practice.models import User
from treatment_plans.measuring.outcomes import outcomes_of
from treatment_plans.models import Dose, Protocol
from treatment_plans.models.protocols import OCCASIONS
from treatment_plans.rules.instruments import INSTRUMENTS
from web.dashboard.frame import ANY_ID, Page, here, labels, page
from web.dashboard.prescribed import Prescribed
from web.dashboard.reader import client_of
from web.dashboard.words import DOSES

ANY_CODE = "any-code"  # replaced by the script


@page()
def client(user: User, client_id: int) -> Page:
    """The charts are drawn here, for they are SVG with tables; what changes comes from the API."""
    found = client_of(user, client_id)
    occasions = {
        "baseline": _("at the start"),
        "before_dose": _("before the dose"),
        "dosing_day": _("on the dosing day"),
        "week_after_dose": _("a week after the dose"),
        "mid_series": _("in the middle of the series"),
        "end_of_series": _("at the end of the series"),
        "monthly": _("every month"),
    }
    return Page(
        "dashboard/client.html",
        context={
            "client": found,
            "outcomes": outcomes_of(found.pk),
            "prescribed": Prescribed(found, user, present.now()),
            "zone": here(),
        },
        settings={
            "client": found.pk,
            "fill_page": reverse("admin:fill_screening", args=[ANY_ID, ANY_CODE]),
            "any_code": ANY_CODE,
        },
        words={
            "occasion": {code: occasions[code] for code in sorted(OCCASIONS)},
            "instrument": {code: instrument.name for code, instrument in INSTRUMENTS.items()},
            "dose": _("dose"),
            "dose_number": _("Dose"),
            "until": _("until"),
            "route": labels(Protocol._meta.get_field("route").flatchoices),
            "unit": dict(Dose._meta.get_field("unit").flatchoices),
            "dose_status": {code: [glyph, str(word)] for code, (glyph, word) in DOSES.items()},
            "lot": _("lot"),
            "self_administered": _("self-administered"),
            "adverse_events": _("adverse events:"),
            "stage": labels(STAGES),
            "not_asked": _("Not asked yet"),
            "asked": _("asked"),
            "of": _("of"),
            "last_answer": _("last answer"),
            "open_until": _("open until"),
            "filled": _("filled"),
        },
    )
