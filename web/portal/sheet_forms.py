"""One question of a screening form as a form: what a field of each kind takes, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatment_plans.rules import screening as screening_rules
from treatment_plans.rules.screening import (
    BLOOD_PRESSURE,
    CHOICE,
    DATE,
    HALVES,
    LONGEST_TEXT,
    NO,
    NUMBER,
    PLAUSIBLE,
    TEXT,
    UNSURE,
    YES,
    YES_NO,
    Question,
)
from web.portal.forms import CHOOSE, PageForm

YES_NO_WORDS = {YES: _("Yes"), NO: _("No"), UNSURE: _("Not sure")}
PASSED_OVER = ""
NEEDED = _("Please answer this question.")
A_NUMBER = _("Please write a number.")
A_DATE = _("Please write a date with numbers: month, day, year.")
TOO_SMALL = _("Please look at the number again: it should be %(limit_value)s or more.")
TOO_LARGE = _("Please look at the number again: it should be %(limit_value)s or less.")
UPPER_FIRST = _("The upper number is the larger one.")
HALF_WORDS = {"systolic": _("Upper number"), "diastolic": _("Lower number")}


class QuestionForm(PageForm):
    """The fields of one question, with what was said before. Nothing is chosen beforehand."""

    def __init__(self, question: Question, sent: Any = None, *, language: str, value: Any = None) -> None:
        super().__init__(sent)
        self.question = question
        self.words = getattr(question, language)
        FIELDS[question.kind](self, language)
        before = _parts(question.kind, value)
        for name, field in self.fields.items():
            field.required, field.initial = question.is_required, before.get(name)

    @property
    def is_choice(self) -> bool:
        return self.question.kind in (YES_NO, CHOICE)

    def clean(self) -> dict[str, Any]:
        """Several fields are answered together or not at all; the rules of the form have the last word."""
        data: dict[str, Any] = super().clean() or {}
        given = [data.get(name) not in (None, "") for name in self.fields]
        if len(self.fields) > 1 and any(given) and not all(given) and not self.errors:
            missing = next(name for name, there in zip(self.fields, given, strict=True) if not there)
            self.add_error(missing, A_DATE if self.question.kind == DATE else A_NUMBER)
        if not self.errors and self.answer != PASSED_OVER:
            found = screening_rules.answer_blockers([self.question], {self.question.key: self.answer})
            if found:
                self.add_error(next(iter(self.fields)), FAULTS.get(self.question.kind, NEEDED))
        return data

    @property
    def answer(self) -> Any:
        """As the record keeps it; PASSED_OVER for a question that need not be answered and was not."""
        return ANSWERS[self.question.kind](self.cleaned_data)


def shown(question: Question, value: Any, language: str) -> str:
    """What was said, in words; '' for nothing."""
    if value in (None, PASSED_OVER):
        return ""
    if question.kind == YES_NO:
        return str(YES_NO_WORDS.get(value, value))
    if question.kind == CHOICE:
        return {option.code: getattr(option, language) for option in question.options}.get(value, str(value))
    text = screening_rules.shown(value)
    return f"{text} {UNITS.get(question.unit, question.unit)}".strip()


UNITS: Mapping[str, Any] = {"years": _("years")}


def _radio(form: QuestionForm, choices: list[tuple[str, Any]]) -> None:
    form.fields["choice"] = forms.ChoiceField(
        label=form.words, choices=choices, widget=forms.RadioSelect, error_messages={"required": CHOOSE}
    )


def _number(label: Any, *, whole: bool, lowest: Any, highest: Any, hint: Any = "") -> forms.Field:
    kind = forms.IntegerField if whole else forms.DecimalField
    widget = forms.TextInput(
        attrs={"inputmode": "numeric" if whole else "decimal", "autocomplete": "off", "maxlength": 10}
    )
    return kind(
        label=label,
        min_value=_tidy(lowest),
        max_value=_tidy(highest),
        widget=widget,
        help_text=UNITS.get(hint, hint),
        error_messages={
            "required": NEEDED,
            "invalid": A_NUMBER,
            "min_value": TOO_SMALL,
            "max_value": TOO_LARGE,
        },
    )


def _yes_no(form: QuestionForm, language: str) -> None:
    _radio(form, list(YES_NO_WORDS.items()))


def _choice(form: QuestionForm, language: str) -> None:
    _radio(form, [(option.code, getattr(option, language)) for option in form.question.options])


def _one_number(form: QuestionForm, language: str) -> None:
    asked = form.question
    form.fields["number"] = _number(
        form.words, whole=False, lowest=asked.lowest, highest=asked.highest, hint=asked.unit
    )


def _pressure(form: QuestionForm, language: str) -> None:
    for half in HALVES:
        lowest, highest = PLAUSIBLE[half]
        form.fields[half] = _number(HALF_WORDS[half], whole=True, lowest=lowest, highest=highest)


def _date(form: QuestionForm, language: str) -> None:
    for name, label, lowest, highest in (
        ("month", _("Month"), 1, 12),
        ("day", _("Day"), 1, 31),
        ("year", _("Year"), 1900, 2199),
    ):
        form.fields[name] = _number(label, whole=True, lowest=lowest, highest=highest)
        form.fields[name].widget.attrs["class"] = "n"


def _text(form: QuestionForm, language: str) -> None:
    form.fields["text"] = forms.CharField(
        label=form.words,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": NEEDED},
    )


FIELDS: Mapping[str, Callable[[QuestionForm, str], None]] = {
    YES_NO: _yes_no,
    CHOICE: _choice,
    NUMBER: _one_number,
    BLOOD_PRESSURE: _pressure,
    DATE: _date,
    TEXT: _text,
}
FAULTS: Mapping[str, Any] = {BLOOD_PRESSURE: UPPER_FIRST, DATE: A_DATE, NUMBER: A_NUMBER}


def _whole(data: Mapping[str, Any]) -> Any:
    number = data.get("number")
    return PASSED_OVER if number is None else _tidy(float(number))


def _halves(data: Mapping[str, Any]) -> Any:
    values = {half: data.get(half) for half in HALVES}
    return PASSED_OVER if None in values.values() else values


def _day(data: Mapping[str, Any]) -> Any:
    values = [data.get(name) for name in ("year", "month", "day")]
    if None in values:
        return PASSED_OVER
    try:
        return date(*values).isoformat()  # type: ignore[arg-type]
    except ValueError:
        return json.dumps(values)  # a day that the calendar does not have: the rules refuse it


ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    YES_NO: lambda data: data.get("choice", PASSED_OVER),
    CHOICE: lambda data: data.get("choice", PASSED_OVER),
    NUMBER: _whole,
    BLOOD_PRESSURE: _halves,
    DATE: _day,
    TEXT: lambda data: data.get("text", PASSED_OVER).strip(),
}


def _parts(kind: str, value: Any) -> dict[str, Any]:
    """What stands in the fields when this was said before."""
    if value in (None, PASSED_OVER):
        return {}
    if kind == BLOOD_PRESSURE:
        return dict(value)
    if kind == DATE:
        return dict(zip(("year", "month", "day"), (int(part) for part in value.split("-")), strict=True))
    return {{NUMBER: "number", TEXT: "text"}.get(kind, "choice"): value}


def _tidy(number: Any) -> Any:
    """120 and not 120.0."""
    return int(number) if number is not None and number == int(number) else number
