"""Text that the database keeps without being able to read it. Keys: settings.NOTE_KEYS, the newest first.

Losing every key loses the text: docs/operations.md says how to keep them and how to change them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_noop as _

from practice.errors import DomainError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class NoKey(DomainError):
    status = 503
    code = "no_note_key"
    message = _("Psychotherapy notes are not set up here: the practice has no key for them.")


class Unreadable(DomainError):
    status = 503
    code = "note_unreadable"
    message = _("None of the practice's keys opens this note.")


def seal(text: str) -> str:
    """Under the newest key. Raises NoKey."""
    return _box().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """Under whichever key it was sealed. Raises NoKey, Unreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return _box().decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as wrong:
        raise Unreadable from wrong


def reseal(sealed: str) -> str:
    """The same text under the newest key. Raises NoKey, Unreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return _box().rotate(sealed.encode("ascii")).decode("ascii")
    except InvalidToken as wrong:
        raise Unreadable from wrong


def _box() -> MultiFernet:
    keys = tuple(settings.NOTE_KEYS)
    if not keys:
        raise NoKey
    return _box_of(keys)


@lru_cache(maxsize=4)
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    # Loaded when first needed: most processes never seal or open anything.
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])
