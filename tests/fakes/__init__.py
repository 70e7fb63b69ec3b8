"""Providers that run on this machine: they speak the real protocol, remember what they took, misbehave."""

from __future__ import annotations

import json
import os
import random
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


class Log:
    """What was accepted, one JSON object a line, on disk before the sender hears of it. Survives a kill."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[dict[str, Any]]:
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [
            json.loads(line) for line in lines if line.endswith("\n")
        ]  # a torn last line was never answered


def now_of(clock: Path | None) -> datetime:
    """The present, ahead by the seconds that the practice's clock file says (practice/present.py)."""
    ahead = int(clock.read_text() or 0) if clock is not None and clock.exists() else 0
    return datetime.now(UTC) + timedelta(seconds=ahead)


class Script:
    """What to do wrong: told one by one with `misbehave`, or at random with `chaos` (chances)."""

    def __init__(self, chaos: Mapping[str, float] | None = None, seed: int = 0) -> None:
        self._queue: deque[str] = deque()
        self._chaos = dict(chaos or {})
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def misbehave(self, instruction: str, times: int = 1) -> None:
        with self._lock:
            self._queue.extend([instruction] * times)

    def peek(self) -> str:
        """Return the next instruction that was told, and leave it there."""
        with self._lock:
            return self._queue[0] if self._queue else ""

    def next(self) -> str:
        """Return the instruction for the message at hand; '' is to behave."""
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            at = self._random.random()
            for instruction, chance in self._chaos.items():
                at -= chance
                if at < 0:
                    return instruction
            return ""
