"""The words of a message, from a template per kind, language, channel and level of detail."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.template import Context, Engine, Template
from django.utils import dateformat, translation

from notifications.lint import GSM7, HOLE, is_gsm7, sms_segments, words_found
from practice import clock

LANGUAGES = ("en", "es")
LEVELS = ("plain", "discreet")
SUBJECT = "Subject: "
INCLUDE = re.compile(r'{%\s*include\s+"([^"]+)"\s*%}')

# (reference zone, English, Spanish, Spanish within the alphabet of an SMS, which has no í and no ó)
ZONE_WORDS = (
    ("America/New_York", "Eastern time", "hora del Este", "hora ET"),
    ("America/Chicago", "Central time", "hora del Centro", "hora CT"),
    ("America/Denver", "Mountain time", "hora de la Montaña", "hora MT"),
    ("America/Los_Angeles", "Pacific time", "hora del Pacífico", "hora PT"),
    ("America/Phoenix", "Arizona time", "hora de Arizona", "hora AZ"),
    ("America/Anchorage", "Alaska time", "hora de Alaska", "hora AK"),
    ("Pacific/Honolulu", "Hawaii time", "hora de Hawái", "hora HI"),
    ("America/Puerto_Rico", "Atlantic time", "hora del Atlántico", "hora AT"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """All that a message may say. Instants are aware UTC; texts show them by the client's clock.

    `display_name` is the practice's neutral name, `phone` its number as people write it. `first_name` is the
    name the client goes by, never the legal name in full; emails greet with it, texts do not. `asks` holds
    what is not answered yet ("ride", "support_person"). `by_email_too`: the same message goes out as an
    email, so that a discreet text may point to it. `client_name` is what a support person calls the client,
    `link` the address of the page that goes with the message.
    """

    display_name: str
    phone: str
    starts_at: datetime
    client_zone: str
    clinic_zone: str
    first_name: str = ""
    visit_minutes: int | None = None
    address: str = ""
    stop_eating_at: datetime | None = None
    stop_drinking_at: datetime | None = None
    asks: frozenset[str] = frozenset()
    escort_required: bool = True
    by_email_too: bool = False
    ends_at: datetime | None = None
    client_name: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A template's source. `subject` is empty for an SMS."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """`subject` is empty for an SMS."""

    subject: str
    body: str


def render(
    kind: str,
    *,
    channel: str,
    language: str,
    detail: str,
    facts: MessageFacts,
    own: Words | None = None,
) -> Rendered:
    """Return the text of a message, by the practice's own words or else by ours.

    Raises TemplateDoesNotExist for a combination that nobody has worded; a value that is missing comes out
    as `lint.HOLE`, which stops the send. A text that needs a second segment for its link goes without, if
    it says what then: whom to call.
    """
    if own is not None:
        template = compiled(own)
    else:
        template = _engine().get_template(_file(kind, channel, language, detail))
    with translation.override(language):
        values = _values(facts, language=language, short=channel == "sms")
        text = template.render(Context(values, autoescape=False, use_l10n=False, use_tz=False))
    if channel == "sms":
        body = " ".join(text.split())
        does_without_link = own is None or "{% if link %}" in own.body
        if does_without_link and facts.link and sms_segments(body) > 1:
            bare = replace(facts, link="")
            return render(kind, channel=channel, language=language, detail=detail, facts=bare, own=own)
        return Rendered("", body)
    first, _, rest = text.strip().partition("\n")
    if not first.startswith(SUBJECT):
        raise ValueError(f"{template.name} does not begin with its subject.")
    return Rendered(" ".join(first.removeprefix(SUBJECT).split()), _tidy(rest))


def shown(facts: MessageFacts, *, language: str) -> dict[str, str | bool]:
    """The same words for a page, so that page and message never tell two times."""
    with translation.override(language):
        return _values(facts, language=language, short=False)


def compiled(own: Words) -> Template:
    """Raises TemplateSyntaxError."""
    head = f"{SUBJECT}{' '.join(own.subject.split())}\n" if own.subject else ""
    return _engine().from_string(f"{head}{own.body}")


def shipped(kind: str, *, channel: str, language: str, detail: str) -> Words:
    """Our own words as they would be edited: the parts that several texts share written out."""
    source = _written_out(_file(kind, channel, language, detail))
    if channel == "sms":
        return Words("", source)
    first, _, rest = source.partition("\n")
    return Words(first.removeprefix(SUBJECT).strip(), rest.strip())


def _file(kind: str, channel: str, language: str, detail: str) -> str:
    return f"notifications/{kind}/{language}/{channel}.{detail}.txt"


def _written_out(name: str) -> str:
    source = str(_engine().get_template(name).source).strip()
    return INCLUDE.sub(lambda found: _written_out(found[1]), source)


@cache
def _engine() -> Engine:
    """Its own engine: plain text knows no HTML escapes, and a missing value must show."""
    folder = Path(__file__).with_name("templates")
    return Engine(dirs=[str(folder)], autoescape=False, string_if_invalid=HOLE)


def _tidy(text: str) -> str:
    """Drop the blank lines that untaken branches leave behind: at most one in a row."""
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    kept = [line for i, line in enumerate(lines) if line or lines[i - 1]]
    return "\n".join(kept) + "\n"


def _values(facts: MessageFacts, *, language: str, short: bool) -> dict[str, str | bool]:
    zone = clock.zone(facts.client_zone)
    start = facts.starts_at.astimezone(zone)
    zone_words = _zone_words(facts, start, language=language, short=short)
    eating = _last_minute(facts.stop_eating_at, zone) if facts.stop_eating_at else None
    drinking = _last_minute(facts.stop_drinking_at, zone) if facts.stop_drinking_at else None
    return {
        "clinic": in_gsm7(facts.display_name) if short else facts.display_name,
        "phone": facts.phone,
        # A client may be called Gad, and a building Therapy House: better left out than the message stopped.
        "first_name": _name(facts.first_name, language=language, short=short),
        "address": _unless_telling(facts.address, level="plain", language=language),
        "when": _when(start, language=language, short=short) + zone_words,
        "when_soon": _when_soon(start, language=language) + zone_words,
        "length": _length(facts.visit_minutes, language) if facts.visit_minutes else "",
        "stop_eating": _stop(eating, language=language, short=short) if eating else "",
        "stop_drinking": _stop(drinking, start, language=language, short=short) if drinking else "",
        "one_stop": eating is not None and eating == drinking,
        "no_breakfast": eating is not None and _is_night(eating.time()),
        "ask_ride": "ride" in facts.asks,
        "ask_support": "support_person" in facts.asks,
        "escort_required": facts.escort_required,
        "by_email_too": facts.by_email_too,
        "client_name": _name(facts.client_name, language=language, short=short),
        "pick_up": _pick_up(facts, zone, language=language, short=short) + zone_words,
        "link": facts.link,
    }


def _pick_up(facts: MessageFacts, zone: ZoneInfo, *, language: str, short: bool) -> str:
    """When the session ends, as `_when`; the start's words if nobody said how long it takes."""
    ends_at = facts.ends_at or facts.starts_at + timedelta(minutes=facts.visit_minutes or 0)
    return _when(ends_at.astimezone(zone), language=language, short=short)


