"""What a text must keep to when it is written: known variables, what has to be said, length, words, ease."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.template import TemplateSyntaxError
from django.template.base import Node, Template, TextNode, VariableNode
from django.template.defaulttags import IfNode

from notifications import lint, wording
from notifications.examples import VARIANTS
from notifications.rules import FORM_TO_FILL, SUPPORT_PERSON, WORDED
from notifications.wording import LANGUAGES, LEVELS, Rendered, Words
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

# What a text may print, and what it may ask about.
VARIABLES = frozenset(
    {
        "clinic",
        "phone",
        "first_name",
        "client_name",
        "address",
        "when",
        "when_soon",
        "length",
        "stop_eating",
        "stop_drinking",
        "pick_up",
        "link",
    }
)
QUESTIONS = frozenset(
    {"one_stop", "no_breakfast", "ask_ride", "ask_support", "escort_required", "by_email_too"}
)
# Never given: printed where there is nothing to say, they stop the send.
ALARMS = frozenset({"stop_times", "questions"})

# At least one of each group. A discreet text need not say the times themselves.
TIME = ("when", "when_soon")
REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "booked": (TIME,),
    "moved": (TIME,),
    "cancelled": (TIME,),
    "fasting": (("stop_eating",), ("stop_drinking",)),
    "ride_and_support": (TIME,),
    "morning_of": (TIME,),
    "bring_medicine": (TIME,),
    "support_person": (("pick_up",),),
    "waitlist_offer": (TIME, ("link",)),
    FORM_TO_FILL: (("link",),),
}
REQUIRED_DISCREET = {"fasting": (("phone", "link"),)}

NO_SUCH_TEXT = Blocker("no_such_text", _("There is no message of this kind, language, channel and level."))
SYNTAX = Blocker("syntax", _("This can't be read as a template. Look for a bracket that is not closed."))
NOT_ALLOWED = Blocker(
    "not_allowed", _("A text may hold words, variables and {%% if %%}, nothing else: %(found)s.")
)
UNKNOWN_VARIABLE = Blocker("unknown_variable", _("There is no variable %(name)s."))
MISSING_VARIABLE = Blocker("missing_variable", _("It has to say %(name)s."))
NO_SENDER = Blocker("no_sender", _("A message has to name the practice: {{ clinic }}."))
NO_STOP = Blocker("no_stop", _("What may be the first text has to say how to end them: the word STOP."))
NO_EMERGENCY = Blocker("no_emergency", _("An email to a client has to give the numbers 911 and 988."))
NO_SUBJECT = Blocker("no_subject", _("An email needs a subject, a text message has none."))
TOO_HARD = Blocker("too_hard", _("It is too hard to read: shorter sentences, shorter words."))
LINT: Mapping[str, Blocker] = {
    "empty": Blocker("empty", _("It says nothing at all in some cases.")),
    "hole": Blocker("hole", _("A value is missing in some cases: ask for it with {%% if %%} first.")),
    "plain_word": Blocker(
        "plain_word", _("It names a medicine, a diagnosis, a programme or a specialty: %(words)s.")
    ),
    "discreet_word": Blocker("discreet_word", _("Others could see a health word: %(words)s.")),
    "not_gsm7": Blocker(
        "not_gsm7", _("A text message can't hold %(words)s without becoming twice as long: word it without.")
    ),
    "too_long": Blocker("too_long", _("It needs more than one text message: %(count)s characters.")),
}


@dataclass(frozen=True)
class Report:
    """How a text reads, at its worst over all examples. `score`: grade in English, INFLESZ in Spanish."""

    blockers: tuple[Blocker, ...]
    score: float = 0.0
    segments: int = 0
    longest: int = 0
    health_words: tuple[str, ...] = ()
    example: Rendered | None = None


@lru_cache(maxsize=1024)  # a text is read in ten examples, and the page of all texts has 120
def check(kind: str, *, language: str, channel: str, detail: str, words: Words) -> Report:
    """Judge a text by everything at once: a writer hears all reasons, not one after the other."""
    if kind not in WORDED or language not in LANGUAGES or detail not in LEVELS:
        return Report((NO_SUCH_TEXT,))
    if bool(words.subject.strip()) != (channel == "email"):
        return Report((NO_SUBJECT,))
    try:
        template = wording.compiled(words)
    except TemplateSyntaxError:
        return Report((SYNTAX,))
    found = list(_of_its_parts(template, kind, channel, detail, words))
    if any(blocker.code in ("not_allowed", "unknown_variable") for blocker in found):
        return Report(tuple(found))
    texts = [
        wording.render(kind, channel=channel, language=language, detail=detail, facts=facts, own=words)
        for facts in VARIANTS.values()
    ]
    scores = [lint.reading_score(text.body, language) for text in texts]
    found += _of_its_words(texts, language=language, channel=channel, detail=detail)
    if not all(lint.is_readable(text.body, language) for text in texts):
        found.append(TOO_HARD)
    whole = " ".join(lint.in_sight(text, channel) for text in texts)
    return Report(
        blockers=tuple(found),
        score=round(min(scores) if language == "es" else max(scores), 1),
        segments=max(lint.sms_segments(text.body) for text in texts) if channel == "sms" else 0,
        longest=max(len(text.body) for text in texts),
        health_words=_words(whole, level="discreet", language=language),
        example=texts[0],
    )


def _of_its_parts(
    template: Template, kind: str, channel: str, detail: str, words: Words
) -> Iterator[Blocker]:
    printed: set[str] = set()
    for node in _nodes(template.nodelist):
        if isinstance(node, TextNode):
            continue
        if isinstance(node, VariableNode):
            name = str(node.filter_expression.token).strip()
            printed.add(name)
            if name not in VARIABLES | ALARMS:
                yield UNKNOWN_VARIABLE.with_params(name=name)
        elif isinstance(node, IfNode):
            for name in _asked(node):
                if name not in VARIABLES | QUESTIONS:
                    yield UNKNOWN_VARIABLE.with_params(name=name)
        else:
            yield NOT_ALLOWED.with_params(found=type(node).__name__.removesuffix("Node").lower())
    required = REQUIRED.get(kind, ())
    if detail == "discreet" and channel == "sms":
        required = REQUIRED_DISCREET.get(kind, required)
    for group in required:
        if not printed & set(group):
            yield MISSING_VARIABLE.with_params(name=" / ".join(f"{{{{ {name} }}}}" for name in group))
    if "clinic" not in printed:
        yield NO_SENDER
    if channel == "sms" and kind in ("booked", "moved", FORM_TO_FILL) and "STOP" not in words.body:
        yield NO_STOP
    if channel == "email" and kind != SUPPORT_PERSON and not ("911" in words.body and "988" in words.body):
        yield NO_EMERGENCY


def _nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, IfNode):
            for _condition, inner in node.conditions_nodelists:
                yield from _nodes(inner)


def _asked(node: IfNode) -> Iterator[str]:
    """The names in the conditions: `a and not b`. What is no plain name comes as it is written."""
    for condition, _inner in node.conditions_nodelists:
        yield from _names(condition)


def _names(condition: object) -> Iterator[str]:
    if condition is None:
        return  # else
    if (value := getattr(condition, "value", None)) is not None:
        yield str(value.token).strip()
    for side in ("first", "second"):
        yield from _names(getattr(condition, side, None))


def _of_its_words(texts: list[Rendered], *, language: str, channel: str, detail: str) -> list[Blocker]:
    codes: dict[str, Rendered] = {}
    for text in texts:
        for code in lint.problems(text, channel=channel, level=detail, language=language):
            codes.setdefault(code, text)
    return [
        LINT[code].with_params(
            count=len(text.body), words=", ".join(_culprits(code, text, channel=channel, language=language))
        )
        for code, text in codes.items()
    ]


def _culprits(code: str, text: Rendered, *, channel: str, language: str) -> tuple[str, ...]:
    if code == "plain_word":
        return _words(f"{text.subject}\n{text.body}", level="plain", language=language)
    if code == "discreet_word":
        return _words(lint.in_sight(text, channel), level="discreet", language=language)
    if code == "not_gsm7":
        known = lint.GSM7 | lint.GSM7_EXTENSION
        return tuple(dict.fromkeys(character for character in text.body if character not in known))
    return ()


def _words(text: str, *, level: str, language: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lint.words_found(text, level=level, language=language)))
