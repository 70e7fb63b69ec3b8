"""The compiled catalogues are in the repository, so that a machine without gettext speaks Spanish too."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = settings.BASE_DIR / "locale"
CATALOGUES = sorted(FOLDER.glob("*/LC_MESSAGES/django.po"))
OF_THE_LINK_PAGES = sorted(settings.BASE_DIR.glob("web/portal/locale/*/LC_MESSAGES/django.po"))
EVERY = [*CATALOGUES, *OF_THE_LINK_PAGES]
# What people who are not staff may come to see, and what every refusal begins with.
SEEN_BY_CLIENTS = (
    "config/errors.py",
    "practice/errors.py",
    "scheduling/errors.py",
    "scheduling/calendars/feeds.py",
    "web/portal/",
)
HOLE = re.compile(r"%\(\w+\)[sd]|%[sd]")


def entries(path: Path) -> Iterator[tuple[list[str], str, str]]:
    """The places, the message and its translation; plural forms aside."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = block.splitlines()
        places = [word for line in lines if line.startswith("#: ") for word in line[3:].split()]
        parts: dict[str, str] = {}
        for line in lines:
            if match := re.match(r'(msgid|msgstr) (".*")$', line):
                name, text = match.groups()
            elif line.startswith('"'):
                text = line
            else:
                continue
            parts[name] = parts.get(name, "") + ast.literal_eval(text)
        if parts.get("msgid") and "msgid_plural" not in block:
            yield places, parts["msgid"], parts.get("msgstr", "")


def test_there_is_one_for_each_language() -> None:
    for catalogues in (CATALOGUES, OF_THE_LINK_PAGES):
        assert {path.parts[-3] for path in catalogues} == {code for code, _name in settings.LANGUAGES}


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parts[-5]} {path.parts[-3]}")
def test_it_is_compiled(path: Path) -> None:
    """After a change of a .po: manage.py compilemessages."""
    with path.with_suffix(".mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    translated = {message: text for _places, message, text in entries(path) if text}
    assert {message: catalogue.gettext(message) for message in translated} == translated


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parts[-5]} {path.parts[-3]}")
def test_translations_keep_every_hole(path: Path) -> None:
    for _places, message, text in entries(path):
        if text:
            assert sorted(HOLE.findall(text)) == sorted(HOLE.findall(message)), message


def test_what_clients_see_is_translated() -> None:
    missing = [
        message
        for spanish in EVERY
        if spanish.parts[-3] == "es"
        for places, message, text in entries(spanish)
        if not text and any(place.startswith(SEEN_BY_CLIENTS) for place in places)
    ]
    assert missing == []
