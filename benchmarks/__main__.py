"""python -m benchmarks: builds what is missing, measures, writes the results and the page that shows them."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import signal
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks import page, stand
from benchmarks.sizes import SIZES
from config.servers import postgres
from config.servers.places import Places

GROWTH_CASES = "floor,openings,booking,day"
STALE_AFTER = timedelta(days=5)  # what lay ahead then is behind us now
PLANNED, PLANNED_WHEN_SMALL = 1_000_000, 100_000
EMPTY = "bench_empty"


def main(words: list[str]) -> int:
    options = parsed(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    data = stand.data_folder()
    found: dict[str, Any] = {"sizes": {}, "lines": []}
    with stand.servers(data) as places, tempfile.TemporaryDirectory() as folder:
        bench = Bench(places, Path(folder), stand.environment(data, "", places.redis_url), options)
        bench.static_files()
        if options.contend:
            found["lines"] = bench.contend(options.contend)["lines"]
        else:
            for size in options.growth:
                if size != options.size:
                    found["sizes"][size] = bench.measure(size, GROWTH_CASES)
            found["sizes"][options.size] = bench.measure(options.size, options.case)
            if "messages" in options.case.split(",") or not options.case:
                found["lines"] = bench.messages()["lines"]
        found["postgres"] = bench.version()
    return finish(found, options, words)


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small", help="where all cases are measured")
    parser.add_argument(
        "--growth",
        type=lambda text: [SIZES[name].name for name in text.split(",") if name],
        default=[],
        help="sizes at which what could grow is measured too, for example small,medium,large,huge",
    )
    parser.add_argument(
        "--case",
        default="",
        help="only these, with commas: floor,openings,series,booking,lists,day,contention,engine,messages",
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each case is asked")
    parser.add_argument("--racers", type=int, default=200, help="clients in the case contention")
    parser.add_argument("--rounds", type=int, default=10, help="rounds in the case contention")
    parser.add_argument("--contend", type=int, default=0, metavar="N", help="only race: N attempts to book")
    parser.add_argument("--planned", type=int, default=0, help="planned messages in the case messages")
    parser.add_argument("--build", action="store_true", help="only build what is missing")
    parser.add_argument("--keep", action="store_true", help="leave results and page as they are")
    return parser.parse_args(words)


class Bench:
    def __init__(
        self, places: Places, folder: Path, env: dict[str, str], options: argparse.Namespace
    ) -> None:
        self.places, self.folder, self.env, self.options = places, folder, env, options

    def static_files(self) -> None:
        stand.run(
            ["manage.py", "collectstatic", "--no-input", "--verbosity", "0"], self.env | self.url("tiny")
        )

    def url(self, size: str) -> dict[str, str]:
        return {"DATABASE_URL": self.places.database_url(stand.database_of(size))}

    def work(self, work: str, size: str, *words: str, **env: str) -> dict[str, Any]:
        out = self.folder / f"{work}-{size}.json"
        line = ["-m", "benchmarks.worker", work, "--size", size, "--out", str(out), *words]
        stand.run(line, {**self.env, **self.url(size), **env})
        answer: dict[str, Any] = json.loads(out.read_text())
        return answer

    def built(self, size: str, *, anew: bool = False) -> float:
        """Build a size unless it is there; returns how many seconds that took, now or then."""
        name = stand.database_of(size)
        print_of, on, seconds = [*stand.remark(self.places, name).split(), "", "", ""][:3]
        is_fresh = print_of == fingerprint() and date.today() - date.fromisoformat(on) < STALE_AFTER  # noqa: DTZ011
        if not is_fresh or anew:
            print(f"{size}: {SIZES[size].bookings:,} bookings are written")
            self.migrate()
            stand.copy_database(self.places, EMPTY, name)
            seconds = str(self.work("build", size)["seconds"])
            today = date.today().isoformat()  # noqa: DTZ011
            stand.set_remark(self.places, name, f"{fingerprint()} {today} {seconds}")
        return float(seconds)

    def migrate(self) -> None:
        """Once for all sizes, into a database that is then copied."""
        if stand.remark(self.places, EMPTY) != fingerprint():
            stand.drop_database(self.places, EMPTY)
            postgres.ensure_database(self.places, EMPTY)
            url = {"DATABASE_URL": self.places.database_url(EMPTY)}
            stand.run(["manage.py", "migrate", "--verbosity", "0"], self.env | url)
            stand.set_remark(self.places, EMPTY, fingerprint())

    def measure(self, size: str, cases: str) -> dict[str, Any]:
        seconds = self.built(size)
        if self.options.build:
            return {"size": size, "built_in_seconds": seconds, "lines": [], "seconds": 0}
        print(f"{size}: {SIZES[size].bookings:,} bookings")
        options = self.options
        words = ["--seconds", str(options.seconds), "--racers", str(options.racers)]
        words += ["--rounds", str(options.rounds)]
        if cases:
            words += ["--cases", cases]
        return {**self.work("measure", size, *words), "built_in_seconds": seconds}

    def messages(self) -> dict[str, Any]:
        if self.options.build:
            return {"lines": []}
        self.built("messages")
        print("messages")
        usual = PLANNED_WHEN_SMALL if self.options.size in ("tiny", "small") else PLANNED
        return self.work("messages", "messages", "--count", str(self.options.planned or usual))

    def contend(self, attempts: int) -> dict[str, Any]:
        self.built("tiny", anew=True)
        print(f"contend: {attempts:,} attempts")
        return self.work("contend", "tiny", "--count", str(attempts))

    def version(self) -> str:
        with postgres.connect(self.places, "postgres") as connection:
            row = connection.execute("SHOW server_version").fetchone()
            return str(row[0]) if row else ""


def fingerprint() -> str:
    """Changes when what is written, or the tables that it is written into, do."""
    ours = [stand.BASE / "benchmarks" / name for name in ("dataset.py", "filling.py")]
    files = [*ours, *sorted(stand.BASE.glob("*/migrations/*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def finish(found: dict[str, Any], options: argparse.Namespace, words: list[str]) -> int:
    if options.build:
        return 0
    results = page.results_of(found, command=f"make bench ARGS={shlex.quote(shlex.join(words))}")
    print(page.table(results))
    if not options.keep:
        page.write(results, whole=not options.case and not options.contend)
    return 1 if page.is_wrong(results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
