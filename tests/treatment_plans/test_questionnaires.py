from __future__ import annotations

import pytest

from treatment_plans.measuring.questionnaires import WORDING, find_questionnaire, languages
from treatment_plans.rules.instruments import INSTRUMENTS

SHIPPED = [tuple(path.name.split(".")[:2]) for path in sorted(WORDING.iterdir())]


@pytest.mark.parametrize(("code", "language"), SHIPPED)
def test_it_has_words_for_every_item_and_every_answer(code: str, language: str) -> None:
    found, instrument = find_questionnaire(code, language), INSTRUMENTS[code]
    assert found is not None
    assert (len(found.items), len(found.choices)) == (instrument.item_count, instrument.highest + 1)
    assert len({*found.items}) == len(found.items)
    assert found.intro
    assert found.source
    assert all(text == text.strip() and text for text in (*found.items, *found.choices))


def test_the_screeners_of_every_clinic_are_there_in_both_languages() -> None:
    assert languages("phq9") == languages("gad7") == ("en", "es")


@pytest.mark.parametrize(
    ("code", "language"), [("pcl5", "es"), ("madrs", "en"), ("nothing", "en"), ("phq9", "x")]
)
def test_what_we_may_not_show_is_none(code: str, language: str) -> None:
    assert find_questionnaire(code, language) is None
