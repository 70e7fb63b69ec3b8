from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatment_plans.charts.outcomes import HEIGHT, JOINED_WITHIN, WIDTH, Score, draw

START = datetime(2026, 9, 1, 17, tzinfo=UTC)
DAY = timedelta(days=1)


def test_scores_lie_between_the_axes_and_doses_on_the_same_time() -> None:
    chart = draw(
        [Score(START, 27), Score(START + 10 * DAY, 0)],
        [(START + 5 * DAY, 1)],
        most=27,
        bands=[(0, "minimal"), (10, "moderate")],
    )
    assert [(dot.x, dot.y) for dot in chart.dots] == [
        (chart.left, chart.top),
        (chart.right, chart.bottom),
    ]
    assert [(mark.x, mark.number) for mark in chart.marks] == [((chart.left + chart.right) / 2, 1)]
    assert [line.label for line in chart.lines] == ["moderate"]


def test_what_lies_far_apart_is_not_joined() -> None:
    times = [START, START + 7 * DAY, START + 7 * DAY + JOINED_WITHIN + timedelta(seconds=1)]
    chart = draw([Score(at, 9) for at in times], [], most=27)
    assert [len(stroke) for stroke in chart.strokes] == [2]
    assert len(chart.dots) == 3


def test_one_score_is_a_dot_and_none_is_no_chart() -> None:
    chart = draw([Score(START, 9)], [], most=27)
    assert (len(chart.dots), chart.strokes) == (1, ())
    with pytest.raises(ValueError, match="at least one"):
        draw([], [(START, 1)], most=27)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 27)), min_size=1),
    st.lists(st.integers(-400, 800)),
)
def test_nothing_is_drawn_outside(scores: list[tuple[int, int]], doses: list[int]) -> None:
    chart = draw(
        [Score(START + day * DAY, total) for day, total in sorted(scores)],
        [(START + day * DAY, number) for number, day in enumerate(sorted(doses), start=1)],
        most=27,
    )
    for mark in (*chart.dots, *chart.marks):
        assert 0 <= mark.x <= WIDTH
    assert all(0 <= dot.y <= HEIGHT for dot in chart.dots)
