"""The wording of instruments in the languages in which we may show it: published, or loaded by the clinic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from treatment_plans.rules.instruments import INSTRUMENTS, Instrument

WORDING = Path(__file__).parents[1] / "wording"


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
    path = _files(instrument).get(language) if instrument in INSTRUMENTS else None
    return None if path is None else _read(instrument, language, json.loads(path.read_text()))


@cache
def languages(instrument: str) -> tuple[str, ...]:
    return tuple(sorted(_files(instrument)))


def problems(instrument: Instrument, words: Any) -> list[str]:
    """Why these can't be the words of the instrument, for whoever loads them; empty when they can."""
    if not isinstance(words, dict) or set(words) != {"intro", "choices", "items", "source"}:
        return ["It is an object with intro, choices, items and source."]
    found = [
        f"{name} is a text that is not empty."
        for name in ("intro", "source")
        if not isinstance(words[name], str) or not words[name].strip()
    ]
    for name, count in (("choices", instrument.highest + 1), ("items", instrument.item_count)):
        texts = words[name]
        if not isinstance(texts, list) or not all(isinstance(one, str) and one.strip() for one in texts):
            found.append(f"{name} is a list of texts that are not empty.")
        elif len(texts) != count:
            found.append(f"{instrument.name} has {count} {name}, the file has {len(texts)}.")
    return found


def keep(instrument: Instrument, language: str, words: Any) -> Path:
    """Put words against which nothing speaks where every process finds them when it starts.

    Raises ValueError with every reason for others. A file of the clinic's takes the place of a published one.
    """
    if wrong := problems(instrument, words):
        raise ValueError("\n".join(wrong))
    folder = Path(settings.WORDING_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{instrument.code}.{language}.json"
    path.write_text(json.dumps(words, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    find_questionnaire.cache_clear()
    languages.cache_clear()
    return path


def _files(instrument: str) -> dict[str, Path]:
    """By language; the clinic's own come last and stay."""
    folders = (WORDING, Path(settings.WORDING_DIR))
    return {
        path.name.split(".")[1]: path for folder in folders for path in folder.glob(f"{instrument}.*.json")
    }


def _read(instrument: str, language: str, words: Any) -> Questionnaire:
    return Questionnaire(
        instrument,
        language,
        words["intro"],
        tuple(words["choices"]),
        tuple(words["items"]),
        words["source"],
    )
