"""Screening forms that a client fills alone, one question after the other, on a link page.

What was answered so far is kept, so that they may stop and come back. An answer that sounds unsafe raises
its alert at once; flags are raised once, with the screening that the sheet becomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.blockers import Blocker
from practice.doors import on_violation, step
from practice.errors import Gone, OutOfScope, Taken
from practice.models import Client, User
from treatment_plans import safety
from treatment_plans.models import Screening, ScreeningForm, ScreeningSheet
from treatment_plans.rules import screening as screening_rules
from treatment_plans.rules.screening import Question
from treatment_plans.screening import screenings
from treatment_plans.screening.screenings import Filled, FormNotUsable, NotAnswersToForm

LASTS = timedelta(days=14)


class SheetOver(Gone):
    code = "sheet_over"
    message = _("This form was sent, taken back, or is too old.")


class AskedMeanwhile(Taken):
    code = "asked_meanwhile"
    message = _("Somebody has sent this form to the client just now.")


on_violation("treatment_plans_one_open_sheet", AskedMeanwhile)

NOT_USABLE = Blocker("form_not_usable", _(FormNotUsable.message))
NO_BIRTH_DATE = Blocker("no_birth_date", _("There is no birth date on file: the page asks for it first."))
INACTIVE = Blocker("client_inactive", _("The client is not active."))


def asking_blockers(client: Client, form: ScreeningForm) -> tuple[Blocker, ...]:
    """Why the client can't be asked to fill this form alone."""
    found = []
    if not form.is_usable:
        found.append(NOT_USABLE)
    if client.birth_date is None:
        found.append(NO_BIRTH_DATE)
    if not client.is_active:
        found.append(INACTIVE)
    return tuple(found)


@step
def open_sheet(client: Client, form: ScreeningForm, *, actor: User, now: datetime) -> ScreeningSheet:
    """The sheet that waits for the client, open for LASTS from now, or a new one. Locks the client.

    A sheet of another version is withdrawn. What it, or one that was taken back, has of questions that stayed
    the same moves into the new one, with what was heard of it.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    rows = ScreeningSheet.objects.select_for_update(no_key=True, of=("self",)).select_related("form")
    unfilled = rows.filter(client=client, form__code=form.code, screening=None).order_by("pk")
    for sheet in unfilled.filter(form=form, withdrawn_at=None):
        sheet.expires_at = now + LASTS
        sheet.save(update_fields=["expires_at"])
        activity.record("screening_sheet.asked_again", sheet, actor=actor, at=now, client=client)
        return sheet
    new = ScreeningSheet(client=client, form=form, asked_by=actor, asked_at=now, expires_at=now + LASTS)
    for sheet in unfilled.exclude(withdrawn_at__isnull=False, answers={}):
        if sheet.withdrawn_at is None:
            _withdraw(sheet, actor=actor, now=now)
        _move_answers(sheet, new, now=now)
    new.save(force_insert=True)
    activity.record("screening_sheet.asked", new, actor=actor, at=now, client=client)
    return new


@step
def withdraw(sheet_id: int, *, actor: User, now: datetime) -> ScreeningSheet:
    """Take it back: its links end, and a message that waits is not sent. Raises SheetOver once filled."""
    sheet = lock(sheet_id)
    if sheet.screening_id is not None:
        raise SheetOver
    if sheet.withdrawn_at is None:
        _withdraw(sheet, actor=actor, now=now)
    return sheet


@step
def lock(sheet_id: int) -> ScreeningSheet:
    rows = ScreeningSheet.objects.select_for_update(no_key=True, of=("self",))
    sheet = rows.select_related("client", "form", "alert", "asked_by").filter(pk=sheet_id).first()
    if sheet is None:
        raise OutOfScope
    return sheet


@step
def answer(sheet: ScreeningSheet, key: str, value: Any, *, now: datetime) -> bool:
    """Keep one answer; a later one takes its place, and '' passes over a question that need not be answered.

    The sheet is locked. Whether the answer sounds unsafe. Raises SheetOver, FormNotUsable for a version
    that is in use no more, NotAnswersToForm.
    """
    _check_open(sheet, now=now)
    asked = {question.key: question for question in questions_of(sheet.form)}
    blockers = screening_rules.answer_blockers([asked[key]] if key in asked else [], {key: value})
    if blockers:
        raise NotAnswersToForm(blockers=blockers)
    sheet.answers, sheet.answered_at = {**sheet.answers, key: value}, now
    severity = overhear(sheet, key, value, now=now)
    sheet.heard.pop(key, None)
    if severity:
        sheet.heard[key] = severity
    sheet.save(update_fields=["answers", "answered_at", "heard"])
    return bool(severity)


@step
def overhear(sheet: ScreeningSheet, key: str, value: Any, *, now: datetime) -> str:
    """Raise the alert of an answer, though it is not kept yet; its severity, or ''. The sheet is locked."""
    severity = screenings.severity_of(sheet.form, {key: value})
    if severity:
        sheet.alert = safety.hear(
            sheet.alert, sheet.client_id, reason="screening", severity=severity, now=now
        )
        sheet.save(update_fields=["alert"])
    return severity


@step
def finish(sheet: ScreeningSheet, *, now: datetime) -> Screening:
    """Make the sheet a screening, filled by the client; again it is the same one. The sheet is locked.

    Raises SheetOver, FormNotUsable, NotAnswersToForm with every reason.
    """
    if sheet.screening is not None:
        return sheet.screening
    _check_open(sheet, now=now)
    filled = Filled(sheet.form, sheet.answers, Screening.Source.LINK)
    screening = screenings.keep(sheet.client, filled, actor=None, now=now, heard=sheet.heard)
    sheet.screening, sheet.answered_at = screening, now
    sheet.answers, sheet.heard = {}, {}
    sheet.save(update_fields=["screening", "answers", "heard", "answered_at"])
    activity.record("screening.recorded", screening, actor=None, at=now, client=sheet.client_id)
    return screening


def questions_of(form: ScreeningForm) -> tuple[Question, ...]:
    return screening_rules.questions_of(form.questions)


def next_number(questions: Sequence[Question], answers: Mapping[str, Any]) -> int | None:
    """Counted from 1: the first question that was neither answered nor passed over; None after the last."""
    numbers = enumerate((question.key for question in questions), start=1)
    return next((number for number, key in numbers if key not in answers), None)


def same_answers(
    before: Sequence[Question], after: Sequence[Question], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """The answers to questions that both versions ask in the same words."""
    same = {question.key for question in after if question in before}
    return {key: value for key, value in answers.items() if key in same}


def _check_open(sheet: ScreeningSheet, *, now: datetime) -> None:
    if sheet.is_over(now):
        raise SheetOver
    if not sheet.form.is_usable:
        raise FormNotUsable


@step
def _move_answers(sheet: ScreeningSheet, new: ScreeningSheet, *, now: datetime) -> None:
    """`new` is not saved yet; `sheet` keeps none."""
    same = same_answers(questions_of(sheet.form), questions_of(new.form), sheet.answers)
    if same:
        new.answers, new.answered_at = {**new.answers, **same}, now
        new.heard |= {key: sheet.heard[key] for key in same if key in sheet.heard}
        new.alert = sheet.alert or new.alert
    sheet.answers, sheet.heard = {}, {}
    sheet.save(update_fields=["answers", "heard"])


@step
def _withdraw(sheet: ScreeningSheet, *, actor: User, now: datetime) -> None:
    sheet.withdrawn_at = now
    sheet.save(update_fields=["withdrawn_at"])
    activity.record("screening_sheet.withdrawn", sheet, actor=actor, at=now, client=sheet.client_id)
