"""The keys that psychotherapy notes are sealed with: Fernet's, 32 random bytes in base64 each."""

import base64
import binascii
import hashlib

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32


def note_keys(words: str) -> list[str]:
    """The keys of a list with commas, the newest first. No message repeats one."""
    keys = [part for raw in words.split(",") if (part := raw.strip())]
    for number, key in enumerate(keys, start=1):
        try:
            decoded = base64.b64decode(key, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if len(decoded) != KEY_BYTES:
            raise ImproperlyConfigured(
                f"NOTE_KEYS: number {number} is no key. docs/operations.md says how to make one."
            )
    return keys


def demo_note_key(secret_key: str) -> str:
    """Never good enough for a real practice: whoever has the other key has this one."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"notes {secret_key}".encode()).digest()).decode()
