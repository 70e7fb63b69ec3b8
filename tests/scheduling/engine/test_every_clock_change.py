"""Local times around every change of a clock from 2025 to 2030: gaps refused, folds asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from practice import clock
from tests.scheduling.engine import clock_changes

MINUTE = timedelta(minutes=1)


def test_every_wall_time_around_a_change_is_one_instant_two_or_none() -> None:
    changes = gaps = folds = 0
    for name, change in clock_changes.scenes():
        tz, changes = ZoneInfo(name), changes + 1
        before, after = ((at).astimezone(tz).replace(tzinfo=None) for at in (change - MINUTE, change))
        shift = after - before - MINUTE
        if shift > timedelta(0):
            gaps += 1
            for wall in (before + MINUTE, before + shift):  # its first and last minute
                with pytest.raises(clock.ImpossibleLocalTime) as gap:
                    clock.to_instant(wall, tz)
                assert all(at.astimezone(tz).replace(tzinfo=None) != wall for at in gap.value.nearest)
                assert min(abs(at - change) for at in gap.value.nearest) <= shift
        elif shift < timedelta(0):
            folds += 1
            for wall in (after, before):
                with pytest.raises(clock.AmbiguousLocalTime) as twice:
                    clock.to_instant(wall, tz)
                assert list(twice.value.options) == [
                    clock.to_instant(wall, tz, fold=0),
                    clock.to_instant(wall, tz, fold=1),
                ]
                assert len({shown(at, tz) for at in twice.value.options}) == 1
        for wall in (min(before, after) - MINUTE, max(before, after) + MINUTE):
            assert shown(clock.to_instant(wall, tz), tz) == wall
    assert changes == gaps + folds
    assert (gaps, folds) > (100, 100)


def shown(at: datetime, tz: ZoneInfo) -> datetime:
    return at.astimezone(tz).replace(tzinfo=None, fold=0)
