"""What `sandbox.read` starts: one question on standard input, one answer on standard output, both JSON."""

from __future__ import annotations

import json
import resource
import signal
import sys
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from practice.clock import zone
from scheduling.engine.types import Span
from scheduling.outside_calendars.errors import Unreadable
from scheduling.outside_calendars.fetching import fetch
from scheduling.outside_calendars.reading import find_busy
from scheduling.outside_calendars.sandbox import Limits


def main() -> None:
    question = json.load(sys.stdin)
    limits = Limits(**question["limits"])
    restrict(limits)
    try:
        answer = answer_to(question, limits)
    except Unreadable as reason:
        answer = {"code": reason.code}
    except (MemoryError, RecursionError):
        answer = {"code": "too_complex"}
    json.dump(answer, sys.stdout)


def restrict(limits: Limits) -> None:
    """Beyond its processor time the kernel ends this process; without memory Python does. No core is kept."""
    memory = limits.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def answer_to(question: dict[str, Any], limits: Limits) -> dict[str, Any]:
    signal.signal(signal.SIGALRM, _time_is_over)
    signal.setitimer(signal.ITIMER_REAL, limits.fetch_seconds)
    fetched = fetch(
        question["url"],
        etag=question["etag"],
        allow_loopback=question["allow_loopback"],
        seconds=limits.fetch_seconds,
    )
    signal.setitimer(signal.ITIMER_REAL, 0)
    if fetched.body is None:
        return {"spans": None, "unread_count": 0, "etag": fetched.etag}
    window = Span(*(datetime.fromtimestamp(at, UTC) for at in question["window"]))
    found = find_busy(fetched.body, window=window, tz=zone(question["tz"]), own_uids=question["own_uids"])
    return {
        "spans": [[span.start.timestamp(), span.end.timestamp()] for span in found.spans],
        "unread_count": found.unread_count,
        "etag": fetched.etag,
    }


def _time_is_over(_signal: int, _frame: FrameType | None) -> None:
    raise Unreadable("timed_out")


if __name__ == "__main__":
    main()
