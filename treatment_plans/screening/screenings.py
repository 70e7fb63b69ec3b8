"""Filled screening forms: recording one, correcting it, and the flags that its answers raise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, on_violation, step
from practice.editing import save_new
from practice.errors import DomainError, Invalid, OutOfScope, Refused, Taken
from practice.models import Client, User
from treatment_plans import safety
from treatment_plans.models import Screening, ScreeningFlag, ScreeningForm, ScreeningRule
from treatment_plans.rules import screening as screening_rules


class NotAnswersToForm(DomainError):
    status = 400
    code = "not_answers"
    message = _("These are no answers to this version of the form.")
    pointer = "/answers"


class FormNotUsable(Refused):
    code = "form_not_usable"
    message = _("This version of the form has not been approved, or is retired.")


class ScreeningCorrectedBefore(Taken):
    code = "corrected_before"
    message = _("This screening was corrected before: correct the correction.")


on_violation("treatment_plans_screening_corrected_once", ScreeningCorrectedBefore)


@dataclass(frozen=True)
class Filled:
    """What somebody answered, by the keys of the questions. `filled_at` is aware, None for now."""

    form: ScreeningForm
    answers: Mapping[str, Any]
    source: str
    filled_at: datetime | None = None


@door
def record(client: Client, filled: Filled, *, actor: User | None, now: datetime) -> Screening:
    """Keep the answers and raise a flag for each rule they meet, in the same transaction.

    Raises FormNotUsable, NotAnswersToForm with every reason, Invalid for a time ahead of now.
    """
    if not filled.form.is_usable:
        raise FormNotUsable(pointer="/form")
    screening = keep(client, filled, actor=actor, now=now)
    activity.record("screening.recorded", screening, actor=actor, at=now, client=client)
    return screening


@door
def correct(
    screening_id: int, answers: Mapping[str, Any], *, reason: str, actor: User, now: datetime
) -> Screening:
    """Put a corrected row beside the first, which stays, judged by the rules of the same version.

    Flags that the first raised stay for a prescriber to dispose of; a rule that is still met and waits
    already is not raised twice. Raises ScreeningCorrectedBefore when another correction stands there.
    """
    if not reason.strip():
        raise Invalid(_("Say why it is corrected."), code="required", pointer="/reason")
    first = (
        Screening.objects.select_for_update(no_key=True, of=("self",))
        .select_related("client", "form")
        .filter(pk=screening_id)
        .first()
    )
    if first is None:
        raise OutOfScope
    filled = Filled(first.form, answers, first.source, first.filled_at)
    screening = keep(first.client, filled, actor=actor, now=now, corrects=first, reason=reason.strip())
    activity.record("screening.corrected", screening, actor=actor, at=now, client=first.client_id)
    return screening


@step
def keep(
    client: Client,
    filled: Filled,
    *,
    actor: User | None,
    now: datetime,
    corrects: Screening | None = None,
    reason: str = "",
    heard: Mapping[str, str] | None = None,
) -> Screening:
    """`heard` are the severities of which an alert told while the answers were given, by question."""
    questions = screening_rules.questions_of(filled.form.questions)
    blockers = screening_rules.answer_blockers(questions, filled.answers)
    if blockers:
        raise NotAnswersToForm(blockers=blockers)
    filled_at = filled.filled_at or now
    if filled_at > now:
        raise Invalid(_("This lies ahead."), code="ahead", pointer="/filled_at")
    screening = save_new(
        Screening(
            client=client,
            form=filled.form,
            answers={key: answer for key, answer in filled.answers.items() if answer not in (None, "")},
            source=filled.source,
            filled_at=filled_at,
            recorded_by=actor,
            recorded_at=now,
            corrects=corrects,
            correction_reason=reason,
        )
    )
    _raise_flags(screening, heard or {}, actor=actor, now=now)
    return screening


def severity_of(form: ScreeningForm, answers: Mapping[str, Any]) -> str:
    """Of the alert that these answers raise: the worst, or '' for none."""
    rows = {rule.code: rule for rule in form.rules.filter(question__in=answers).exclude(alert="")}
    found = {rows[hit.rule].alert for hit in screening_rules.judge(_facts(rows.values()), answers)}
    return safety.worst(found)


@step
def _raise_flags(
    screening: Screening, heard: Mapping[str, str], *, actor: User | None, now: datetime
) -> None:
    rows = {rule.code: rule for rule in screening.form.rules.order_by("position", "pk")}
    waiting = set(
        ScreeningFlag.objects.filter(screening=screening.corrects_id, disposition=None).values_list(
            "rule", flat=True
        )
        if screening.corrects_id
        else ()
    )
    for hit in screening_rules.judge(_facts(rows.values()), screening.answers):
        rule = rows[hit.rule]
        if rule.pk in waiting:
            continue
        flag = save_new(
            ScreeningFlag(
                client_id=screening.client_id,
                screening=screening,
                rule=rule,
                answer=hit.answer,
                raised_at=now,
            )
        )
        activity.record("screening_flag.raised", flag, actor=actor, at=now, client=screening.client_id)
        if rule.alert and not safety.is_as_bad(heard.get(rule.question, ""), rule.alert):
            safety.raise_alert(
                screening.client_id, reason="screening", severity=rule.alert, actor=actor, now=now
            )


def _facts(rules: Iterable[ScreeningRule]) -> list[screening_rules.RuleFact]:
    return [
        screening_rules.RuleFact(row.code, row.question, row.condition, row.effect, row.fact, row.source)
        for row in rules
    ]
