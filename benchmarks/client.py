"""The load: threads with a connection each, in a process of their own. Standard library only, so it is light.

Reads one JSON object from standard input (`Orders`) and writes one (`Answers`).
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

WAIT_SECONDS = 60


@dataclass
class Orders:
    """`requests` are [method, path, body]. They are sent in this order by whichever client is free, again
    from the first when `cycles`, else each once. A # in an idempotency key becomes a number. With `together`
    all clients begin at the same moment.
    """

    port: int
    headers: dict[str, str]
    requests: list[list[Any]]
    clients: int = 1
    seconds: float = 3.0
    warm_up: int = 0
    cycles: bool = True
    together: bool = False
    wants_bodies: bool = False


@dataclass
class Answers:
    """In seconds. `cpu` is what this process itself used: near `wall`, the client is what is measured."""

    times: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    queries: list[int] = field(default_factory=list)
    problems: dict[str, int] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)
    wall: float = 0
    cpu: float = 0


class Load:
    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.lock = threading.Lock()
        self.turn = self.turns()
        self.barrier = threading.Barrier(orders.clients)
        self.found = Answers()
        self.statuses: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self.stop_at = float("inf")
        self.keys = itertools.count()

    def turns(self) -> Iterator[list[Any]]:
        while True:
            yield from self.orders.requests
            if not self.orders.cycles:
                return

    def run(self) -> Answers:
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(self.orders.clients)]
        cpu = time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.found.cpu = time.process_time() - cpu
        self.found.statuses, self.found.problems = dict(self.statuses), dict(self.problems)
        return self.found

    def work(self) -> None:
        orders = self.orders
        connection = http.client.HTTPConnection("127.0.0.1", orders.port, timeout=WAIT_SECONDS)
        for _ in range(orders.warm_up):
            self.ask(connection, orders.requests[0])
        if self.barrier.wait() == 0:
            self.began = time.perf_counter()
            self.stop_at = self.began + orders.seconds
        while time.perf_counter() < self.stop_at:
            with self.lock:
                request = next(self.turn, None)
            if request is None:
                break
            began = time.perf_counter()
            status, queries, body = self.ask(connection, request)
            ended = time.perf_counter()
            with self.lock:
                self.note(ended - began, status, queries, body)
                self.found.wall = ended - self.began
            if orders.together:
                break
        connection.close()

    def ask(self, connection: http.client.HTTPConnection, request: list[Any]) -> tuple[str, str, bytes]:
        method, path, body = request
        headers = self.orders.headers
        if (key := headers.get("Idempotency-Key")) is not None:
            headers = {**headers, "Idempotency-Key": key.replace("#", str(next(self.keys)))}
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        for last_try in (method != "GET", True):  # a kept connection may have been closed while we waited
            try:
                connection.request(method, path, body=text, headers=headers)
                response = connection.getresponse()
                return str(response.status), response.getheader("X-Queries") or "", response.read()
            except (OSError, http.client.HTTPException) as lost:
                connection.close()
                if last_try:
                    return type(lost).__name__, "", b""
        raise AssertionError("unreachable")

    def note(self, seconds: float, status: str, queries: str, body: bytes) -> None:
        self.found.times.append(seconds)
        self.statuses[status] += 1
        if queries:
            self.found.queries.append(int(queries))
        if status[0] != "2":
            self.problems[f"{status} {code_of(body)}"] += 1
        elif self.orders.wants_bodies:
            self.found.bodies.append(json.loads(body))


def code_of(body: bytes) -> str:
    try:
        problem = json.loads(body)
        blockers = [each["code"] for each in problem.get("blockers", ())]
        return " ".join([str(problem.get("code")), *blockers])
    except (ValueError, AttributeError, KeyError, TypeError):
        return ""


def main() -> None:
    orders = Orders(**json.load(sys.stdin))
    json.dump(asdict(Load(orders).run()), sys.stdout)


if __name__ == "__main__":
    main()
