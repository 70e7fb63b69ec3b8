from __future__ import annotations

import itertools
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatment_plans.charts.figures import vitals_figure
from treatment_plans.charts.vitals import (
    BOTTOM,
    LABEL_HEIGHT,
    MIDDLE_BOTTOM,
    MIDDLE_TOP,
    TOP,
    Reading,
    vitals_chart,
)

BEFORE = Reading(-10, 124, 78, 72, 98)
LATER = Reading(15, 136, 84, 80, 97)
PEAK = Reading(30, 142, 88, 84, 97)

values = st.none() | st.integers(min_value=0, max_value=300)
readings = st.builds(Reading, st.integers(-240, 600), values, values, values, values)


def test_each_curve_has_its_field_and_time_runs_to_the_right() -> None:
    chart = vitals_chart([PEAK, BEFORE, LATER])
    curves = {curve.name: curve for curve in chart.curves}
    assert [dot.value for dot in curves["systolic"].dots] == [124, 136, 142]
    xs = [dot.x for dot in curves["systolic"].dots]
    assert xs == sorted(xs)
    assert all(TOP <= dot.y <= MIDDLE_TOP for dot in curves["heart_rate"].dots)
    assert all(MIDDLE_BOTTOM <= dot.y <= BOTTOM for dot in curves["spo2"].dots)
    assert curves["systolic"].dots[0].y < curves["diastolic"].dots[0].y


def test_what_was_not_measured_is_a_gap() -> None:
    chart = vitals_chart([BEFORE, LATER, Reading(20, None, None, 81), PEAK])
    curves = {curve.name: curve for curve in chart.curves}
    assert [len(stroke) for stroke in curves["systolic"].strokes] == [2]
    assert [len(stroke) for stroke in curves["heart_rate"].strokes] == [4]


def test_the_dose_is_at_zero_and_limits_are_on_the_scale_of_pressure() -> None:
    chart = vitals_chart([BEFORE, PEAK], limits=[(160, "160"), (230, "230")])
    assert [tick.minutes for tick in chart.ticks] == [0, 15, 30, 45]
    assert chart.dose_x == chart.ticks[0].x
    assert TOP <= chart.limits[1].y < chart.limits[0].y < MIDDLE_TOP


def test_nothing_measured_is_no_chart() -> None:
    with pytest.raises(ValueError, match="at least one"):
        vitals_chart([Reading(0)])
    assert vitals_figure([]) == ""


@given(st.lists(readings, min_size=1, max_size=12))
def test_everything_is_inside_and_names_stand_apart(rows: list[Reading]) -> None:
    rows.append(PEAK)
    chart = vitals_chart(rows)
    for curve in chart.curves:
        assert all(chart.left <= dot.x <= chart.right for dot in curve.dots)
        assert all(TOP <= dot.y <= BOTTOM for dot in curve.dots)
    labels = sorted(curve.label_y for curve in chart.curves)
    assert all(b - a >= LABEL_HEIGHT - 0.1 for a, b in itertools.pairwise(labels))
    assert len(chart.ticks) <= 16


def test_the_figure_is_words_table_and_no_style() -> None:
    figure = vitals_figure([BEFORE, LATER, PEAK], limits=[(160, "Hold & ask")], id="v7")
    root = ElementTree.fromstring(figure)  # noqa: S314  our own
    svg = root.find("svg")
    assert svg is not None
    assert svg.attrib["aria-labelledby"] == "v7-t v7-d"
    description = svg.findtext("desc") or ""
    assert "Systolic: last 142, highest 142, lowest 124." in description
    assert [cell.text for cell in root.findall(".//tbody/tr[3]/td")] == ["142/88", "84", "97 %"]
    assert "style" not in figure
    assert "Hold &amp; ask" in figure
