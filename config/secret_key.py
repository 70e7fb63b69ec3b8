"""The secret key of a demo: made once, kept in the data folder, never good enough for production."""

import os
import secrets
from pathlib import Path

DEMO_PREFIX = "demo-only-"
LEAST_CHARACTERS = 50


def demo_key(data: Path) -> str:
    """Return the key stored under the data folder; make it first if there is none."""
    path = data / "demo-secret-key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        data.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(DEMO_PREFIX + secrets.token_urlsafe(48), encoding="ascii")
    try:
        os.link(new, path)  # atomic, and the first of two processes wins
    except FileExistsError:
        pass
    finally:
        new.unlink()
    return path.read_text(encoding="ascii")


def is_weak(key: str) -> bool:
    return (
        len(key) < LEAST_CHARACTERS or len(set(key)) < 10 or key.startswith((DEMO_PREFIX, "django-insecure-"))
    )
