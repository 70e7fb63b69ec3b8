"""Finding a client by what people say on the phone: parts of a name, a number, a date of birth."""

from __future__ import annotations

import re
from datetime import date

from django.db.models import Exists, OuterRef, Q

from practice import phones
from practice.models import Channel, ContactPoint

_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_AMERICAN = re.compile(r"(?P<month>\d{1,2})([/.-])(?P<day>\d{1,2})\2(?P<year>\d{4})", re.ASCII)


def fits(text: str) -> Q:
    """The clients whom every part of `text` fits: a word of a name or email, a date of birth, a number's end.

    A number may be spelled in any way; its last four digits are enough. Dates are 1988-04-02 or 4/2/1988.
    """
    if digits := _digits(text.strip()):
        return _reached(Channel.SMS, endswith=digits)
    every = Q()
    for word in text.split():
        every &= _fits(word)
    return every


def _fits(word: str) -> Q:
    born_on = read_date(word)
    if born_on is not None:
        return Q(birth_date=born_on)
    if digits := _digits(word):
        return _reached(Channel.SMS, endswith=digits)
    named = Q(legal_name__icontains=word) | Q(preferred_name__icontains=word)
    return named | _reached(Channel.EMAIL, icontains=word)


def _digits(text: str) -> str:
    return "" if read_date(text) else phones.search_digits(text)


def _reached(channel: str, **value: str) -> Q:
    lookups = {f"value__{name}": part for name, part in value.items()}
    return Q(Exists(ContactPoint.objects.filter(client=OuterRef("pk"), channel=channel, **lookups)))


def read_date(text: str) -> date | None:
    found = _ISO.fullmatch(text) or _AMERICAN.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