def _name(name: str, *, language: str, short: bool) -> str:
    """A text takes María as Maria, or it would be twice as long; and leaves out what it can not spell."""
    told = _unless_telling(name, level="discreet", language=language)
    if not short:
        return told
    spelled = in_gsm7(told)
    return spelled if is_gsm7(spelled) else ""


def in_gsm7(name: str) -> str:
    """Spell a name without the accents that an SMS does not have: one of them would make it two messages."""
    typewritten = name.replace("\u2019", "'").replace("\u2013", "-")
    return "".join(c if c in GSM7 else unicodedata.normalize("NFD", c)[0] for c in typewritten)


def _unless_telling(text: str, *, level: str, language: str) -> str:
    return "" if words_found(text, level=level, language=language) else text


def _when(local: datetime, *, language: str, short: bool) -> str:
    """Tue Nov 24 at 9 am, Tuesday, November 24 at …; mar 24 nov, 9 am, martes 24 de noviembre a las …"""
    hour = _hour(local, language)
    if language == "en":
        return f"{_date(local, 'D M j' if short else 'l, F j')} at {hour}"
    if short:
        return f"{_weekday_es(local)} {_date(local, 'j b')}, {hour}"
    return f"{_date(local, 'l j')} de {_date(local, 'F')} a {_article(local)} {hour}"


