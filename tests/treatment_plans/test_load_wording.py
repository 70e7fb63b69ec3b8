"""Wording that a clinic brings along is checked against the instrument before anybody is asked with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from treatment_plans.measuring.questionnaires import find_questionnaire, languages

WORDS = {
    "intro": "Over the last two weeks",
    "choices": [f"choice {number}" for number in range(6)],
    "items": [f"item {number}" for number in range(1, 6)],
    "source": "our licence of 2026",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Any:
    settings.WORDING_DIR = tmp_path / "wording"
    yield tmp_path
    find_questionnaire.cache_clear()
    languages.cache_clear()


def load(folder: Path, words: Any) -> None:
    (folder / "words.json").write_text(words if isinstance(words, str) else json.dumps(words))
    call_command("load_wording", "who5", "es", str(folder / "words.json"), verbosity=0)


def test_what_fits_is_asked_from_then_on(folder: Path) -> None:
    assert find_questionnaire("who5", "es") is None
    load(folder, WORDS)
    found = find_questionnaire("who5", "es")
    assert found
    assert (found.items[4], languages("who5")) == ("item 5", ("es",))
    assert languages("phq9") == ("en", "es")  # the published ones stay


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("{", "can't be read as JSON"),
        ([], "an object with"),
        (WORDS | {"extra": 1}, "an object with"),
        (WORDS | {"items": WORDS["items"][:4]}, "5 items, the file has 4"),
        (WORDS | {"choices": [*WORDS["choices"], "more"]}, "6 choices, the file has 7"),
        (WORDS | {"items": [1, 2, 3, 4, 5]}, "a list of texts"),
        (WORDS | {"source": " "}, "source is a text"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(folder: Path, words: Any, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        load(folder, words)
    assert find_questionnaire("who5", "es") is None
