"""The counts inside docs/faults.md, from benchmarks/results/faults.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parents[2]
RESULTS = BASE / "benchmarks" / "results" / "faults.json"
PAGE = BASE / "docs" / "faults.md"
BEGINS, ENDS = "<!-- counts: written by make faults -->", "<!-- end of counts -->"
WRONG = {"lost": "lost", "doubled": "doubled", "late": "late", "after_cancel": "after the end"}


def write(results: Mapping[str, Any]) -> None:
    before, rest = PAGE.read_text().split(BEGINS)
    _old, after = rest.split(ENDS)
    PAGE.write_text(before + section(results) + after)


def section(results: Mapping[str, Any]) -> str:
    return "\n".join([BEGINS, "", *_lines(results), "", ENDS])


def _lines(results: Mapping[str, Any]) -> Iterator[str]:
    yield f"| | on | reminders | accepted | {' | '.join(WRONG.values())} | to a person | minutes |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name, told in (("matrix", _matrix), ("random", _random)):
        if one := results.get(name):
            counts = " | ".join(f"{one[count]:,}" for count in WRONG)
            yield (
                f"| {told(one)} | {one['on']} | {one['reminders']:,} | {one['accepted']:,} | {counts}"
                f" | {one['for_a_person']:,} | {one['seconds'] / 60:.0f} |"
            )
    if controls := results.get("controls"):
        yield ""
        yield "| without this guard | it shows | in rounds | messages |"
        yield "|---|---|---:|---:|"
        for name, one in controls.items():
            if isinstance(one, dict):
                what = [f"{one[count]} {words}" for count, words in WRONG.items() if one[count]]
                shown = ", ".join(what) or "nothing, as it must"
                yield (
                    f"| {name.replace('_', ' ')} | {shown} | {one['failed_in']} of {one['rounds']}"
                    f" | {one['reminders']} |"
                )


def _matrix(one: Mapping[str, Any]) -> str:
    return f"matrix, {one['cells']:,} cells"


def _random(one: Mapping[str, Any]) -> str:
    killed = one["killed"]
    workers, redis, postgres = killed["child"] + killed["worker"], killed["redis"], killed["postgres"]
    return f"random, {workers:,} kills of workers, {redis} of Redis, {postgres} of PostgreSQL"