def _when_soon(local: datetime, *, language: str) -> str:
    """Tue 9:30 am; mar 9:30 am. For the day or two before, where the weekday is enough."""
    weekday = _date(local, "D") if language == "en" else _weekday_es(local)
    return f"{weekday} {_hour(local, language)}"


def _stop(local: datetime, start: datetime | None = None, *, language: str, short: bool) -> str:
    """1:30 am Tue, 1:30 am on Tuesday; la 1:30 am del mar, la 1:30 am del martes 24.

    A text leaves the weekday out when it is the one of `start`. An hour that the clocks show twice that
    night is taken for its first showing: too early, which is safe.
    """
    hour = _hour(local, language) if language == "en" else f"{_article(local)} {_hour(local, language)}"
    if short and start is not None and start.date() == local.date():
        return hour
    if language == "en":
        return f"{hour} {_date(local, 'D')}" if short else f"{hour} on {_date(local, 'l')}"
    return f"{hour} del {_weekday_es(local) if short else _date(local, 'l j')}"


def _date(local: datetime, form: str) -> str:
    """Names of days and months in the language that is active."""
    return str(dateformat.format(local, form))


def _last_minute(at: datetime, zone: ZoneInfo) -> datetime:
    """Midnight belongs to two days, and people pick the wrong one: say 11:59 pm."""
    local = at.astimezone(zone)
    if local.time() == time(0):
        return (at - timedelta(minutes=1)).astimezone(zone)
    return local


def _is_night(local: time) -> bool:
    return local >= time(22) or local < time(6)


def _hour(local: datetime, language: str) -> str:
    if language == "en" and local.time() == time(12):
        return "12 noon"
    minutes = f":{local.minute:02}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes} {'am' if local.hour < 12 else 'pm'}"


def _article(local: datetime) -> str:
    return "la" if local.hour % 12 == 1 else "las"


def _weekday_es(local: datetime) -> str:
    # "sáb" is not in the alphabet of an SMS; "SA" is the short form that needs no accent.
    return "SA" if local.weekday() == 5 else _date(local, "D")


def _length(minutes: int, language: str) -> str:
    """Round to half hours from an hour and a half on; a minute more or less means nothing to the client."""
    if minutes < 90:
        return f"about {minutes} minutes" if language == "en" else f"unos {minutes} minutos"
    hours, half = divmod(round(minutes / 30), 2)
    if hours == 1:
        return "about an hour and a half" if language == "en" else "una hora y media"
    if language == "en":
        return f"about {hours} and a half hours" if half else f"about {hours} hours"
    return f"unas {hours} horas y media" if half else f"unas {hours} horas"


def _zone_words(facts: MessageFacts, start: datetime, *, language: str, short: bool) -> str:
    """Name the client's clock if the practice's clock shows another time at the start of the visit."""
    if start.utcoffset() == facts.starts_at.astimezone(clock.zone(facts.clinic_zone)).utcoffset():
        return ""
    for reference, english, spanish, spanish_sms in ZONE_WORDS:
        there = facts.starts_at.astimezone(clock.zone(reference))
        if (there.tzname(), there.utcoffset()) == (start.tzname(), start.utcoffset()):
            return f" {english if language == 'en' else spanish_sms if short else spanish}"
    sign, hours, minutes = f"{start:%z}"[0], f"{start:%z}"[1:3], f"{start:%z}"[3:5]
    return f" UTC{sign}{int(hours)}{f':{minutes}' if minutes != '00' else ''}"
