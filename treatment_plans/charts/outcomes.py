"""Where a client's scores and doses stand on a chart. Geometry only; the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 16, 28, 28
# Two scores further apart are not joined: nobody knows what was in between.
JOINED_WITHIN = timedelta(days=45)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Score:
    at: datetime
    total: int


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    total: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A dose: a triangle on the time axis with its number."""

    x: float
    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """A band's lower edge, across the whole chart, with its word above it."""

    y: float
    label_y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    dots: tuple[Dot, ...]
    strokes: tuple[tuple[Dot, ...], ...]
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    first_at: datetime
    last_at: datetime

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    fall = HEIGHT - TOP - BOTTOM  # from the top to the axis


def draw(
    scores: Sequence[Score],
    doses: Sequence[tuple[datetime, int]],
    *,
    most: int,
    bands: Sequence[tuple[int, str]] = (),
) -> Chart:
    """Place scores and doses, both ascending in time, on one axis of time and one from 0 to `most`.

    `bands` are the lower edges above 0 with their labels. Raises ValueError without a score.
    """
    if not scores:
        raise ValueError("A chart shows at least one score.")
    times = [score.at for score in scores] + [at for at, _number in doses]
    first, last = min(times), max(times)
    length = max(last - first, _DAY)

    def across(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * ((at - first) / length), 1)

    def up(total: int) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * total / most, 1)

    dots = tuple(Dot(across(score.at), up(score.total), score.total) for score in scores)
    strokes: list[list[Dot]] = []
    previous: datetime | None = None
    for score, dot in zip(scores, dots, strict=True):
        if previous is None or score.at - previous > JOINED_WITHIN:
            strokes.append([])
        strokes[-1].append(dot)
        previous = score.at
    return Chart(
        dots=dots,
        strokes=tuple(tuple(stroke) for stroke in strokes if len(stroke) > 1),
        marks=tuple(Mark(across(at), number) for at, number in doses),
        lines=tuple(Line(up(edge), up(edge) - 3, label) for edge, label in bands if edge),
        first_at=first,
        last_at=last,
    )
