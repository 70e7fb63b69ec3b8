"""What a person sees in the terminal: steps with their seconds, lines with the name of who wrote them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

COLOURS = {"web": 36, "worker": 35, "beat": 33, "postgres": 34, "valkey": 31, "run": 32}
NAME_WIDTH = max(len(name) for name in COLOURS)
PLAIN = ("setup",)


class Screen:
    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.colour = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def say(self, text: str) -> None:
        print(text, file=self.out, flush=True)

    def line(self, name: str, text: str) -> None:
        if name in PLAIN:
            self.say(text)
            return
        label = f"{name:<{NAME_WIDTH}} |"
        self.say(f"\033[{COLOURS.get(name, 37)}m{label}\033[0m {text}" if self.colour else f"{label} {text}")

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.say(step_line(what, time.monotonic() - began))

    def welcome(self, text: Path, host: str, port: int, *, seconds: float) -> None:
        """Print where to go. `text` holds the demo's own words, written when it was set up."""
        name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104  only words
        self.say(f"\n  Quietroom is ready after {seconds:.0f} s:  http://{name}:{port}/\n")
        if text.exists():
            self.say(text.read_text(encoding="utf-8").rstrip().replace("{address}", f"http://{name}:{port}"))
        self.say("\n  Ctrl-C stops it. What the parts have to say follows.\n")


def step_line(what: str, seconds: float) -> str:
    return f"  {what} {'.' * max(2, 52 - len(what))} {seconds:5.1f} s"
