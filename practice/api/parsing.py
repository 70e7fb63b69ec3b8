"""Bodies as plain JSON: what could break a later step is refused at the door, with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_noop as _
from rest_framework.parsers import JSONParser
from rest_framework.utils import json as strict

from practice.errors import Invalid

DEEPEST = 20
LONGEST_NAME = 200


class NotJson(Invalid):
    code = "not_json"
    message = _("The body is not JSON in UTF-8.")


class TwiceTheSame(Invalid):
    code = "duplicate_field"
    message = _("A field is given twice.")


class TooDeep(Invalid):
    code = "too_deep"
    message = _("The body is nested too deeply.")


class Unusable(Invalid):
    code = "unusable_character"
    message = _("A text has a character that can't be stored.")


class PlainJsonParser(JSONParser):
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = json.loads(
                stream.read().decode(),
                parse_constant=strict.strict_constant,
                object_pairs_hook=_without_duplicates,
            )
        except RecursionError:
            raise TooDeep(pointer="") from None
        except ValueError:
            raise NotJson(pointer="") from None
        _check(body)
        return body


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise TwiceTheSame(pointer="")
    return found


def _check(body: Any) -> None:
    waiting: list[tuple[str, int, Any]] = [("", 0, body)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if depth > DEEPEST:
            raise TooDeep(pointer=pointer)
        if isinstance(value, str) and not _is_usable(value):
            raise Unusable(pointer=pointer)
        if isinstance(value, list):
            waiting += [(f"{pointer}/{place}", depth + 1, inner) for place, inner in enumerate(value)]
        elif isinstance(value, dict):
            for name, inner in value.items():
                if len(name) > LONGEST_NAME or not _is_usable(name):
                    raise Unusable(pointer=pointer)
                step = name.replace("~", "~0").replace("/", "~1")
                waiting.append((f"{pointer}/{step}", depth + 1, inner))


def _is_usable(text: str) -> bool:
    """PostgreSQL stores neither NUL nor half a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
