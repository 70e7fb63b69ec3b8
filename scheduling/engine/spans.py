"""Sets of time as spans.

Arguments may be unsorted, may overlap and are not modified. Results are ascending, neither
overlap nor touch, and describe exactly the same instants whatever the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from scheduling.engine.types import Span

Spans = tuple[Span, ...]

_by_start = itemgetter(0)
_span = Span._make  # of ends that come from spans, and so are right


def union(spans: Iterable[Span]) -> Spans:
    """Spans that touch become one."""
    given = tuple(spans)
    if _is_merged(given):
        return given
    merged: list[Span] = []
    start, end = min(given)
    for span in sorted(given, key=_by_start):
        if span[0] > end:
            merged.append(_span((start, end)))
            start, end = span
        elif span[1] > end:
            end = span[1]
    merged.append(_span((start, end)))
    return tuple(merged)


def intersect(left: Iterable[Span], right: Iterable[Span]) -> Spans:
    ours, theirs = union(left), union(right)
    common: list[Span] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        our_start, our_end = ours[i]
        their_start, their_end = theirs[j]
        start = our_start if our_start > their_start else their_start
        end = our_end if our_end < their_end else their_end
        if start < end:
            common.append(_span((start, end)))
        if our_end <= their_end:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(spans: Iterable[Span], taken: Iterable[Span]) -> Spans:
    """Return the instants of `spans` outside `taken`."""
    holes = union(taken)
    if not holes:
        return union(spans)
    left: list[Span] = []
    first = 0
    for start, end in union(spans):
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        at = first
        while at < len(holes) and holes[at][0] < end:
            hole_start, hole_end = holes[at]
            if start < hole_start:
                left.append(_span((start, hole_start)))
            start = hole_end
            at += 1
        if start < end:
            left.append(_span((start, end)))
    return tuple(left)


def gaps(spans: Iterable[Span], within: Span) -> Spans:
    """Return the instants of `within` that no span covers."""
    return subtract((within,), spans)


def contains(spans: Iterable[Span], span: Span) -> bool:
    """Say whether every instant of `span` is covered, by several spans that touch if need be."""
    return any(whole.start <= span.start and span.end <= whole.end for whole in union(spans))


def overlaps(spans: Iterable[Span], span: Span) -> bool:
    """Touching is not overlapping."""
    return any(start < span.end and span.start < end for start, end in spans)


def erode(spans: Iterable[Span], from_offset: timedelta, until_offset: timedelta) -> Spans:
    """Return the starts at which [start + from_offset, start + until_offset) is covered.

    The last such start is part of the answer, so each span ends one microsecond (the
    resolution of datetime) after it: a span exactly as long as the window leaves one start.

    Raises ValueError if the window is empty.
    """
    if from_offset >= until_offset:
        raise ValueError("A window ends after it starts.")
    length, past_last = until_offset - from_offset, until_offset - datetime.resolution
    return tuple(
        _span((start - from_offset, end - past_last)) for start, end in union(spans) if end - start >= length
    )


def _is_merged(spans: Spans) -> bool:
    """Whether they ascend without touching, as results do."""
    if not spans:
        return True
    before = spans[0][1]
    for start, end in spans[1:]:
        if start <= before:
            return False
        before = end
    return True
