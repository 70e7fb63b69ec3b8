"""The cases over HTTP: each beside the floor, which is measured right before and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from benchmarks.client import Answers, Orders
from benchmarks.load import Line, line_of, percentile, send
from benchmarks.samples import RACERS, Samples
from practice.models import Client
from scheduling.models import Booking

FLOOR = ["GET", "/floor", None]
ROUNDS = 10
LISTS = (
    "bookings",
    "clients",
    "clinicians",
    "rooms",
    "treatment-plans",
    "planned-sessions",
    "reminders",
)


@dataclass
class Run:
    """`quick` is for the tests of this package: a few requests of everything."""

    samples: Samples
    port: int
    token: str
    cookie: str
    seconds: float = 3.0
    racers: int = RACERS
    rounds: int = ROUNDS
    floors: dict[int, list[float]] = field(default_factory=dict)

    def ask(self, requests: list[list[Any]], **orders: Any) -> Answers:
        headers = orders.pop("headers", None) or {"Authorization": f"Bearer {self.token}"}
        return send(
            Orders(
                port=self.port,
                headers=headers,
                requests=requests,
                **{"seconds": self.seconds, "warm_up": 2, **orders},
            )
        )

    def floor(self, clients: int) -> list[float]:
        times = self.ask([FLOOR], clients=clients, seconds=self.seconds / 4, warm_up=4).times
        self.floors.setdefault(clients, []).extend(times)
        return times

    def measure(
        self,
        case: str,
        what: str,
        requests: list[list[Any]],
        *,
        clients: int = 1,
        floors: float | None = None,
        queries: int | None = None,
        **orders: Any,
    ) -> Line:
        """`floors` and `queries` are the bar: the most of each."""
        floor = self.floor(clients)
        answers = self.ask(requests, clients=clients, **orders)
        line = line_of(case, what, answers, clients=clients)
        line.floors = round(line.p50 / percentile(floor + self.floor(clients), 0.5), 2)
        line.wrong = wrong(answers)
        bars = []
        if floors is not None:
            bars.append((f"p50 ≤ {floors:g} floors", line.floors <= floors))
        if queries is not None:
            bars.append((f"≤ {queries} queries", bool(line.queries) and line.queries[1] <= queries))
        judge(line, bars)
        return line


def judge(line: Line, bars: list[tuple[str, bool]]) -> None:
    line.bar = ", ".join(text for text, _ in bars)
    line.is_met = all(met for _, met in bars) if bars else None


def wrong(answers: Answers, *, expected: str = "2") -> str:
    """What must not happen, whatever the time it took."""
    odd = {status: count for status, count in answers.statuses.items() if status[0] not in expected}
    return f"{odd} {answers.problems}" if odd or not answers.times else ""


def floor(run: Run) -> Iterator[Line]:
    for clients in (1, 8):
        answers = run.ask([FLOOR], clients=clients, seconds=run.seconds / 2, warm_up=20)
        run.floors.setdefault(clients, []).extend(answers.times)
        line = line_of("floor", "the floor: 50 rows", answers, clients=clients)
        line.floors, line.wrong = 1.0, wrong(answers)
        yield line


def openings(run: Run) -> Iterator[Line]:
    month = run.samples.one_clinician(days=31)
    what = "openings: one clinician, 31 days"
    yield run.measure("openings_one", what, month, floors=1.2, queries=4)
    yield run.measure("openings_one", what, month, clients=8, floors=1.5, queries=4)
    long = run.samples.one_clinician(days=31, limit=100)
    yield run.measure("openings_one_long", "the same, first 100", long)
    few = run.samples.any_of(run.samples.free_clients, days=14, limit=20)
    what = "openings: any of 50 clinicians and 20 rooms, 14 days, first 20"
    yield run.measure("openings_50", what, few, floors=4, queries=4)
    many = run.samples.any_of(run.samples.crowd_clients, days=14, limit=10)
    what = "openings: any of 1,000 clinicians, 14 days, first 10"
    yield run.measure("openings_1000", what, many, floors=10, queries=4)


def series(run: Run) -> Iterator[Line]:
    what = "series: 6 dosing and 6 integration sessions proposed"
    answers = run.ask(run.samples.proposals()[:1], seconds=0.01, wants_bodies=True, warm_up=0)
    line = run.measure("series", what, run.samples.proposals(), floors=20, seconds=2 * run.seconds, warm_up=1)
    proposals = answers.bodies[0]["proposals"] if answers.bodies else []
    line.notes["proposals"] = [
        {"placed": len(each["items"]), "compromises": each["compromise_count"]} for each in proposals
    ]
    if not proposals or len(proposals[0]["items"]) != 12:
        line.wrong = line.wrong or f"not 12 sessions placed: {line.notes['proposals']}"
    yield line


def bookings(run: Run) -> Iterator[Line]:
    """As many as fit into the time, each at a free time of its own."""
    for clients, least in ((1, 60), (8, 120)):
        yield booked(
            run, clients, [(f"≥ {least} a second", lambda line, least=least: line.a_second >= least)]
        )
    yield booked(run, 1, [], with_key=True)


def booked(
    run: Run, clients: int, bars: list[tuple[str, Callable[[Line], bool]]], *, with_key: bool = False
) -> Line:
    before, floor = Booking.objects.count(), run.floor(clients)
    most = int(run.seconds * 100)
    requests = [run.samples.booking(free) for free in islice(run.samples.free_times, most)]
    headers = {"Authorization": f"Bearer {run.token}"}
    if with_key:  # one for each request: the client puts the number of the request behind it
        headers["Idempotency-Key"] = "bench-#"
    answers = run.ask(requests, clients=clients, cycles=False, warm_up=0, headers=headers)
    name = "booking, with an idempotency key" if with_key else "booking, with all its rows"
    line = line_of("booking_with_key" if with_key else "booking", name, answers, clients=clients)
    line.floors = round(line.p50 / percentile(floor + run.floor(clients), 0.5), 2)
    line.wrong = wrong(answers)
    rows = Booking.objects.count() - before
    if rows != answers.statuses.get("201", 0):
        line.wrong += f" {answers.statuses} but {rows} rows"
    judged = [(text, met(line)) for text, met in bars]
    if bars:
        judged.append(("≤ 16 queries", line.queries[1] <= 16))
    judge(line, judged)
    return line


def lists(run: Run) -> Iterator[Line]:
    for name in LISTS:
        yield run.measure(
            f"list_{name}",
            f"list: {name}",
            [["GET", f"/api/v1/{name}", None]],
            floors=1.5,
            seconds=run.seconds / 3,
        )


def day(run: Run) -> Iterator[Line]:
    days = [run.samples.day(ahead) for ahead in range(5)]
    yield run.measure("day_api", "bookings of a day, with their lights, 50 of them", days)
    people, stored = Client.objects.count(), Booking.objects.count()
    yield run.measure(
        "board",
        f"today board, {people:,} clients, {stored:,} bookings",
        [["GET", "/admin/", None]],
        floors=4,
        queries=12,
        headers={"Cookie": run.cookie},
    )


def contention(run: Run) -> Iterator[Line]:
    """Everybody at the same moment: for the same time, and then each for another one."""
    clients, every = run.samples.racers[: run.racers], Answers()
    winners: list[int] = []
    before = Booking.objects.count()
    for free in islice(run.samples.free_times, run.rounds):
        requests = [run.samples.booking(free, client) for client in clients]
        answers = run.ask(requests, clients=len(clients), together=True, cycles=False, warm_up=0, seconds=60)
        winners.append(answers.statuses.get("201", 0))
        merge(every, answers)
    rows = Booking.objects.count() - before
    line = line_of("contention_one", f"{len(clients)} clients for one time", every, clients=len(clients))
    line.notes |= {"rounds": run.rounds, "winners": winners, "answers": every.problems}
    line.wrong = wrong(every, expected="24")
    if set(winners) != {1} or rows != run.rounds:
        line.wrong += f" winners {winners}, {rows} rows"
    judge(line, [("one wins each round, no 5xx", not line.wrong)])
    yield line
    requests = [run.samples.booking(free) for free in islice(run.samples.free_times, len(clients))]
    answers = run.ask(requests, clients=len(clients), together=True, cycles=False, warm_up=0, seconds=60)
    what = f"{len(clients)} clients for {len(clients)} times"
    line = line_of("contention_many", what, answers, clients=len(clients))
    line.notes["answers"] = answers.problems
    refused = sum(count for status, count in answers.statuses.items() if status != "201")
    line.wrong = wrong(answers, expected="24")
    judge(line, [("no false refusal", not refused and not line.wrong)])
    if Booking.objects.count() - before - run.rounds != answers.statuses.get("201", 0):
        line.wrong += " and rows are missing"
    yield line


def merge(into: Answers, more: Answers) -> None:
    into.times += more.times
    into.queries += more.queries
    into.wall += more.wall
    into.cpu += more.cpu
    for name in ("statuses", "problems"):
        have = getattr(into, name)
        for key, count in getattr(more, name).items():
            have[key] = have.get(key, 0) + count


CASES: dict[str, Callable[[Run], Iterator[Line]]] = {
    "floor": floor,
    "openings": openings,
    "series": series,
    "booking": bookings,
    "lists": lists,
    "day": day,
    "contention": contention,
}
