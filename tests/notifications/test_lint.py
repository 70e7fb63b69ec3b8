from dataclasses import dataclass
from datetime import date

import pytest

from notifications import lint


@dataclass
class Text:
    body: str
    subject: str = ""


def problems(body, *, subject="", channel="sms", level="plain", language="en", forbidden=()):
    return lint.problems(
        Text(body, subject), channel=channel, level=level, language=language, forbidden=forbidden
    )


@pytest.mark.parametrize(
    ("text", "language", "plain", "discreet"),
    [
        # what no message says at either level
        ("Your ketamine is ready", "en", 1, 1),
        ("KETAMINE", "en", 1, 1),
        ("Su sesión de quetamina", "es", 1, 2),
        ("Spravato at 9", "en", 1, 1),
        ("your infusion", "en", 1, 1),
        ("by IV or IM", "en", 2, 2),
        ("la inyección", "es", 1, 1),
        ("su dosis", "es", 1, 1),
        ("for your depression", "en", 1, 1),
        ("la depresión", "es", 1, 1),
        ("your anxiety", "en", 1, 1),
        ("PHQ-9", "en", 1, 1),
        ("PTSD", "en", 1, 1),
        ("your KAP program", "en", 1, 1),
        ("your therapist", "en", 1, 1),
        ("su terapeuta", "es", 1, 1),
        ("the psychiatrist", "en", 1, 1),
        ("el psiquiatra", "es", 1, 1),
        ("Centro de Terapia", "en", 1, 1),  # a name in the other language tells as much
        ("Riverbend Therapy", "es", 1, 1),
        # what says what to do: plain may, discreet may not
        ("Take your medicine", "en", 0, 1),
        ("Tome su medicina", "es", 0, 1),
        ("No food after 1:30 am", "en", 0, 1),
        ("your fasting time", "en", 0, 1),
        ("No coma desde la 1:30 am", "es", 0, 1),
        ("en ayunas", "es", 0, 1),
        ("as your doctor told you", "en", 0, 1),
        ("como le dijo su médico", "es", 0, 1),
        ("you may feel sick", "en", 0, 1),
        ("your session", "en", 0, 1),
        ("your treatment", "en", 0, 1),
        # what only looks like it
        ("That means no breakfast", "en", 0, 0),
        ("a steadfast friend", "en", 0, 0),
        ("I'm here, I've come", "en", 0, 0),
        ("Who takes you home?", "en", 0, 0),
        ("a fundamental change", "en", 0, 0),
        ("¿Quién le lleva a casa?", "es", 0, 0),
        ("Tome las cosas con calma", "es", 0, 0),
        ("on Sangre de Cristo Avenue", "en", 0, 0),  # a place, not the Spanish for blood
        ("sangre", "es", 0, 1),
        # spelled to slip through
        ("ke\u00adtamine", "en", 1, 1),  # a soft hyphen
        ("terapía", "es", 1, 1),
        ("ＫＥＴＡＭＩＮＥ", "en", 1, 1),
    ],
)
def test_each_level_has_its_words(text, language, plain, discreet):
    assert len(lint.words_found(text, level="plain", language=language)) == plain
    assert len(lint.words_found(text, level="discreet", language=language)) == discreet


def test_a_finding_is_a_code_and_never_the_word():
    found = problems("Your ketamine for depression", level="discreet")
    assert found == ("plain_word", "discreet_word")


def test_plain_words_are_looked_for_everywhere_discreet_words_only_in_sight():
    opening = "This is a note. " * 10
    assert problems(f"{opening} Do not eat.", subject="A note", channel="email", level="discreet") == ()
    assert problems("Do not eat.", subject="A note", channel="email", level="discreet") == ("discreet_word",)
    assert problems(opening, subject="Your medicine", channel="email", level="discreet") == ("discreet_word",)
    assert problems(f"{opening} ketamine", subject="A note", channel="email", level="plain") == (
        "plain_word",
    )
    assert problems(opening, subject="Your therapy", channel="email", level="plain") == ("plain_word",)


