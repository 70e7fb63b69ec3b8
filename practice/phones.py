"""Phone numbers and addresses: stored in one spelling, found by any."""

from __future__ import annotations

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

HOME_REGION = "US"


def normalise(text: str) -> str:
    """A phone number in E.164. Raises ValidationError unless it can be a real number."""
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if (
        number is None
        or phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        raise ValidationError(_("This is not a phone number that can be called."), code="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def validate(text: str) -> None:
    """Raises ValidationError as `normalise` does."""
    normalise(text)


def normalise_contact(channel: str, text: str) -> str:
    """The stored spelling of a contact point; raises ValidationError under the key `value`."""
    try:
        if channel == "sms":
            return normalise(text)
        email = text.strip().lower()
        validate_email(email)
    except ValidationError as wrong:
        raise ValidationError({"value": wrong}) from wrong
    return email


def search_digits(text: str) -> str:
    """What a search compares with the end of stored numbers; '' if `text` looks like no number.

    Any punctuation is ignored, and so is the country's own code in front of ten digits.
    """
    if re.search(r"[^\d\s().+\-/]", text):
        return ""
    digits = re.sub(r"\D", "", text)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return digits if len(digits) >= 4 else ""


def display(number: str) -> str:
    """A stored number as people write it at home."""
    try:
        return phonenumbers.format_number(
            phonenumbers.parse(number, HOME_REGION), phonenumbers.PhoneNumberFormat.NATIONAL
        )
    except phonenumbers.NumberParseException:
        return number
