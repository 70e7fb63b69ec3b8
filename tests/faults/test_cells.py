"""A few cells of the fault matrix and one control, with everything real; `make faults` runs them all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults import page

BASE = Path(__file__).resolve().parents[2]


def test_a_few_cells_lose_and_double_nothing_and_the_control_does(tmp_path: Path) -> None:
    """In a process of its own, which has its own servers and ends with them."""
    out = tmp_path / "faults.json"
    line = [sys.executable, "-W", "ignore", "-m", "tests.faults", "few", "--lanes", "1", "--out", str(out)]
    done = subprocess.run(line, cwd=BASE, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(out.read_text())["few"]
    assert (report["lost"], report["doubled"], report["after_cancel"], report["late"]) == (0, 0, 0, 0)
    assert report["cells"] == 3
    assert report["control"]["as_it_should_be"], report["control"]
    assert report["control"]["doubled"] > 0


def test_the_page_says_what_was_counted() -> None:
    results = json.loads(page.RESULTS.read_text())
    assert page.section(results) in page.PAGE.read_text()
    for part, found in results.items():
        assert found["as_it_should_be"], part
