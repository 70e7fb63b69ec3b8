"""How far the building is: a bar on a terminal, a line for each part elsewhere."""

from __future__ import annotations

import os
import time

from django.core.management.base import OutputWrapper

WIDTH = 30
REDRAWN_SECONDS = 0.1


class Progress:
    """Told (part, how many done, of how many) again and again. `quiet` leaves out the lines."""

    def __init__(self, out: OutputWrapper, *, quiet: bool) -> None:
        self.out, self.quiet = out, quiet
        self.has_bar = out.isatty() and os.environ.get("TERM") != "dumb"
        self._part = ""
        self._began = self._drawn = 0.0

    def __call__(self, part: str, done: int, of: int) -> None:
        if part != self._part:
            self.finish()
            self._part, self._began = part, time.monotonic()
        if self.has_bar and (done == of or time.monotonic() - self._drawn > REDRAWN_SECONDS):
            self._drawn = time.monotonic()
            filled = WIDTH * done // max(of, 1)
            self._write(f"\r  {part:<28} [{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {of}\033[K")

    def finish(self) -> None:
        """End the line of the part that is under way."""
        if self._part:
            line = f"  {self._part:<28} {time.monotonic() - self._began:6.1f} s"
            if self.has_bar:
                self._write(f"\r{line}\033[K\n")
            elif not self.quiet:
                self._write(f"{line}\n")
        self._part = ""

    def _write(self, text: str) -> None:
        self.out.write(text, lambda unstyled: unstyled, ending="")
        self.out.flush()
