"""Ends the programs of a supervisor that was killed.

    python -I -S janitor.py SECONDS

Reads lines "+GROUP SIGNAL" and "-GROUP" from the supervisor. When that pipe closes, however the supervisor
went, each group that is left gets its signal, and SECONDS later SIGKILL. On Linux the kernel has sent
the first signal already; this is for other systems, and for programs that do not listen. Needs nothing but
the standard library, and ignores the signals of a terminal.
"""

import contextlib
import os
import signal
import sys
import time


def main(patience_seconds: float) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        if line.startswith("+"):
            group, signal_number = line[1:].split()
            groups[int(group)] = int(signal_number)
        else:
            groups.pop(int(line[1:]), None)
    for group, number in groups.items():
        send(group, number)
    deadline = time.monotonic() + patience_seconds
    while any(exists(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        send(group, signal.SIGKILL)


def exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def send(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    main(float(sys.argv[1]))
