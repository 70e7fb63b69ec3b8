"""Where the vitals of one session stand on a chart. Geometry only; the template draws it.

Pressure and pulse share the upper field, for their numbers are alike; oxygen saturation has the lower one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT = 40, 92  # at the right end each curve has its name
TOP, MIDDLE_TOP, MIDDLE_BOTTOM, BOTTOM = 14, 196, 216, 268
# The fields reach at least this far, and further when a reading does.
PRESSURE_AND_PULSE, SATURATION = (40, 180), (90, 100)
STEPS, STEP_OF_SATURATION = 40, 5
SHORTEST_MINUTES = 60
LABEL_HEIGHT = 13


@dataclass(frozen=True, slots=True)
class Reading:
    """Minutes since the dose, negative before it; None for what was not measured."""

    minutes: float
    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Curve:
    """One measurement over time. `strokes` are the runs in which no reading lacks it."""

    name: str
    dots: tuple[Dot, ...]
    strokes: tuple[tuple[Dot, ...], ...]
    label_y: float


@dataclass(frozen=True, slots=True)
class Line:
    """Across the whole chart: a step of the scale, or a limit."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    minutes: int


@dataclass(frozen=True, slots=True)
class VitalsChart:
    curves: tuple[Curve, ...]
    scale: tuple[Line, ...]
    limits: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    dose_x: float | None

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, BOTTOM


def vitals_chart(readings: Iterable[Reading], *, limits: Sequence[tuple[int, str]] = ()) -> VitalsChart:
    """Place the readings, in any order; `limits` are pressures with their words.

    Raises ValueError without a reading that has anything to show.
    """
    rows = sorted((row for row in readings if _has_value(row)), key=lambda row: row.minutes)
    if not rows:
        raise ValueError("A chart shows at least one reading.")
    first = min(0.0, rows[0].minutes)
    last = max(rows[-1].minutes, first + SHORTEST_MINUTES)

    def across(minutes: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (minutes - first) / (last - first), 1)

    upper = [v for row in rows for v in (row.systolic, row.diastolic, row.heart_rate) if v is not None]
    low, high = _reach(PRESSURE_AND_PULSE, [*upper, *(limit for limit, _words in limits)], STEPS)
    least, most = _reach(SATURATION, [row.spo2 for row in rows if row.spo2 is not None], STEP_OF_SATURATION)

    def up(value: float) -> float:
        return _between(value, low, high, MIDDLE_TOP, TOP)

    def up_below(value: float) -> float:
        return _between(value, least, most, BOTTOM, MIDDLE_BOTTOM)

    steps = [Line(up(value), str(value)) for value in range(low, high + 1, STEPS)]
    steps += [Line(up_below(value), f"{value} %") for value in (least, most)]
    return VitalsChart(
        curves=_apart(
            _curve("systolic", rows, lambda row: row.systolic, across, up),
            _curve("diastolic", rows, lambda row: row.diastolic, across, up),
            _curve("heart_rate", rows, lambda row: row.heart_rate, across, up),
            _curve("spo2", rows, lambda row: row.spo2, across, up_below),
        ),
        scale=tuple(steps),
        limits=tuple(Line(up(value), words) for value, words in limits),
        ticks=tuple(Tick(across(at), at) for at in _ticks(first, last)),
        dose_x=across(0),
    )


def _curve(
    name: str,
    rows: Sequence[Reading],
    value_of: Callable[[Reading], int | None],
    across: Callable[[float], float],
    up: Callable[[float], float],
) -> Curve:
    strokes: list[list[Dot]] = [[]]
    for row in rows:
        value = value_of(row)
        if value is None:
            strokes.append([])  # nobody knows what was in between
        else:
            strokes[-1].append(Dot(across(row.minutes), up(value), value))
    dots = tuple(dot for stroke in strokes for dot in stroke)
    joined = tuple(tuple(stroke) for stroke in strokes if len(stroke) > 1)
    return Curve(name, dots, joined, dots[-1].y if dots else 0)


def _apart(*curves: Curve) -> tuple[Curve, ...]:
    """Those with a reading, their names far enough from each other to be read."""
    placed: list[Curve] = []
    for curve in sorted((one for one in curves if one.dots), key=lambda one: one.label_y):
        lowest = placed[-1].label_y + LABEL_HEIGHT if placed else float("-inf")
        y = round(max(curve.label_y, lowest), 1)
        placed.append(Curve(curve.name, curve.dots, curve.strokes, y))
    return tuple(placed)


def _reach(usual: tuple[int, int], values: Sequence[int], step: int) -> tuple[int, int]:
    """From and to what the scale goes, in whole steps."""
    low, high = min([usual[0], *values]), max([usual[1], *values])
    return low // step * step, -(-high // step) * step


def _between(value: float, low: float, high: float, at_low: float, at_high: float) -> float:
    return round(at_low + (at_high - at_low) * (value - low) / (high - low), 1)


def _ticks(first: float, last: float) -> range:
    """Every quarter, half or whole hour, so that there are at most nine."""
    step = next((each for each in (15, 30) if (last - first) / each <= 8), 60)
    return range(-(-int(first) // step) * step, int(last) + 1, step)


def _has_value(row: Reading) -> bool:
    return any(value is not None for value in (row.systolic, row.diastolic, row.heart_rate, row.spo2))