def test_a_preview_shows_the_whole_word_that_it_cuts():
    body = "x" * (lint.PREVIEW_CHARACTERS - 3) + " medicine and more"
    assert lint.in_sight(Text(body), "email").endswith("medicine")


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("", ("empty",)),
        ("  \n", ("empty",)),
        ("See you [missing].", ("hole",)),
        ("See you {{ when }}.", ("hole",)),
        ("¿Cómo se siente?", ("not_gsm7",)),  # the Spanish trap: ó costs a segment
        ("a" * 160, ()),
        ("a" * 161, ("too_long",)),
        ("ó" * 71, ("not_gsm7", "too_long")),
    ],
)
def test_a_text_message_is_whole_plain_and_short(body, codes):
    assert problems(body) == codes


def test_an_email_needs_a_subject_and_may_be_long():
    assert problems("a b " * 200, channel="email") == ("empty",)
    assert problems("¿Cómo está? " * 50, subject="s", channel="email") == ()


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("é ñ ü ¿ ¡", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 158 + "€", 1),  # takes two places
        ("a" * 159 + "€", 2),
        ("í" * 70, 1),
        ("í" * 71, 2),
        ("í" * 135, 3),
        ("😀" * 35, 1),  # two units each
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_the_network_counts_them(text, segments):
    assert lint.sms_segments(text) == segments


@pytest.mark.parametrize(
    ("body", "is_forbidden"),
    [
        ("Hello Samantha Lee Smith,", True),
        ("Hello SAMANTHA  LEE\nSMITH.", True),
        ("Hello Samántha Lee Smith.", True),
        ("Hello Samantha,", False),
        ("Hello Samantha Lee Smithson", False),
        ("born 1984-02-03", True),
        ("born 02/03/1984", True),
        ("born 3.2.1984", True),
        ("born 2/3/84", True),
        ("born February 3, 1984", True),
        ("born Feb. 3, 1984", True),
        ("el 3 de febrero de 1984", True),
        ("1984 Main Street, Suite 23", False),
        ("Tue Feb 3 at 9:30 am", False),
        ("Feb 13, 1984", False),
    ],
)
def test_the_legal_name_and_the_birth_date_are_never_written(body, is_forbidden):
    forbidden = ("Samantha Lee Smith", date(1984, 2, 3))
    assert ("forbidden" in problems(body, forbidden=forbidden)) is is_forbidden


def test_a_name_of_one_word_may_be_any_word():
    assert problems("We will see you in May.", forbidden=("May", "Will", "")) == ()


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("the", 1),
        ("time", 1),
        ("times", 1),
        ("whole", 1),
        ("called", 1),
        ("needed", 2),
        ("table", 2),
        ("breakfast", 2),
        ("before", 2),
        ("people", 2),
        ("someone", 2),
        ("quiet", 2),
        ("trying", 2),
        ("places", 2),
        ("family", 3),
        ("emergency", 4),
    ],
)
def test_english_syllables(word, syllables):
    assert lint._syllables_en(word) == syllables


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("y", 1),
        ("hoy", 1),
        ("muy", 1),
        ("que", 1),
        ("quién", 1),
        ("guía", 2),
        ("día", 2),
        ("cita", 2),
        ("agua", 2),
        ("cuidado", 3),
        ("después", 2),
        ("náusea", 3),
        ("desayuno", 4),
        ("emergencia", 4),
    ],
)
def test_spanish_syllables(word, syllables):
    assert lint._syllables_es(word) == syllables


def test_long_words_in_long_sentences_are_hard_to_read():
    easy = "Do not eat after 1:30 am. That means no breakfast."
    hard = (
        "Participants anticipating procedural sedation should discontinue alimentary consumption "
        "approximately eight hours preceding the scheduled administration."
    )
    assert lint.is_readable(easy, "en")
    assert not lint.is_readable(hard, "en")
    assert lint.reading_score(easy, "en") < 2
    assert lint.is_readable("No coma desde la 1:30 am. Llame si come.", "es")
    assert not lint.is_readable(
        "Interrumpa la administración alimentaria aproximadamente ocho horas anteriores al procedimiento "
        "correspondiente, independientemente de las circunstancias particulares.",
        "es",
    )


def test_the_reading_score_agrees_with_the_textbook():
    # 13 words, 1 sentence, 20 syllables: 0.39 * 13 + 11.8 * 20 / 13 - 15.59
    text = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert lint.reading_score(text, "en") == pytest.approx(11.3, abs=1.5)
