from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatment_plans.measuring.questionnaires import Questionnaire
from treatment_plans.models import SafetyAlert
from web.frontdesk.forms.fields import Radio, TextArea, spoken


class QuestionnaireForm(forms.Form):
    """One group of radio buttons for each item, in the words of the questionnaire. None has to be answered:
    what is missing too much is for the scoring to say.
    """

    def __init__(self, *args: Any, questionnaire: Questionnaire, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(str(value), text) for value, text in enumerate(questionnaire.choices)]
        for number, text in enumerate(questionnaire.items, start=1):
            self.fields[f"item_{number}"] = Radio(label=f"{number}. {text}", choices=choices, required=False)


def answers(values: dict[str, Any]) -> dict[str, int]:
    """What was answered, by item."""
    return {name.removeprefix("item_"): int(value) for name, value in values.items() if value}


class DispositionForm(forms.Form):
    disposition = Radio(label=_("What was found"), choices=spoken(SafetyAlert.Disposition))
    note = TextArea(label=_("What was done"), help_text=_("Only clinicians read this."))
