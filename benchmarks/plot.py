"""How answers grow with what is stored, as a small SVG with logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 230, 24, 48
COLOURS = ("#0f4c5c", "#9a3412", "#4d7c0f", "#6d28d9", "#be185d", "#475569")
DASHES = ("", "6 3", "2 3", "10 4", "8 3 2 3", "1 4")
Points = Sequence[tuple[int, float]]


def svg(series: Mapping[str, Points]) -> str:
    """Names at the ends of the lines, which differ in colour and in dashes."""
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_axis = Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y_axis = Axis(
        10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys))), HEIGHT - BOTTOM, TOP
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="title desc" font-family="sans-serif" font-size="12">',
        '<title id="title">Median answer by bookings stored</title>',
        f'<desc id="desc">{escape(_described(series))}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_grid(x_axis, y_axis),
    ]
    ends = _apart([(y_axis.at(points[-1][1]), name) for name, points in series.items()])
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        places = [(x_axis.at(x), y_axis.at(y)) for x, y in points]
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[index % len(DASHES)]}" '
            f'points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        parts.append(
            f'<text x="{WIDTH - RIGHT + 12}" y="{ends[name] + 4:.1f}" fill="{colour}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


class Axis:
    def __init__(self, least: float, most: float, first: float, last: float) -> None:
        self.least, self.most, self.first, self.last = least, max(most, least * 1.01), first, last

    def at(self, value: float) -> float:
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return self.first + share * (self.last - self.first)

    @property
    def powers(self) -> list[int]:
        first, last = math.ceil(math.log10(self.least) - 1e-9), math.floor(math.log10(self.most) + 1e-9)
        return [10**power for power in range(first, last + 1) if power >= 0]


def _grid(x_axis: Axis, y_axis: Axis) -> list[str]:
    parts = []
    for value in x_axis.powers:
        x = x_axis.at(value)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,}</text>')
    for value in y_axis.powers:
        y = y_axis.at(value)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,} ms</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">bookings stored</text>')
    return parts


def _apart(ends: list[tuple[float, str]], least: float = 16) -> dict[str, float]:
    """Where the names stand: beside the ends of their lines, never on top of each other."""
    placed: dict[str, float] = {}
    below = -math.inf
    for y, name in sorted(ends):
        below = max(y, below + least)
        placed[name] = below
    return placed


def _described(series: Mapping[str, Points]) -> str:
    return " ".join(
        f"{name}: {', '.join(f'{y:.0f} ms at {x:,}' for x, y in points)}." for name, points in series.items()
    )
