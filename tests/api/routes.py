"""What the URLconf serves below /api/v1/: every address with its methods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PREFIX = "api/v1/"


@dataclass(frozen=True)
class Route:
    """`view` is None for what is not one of our resources."""

    method: str
    path: str
    view: Any = None
    action: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_served(self) -> bool:
        """The router gives every resource a list and a detail address; `permitted` says which it has."""
        return self.view is None or self.action in self.view.permitted


def routes() -> list[Route]:
    return sorted(set(_walk(get_resolver().url_patterns, "")), key=str)


def served() -> list[Route]:
    return [route for route in routes() if route.is_served]


def _walk(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + _plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        elif path.startswith(PREFIX):
            callback: Any = pattern.callback
            actions = getattr(callback, "actions", None)
            if actions is None:
                yield Route("GET", path.removeprefix(PREFIX))
                continue
            for method, action in actions.items():
                if method != "head":
                    yield Route(method.upper(), path.removeprefix(PREFIX), callback.cls, action)


def _plain(pattern: str) -> str:
    """`bookings/<int:pk>` and `^bookings/(?P<pk>[0-9]{1,18})$` alike as `bookings/{pk}`."""
    pattern = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", pattern))
    return pattern.lstrip("^").removesuffix("\\Z").removesuffix("$")
