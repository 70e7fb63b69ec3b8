from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from practice import present

BASE = Path(__file__).resolve().parents[2]
SOON = timedelta(seconds=5)


def test_it_is_the_machines_clock(settings) -> None:
    settings.CLOCK_FILE = None
    assert abs(present.now() - timezone.now()) < SOON


@pytest.mark.parametrize(("written", "ahead"), [("0", 0), ("", 0), ("259200\n", 259_200), ("-60", -60)])
def test_a_demo_may_live_ahead_of_it(settings, tmp_path: Path, written: str, ahead: int) -> None:
    settings.CLOCK_FILE = tmp_path / "clock"
    settings.CLOCK_FILE.write_text(written)
    assert abs(present.now() - timezone.now() - timedelta(seconds=ahead)) < SOON


def test_a_file_that_is_not_there_yet_moves_nothing(settings, tmp_path: Path) -> None:
    settings.CLOCK_FILE = tmp_path / "clock"
    assert abs(present.now() - timezone.now()) < SOON


@pytest.mark.parametrize(("demo", "starts"), [("1", True), ("0", False)])
def test_a_real_practice_cannot_have_one(tmp_path: Path, demo: str, starts: bool) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "q8Zr2Vw7mKx0TnB4cYd9LsJ6hGf3eRaUiOp1" * 2,
        "ALLOWED_HOSTS": "desk.example.org",
        "QUIETROOM_DEMO": demo,
        "QUIETROOM_DATA": str(tmp_path),
        "QUIETROOM_CLOCK_FILE": str(tmp_path / "clock"),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        env=env,
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is starts
    assert ("QUIETROOM_CLOCK_FILE" in done.stderr) is not starts
