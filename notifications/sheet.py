"""Every message that we ship, in both languages and levels, with how it reads: docs/messages.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from notifications import template_checks, wording
from notifications.models import Reminder
from notifications.rules import CHANNELS, DEFAULT_RULES, FORM_TO_FILL, WAITLIST_OFFER, WORDED, Rule
from notifications.wording import LANGUAGES, LEVELS

HEAD = """# Messages

Written by `manage.py sheet`; a test keeps it current. The examples are for a session on Tuesday, November 24
at 9:30 am. *Reads*: the Flesch-Kincaid grade of English (7 and below may be saved), INFLESZ of Spanish (65
and above may), each at its worst over all the ways in which the words change with the facts. *Length*: of the
longest, in characters and text messages.
"""
WITHOUT_RULE = {
    WAITLIST_OFFER: "As soon as a time is offered, by sms or else email.",
    FORM_TO_FILL: "As soon as somebody sends a client a form to fill, by sms or else email.",
}
LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}


def markdown() -> str:
    return "\n".join([HEAD, *(line for kind in WORDED for line in _of_kind(kind))]).rstrip() + "\n"


def _of_kind(kind: str) -> Iterator[str]:
    rule = next((rule for rule in DEFAULT_RULES if rule.kind == kind), None)
    yield f"## {Reminder.Kind(kind).label.capitalize()}"
    yield ""
    yield when(rule) if rule else WITHOUT_RULE[kind]
    yield ""
    for language, detail in product(LANGUAGES, LEVELS):
        yield f"### {LANGUAGE_NAMES[language]}, {detail}"
        yield ""
        for channel in CHANNELS:
            yield from _of_channel(kind, channel, language, detail)


def _of_channel(kind: str, channel: str, language: str, detail: str) -> Iterator[str]:
    words = wording.shipped(kind, channel=channel, language=language, detail=detail)
    report = template_checks.check(kind, language=language, channel=channel, detail=detail, words=words)
    text = report.example
    assert text is not None, (kind, language, channel, detail)
    length = f"{report.longest} characters" + (f", {report.segments} text" if channel == "sms" else "")
    name = "Text message" if channel == "sms" else f"Email: **{text.subject}**"
    yield f"{name} (reads {report.score}; {length})"
    yield ""
    for line in text.body.strip().splitlines():
        yield f"> {line}".rstrip()
    yield ""


def when(rule: Rule) -> str:
    """One English sentence about a rule."""
    anchor = {
        "news": "what it reports",
        "start": "the start",
        "end": "the end",
        "window": "the day it falls due",
    }[rule.anchor]
    if rule.local is not None:
        days = f"{abs(rule.days)} day{'s' if abs(rule.days) != 1 else ''}"
        side = "before" if rule.days < 0 else "after"
        moment = f"{days} {side} {anchor}" if rule.days else f"on {anchor}"
        at = f"At {rule.local:%H:%M}, {moment}"
    elif rule.anchor == "news":
        at = "Once it has stood for the quiet period"
    else:
        at = f"{abs(rule.offset_minutes)} minutes {'before' if rule.offset_minutes < 0 else 'after'} {anchor}"
    parts = [at, "on every channel" if rule.on_all_channels else f"by {' or else '.join(rule.channels)}"]
    if rule.asks:
        parts.append(f"unless {', '.join(sorted(rule.asks)).replace('_', ' ')} is ready")
    if rule.skip_if_confirmed:
        parts.append("unless everything is ready")
    if not rule.is_active:
        parts.append("switched off unless the practice wants it")
    return ", ".join(parts) + "."
