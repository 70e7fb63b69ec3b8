"""A screening form on a link page: one question a page, kept as it is answered, looked over and sent once.

An address counts questions and names nothing. The birth date comes before the first of them, and the half
hour for which it counts begins anew with each answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from notifications import screening_links
from notifications.models import ClientLink
from treatment_plans.models import ScreeningSheet
from treatment_plans.rules import screening as screening_rules
from treatment_plans.rules.screening import Question
from treatment_plans.screening import sheets as screening_sheets
from treatment_plans.screening.screenings import FormNotUsable, NotAnswersToForm
from treatment_plans.screening.sheets import SheetOver
from web.portal.birth_dates import ask_birth_date, is_heard, sent_with_proof
from web.portal.entry import go, has_proof, page, remember_proof, through
from web.portal.sheet_forms import QuestionForm, shown

SCREENING = ClientLink.Purpose.SCREENING


def start(request: Any) -> HttpResponse:
    """What it is about, without a word of what is asked; or what became of it."""
    sheet = _sheet(request)
    if (over := _over(request, sheet)) is not None:
        return over
    questions = screening_sheets.questions_of(sheet.form)
    return page(request, "sheet_start", count=len(questions), has_begun=bool(sheet.answers))


@through(SCREENING)
def ask(request: Any) -> HttpResponse:
    """The first question that is still open, or all answers once more."""
    sheet = _sheet(request)
    if (over := _over(request, sheet)) is not None:
        return over
    if not has_proof(request):
        return ask_birth_date(request)
    return _go_on(request, screening_sheets.questions_of(sheet.form), sheet.answers)


@through(SCREENING)
def question(request: Any, number: int) -> HttpResponse:
    sheet = _sheet(request)
    questions = screening_sheets.questions_of(sheet.form)
    if not 1 <= number <= len(questions) or _is_over(request, sheet):
        return go(request, "form")
    asked, refusal = questions[number - 1], ""
    sent = sent_with_proof(request, partial(_overhear, request, asked)) if request.method == "POST" else None
    if isinstance(sent, HttpResponse):
        return sent
    if sent is None and not has_proof(request):
        return go(request, "form")
    form = QuestionForm(asked, sent, language=request.language, value=sheet.answers.get(asked.key))
    if sent is not None and form.is_valid():
        try:
            is_unsafe = screening_links.answer(
                request.link.pk, asked.key, form.answer, is_heard=is_heard(request), now=request.now
            )
        except (SheetOver, FormNotUsable):
            return go(request, "form")
        except NotAnswersToForm:
            refusal = gettext("Please answer this question.")
        else:
            answers = {**sheet.answers, asked.key: form.answer}
            following = go(request, f"form/{number}/help") if is_unsafe else None
            following = following or _go_on(request, questions, answers)
            remember_proof(following, request)
            return following
    answer = page(
        request,
        "sheet_question",
        status=422 if form.errors or refusal else 200,
        form=form,
        refusal=refusal,
        number=number,
        count=len(questions),
        previous=f"form/{number - 1}" if number > 1 else "",
        has_answers=bool(sheet.answers),
    )
    if sent is not None:
        remember_proof(answer, request)
    return answer


@through(SCREENING, posts=False)
def help_now(request: Any, number: int) -> HttpResponse:
    """Right after an answer that sounds unsafe: whom to call, before anything else is asked."""
    if not has_proof(request):
        return go(request, "form")
    return page(request, "help_now", following="form")


@through(SCREENING)
def check(request: Any) -> HttpResponse:
    """All answers once more, to be changed or sent; what is missing is named, each with its question."""
    sheet = _sheet(request)
    if not has_proof(request) or _is_over(request, sheet):
        return go(request, "form")
    is_refused = False
    if request.method == "POST":
        try:
            screening_links.finish(request.link.pk, now=request.now)
        except NotAnswersToForm:
            is_refused = True
        except (SheetOver, FormNotUsable):
            pass
        if not is_refused:
            return go(request, "form")
    questions = screening_sheets.questions_of(sheet.form)
    rows = [
        Row(number, asked, sheet.answers, request.language) for number, asked in enumerate(questions, start=1)
    ]
    return page(
        request,
        "sheet_check",
        status=422 if is_refused else 200,
        missing=[row for row in rows if row.is_missing] if is_refused else [],
        rows=rows,
    )


class Row:
    """One question with what was said to it."""

    def __init__(self, number: int, asked: Question, answers: dict[str, Any], language: str) -> None:
        value = answers.get(asked.key)
        self.url = f"form/{number}"
        self.text = getattr(asked, language)
        self.said = shown(asked, value, language)
        self.is_missing = bool(screening_rules.answer_blockers([asked], {asked.key: value}))


def _overhear(request: Any, asked: Question, posted: Mapping[str, str]) -> bool:
    """What was sent too late to be kept at once."""
    form = QuestionForm(asked, posted, language=request.language)
    return form.is_valid() and screening_links.overhear(
        request.link.pk, asked.key, form.answer, now=request.now
    )


def _sheet(request: Any) -> ScreeningSheet:
    sheet: ScreeningSheet = request.link.sheet
    return sheet


def _is_over(request: Any, sheet: ScreeningSheet) -> bool:
    return sheet.is_over(request.now) or not sheet.form.is_usable


def _over(request: Any, sheet: ScreeningSheet) -> HttpResponse | None:
    """The page that says that all is done, or that there are other questions now."""
    if sheet.screening_id is not None:
        return page(request, "sheet_done")
    return page(request, "sheet_replaced") if not sheet.form.is_usable else None


def _go_on(request: Any, questions: tuple[Question, ...], answers: dict[str, Any]) -> HttpResponse:
    number = screening_sheets.next_number(questions, answers)
    return go(request, f"form/{number}" if number else "form/check")
