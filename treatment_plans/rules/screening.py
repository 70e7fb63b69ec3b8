"""What a screening form asks, whether answers fit it, and which rules they meet: facts, no verdicts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

YES_NO, CHOICE, NUMBER, DATE = "yes_no", "choice", "number", "date"
TEXT, BLOOD_PRESSURE = "text", "blood_pressure"
KINDS: Final = (YES_NO, CHOICE, NUMBER, DATE, TEXT, BLOOD_PRESSURE)

YES, NO, UNSURE = "yes", "no", "unsure"
YES_NO_ANSWERS: Final = (YES, NO, UNSURE)

EXCLUDE, NEEDS_CLEARANCE, NOTE = "exclude", "needs_clearance", "note"
BLOCKING: Final = frozenset({EXCLUDE, NEEDS_CLEARANCE})

LONGEST_TEXT: Final = 2000
HALVES: Final = ("systolic", "diastolic")
# Beyond these a reading is a slip of the pen, not a blood pressure. Convention.
PLAUSIBLE: Final = {"systolic": (50, 300), "diastolic": (20, 200)}

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Option:
    code: str
    en: str
    es: str


@dataclass(frozen=True, slots=True)
class Question:
    """`lowest` and `highest` are plausible bounds of a number. `options` are a choice's."""

    key: str
    kind: str
    en: str
    es: str
    options: tuple[Option, ...] = ()
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class RuleFact:
    """One row of the rules. No `routes` means all of them."""

    code: str
    question: str
    condition: Mapping[str, Any]
    effect: str
    fact: str
    source: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that the answers meet: what was said, where the rule comes from, and what follows."""

    rule: str
    question: str
    answer: str
    effect: str
    fact: str
    source: str


def questions_of(data: Any) -> tuple[Question, ...]:
    """The questions as they are stored, which `form_blockers` has found sound."""
    return tuple(
        Question(**{**each, "options": tuple(Option(**option) for option in each.get("options", ()))})
        for each in data
    )


def form_blockers(data: Any) -> tuple[Blocker, ...]:
    """List what makes `data` no questions of a form."""
    if not isinstance(data, list) or not data:
        return (Blocker("no_questions", _("A form is a list of questions.")),)
    found: list[Blocker] = []
    seen: set[str] = set()
    for place, each in enumerate(data, start=1):
        for message in _faults(each):
            found.append(Blocker("bad_question", message, {"number": place}))
        key = each.get("key") if isinstance(each, dict) else None
        if isinstance(key, str) and key in seen:
            found.append(
                Blocker(
                    "question_twice", _("Question %(number)s has a key that is taken."), {"number": place}
                )
            )
        seen.add(str(key))
    return tuple(found)


def _faults(each: Any) -> Iterable[str]:
    if not isinstance(each, dict) or set(each) - set(Question.__slots__):
        yield _("Question %(number)s has fields that are unknown.")
        return
    if not isinstance(each.get("key"), str) or not _KEY.fullmatch(each["key"]):
        yield _("Question %(number)s has no key.")
    if each.get("kind") not in KINDS:
        yield _("Question %(number)s is of no known kind.")
    if not all(isinstance(each.get(language), str) and each[language].strip() for language in ("en", "es")):
        yield _("Question %(number)s needs its words in English and Spanish.")
    options = each.get("options", [])
    if not isinstance(options, list) or not all(_is_option(option) for option in options):
        yield _("Question %(number)s has an option without a code or words.")
    elif (each.get("kind") == CHOICE) != (len({option["code"] for option in options}) > 1):
        yield _("Question %(number)s: a choice, and only a choice, has two options or more.")
    bounds = [each.get(name) for name in ("lowest", "highest")]
    if not all(bound is None or _is_number(bound) for bound in bounds):
        yield _("Question %(number)s has bounds that are no numbers.")
    elif None not in bounds and bounds[0] > bounds[1]:  # type: ignore[operator]
        yield _("Question %(number)s has its bounds the wrong way round.")
    if not isinstance(each.get("unit", ""), str) or not isinstance(each.get("is_required", True), bool):
        yield _("Question %(number)s has a unit or a mark that is none.")


def _is_option(option: Any) -> bool:
    return (
        isinstance(option, dict)
        and set(option) == set(Option.__slots__)
        and all(isinstance(text, str) and text.strip() for text in option.values())
        and _KEY.fullmatch(option["code"]) is not None
    )


def answer_blockers(questions: Iterable[Question], answers: Mapping[str, Any]) -> tuple[Blocker, ...]:
    """List why these are no answers to this version of the form: every reason, each with its question."""
    by_key = {question.key: question for question in questions}
    found = [
        Blocker(
            "no_such_question", _("This version of the form has no question %(question)s."), {"question": key}
        )
        for key in answers
        if key not in by_key
    ]
    for key, question in by_key.items():
        answer = answers.get(key)
        if answer is None or answer == "":
            if question.is_required:
                found.append(
                    Blocker("not_answered", _("%(question)s: there is no answer."), {"question": key})
                )
        elif message := _CHECKS[question.kind](question, answer):
            code = "implausible" if message is _IMPLAUSIBLE else "not_an_answer"
            found.append(Blocker(code, message, {"question": key}))
    return tuple(found)


_IMPLAUSIBLE = _("%(question)s: this lies outside what is plausible.")
_NO_WORD = _("%(question)s: this is none of the answers.")
_NO_NUMBER = _("%(question)s: this is not a number.")
_NO_DATE = _("%(question)s: this is not a date, for example 2026-12-01.")
_NO_TEXT = _("%(question)s: this is not a text of at most 2000 characters.")
_NO_PRESSURE = _("%(question)s: a blood pressure has a systolic and a lower diastolic value.")


def _check_yes_no(question: Question, answer: Any) -> str:
    return "" if answer in YES_NO_ANSWERS else _NO_WORD


def _check_choice(question: Question, answer: Any) -> str:
    return "" if answer in [option.code for option in question.options] else _NO_WORD


def _check_number(question: Question, answer: Any) -> str:
    if not _is_number(answer):
        return _NO_NUMBER
    low, high = question.lowest, question.highest
    is_within = (low is None or low <= answer) and (high is None or answer <= high)
    return "" if is_within else _IMPLAUSIBLE


def _check_date(question: Question, answer: Any) -> str:
    if not isinstance(answer, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", answer, re.ASCII):
        return _NO_DATE
    try:
        year = date.fromisoformat(answer).year
    except ValueError:
        return _NO_DATE
    return "" if 1900 <= year <= 2199 else _IMPLAUSIBLE


def _check_text(question: Question, answer: Any) -> str:
    return "" if isinstance(answer, str) and len(answer) <= LONGEST_TEXT else _NO_TEXT


def pressure_fault(answer: Any) -> str:
    """Why this is no blood pressure, or '' when it is one."""
    if not isinstance(answer, Mapping) or set(answer) != set(HALVES):
        return _NO_PRESSURE
    if not all(type(answer[half]) is int for half in HALVES):
        return _NO_PRESSURE
    if any(not low <= answer[half] <= high for half, (low, high) in PLAUSIBLE.items()):
        return _IMPLAUSIBLE
    return "" if answer["diastolic"] < answer["systolic"] else _NO_PRESSURE


_CHECKS: Final[Mapping[str, Callable[[Question, Any], str]]] = {
    YES_NO: _check_yes_no,
    CHOICE: _check_choice,
    NUMBER: _check_number,
    DATE: _check_date,
    TEXT: _check_text,
    BLOOD_PRESSURE: lambda question, answer: pressure_fault(answer),
}


def judge(rules: Iterable[RuleFact], answers: Mapping[str, Any]) -> tuple[Hit, ...]:
    """The rules that these answers meet, in their order. A question without an answer meets none."""
    return tuple(
        Hit(rule.code, rule.question, shown(answers[rule.question]), rule.effect, rule.fact, rule.source)
        for rule in rules
        if answers.get(rule.question) not in (None, "") and meets(rule.condition, answers[rule.question])
    )


def meets(condition: Mapping[str, Any], answer: Any) -> bool:
    """Whether the answer meets every part. Of a blood pressure one half that compares so is enough."""
    return all(_OPERATORS[operator](answer, wanted) for operator, wanted in condition.items())


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(answer: Any, wanted: Any) -> bool:
        if isinstance(wanted, Mapping):
            return any(compare(answer[half], bound) for half, bound in wanted.items())
        return compare(answer, wanted)

    return run


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "equals": lambda answer, wanted: answer == wanted,
    "any_of": lambda answer, wanted: answer in wanted,
    "at_least": _compared(lambda answer, bound: answer >= bound),
    "at_most": _compared(lambda answer, bound: answer <= bound),
    "above": _compared(lambda answer, bound: answer > bound),
    "below": _compared(lambda answer, bound: answer < bound),
}


def rule_blockers(questions: Iterable[Question], question: str, condition: Any) -> tuple[Blocker, ...]:
    """List why a rule could never be judged: no such question, or a condition that its answers can't meet."""
    asked = next((each for each in questions if each.key == question), None)
    if asked is None:
        return (
            Blocker("no_such_question", _("The form has no question %(question)s."), {"question": question}),
        )
    is_sound = isinstance(condition, Mapping) and condition and set(condition) <= set(_OPERATORS)
    if not is_sound or not all(_fits(asked, operator, wanted) for operator, wanted in condition.items()):
        return (
            Blocker(
                "bad_condition",
                _("No answer to %(question)s can meet this condition."),
                {"question": question},
            ),
        )
    return ()


def _fits(question: Question, operator: str, wanted: Any) -> bool:
    if operator == "any_of":
        return (
            isinstance(wanted, list)
            and bool(wanted)
            and all(_fits(question, "equals", each) for each in wanted)
        )
    if operator == "equals":
        return question.kind != BLOOD_PRESSURE and not _CHECKS[question.kind](question, wanted)
    if question.kind == BLOOD_PRESSURE:
        return (
            isinstance(wanted, Mapping)
            and bool(wanted)
            and set(wanted) <= set(HALVES)
            and all(_is_number(bound) for bound in wanted.values())
        )
    return question.kind in (NUMBER, DATE) and not _CHECKS[question.kind](question, wanted)


def shown(answer: Any) -> str:
    """The answer as one short text: 150/95 for a blood pressure."""
    if isinstance(answer, Mapping):
        return "/".join(str(answer[half]) for half in HALVES)
    return str(answer)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
