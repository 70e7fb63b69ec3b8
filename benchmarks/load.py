"""Runs the client against the web server, and what its answers come to."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.client import Answers, Orders
from benchmarks.stand import BASE


@dataclass
class Line:
    """One line of the table; times in milliseconds. `is_met` is None where there is no bar."""

    case: str
    what: str
    clients: int
    count: int
    p50: float
    p95: float
    p99: float
    worst: float
    floors: float | None = None
    a_second: float | None = None
    queries: list[int] = field(default_factory=list)  # the fewest and the most
    bar: str = ""
    is_met: bool | None = None
    wrong: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


def percentile(times: Sequence[float], share: float) -> float:
    """The nearest rank, in milliseconds."""
    ranked = sorted(times)
    return round(1000 * ranked[max(0, math.ceil(share * len(ranked)) - 1)], 2) if ranked else 0.0


def line_of(case: str, what: str, answers: Answers, *, clients: int) -> Line:
    return Line(
        case=case,
        what=what,
        clients=clients,
        count=len(answers.times),
        p50=percentile(answers.times, 0.50),
        p95=percentile(answers.times, 0.95),
        p99=percentile(answers.times, 0.99),
        worst=percentile(answers.times, 1),
        a_second=round(len(answers.times) / answers.wall, 1) if answers.wall else None,
        queries=[min(answers.queries), max(answers.queries)] if answers.queries else [],
        notes={"client_cpu_share": round(answers.cpu / answers.wall, 2)} if answers.wall else {},
    )


def send(orders: Orders) -> Answers:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"],
        input=json.dumps(asdict(orders)),
        capture_output=True,
        text=True,
        cwd=BASE,
        check=True,
    )
    return Answers(**json.loads(done.stdout))
