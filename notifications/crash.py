"""Named places at which a fault test stops or kills the process, as a power cut or a busy machine would."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path

_one_at_a_time = threading.Lock()  # of this process's threads
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def crash_here(place: str) -> None:
    """Do nothing, unless the environment asks for trouble.

    QUIETROOM_CRASH=<place> kills the process there. QUIETROOM_FAULTS=<folder> lets a test order it: the
    file `order` in it, "<place> <visit> <kill|stop|note>", is taken by the first process that is there for
    that time, and `reached` then has its number.
    """
    if os.environ.get("QUIETROOM_CRASH") == place:
        _get(signal.SIGKILL)
    if folder := os.environ.get("QUIETROOM_FAULTS"):
        with _one_at_a_time:
            _obey(Path(folder), place)


def _obey(folder: Path, place: str) -> None:
    with contextlib.suppress(FileNotFoundError, ValueError):
        wanted, visit, action = (folder / "order").read_text().split()
        if wanted != place:
            return
        taken = folder / f"taken.{os.getpid()}"
        (folder / "order").rename(taken)  # one process only
        if int(visit) > 1:
            taken.write_text(f"{wanted} {int(visit) - 1} {action}")
            taken.rename(folder / "order")
            return
        taken.write_text(str(os.getpid()))
        taken.rename(folder / "reached")
        if action in SIGNALS:
            _get(SIGNALS[action])


def _get(what: signal.Signals) -> None:
    """Sent to the process, this thread might go on until another one has taken it."""
    signal.pthread_kill(threading.get_ident(), what)
