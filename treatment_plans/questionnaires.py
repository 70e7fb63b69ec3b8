"""The published wording of instruments, in the languages in which we may show it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from treatment_plans.instruments import INSTRUMENTS

WORDING = Path(__file__).parent / "wording"


@dataclass(frozen=True)
class Questionnaire:
    """`items` are in the order of the instrument's; `choices` are what 0, 1, … stand for."""

    instrument: str
    language: str
    intro: str
    choices: tuple[str, ...]
    items: tuple[str, ...]
    source: str


@cache
def find_questionnaire(instrument: str, language: str) -> Questionnaire | None:
    """None where nobody has given us the right, or a reliable translation: there is no half of it."""
    if instrument not in INSTRUMENTS or language not in languages(instrument):
        return None
    words = json.loads((WORDING / f"{instrument}.{language}.json").read_text())
    return Questionnaire(
        instrument,
        language,
        words["intro"],
        tuple(words["choices"]),
        tuple(words["items"]),
        words["source"],
    )


@cache
def languages(instrument: str) -> tuple[str, ...]:
    return tuple(sorted(path.name.split(".")[1] for path in WORDING.glob(f"{instrument}.*.json")))
