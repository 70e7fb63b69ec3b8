"""The C-SSRS screener of the check-in: its questions, in words where the clinic may show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from treatment_plans.measuring.questionnaires import find_questionnaire
from treatment_plans.models import Measure, Protocol
from treatment_plans.rules.instruments import INSTRUMENTS

CSSRS = Measure.Instrument.CSSRS


@dataclass(frozen=True)
class Question:
    """`words` is empty where we may not show them; `asked_if` is the question that has to be a yes."""

    number: int
    words: str
    asked_if: str


@dataclass(frozen=True)
class Screener:
    questions: tuple[Question, ...]

    @property
    def has_words(self) -> bool:
        return all(question.words for question in self.questions)


def screener_of(protocol: Protocol) -> Screener | None:
    """None where the protocol does not ask it on the day of a dose."""
    wanted = (each["when"] for each in protocol.outcome_measures if each["measure"] == CSSRS)
    if not any("dosing_day" in when for when in wanted):
        return None
    found = find_questionnaire(CSSRS, get_language() or "en")
    instrument = INSTRUMENTS[CSSRS]
    return Screener(
        tuple(
            Question(
                number, found.items[number - 1] if found else "", instrument.optional_if.get(str(number), "")
            )
            for number in range(1, instrument.item_count + 1)
        )
    )
