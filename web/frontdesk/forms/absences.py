from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scheduling.absences import Reason
from web.frontdesk.forms.fields import DayField, Radio, spoken


class AbsenceForm(forms.Form):
    """Whole days on the clinic's clock."""

    from_on = DayField(label=_("First day"))
    through_on = DayField(label=_("Last day"))
    reason = Radio(label=_("Why"), choices=spoken(Reason))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("from_on"), cleaned.get("through_on")
        if first and last and last < first:
            self.add_error("through_on", _("The end lies before the beginning."))
        return cleaned
