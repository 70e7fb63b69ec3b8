"""Check digits of the identifiers that US clinicians carry.

Passing means well-formed. It does not mean that the number was issued, or is still active.
"""

from __future__ import annotations

import re

_NPI = re.compile(r"[12][0-9]{9}")
_DEA = re.compile(r"[A-Z][A-Z9][0-9]{7}")
_LUHN_OF_80840 = 24


def npi_is_well_formed(value: str) -> bool:
    """Whether `value` is ten digits, the first 1 or 2, with the right check digit.

    Luhn over the number with 80840 in front, the card-issuer prefix that the standard gives to
    US health identifiers; the constant stands for those five digits.
    """
    if not _NPI.fullmatch(value):
        return False
    total = _LUHN_OF_80840
    for place, character in enumerate(reversed(value)):
        digit = int(character) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def dea_is_well_formed(value: str) -> bool:
    """Whether `value` is two upper-case letters (or a letter and 9, for a business) and seven digits
    of which the last is the check digit.

    Expects the bare number: no hospital suffix (`-1234`), no spaces, no lower case.
    """
    if not _DEA.fullmatch(value):
        return False
    digits = [int(character) for character in value[2:]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]
