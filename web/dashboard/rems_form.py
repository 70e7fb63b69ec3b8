"""The REMS monitoring form of one session, on one sheet: to be copied to the REMS's site, or faxed."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from practice import clock
from practice.access import CLINICAL, visible_to
from practice.models import User
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing import rems
from treatment_plans.models import RemsForm
from web.dashboard.frame import Page, page


@page()
def rems_form(user: User, form_id: int) -> Page:
    forms = RemsForm.objects.select_related("record__client", "record__protocol", "record__location")
    form = visible_to(user, forms, client="record__client", roles=CLINICAL).filter(pk=form_id).first()
    if form is None:
        raise Http404
    lines = rems.form_fields(form, dosing_facts.load(form.record))
    labels = _labels()
    zone = clock.zone(form.record.time_zone)
    return Page(
        "dashboard/rems_form.html",
        context={
            "form": form,
            "lines": [(labels[line.name], _shown(line.value)) for line in lines],
            "submitted_on": clock.local_day(form.submitted_at, zone) if form.submitted_at else None,
        },
    )


def _shown(value: Any) -> str:
    """Empty is missing."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(value) or _("none")
    return "" if value is None else str(value)


def _labels() -> dict[str, str]:
    own = {name: str(RemsForm._meta.get_field(name).verbose_name) for name in rems.ANSWERS}  # type: ignore[union-attr]
    return own | {
        "client_name": _("Name"),
        "birth_date": _("Birth date"),
        "monitored_by": _("Monitored by"),
        "setting_name": _("Setting"),
        "setting_address": _("Address of the setting"),
        "setting_phone": _("Phone of the setting"),
        "treated_on": _("Treated on"),
        "dose_mg": _("Dose in mg"),
        "lot_number": _("Lot number"),
        "minutes_observed": _("Minutes from the first device to the end"),
        "pressure_before": _("Blood pressure before the dose"),
        "pressure_at_40": _("Blood pressure at 40 minutes"),
        "pressure_before_leaving": _("Blood pressure before leaving"),
        "vitals_acceptable_before": _("Vitals acceptable before the dose"),
        "vitals_acceptable_before_leaving": _("Vitals acceptable before leaving"),
        "serious_events": _("Serious adverse events"),
    }
