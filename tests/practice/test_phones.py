from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from practice import phones


@pytest.mark.parametrize("text", ["555-0143", "12", "+1 415 555 014", "not a number", ""])
def test_what_can_not_be_called_from_anywhere_is_refused(text: str) -> None:
    """Seven digits are a number in some town, but an SMS needs to know which."""
    with pytest.raises(ValidationError):
        phones.normalise(text)


@pytest.mark.parametrize(
    "text", ["4155550142", "(415) 555-0142", "415.555.0142", "+1 415 555 0142", "1-415-555-0142"]
)
def test_every_spelling_is_stored_alike(text: str) -> None:
    assert phones.normalise(text) == "+14155550142"
