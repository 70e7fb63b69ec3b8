"""That the benchmarks still run: a few requests each on the smallest data, without a look at the clock."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from benchmarks import page, plot, stand
from benchmarks.client import Answers
from benchmarks.load import line_of, percentile
from config.servers import postgres
from tests import servers

CASES = "floor,booking,contention"


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A database of its own, copied from the migrated one."""
    if os.environ.get("DATABASE_URL"):
        pytest.skip("the copy is made in the embedded PostgreSQL")
    name, template = f"test_{os.getpid()}_benchmarks", servers.template()
    with postgres.connect(servers.PLACES, "postgres") as connection:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
        url = servers.PLACES.database_url(name)
        try:
            yield {**stand.environment(tmp_path, url, servers.PLACES.redis_url), "WEB_WORKERS": "1"}
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


def worked(env: dict[str, str], out: Path, *words: str) -> dict[str, Any]:
    line = [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", *words]
    line += ["--size", "tiny", "--out", str(out)]
    done = subprocess.run(line, cwd=stand.BASE, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(out.read_text())
    return answer


def test_a_small_run(env: dict[str, str], tmp_path: Path) -> None:
    worked(env, tmp_path / "built.json", "build")  # refuses data that break an invariant
    quick = ["--cases", CASES, "--seconds", "0.04", "--racers", "3", "--rounds", "1"]
    found = worked(env, tmp_path / "found.json", "measure", *quick)
    assert [line["wrong"] for line in found["lines"] if line["wrong"]] == []
    assert {line["case"] for line in found["lines"]} > {"floor", "booking", "contention_many"}
    assert (found["overlaps"], found["left_behind"]) == (0, 0)


def line(case: str, **more: Any) -> dict[str, Any]:
    found = line_of(case, case, Answers(times=[0.01, 0.02], queries=[2, 4], wall=0.5), clients=1)
    return {**vars(found), **more}


def results(*sizes: tuple[int, float], wrong: str = "") -> dict[str, Any]:
    found = {
        "sizes": {
            str(stored): {
                "size": "small",
                "bookings": stored,
                "clients": 10,
                "occupancies": 30,
                "lines": [line("floor", p50=p50, wrong=wrong), line("booking", is_met=False, bar="fast")],
            }
            for stored, p50 in sizes
        },
        "lines": [],
    }
    return page.results_of(found, command="make bench")


def test_the_table_says_what_was_missed_and_what_was_wrong() -> None:
    slow = page.table(results((10_000, 5.0)))
    assert re.search(r"booking +\| +1 \| +2 \|.*2–4 \| fast \| \*\*missed\*\*", slow)
    assert not page.is_wrong(results((10_000, 5.0)))
    assert "**WRONG**" in page.table(results((10_000, 5.0), wrong="5xx"))
    assert page.is_wrong(results((10_000, 5.0), wrong="5xx"))


def test_results_name_neither_this_machine_nor_a_folder() -> None:
    text = json.dumps(results((10_000, 5.0)))
    assert str(stand.BASE) not in text
    assert os.uname().nodename not in text


def test_the_plot_says_in_words_what_it_shows() -> None:
    drawn = ET.fromstring(plot.svg(page.growth(results((10_000, 5.0), (100_000, 7.0)))))  # noqa: S314  our own
    described = drawn.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert "the floor: 5 ms at 10,000, 7 ms at 100,000." in described


def test_one_size_is_no_growth() -> None:
    assert page.growth(results((10_000, 5.0))) == {}


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.95, 4.0), (1, 4.0)])
def test_percentiles_are_times_that_occurred(share: float, expected: float) -> None:
    assert percentile([0.004, 0.001, 0.003, 0.002], share) == expected
