"""The table, results/latest.json, the plot and the tables inside docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from benchmarks import plot
from benchmarks.stand import BASE, data_folder

RESULTS = BASE / "benchmarks" / "results"
PAGE = BASE / "docs" / "performance.md"
PLOT = "![How the median answers grow with the bookings stored](../benchmarks/results/growth.svg)"
VERDICTS = {True: "ok", False: "**missed**", None: ""}
GROWING = {
    ("openings_one", 1): "one clinician, 31 days",
    ("openings_50", 1): "any of 50 clinicians, 14 days",
    ("openings_1000", 1): "any of 1,000 clinicians, 14 days",
    ("booking", 1): "booking",
    ("board", 1): "today board",
    ("floor", 1): "the floor",
}


def results_of(found: Mapping[str, Any], *, command: str) -> dict[str, Any]:
    """Nothing in it names this machine or a folder on it."""
    sizes = sorted(found["sizes"].values(), key=lambda size: size.get("bookings", 0))
    return {
        "on": date.today().isoformat(),  # noqa: DTZ011  the day on this machine
        "commit": _commit(),
        "command": command,
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
            "postgresql": found.get("postgres", ""),
        },
        "sizes": sizes,
        "lines": found["lines"],
    }


def _commit() -> str:
    line = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(line, cwd=BASE, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def is_wrong(results: Mapping[str, Any]) -> bool:
    """Slow is not wrong; an overlap, a 5xx or a missing row is."""
    return any(line["wrong"] for line in _lines(results)) or any(
        size.get("overlaps") for size in results["sizes"]
    )


def _lines(results: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for size in results["sizes"]:
        yield from size["lines"]
    yield from results["lines"]


def table(results: Mapping[str, Any]) -> str:
    parts = []
    for size in results["sizes"]:
        if size["lines"]:
            parts.append(f"### {_heading(size)}\n\n{_table(size['lines'])}")
    if results["lines"]:
        parts.append(f"### Beside these\n\n{_table(results['lines'])}")
    return "\n\n".join(parts)


def _heading(size: Mapping[str, Any]) -> str:
    overlaps = size.get("overlaps", 0)
    return (
        f"{size['size'].capitalize()}: {size['bookings']:,} bookings, {size['clients']:,} clients, "
        f"{size['occupancies']:,} occupancies, {overlaps} overlaps"
    )


def _table(lines: Iterable[Mapping[str, Any]]) -> str:
    head = ("case", "clients", "n", "p50 ms", "p95", "p99", "floors", "a second", "queries", "bar", "")
    rows = [
        (
            line["what"],
            str(line["clients"]),
            str(line["count"]),
            f"{line['p50']:.1f}",
            f"{line['p95']:.1f}",
            f"{line['p99']:.1f}",
            "" if line["floors"] is None else f"{line['floors']:.2f}",
            "" if line["a_second"] is None else f"{line['a_second']:,.0f}",
            _span(line["queries"]),
            line["bar"],
            "**WRONG**" if line["wrong"] else VERDICTS[line["is_met"]],
        )
        for line in lines
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    numbers = range(1, 9)
    ruler = tuple(
        "-" * (width - 1) + ":" if at in numbers else "-" * width for at, width in enumerate(widths)
    )

    def text(row: tuple[str, ...]) -> str:
        cells = (
            cell.rjust(width) if at in numbers else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(cells)} |"

    return "\n".join(text(row) for row in (head, ruler, *rows))


def _span(queries: list[int]) -> str:
    if not queries:
        return ""
    return str(queries[0]) if queries[0] == queries[1] else f"{queries[0]}–{queries[1]}"


def growth(results: Mapping[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """By what was asked: bookings stored and the median of the answers, in milliseconds."""
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in GROWING.values()}
    for size in results["sizes"]:
        for line in size["lines"]:
            if name := GROWING.get((line["case"], line["clients"])):
                found[name].append((size["bookings"], line["p50"]))
    return {name: points for name, points in found.items() if len(points) > 1}


def write(results: Mapping[str, Any], *, whole: bool) -> None:
    """A run of some cases only is kept apart, so that the page always shows a whole one."""
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    part = "" if whole else _part(results)
    if not whole and not part:
        (data_folder() / "partial.json").write_text(text)
        return
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{part or 'latest'}.json").write_text(text)
    if not PAGE.exists():
        return
    if whole:
        if series := growth(results):
            (RESULTS / "growth.svg").write_text(plot.svg(series))
        _replace("results", "\n".join([_section(results), *_growth_section(results)]))
        _replace("profile", _profile(results))
    else:
        _replace(part, "\n\n".join(filter(None, [_section(results), _shares(results)])))


def _part(results: Mapping[str, Any]) -> str:
    """Of what is measured by itself, the name of its file and its section; nothing for the rest."""
    if any(size["lines"] for size in results["sizes"]):
        return ""
    cases = {line["case"] for line in results["lines"]}
    return "contention" if "contend" in cases else "messages" if "sends" in cases else ""


def _shares(results: Mapping[str, Any]) -> str:
    """Who took how much of the processor for one message."""
    rows = [
        f"- {line['what']}: {', '.join(f'{who} {ms} ms' for who, ms in shares.items())} of processor time "
        f"for each; when {line['count']:,} fall due at once, 99 % are accepted within "
        f"{line['notes']['p99_seconds_to_accepted']} s"
        for line in results["lines"]
        if (shares := line["notes"].get("processor_ms_each"))
    ]
    return "\n".join(rows)


def grown(results: Mapping[str, Any]) -> list[str]:
    """By how much each answer grew while the data did."""
    found = []
    for name, points in growth(results).items():
        (few, fast), (many, slow) = points[0], points[-1]
        found.append(f"- {name}: {many / few:,.0f} times the bookings, {slow / fast:.1f} times the time")
    return found


def busiest_client(results: Mapping[str, Any]) -> str:
    """The case in which the client came nearest to being what was measured."""
    shares = [(line["notes"].get("client_cpu_share", 0), line["what"]) for line in _lines(results)]
    share, what = max(shares, default=(0, ""))
    return f"The client itself used at most {share:.0%} of a core ({what}).\n\n" if share else ""


def _section(results: Mapping[str, Any]) -> str:
    machine = results["machine"]
    return (
        f"Measured on {results['on']} at commit {results['commit']}: {machine['cores']} cores "
        f"({machine['architecture']}), {machine['system']}, Python {machine['python']}, "
        f"PostgreSQL {machine['postgresql']}.\n\n```\n{results['command']}\n```\n\n"
        f"{busiest_client(results)}{table(results)}"
    )


def _growth_section(results: Mapping[str, Any]) -> list[str]:
    found = grown(results)
    return ["", "### Growth", "", PLOT, "", *found] if found else []


def _profile(results: Mapping[str, Any]) -> str:
    """Of the largest size at which the engine was measured."""
    lines = [line for size in results["sizes"] for line in size["lines"] if line["notes"].get("profile")]
    last = {line["case"]: line for line in lines}
    rows = [
        "| case | p50 ms | in PostgreSQL | percent of the time, with a profiler watching |",
        "|---|---:|---:|---|",
    ]
    for line in last.values():
        parts = ", ".join(f"{name} {share}" for name, share in line["notes"]["profile"].items() if share)
        rows.append(
            f"| {line['what']} | {line['p50']:.1f} | {line['notes']['in_database_p50']:.1f} | {parts} |"
        )
    return "\n".join(rows)


def _replace(name: str, text: str) -> None:
    """Between the two marks of this name."""
    page = PAGE.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {name}: written by make bench -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    PAGE.write_text(marks.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page), encoding="utf-8")
