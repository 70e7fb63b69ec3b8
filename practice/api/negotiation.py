from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation


class ByHeader(DefaultContentNegotiation):
    """Only the Accept header chooses: `format` is a query parameter like any other, and unknown."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)
