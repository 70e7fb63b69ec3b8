"""Forms made of data: the questions of a screening form, and the flags that a decision speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from treatment_plans.models import FlagDisposition, Screening, ScreeningFlag
from treatment_plans.rules import screening as screening_rules
from treatment_plans.rules.screening import HALVES, Question
from treatment_plans.screening.flags import Disposal
from web.frontdesk.forms.fields import DayField, Radio, TextArea, spoken
from web.frontdesk.forms.medical import ClearanceForm

WORDS = {screening_rules.YES: _("Yes"), screening_rules.NO: _("No"), screening_rules.UNSURE: _("Not sure")}


class ScreeningForm(forms.Form):
    """One field a question, two for a blood pressure. What is no answer is for the door to say."""

    source = Radio(label=_("How"), choices=spoken(Screening.Source, without=("link",)), initial="with_staff")

    def __init__(self, *args: Any, questions: Iterable[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in questions:
            if question.kind == screening_rules.BLOOD_PRESSURE:
                for half, words in zip(HALVES, (gettext("upper value"), gettext("lower value")), strict=True):
                    self.fields[f"{question.key}_{half}"] = forms.IntegerField(
                        label=f"{label_of(question)} {capfirst(words)}", required=question.is_required
                    )
            else:
                self.fields[question.key] = _field(question)


def answers_of(questions: Iterable[Question], values: Mapping[str, Any]) -> dict[str, Any]:
    """What the form holds, as the door takes it."""
    return {question.key: _answer(question, values) for question in questions}


def label_of(question: Question) -> str:
    text = question.es if (get_language() or "en").startswith("es") else question.en
    return f"{text} ({question.unit})" if question.unit else text


def _field(question: Question) -> forms.Field:
    label, needed = label_of(question), question.is_required
    in_spanish = (get_language() or "en").startswith("es")
    if question.kind == screening_rules.YES_NO:
        return Radio(label=label, required=needed, choices=list(WORDS.items()))
    if question.kind == screening_rules.CHOICE:
        options = [(each.code, each.es if in_spanish else each.en) for each in question.options]
        return Radio(label=label, required=needed, choices=options)
    if question.kind == screening_rules.NUMBER:
        return forms.FloatField(label=label, required=needed)
    if question.kind == screening_rules.DATE:
        return DayField(label=label, required=needed)
    return TextArea(label=label, required=needed, max_length=screening_rules.LONGEST_TEXT)


def _answer(question: Question, cleaned: Mapping[str, Any]) -> Any:
    if question.kind == screening_rules.BLOOD_PRESSURE:
        halves = {half: cleaned.get(f"{question.key}_{half}") for half in HALVES}
        return None if set(halves.values()) == {None} else halves
    answer = cleaned.get(question.key)
    if isinstance(answer, date):
        return answer.isoformat()
    if isinstance(answer, float) and answer.is_integer():
        return int(answer)
    return answer


class CoveringClearanceForm(ClearanceForm):
    """A decision on clearance with what it says about each flag of the screening."""

    def __init__(self, *args: Any, flags: Iterable[ScreeningFlag] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flags = tuple(flags)
        for flag in self.flags:
            self.fields[f"flag_{flag.pk}"] = forms.ChoiceField(
                label=f"{flag.rule.fact} ({flag.answer})",
                help_text=_("Source: %(source)s") % {"source": flag.rule.source},
                required=False,
                choices=[("", gettext("Say nothing about it")), *spoken(FlagDisposition.Decision)()],
            )
            self.fields[f"flag_{flag.pk}_reason"] = forms.CharField(
                label=_("Reason: %(fact)s") % {"fact": flag.rule.fact}, required=False, max_length=1000
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for flag in self.flags:
            if cleaned.get(f"flag_{flag.pk}") and not cleaned.get(f"flag_{flag.pk}_reason", "").strip():
                self.add_error(f"flag_{flag.pk}_reason", _("Say why."))
        return cleaned


def disposals_of(flags: Iterable[ScreeningFlag], values: Mapping[str, Any]) -> list[Disposal]:
    """What the decision says of each; they are looked at again when the clearance ends."""
    return [
        Disposal(
            flag.pk,
            values[f"flag_{flag.pk}"],
            values[f"flag_{flag.pk}_reason"],
            values.get("valid_through_on"),
            flag.disposition_id,
        )
        for flag in flags
        if values.get(f"flag_{flag.pk}")
    ]


def decision_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ClearanceForm.base_fields}
