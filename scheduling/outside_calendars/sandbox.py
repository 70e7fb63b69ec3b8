"""Reads an outside calendar in a process of its own, which gets so much time and memory and no more.

What an address leads to is not ours. A rule of one line can keep a parser busy for a year, so no limit inside
the parser would be enough; and a parser that can be tricked had better run where there is no secret.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from scheduling.engine.spans import Spans
from scheduling.engine.types import Span
from scheduling.outside_calendars.addresses import LONGEST
from scheduling.outside_calendars.errors import Unreadable

BASE = Path(__file__).resolve().parents[2]
# Where the system's certificates and zones are, on machines that need to be told.
_PASSED_ON = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONTZPATH")
_BY_LIMIT = {-signal.SIGXCPU: "too_complex", -signal.SIGSEGV: "too_complex", -signal.SIGABRT: "too_complex"}


@dataclass(frozen=True)
class Limits:
    """`seconds` is for all of it, starting the process too."""

    fetch_seconds: float = 20
    cpu_seconds: int = 10
    memory_mb: int = 512
    seconds: float = 35


@dataclass(frozen=True)
class Order:
    """`tz` is the name of the zone for what has none; `own_uids` how the UIDs of our own feeds end."""

    url: str
    etag: str
    window: Span
    tz: str
    own_uids: str
    allow_loopback: bool


@dataclass(frozen=True)
class Reading:
    """`spans` is None when nothing has changed since we got `etag`."""

    spans: Spans | None
    unread_count: int
    etag: str


def read(order: Order, limits: Limits = Limits()) -> Reading:
    """Raises Unreadable. Waits for the network, so never inside a transaction."""
    assert len(order.url) <= LONGEST
    question = {
        "url": order.url,
        "etag": order.etag,
        "window": [order.window.start.timestamp(), order.window.end.timestamp()],
        "tz": order.tz,
        "own_uids": order.own_uids,
        "allow_loopback": order.allow_loopback,
        "limits": asdict(limits),
    }
    line = [sys.executable, "-B", "-W", "ignore", "-m", "scheduling.outside_calendars"]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(
            line,
            input=json.dumps(question).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it would quote the calendar
            cwd=BASE,
            env={**environment, "LANG": "C.UTF-8"},
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable("timed_out") from None
    if done.returncode != 0:
        raise Unreadable(_BY_LIMIT.get(done.returncode, "unreadable"))
    answer = json.loads(done.stdout)
    if "code" in answer:
        raise Unreadable(answer["code"])
    spans = None if answer["spans"] is None else tuple(_span(*each) for each in answer["spans"])
    return Reading(spans, answer["unread_count"], answer["etag"])


def _span(start: float, end: float) -> Span:
    return Span(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
