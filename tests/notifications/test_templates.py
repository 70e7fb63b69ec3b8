"""A practice's own words: what is refused, with all reasons, and what is then sent."""

from __future__ import annotations

from itertools import product

import pytest

from notifications import lint, template_checks, template_editing, wording
from notifications.models import MessageTemplate, Reminder
from notifications.rules import WORDED
from notifications.wording import LANGUAGES, LEVELS, Words
from practice.errors import Invalid, NotAllowed
from tests.cast import NOW
from tests.faults.stage import TOLD, Stage, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]

MATRIX = list(product(WORDED, LANGUAGES, ("sms", "email"), LEVELS))
BOOKED = "{{ clinic }}: See you {{ when }}. Call {{ phone }}. Reply STOP to end texts."
SMS = {"language": "en", "channel": "sms", "detail": "plain"}


def codes(kind: str, body: str, *, subject: str = "", **of: str) -> list[str]:
    report = template_checks.check(kind, **{**SMS, **of}, words=Words(subject, body))  # type: ignore[arg-type]
    return [blocker.code for blocker in report.blockers]


@pytest.mark.parametrize(("kind", "language", "channel", "detail"), MATRIX)
def test_what_we_ship_passes_and_can_be_edited(kind: str, language: str, channel: str, detail: str) -> None:
    words = wording.shipped(kind, channel=channel, language=language, detail=detail)
    report = template_checks.check(kind, language=language, channel=channel, detail=detail, words=words)
    assert [blocker.code for blocker in report.blockers] == []
    assert report.segments == (1 if channel == "sms" else 0)
    assert "include" not in words.body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BOOKED, []),
        (BOOKED.replace("{{ when }}", "soon"), ["missing_variable"]),
        (BOOKED.replace("{{ when }}", "{{ when_soon }}"), []),
        (BOOKED.replace("{{ phone }}", "{{ telephone }}"), ["unknown_variable"]),
        (BOOKED.replace("{{ phone }}", "{{ phone|upper }}"), ["unknown_variable"]),
        (BOOKED.replace("{{ phone }}", "{{ phone.real }}"), ["unknown_variable"]),
        (BOOKED + "{% if secret %}x{% endif %}", ["unknown_variable"]),
        (BOOKED + "{% if ask_ride and not length %}Ride?{% else %}.{% endif %}", []),
        (BOOKED + '{% include "notifications/parts/en/foot.txt" %}', ["not_allowed"]),
        (BOOKED + "{% for a in when %}{{ a }}{% endfor %}", ["not_allowed"]),
        (BOOKED + "{% load static %}", ["syntax"]),
        (BOOKED + "{% if %}", ["syntax"]),
        (BOOKED + "{{ when", []),  # to a template these are words, and to the lint a hole
        (BOOKED.replace("STOP", "no"), ["no_stop"]),
        (BOOKED.replace("{{ clinic }}", "We"), ["no_sender"]),
        (BOOKED + " Your ketamine visit.", ["plain_word"]),
        (BOOKED + " " + "Come soon. " * 12, ["too_long"]),
        (BOOKED + " Mañana será así.", ["not_gsm7", "too_long"]),
        ("", ["missing_variable", "no_sender", "no_stop", "empty"]),
        ("Ketamine!", ["missing_variable", "no_sender", "no_stop", "plain_word", "too_hard"]),
    ],
)
def test_the_reasons_against_a_text(body: str, expected: list[str]) -> None:
    found = codes("booked", body)
    if body.endswith("{{ when"):
        expected = ["hole"]
    assert found == expected


def test_the_level_decides_about_health_words() -> None:
    body = "{{ clinic }}: No food before {{ when }}. {{ stop_eating }} {{ stop_drinking }} Call {{ phone }}."
    variables = body.replace("{{ stop_drinking }}", "{% if stop_drinking %}{{ stop_drinking }}{% endif %}")
    variables = variables.replace("{{ stop_eating }}", "{% if stop_eating %}{{ stop_eating }}{% endif %}")
    assert codes("fasting", variables) == []
    assert codes("fasting", variables, detail="discreet") == ["discreet_word"]


def test_a_subject_with_a_health_word_is_refused_and_a_text_has_none() -> None:
    of = {"channel": "email"}
    body = "{{ clinic }} {{ when }}. Call 911. Call or text 988."
    assert codes("booked", body, subject="Your visit", **of) == []
    assert codes("booked", body, subject="Your therapy", **of) == ["plain_word"]
    assert codes("booked", body, subject="Your medicine", **of, detail="discreet") == ["discreet_word"]
    assert codes("booked", body, **of) == ["no_subject"]
    assert codes("booked", BOOKED, subject="x") == ["no_subject"]
    assert codes("booked", body.replace("988", ""), subject="Your visit", **of) == ["no_emergency"]


def test_hard_words_are_refused() -> None:
    hard = "{{ clinic }} {{ when }} 911 988 " + "administrative considerations necessitate confirmation " * 3
    assert codes("booked", hard, subject="Your visit", channel="email") == ["too_hard"]


def test_a_fast_that_does_not_say_when_is_no_instruction() -> None:
    assert codes("fasting", "{{ clinic }}: Come hungry {{ when }}. {{ phone }}") == [
        "missing_variable",
        "missing_variable",
    ]


# Sent


@pytest.mark.django_db
def test_the_version_in_use_is_what_goes_out(stage: Stage) -> None:
    ada = stage.clinic.ada
    for words in ("See you", "We meet on"):
        body = BOOKED.replace("See you", words)
        template_editing.write("booked", **SMS, words=Words("", body), actor=ada, now=NOW)
    assert list(MessageTemplate.objects.values_list("version", "is_in_use")) == [(2, True), (1, False)]
    stage.book()
    stage.deliver(TOLD)
    (text,) = stage.texts
    assert text.startswith("Riverbend: We meet on Tue Dec 1")
    assert lint.sms_segments(text) == 1
    current = MessageTemplate.objects.get(is_in_use=True)
    template_editing.use_shipped(current.pk, actor=ada, now=NOW)
    assert template_editing.in_use(Reminder.Kind.values) == {}


@pytest.mark.django_db
def test_who_may_not_write_and_what_may_not_be_written_leave_no_trace(stage: Stage) -> None:
    with pytest.raises(NotAllowed):
        template_editing.write("booked", **SMS, words=Words("", BOOKED), actor=stage.clinic.kim, now=NOW)
    with pytest.raises(Invalid) as wrong:
        template_editing.write("booked", **SMS, words=Words("", "x"), actor=stage.clinic.ada, now=NOW)
    assert len(wrong.value.blockers) == 3
    assert not MessageTemplate.objects.exists()
