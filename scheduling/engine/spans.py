"""Sets of time as spans.

Arguments may be unsorted, may overlap and are not modified. Results are ascending, neither
overlap nor touch, and describe exactly the same instants whatever the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter

from scheduling.engine.types import Span

Spans = tuple[Span, ...]

_by_start = attrgetter("start")


def union(spans: Iterable[Span]) -> Spans:
    """Spans that touch become one."""
    merged: list[Span] = []
    for span in sorted(spans, key=_by_start):
        if not merged or span.start > merged[-1].end:
            merged.append(span)
        elif span.end > merged[-1].end:
            merged[-1] = Span(merged[-1].start, span.end)
    return tuple(merged)


def intersect(left: Iterable[Span], right: Iterable[Span]) -> Spans:
    ours, theirs = union(left), union(right)
    common: list[Span] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start = max(ours[i].start, theirs[j].start)
        end = min(ours[i].end, theirs[j].end)
        if start < end:
            common.append(Span(start, end))
        if ours[i].end <= theirs[j].end:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(spans: Iterable[Span], taken: Iterable[Span]) -> Spans:
    """Return the instants of `spans` outside `taken`."""
    holes = union(taken)
    left: list[Span] = []
    first = 0
    for span in union(spans):
        start = span.start
        while first < len(holes) and holes[first].end <= start:
            first += 1
        at = first
        while at < len(holes) and holes[at].start < span.end:
            if start < holes[at].start:
                left.append(Span(start, holes[at].start))
            start = holes[at].end
            at += 1
        if start < span.end:
            left.append(Span(start, span.end))
    return tuple(left)


def gaps(spans: Iterable[Span], within: Span) -> Spans:
    """Return the instants of `within` that no span covers."""
    return subtract((within,), spans)


def contains(spans: Iterable[Span], span: Span) -> bool:
    """Say whether every instant of `span` is covered, by several spans that touch if need be."""
    return any(whole.start <= span.start and span.end <= whole.end for whole in union(spans))


def overlaps(spans: Iterable[Span], span: Span) -> bool:
    """Touching is not overlapping."""
    return any(other.start < span.end and span.start < other.end for other in spans)


def erode(spans: Iterable[Span], from_offset: timedelta, until_offset: timedelta) -> Spans:
    """Return the starts at which [start + from_offset, start + until_offset) is covered.

    The last such start is part of the answer, so each span ends one microsecond (the
    resolution of datetime) after it: a span exactly as long as the window leaves one start.

    Raises ValueError if the window is empty.
    """
    if from_offset >= until_offset:
        raise ValueError("A window ends after it starts.")
    return tuple(
        Span(span.start - from_offset, span.end - until_offset + datetime.resolution)
        for span in union(spans)
        if span.end - span.start >= until_offset - from_offset
    )
