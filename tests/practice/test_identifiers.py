from __future__ import annotations

import pytest

from practice.identifiers import dea_is_well_formed, npi_is_well_formed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1234567893", True),  # the example of the standard
        ("1558598797", True),
        ("1234567890", False),  # one digit off, at the end
        ("1558598790", False),
        ("1243567893", False),  # two neighbours swapped
        ("2000000002", True),  # 2 is reserved for a second issue of numbers
        ("3234567893", False),  # no number starts with 3
        ("123456789", False),  # nine digits
        ("12345678933", False),  # eleven
        ("1234567893\n", False),  # a line end is not part of it
        (" 1234567893", False),  # the form strips, the check does not
        ("\u0661234567893", False),  # an Arabic one: a digit, but not an ASCII one
        ("", False),
    ],
)
def test_npi(value: str, expected: bool) -> None:
    assert npi_is_well_formed(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("AP5836727", True),  # 5+3+7 + 2*(8+6+2) = 47
        ("AB1234563", True),
        ("AB4523761", True),
        ("F91234563", True),  # 9 for a business
        ("AB1234569", False),  # wrong check digit
        ("AB4523767", False),
        ("AB2134563", False),  # two neighbours swapped
        ("9B1234563", False),  # the first place is a letter, always
        ("A81234563", False),  # the second a letter or 9
        ("ab1234563", False),  # stored in upper case, so checked in upper case
        ("AB1234563-0012", False),  # the hospital suffix is not part of it
        ("AB123456", False),  # six digits
        ("AB1234563 ", False),
        ("", False),
    ],
)
def test_dea(value: str, expected: bool) -> None:
    assert dea_is_well_formed(value) is expected


@pytest.mark.parametrize("place", range(10))
@pytest.mark.parametrize("step", range(1, 10))
def test_every_single_mistyped_digit_of_an_npi_is_noticed(place: int, step: int) -> None:
    right = "1234567893"
    wrong = right[:place] + str((int(right[place]) + step) % 10) + right[place + 1 :]
    assert not npi_is_well_formed(wrong)
