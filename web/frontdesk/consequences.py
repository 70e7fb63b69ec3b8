"""What a change would mean, in words for the desk: grouped, and without what the reader may not see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scheduling.care.clearance_preview import Touched
from scheduling.effects import Effect, spoken
from web.frontdesk.words import reasons

BY_HAND, SESSIONS, ANSWERS, MESSAGES = "by_hand", "sessions", "answers", "messages"
HEADINGS: dict[str, str | Promise] = {
    BY_HAND: _("To do by hand"),
    SESSIONS: _("Sessions"),
    ANSWERS: _("Asked again"),
    MESSAGES: _("Messages"),
}


@dataclass(frozen=True)
class Line:
    text: str
    reasons: Sequence[str]


@dataclass(frozen=True)
class Group:
    name: str
    heading: str | Promise
    lines: Sequence[Line]


def grouped(effects: Iterable[Effect], *, clinical: bool) -> list[Group]:
    """What somebody has to see to comes first."""
    effects = list(effects)
    sessions = {each.booking_id: each.params["session"] for each in effects if "session" in each.params}
    by_name: dict[str, list[Line]] = {name: [] for name in HEADINGS}
    for effect in effects:
        text = effect.text(gettext)
        if "session" not in effect.params and len(sessions) > 1:
            text = f"{sessions.get(effect.booking_id, '')}: {text}"
        by_name[_group(effect)].append(Line(text, reasons(effect.blockers, clinical=clinical)))
    return [Group(name, HEADINGS[name], lines) for name, lines in by_name.items() if lines]


def judged(heading: str | Promise, sessions: Iterable[Touched]) -> list[Group]:
    """Sessions that a decision touches, for those who read the clinical reasons; none is no group."""
    lines = [
        Line(spoken(each.booking.starts_at, each.booking.time_zone), reasons(each.blockers, clinical=True))
        for each in sessions
    ]
    return [Group(SESSIONS, f"{heading}: {len(lines)}", lines)] if lines else []


def _group(effect: Effect) -> str:
    if effect.needs_a_person:
        return BY_HAND
    if effect.code.startswith("message_"):
        return MESSAGES
    return ANSWERS if effect.code == "asked_again" else SESSIONS
