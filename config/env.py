"""Typed readers of the environment. Each one returns its default when the variable is unset or
empty and raises ImproperlyConfigured, naming the variable, when the value makes no sense.
No message repeats a value: it could be a secret."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import overload
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


@overload
def secret(name: str) -> str | None: ...
@overload
def secret(name: str, default: str) -> str: ...
def secret(name: str, default: str | None = None) -> str | None:
    """Return NAME, or the content of the file that NAME_FILE points at; both at once is an error."""
    value, path = text(name), text(f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return value or default
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read as text.") from exc
    if not content:
        raise ImproperlyConfigured(f"{name}_FILE names an empty file.")
    return content


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be 1 or 0 (or true, false, yes, no, on, off).")
    return value in TRUE


def integer(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from exc
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must be between {least} and {most}.")
    return number


def choice(name: str, default: str, options: Collection[str]) -> str:
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of: {', '.join(sorted(options))}.")
    return value


def words(name: str) -> list[str]:
    """Return the comma-separated parts of NAME, stripped, empty parts dropped."""
    return [part for raw in text(name).split(",") if (part := raw.strip())]


def url(name: str, default: str, *, schemes: Collection[str]) -> str:
    """Return an absolute address with one of the schemes, without a slash at its end. NAME_FILE works too."""
    value = secret(name, default)
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name} is not an address.") from exc
    if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/") or parts.query):
        raise ImproperlyConfigured(f"{name} must be an address that starts with {' or '.join(schemes)}://.")
    return value.rstrip("/")


def folder(name: str, default: Path) -> Path:
    """Return an absolute path; the folder need not exist."""
    return Path(text(name, str(default))).expanduser().absolute()
