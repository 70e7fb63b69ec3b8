"""Reading the answers of the pages, and pressing their buttons."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

from django.test import Client as Browser
from django.urls import reverse


def text_of(response: Any) -> str:
    """What a person reads: no tags, one blank between words."""
    body = re.sub(r"(?s)<(script|style|template)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def reasons_of(response: Any) -> list[str]:
    """The summary above a form that was refused."""
    return [text for _field, text in response.context["errors"]] if response.context else []


def get(browser: Browser, page: str, *ids: object, **query: object) -> Any:
    return browser.get(reverse(f"admin:{page}", args=ids), query)


def post(browser: Browser, page: str, *ids: object, key: str = "", **values: Any) -> Any:
    """Send a use case's form as its page would: with a key of its own."""
    return browser.post(
        reverse(f"admin:{page}", args=ids), {"key": key or uuid.uuid4().hex, **values}, follow=True
    )


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]
