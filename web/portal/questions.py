"""Questionnaires around a visit: one question a page, kept as it is answered, scored at the end.

An address counts parts and questions and names nothing. The birth date comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from notifications import links
from notifications.models import ClientLink
from practice.errors import DomainError
from treatment_plans.measuring import answer_sheets
from treatment_plans.measuring.answer_sheets import Occasion
from treatment_plans.measuring.questionnaires import Questionnaire, find_questionnaire
from treatment_plans.models import AnswerSheet, PlannedSession
from web.portal.birth_dates import ask_birth_date, sent_with_proof
from web.portal.entry import go, has_proof, page, remember_proof, said_no, through
from web.portal.forms import CHOOSE, PageForm

Purpose = ClientLink.Purpose
# Asked earlier, or right after, they would be about other weeks.
BEFORE, AFTER = timedelta(days=7), timedelta(days=5)
OCCASIONS = {Purpose.VISIT: Occasion.BEFORE, Purpose.AFTERCARE: Occasion.AFTER}


class AnswerForm(PageForm):
    """The answers of one question."""

    choice = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": CHOOSE})

    def __init__(self, sent: Any = None, *, label: str, choices: tuple[str, ...], value: Any) -> None:
        super().__init__(sent)
        field = self.fields["choice"]
        assert isinstance(field, forms.ChoiceField)
        field.label = label
        field.choices = [(str(number), text) for number, text in enumerate(choices)]
        field.initial = None if value is None else str(value)


@dataclass(frozen=True)
class Part:
    """One questionnaire of those that this visit asks for, counted from 1."""

    number: int
    words: Questionnaire
    sheet: AnswerSheet | None

    @property
    def answers(self) -> dict[str, int]:
        return self.sheet.answers if self.sheet else {}

    @property
    def is_done(self) -> bool:
        return self.sheet is not None and self.sheet.measure_id is not None


def is_asked(request: Any) -> bool:
    """Whether a question of this visit still waits for its answer."""
    return any(not part.is_done for part in _parts(request))


@through(*OCCASIONS)
def ask(request: Any) -> HttpResponse:
    """The next question without an answer, or thanks."""
    if not has_proof(request):
        return ask_birth_date(request)
    parts = _parts(request)
    part = next((each for each in parts if not each.is_done), None)
    if part is None:
        return page(request, "questions_done", was_asked=bool(parts))
    return _go(request, part, answer_sheets.next_item(part.words.instrument, part.answers))


@through(*OCCASIONS)
def question(request: Any, part: int, item: int) -> HttpResponse:
    found = _part(request, part)
    if found is None or not 1 <= item <= len(found.words.items):
        return go(request, "ask")
    overhear = partial(_overhear, request, found, item)
    sent = sent_with_proof(request, overhear) if request.method == "POST" else None
    if isinstance(sent, HttpResponse):
        return sent
    if sent is None and not has_proof(request):
        return go(request, "ask")
    words, refusal = found.words, ""
    form = _form(found, item, sent)
    if sent is not None and form.is_valid():
        try:
            sheet = answer_sheets.answer(
                _session(request),
                OCCASIONS[request.link.purpose],
                words.instrument,
                item=str(item),
                value=int(form.cleaned_data["choice"]),
                now=request.now,
            )
        except DomainError as refused:
            refusal = said_no(refused)
        else:
            links.note_use(request.link.pk, now=request.now)
            following = str(item + 1) if item < len(words.items) else None
            answer = _go(request, found, following)
            if str(item) in sheet.heard:
                answer = go(request, f"ask/{part}/{item}/help")
            remember_proof(answer, request)
            return answer
    return page(
        request,
        "question",
        status=422 if form.errors or refusal else 200,
        form=form,
        refusal=refusal,
        part=found,
        number=item,
        count=len(words.items),
        previous=f"ask/{part}/{item - 1}" if item > 1 else "",
    )


@through(*OCCASIONS, posts=False)
def help_now(request: Any, part: int, item: int) -> HttpResponse:
    """Right after an answer that sounds unsafe: whom to call, before anything else is asked."""
    found = _part(request, part)
    if not has_proof(request) or found is None:
        return go(request, "ask")
    following = f"ask/{part}/{item + 1}" if item < len(found.words.items) else f"ask/{part}/check"
    return page(request, "help_now", following=following)


@through(*OCCASIONS)
def check(request: Any, part: int) -> HttpResponse:
    """All answers once more, to be changed or sent."""
    found = _part(request, part)
    if not has_proof(request) or found is None:
        return go(request, "ask")
    refusal = ""
    if request.method == "POST":
        try:
            answer_sheets.finish(
                _session(request), OCCASIONS[request.link.purpose], found.words.instrument, now=request.now
            )
        except DomainError as refused:
            refusal = said_no(refused)
        else:
            links.note_use(request.link.pk, now=request.now)
            return go(request, "ask")
    rows = [
        {
            "text": text,
            "said": found.words.choices[found.answers[str(number)]]
            if str(number) in found.answers
            else _("no answer"),
            "url": f"ask/{part}/{number}",
        }
        for number, text in enumerate(found.words.items, start=1)
    ]
    return page(
        request, "questions_check", status=422 if refusal else 200, refusal=refusal, rows=rows, part=found
    )


def _form(part: Part, item: int, sent: Any) -> AnswerForm:
    words = part.words
    return AnswerForm(
        sent, label=words.items[item - 1], choices=words.choices, value=part.answers.get(str(item))
    )


def _overhear(request: Any, part: Part, item: int, posted: Mapping[str, str]) -> bool:
    """What was sent too late to be kept at once."""
    form = _form(part, item, posted)
    if not form.is_valid():
        return False
    try:
        return answer_sheets.overhear(
            _session(request),
            OCCASIONS[request.link.purpose],
            part.words.instrument,
            item=str(item),
            value=int(form.cleaned_data["choice"]),
            now=request.now,
        )
    except DomainError:  # they were sent meanwhile, and judged
        return False


def _parts(request: Any) -> list[Part]:
    """In the order of the protocol; only what there are words for in the page's language."""
    booking = request.link.booking
    session, occasion = booking.planned_session, OCCASIONS[request.link.purpose]
    if occasion == Occasion.BEFORE:
        is_now = booking.started_at is None and booking.starts_at - BEFORE <= request.now
    else:
        is_now = booking.ends_at + AFTER <= request.now
    if session is None or not is_now:
        return []
    found: list[Part] = []
    for code, sheet in answer_sheets.sheets_of(session, occasion, language=request.language):
        words = find_questionnaire(code, request.language)
        assert words is not None
        found.append(Part(len(found) + 1, words, sheet))
    return found


def _part(request: Any, number: int) -> Part | None:
    """None for one that there is not, or that is done."""
    return next((each for each in _parts(request) if each.number == number and not each.is_done), None)


def _session(request: Any) -> PlannedSession:
    session: PlannedSession = request.link.booking.planned_session
    return session


def _go(request: Any, part: Part, item: str | None) -> HttpResponse:
    return go(request, f"ask/{part.number}/{item}" if item else f"ask/{part.number}/check")
