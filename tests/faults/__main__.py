"""python -m tests.faults [matrix|random|controls|all] [--size small|medium|full] [--seed N] [--lanes N]

Counts of the full size go to benchmarks/results/faults.json and docs/faults.md, others to var/faults.json.
Exits with 1 if anything was lost, doubled, late or sent after its end, if a control did not fail, or if a
cell did not work.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import servers
from tests.faults import page
from tests.faults.lane import SCHEMA

BASE = Path(__file__).resolve().parents[2]
# Short leases for those who can't put the clock forward: processes die too often for it to stand still.
REAL_TIME = {
    "REMINDER_LEASE_SECONDS": "12",
    "REMINDER_PROVIDER_SECONDS": "6",
    "REMINDER_ACCEPT_SECONDS": "3",
}
CHAOS = {
    "sms": {"drop_reply": 0.03, "500_after": 0.02, "500_before": 0.02, "429:1": 0.01, "slow:0.03": 0.5},
    "email": {"drop_reply": 0.005, "refuse_data:451": 0.02, "drop_at_data": 0.01, "slow:0.03": 0.5},
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "part", nargs="?", default="all", choices=["matrix", "random", "controls", "few", "all"]
    )
    parser.add_argument("--size", default="small", choices=["small", "thousands", "medium", "full"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--lane", help=argparse.SUPPRESS)  # this process is one: "1/2"
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.out = options.out or (page.RESULTS if options.size == "full" else BASE / "var" / "faults.json")
    if options.lane:
        return in_a_lane(options)
    found: dict[str, Any] = {}
    migrate_once()
    for part in ("controls", "matrix", "random") if options.part == "all" else (options.part,):
        lanes = options.lanes if part == "matrix" else 1
        found[part] = together(run_lanes(options, part, lanes), part)
        report = found[part]
        print(
            json.dumps({part: {name: each for name, each in report.items() if name != "cells"}}), flush=True
        )
    return write(options, found)


def migrate_once() -> None:
    """For all lanes that follow, and those of the next runs."""
    if SCHEMA in os.environ or os.environ.get("DATABASE_URL"):
        return
    runs = servers.start()
    try:
        with tempfile.NamedTemporaryFile(prefix="quietroom-schema-", delete=False) as file:
            atexit.register(os.unlink, file.name)
            file.write(servers.dump())
    finally:
        servers.leave(runs)
    os.environ[SCHEMA] = file.name


def run_lanes(options: argparse.Namespace, part: str, lanes: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="quietroom-faults-") as folder:
        outs = [Path(folder) / f"{number}.json" for number in range(1, lanes + 1)]
        started = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.faults", part, "--size", options.size),
                    *("--seed", str(options.seed), "--lane", f"{number}/{lanes}", "--out", str(out)),
                ],
                cwd=BASE,
            )
            for number, out in enumerate(outs, start=1)
        ]
        for lane in started:
            if lane.wait() != 0:
                raise SystemExit(f"A lane of {part} broke.")
        return [json.loads(out.read_text()) for out in outs]


def together(reports: list[dict[str, Any]], part: str) -> dict[str, Any]:
    """Sums of numbers, longest of times, lists one after the other."""
    whole = dict(reports[0])
    for report in reports[1:]:
        for name, value in report.items():
            if name == "seconds":
                whole[name] = max(whole[name], value)
            elif name == "as_it_should_be":
                whole[name] = whole[name] and value
            elif name not in ("seed", "seconds_of_storm"):
                whole[name] += value
    return whole


def write(options: argparse.Namespace, found: dict[str, Any]) -> int:
    options.out.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(options.out.read_text()) if options.out.exists() else {}
    for part, report in found.items():
        command = f"python -m tests.faults {part} --size {options.size} --seed {options.seed}"
        kept[part] = {"command": command, "on": time.strftime("%Y-%m-%d"), **report}
    options.out.write_text(json.dumps(kept, indent=1) + "\n")
    if options.out == page.RESULTS:
        page.write(kept)
    wrong = [part for part, report in found.items() if not report["as_it_should_be"]]
    print(f"Not as it should be: {', '.join(wrong)}." if wrong else "All as it should be.")
    return 1 if wrong else 0


def in_a_lane(options: argparse.Namespace) -> int:
    from tests.faults.lane import Lane

    number, lanes = (int(part) for part in options.lane.split("/"))
    with tempfile.TemporaryDirectory(prefix="qf-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        is_random = options.part == "random"
        lane = Lane(
            folder,
            settings=REAL_TIME if is_random else {},
            chaos=CHAOS if is_random else {},
            seed=options.seed,
        )
        try:
            from tests.faults import parts

            report = parts.PARTS[options.part](
                lane, size=options.size, seed=options.seed, share=(number, lanes)
            )
        except BaseException:
            for log in sorted(folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
            raise
        finally:
            lane.close()
    options.out.write_text(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
