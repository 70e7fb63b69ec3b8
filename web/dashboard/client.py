"""One client's outcomes and timeline."""

from __future__ import annotations

from django.http import Http404
from django.utils.translation import gettext as _

from practice import clients, present
from practice.access import CLINICAL, access_client
from practice.errors import OutOfScope
from practice.models import User
from treatment_plans.measuring.outcomes import outcomes_of
from treatment_plans.models.protocols import OCCASIONS
from treatment_plans.rules.instruments import INSTRUMENTS
from web.dashboard.frame import Page, page


@page()
def client(user: User, client_id: int) -> Page:
    """The charts are drawn here, for they are SVG with tables; the rest comes from the API."""
    try:
        found = access_client(user, client_id, roles=CLINICAL, pointer=None)
    except OutOfScope as missing:
        raise Http404 from missing
    clients.look_at(found, actor=user, now=present.now())
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
        context={"client": found, "outcomes": outcomes_of(found.pk)},
        settings={"client": found.pk},
        words={
            "occasion": {code: occasions[code] for code in sorted(OCCASIONS)},
            "instrument": {code: instrument.name for code, instrument in INSTRUMENTS.items()},
            "dose": _("dose"),
            "until": _("until"),
        },
    )
