"""What a text must not say, and whether it can be read. Pure.

`problems` guards every send; `reading_score` guards the wording when it is written. A hard sentence
is unkind, a withheld one can be dangerous: readability never stops a send.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Protocol

SEGMENT_CHARACTERS = 160
PREVIEW_CHARACTERS = 140  # what mail programs and lock screens show of a body, taken generously
HOLE = "[missing]"  # what a template prints for a value that it was not given

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")  # two places each

# A stem matches at the start of a word, without accents; one that ends in "$" matches a whole word.
# Plain: nothing that gives away a drug, a route, a diagnosis, a programme or a specialty. In both languages,
# for the practice's own name may be in the other one.
PLAIN = (
    "ketamin ketalar esketamin quetamin spravato psilocyb psilocib mdma lamotrigin benzodiazep lorazepam "
    "antidepres opioid anesth anaesth anestes sedat sedant sedacion "  # drugs
    "infus intraven intramusc intranas nasal sublingual inject inyec spray aerosol lozenge troche "
    "iv$ im$ oral$ "  # routes
    "depres anxi ansie ansio bipolar trauma suicid addict adicc disorder trastorn diagnos schizo esquizo "
    "ptsd$ tept$ ocd$ adhd$ tdah$ phq$ gad$ pcl$ ssrs$ "  # diagnoses and scales
    "psychedel psicodel dosing dosif dose$ doses$ dosed$ dosis$ microdos integration integracion "
    "kap$ rems$ "  # programmes
    "psych psiqu psico therap terap counsel consejer mental"  # specialties
)
# Discreet: no health word at all, and nothing about an empty stomach, which tells as much.
DISCREET = (
    "medic health salud hospital clinic doctor nurse patient pharmac farmac prescri drug treat tratam "
    "session symptom surg procedure blood pill$ pills$ sick$ ill$ pain$ vomit dizz nausea alcohol "
    "fast stomach eat$ eating$ food drink"
)
# Everyday words of Spanish, which in an English text are the names of places: Sangre de Cristo.
DISCREET_SPANISH = (
    "enferm pacient sintom receta sangre cirug procedim sesion droga pastilla dolor$ mareo "
    "ayun estomag coma$ comer$ comida beba$ beber$ bebida"
)


class Text(Protocol):
    """What `wording.render` returns."""

    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...


def _pattern(*lists: str) -> re.Pattern[str]:
    entries = " ".join(lists).split()
    words = [entry[:-1] for entry in entries if entry.endswith("$")]
    stems = [entry for entry in entries if not entry.endswith("$")]
    return re.compile(rf"\b(?:(?:{'|'.join(stems)})\w*|(?:{'|'.join(words)})\b)")


_PLAIN = _pattern(PLAIN)
_DISCREET = {"en": _pattern(PLAIN, DISCREET), "es": _pattern(PLAIN, DISCREET, DISCREET_SPANISH)}


def problems(
    text: Text, *, channel: str, level: str, language: str, forbidden: Iterable[str | date] = ()
) -> tuple[str, ...]:
    """Return the codes of everything that must stop this text, none if it may go out.

    Codes, never words: they are stored and logged, and the word could be a diagnosis.
    `empty`, `hole`, `plain_word`, `discreet_word`, `forbidden`, and for an SMS `not_gsm7`, `too_long`.
    `forbidden` holds what is never written to this client: the full legal name, and the birth date, which
    matches in any usual spelling.
    """
    whole = f"{text.subject}\n{text.body}"
    seen = words_found(in_sight(text, channel), level=level, language=language)
    found = [
        ("empty", not text.body.strip() or (channel == "email" and not text.subject.strip())),
        ("hole", HOLE in whole or "{{" in whole or "{%" in whole),
        ("plain_word", bool(words_found(whole, level="plain", language=language))),
        ("discreet_word", level == "discreet" and bool(seen)),
        ("forbidden", _says_any(whole, forbidden)),
        ("not_gsm7", channel == "sms" and not is_gsm7(text.body)),
        ("too_long", channel == "sms" and sms_segments(text.body) > 1),
    ]
    return tuple(code for code, hit in found if hit)


def in_sight(text: Text, channel: str) -> str:
    """Return what others may see on a locked phone: an SMS whole, of an email the subject and the preview."""
    if channel == "sms":
        return text.body
    flat = " ".join(text.body.split())
    end = flat.find(" ", PREVIEW_CHARACTERS)  # with the whole of the word that the preview cuts
    return f"{text.subject}\n{flat if end < 0 else flat[:end]}"


def words_found(text: str, *, level: str, language: str) -> list[str]:
    """Return the words that the level does not allow. "breakfast" is not "fast"."""
    pattern = _DISCREET[language] if level == "discreet" else _PLAIN
    return pattern.findall(_folded(text))


def is_gsm7(text: str) -> bool:
    return all(character in GSM7 or character in GSM7_EXTENSION for character in text)


def sms_segments(text: str) -> int:
    """Return how many messages a phone network makes of it. One character outside GSM-7 halves their size."""
    if is_gsm7(text):
        places = sum(2 if character in GSM7_EXTENSION else 1 for character in text)
        return 1 if places <= SEGMENT_CHARACTERS else -(-places // 153)
    places = len(text.encode("utf-16-be")) // 2
    return 1 if places <= 70 else -(-places // 67)


def reading_score(text: str, language: str) -> float:
    """Return the Flesch-Kincaid grade of English (lower is easier), INFLESZ of Spanish (higher is easier)."""
    words, sentences, syllables = _counts(text, _syllables_es if language == "es" else _syllables_en)
    if language == "es":
        return 206.835 - 62.3 * syllables / words - words / sentences
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59


def is_readable(text: str, language: str) -> bool:
    """Tell whether most adults can read it: grade 7 and below, INFLESZ 65 ("fairly easy") and above."""
    score = reading_score(text, language)
    return score >= 65 if language == "es" else score <= 7


def _counts(text: str, syllables: Callable[[str], int]) -> tuple[int, int, int]:
    joined = re.sub(r"(?<=\d)[.:,](?=\d)", "", re.sub(r"https?://\S+", "", text))  # nobody reads an address
    sentences = [part for part in re.split(r"[.!?]+(?=\s|$)|\n\s*\n", joined) if re.search(r"\w", part)]
    words = re.findall(r"[^\W_]+(?:['\u2019-][^\W_]+)*", joined)
    # A figure counts as one short word, whatever its length: 9:30 is easier than its letters.
    count = sum(1 if word[0].isdigit() else syllables(word.lower()) for word in words)
    return max(1, len(words)), max(1, len(sentences)), count


def _syllables_en(word: str) -> int:
    letters = re.sub(r"[^a-z]", "", word)
    count = len(re.findall(r"[aeiouy]+", letters))
    if re.search(r"[^aeiouyl]e$|[aeiouy]le$|[^aeioutd]ed$|[^aeiouscxz]es$", letters):
        count -= 1  # a silent e: "time", "whole", "called", "times"
    if re.search(r"iet|[^aeiou]ying", letters):
        count += 1  # vowels that part: "quiet", "trying"
    return max(1, count)


def _syllables_es(word: str) -> int:
    letters = re.sub(r"(?<=q)u|(?<=g)u(?=[eiéí])", "", word)
    letters = re.sub(r"y$", "i", letters)
    strong = re.findall(r"[aeoáéóíú]", letters)
    weak = re.findall(r"(?<![aeoáéóíúiuü])[iuü]+(?![aeoáéóíúiuü])", letters)
    return max(1, len(strong) + len(weak))


def _says_any(text: str, forbidden: Iterable[str | date]) -> bool:
    folded = _folded(text)
    return any(_may_say(folded, entry) and re.search(_spellings(entry), folded) for entry in forbidden)


def _may_say(folded: str, entry: str | date) -> bool:
    """Spares the making of a pattern that is used once: all spellings of an entry have these in common."""
    if isinstance(entry, date):
        return f"{entry.year % 100:02}" in folded and str(entry.day) in folded
    return _folded(entry) in folded


def _spellings(entry: str | date) -> str:
    if isinstance(entry, date):
        year, month, day = entry.year, f"0?{entry.month}", f"0?{entry.day}"
        short = rf"(?:{year}|{year % 100:02})(?!\d)"
        return (
            rf"(?<!\d)(?:{year}\D?{month}\D?{day}(?!\d)"  # 1984-02-03
            rf"|{month}\D{day}\D{short}|{day}\D{month}\D{short}"  # 2/3/84, 03.02.1984
            rf"|{day}\D{{1,20}}{year}(?!\d))"  # February 3, 1984; 3 de febrero de 1984
        )
    wanted = _folded(entry)
    # One word alone is no full name, and could be any word: "Will", "May".
    return rf"(?<!\w){re.escape(wanted)}(?!\w)" if " " in wanted else r"(?!)"


@lru_cache(maxsize=8)  # the text at hand is asked several times
def _folded(text: str) -> str:
    """Return it lower-case, without accents and invisible characters, with single spaces."""
    if text.isascii():
        return " ".join(text.casefold().split())
    marks = ("Mn", "Cf")
    kept = [c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in marks]
    return " ".join("".join(kept).casefold().split())
