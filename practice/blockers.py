"""A reason why not, as a value that every screen and the API can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


def gettext_noop(message: str) -> str:
    """Mark a message for makemessages; the translation happens in `Blocker.text`."""
    return message


def _as_written(message: str) -> str:
    return message


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why something may not happen.

    `code` is for programs and never changes meaning. `message` is the English msgid with
    %(name)s holes, marked by `gettext_noop`. `params` fills the holes and holds no health
    data about anyone but the one asked about.
    """

    code: str
    message: str
    params: Mapping[str, str | int] = field(default_factory=dict, hash=False)

    def with_params(self, **params: str | int) -> Blocker:
        """Return the same reason with some params replaced."""
        return replace(self, params={**self.params, **params})

    def text(self, translate: Callable[[str], str] = _as_written) -> str:
        """Return the message in the language of `translate` (usually gettext), holes filled."""
        return translate(self.message) % self.params
