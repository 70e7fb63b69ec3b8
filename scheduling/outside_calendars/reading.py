"""From the text of a calendar to the spans in which its owner is busy.

Only what says when is looked at: titles, people and alarms are left out before anything is parsed, and so is
what lies outside the window. Recurrences are expanded inside the window only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

from practice.clock import first_instant
from scheduling.engine.spans import Spans, union
from scheduling.engine.types import Span
from scheduling.outside_calendars.errors import Unreadable

Times = list[tuple[date, date]]

MOST_EVENTS = 10_000
MOST_OCCURRENCES = 20_000

_SLACK = timedelta(days=2)  # more than any two zones are apart
_LONG = timedelta(days=40)  # what began before the end of a series is over by then

# What icalendar and what is built on it raise for values that make no sense.
NONSENSE = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError)

_EVENT, _FREE_BUSY, _ZONE = "VEVENT", "VFREEBUSY", "VTIMEZONE"
_NEEDED = frozenset(
    {"UID", "SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE"}
    | {"STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS", "FREEBUSY"}
)
_LINE_END, _FOLD = re.compile(r"\r\n|\n|\r"), re.compile(r"(?:\r\n|\n|\r)[ \t]")
_DAY = re.compile(r"DT(?:START|END)[^:]*:(\d{8})(?:T\d{6}Z?)?\s*", re.IGNORECASE | re.ASCII)
_UNTIL = re.compile(r"[;:]UNTIL=(\d{8})(?:T\d{6}Z?)?(?:;|\s*$)", re.IGNORECASE | re.ASCII)
_TOO_OFTEN = re.compile(r"RRULE.*FREQ=(?:SECONDLY|MINUTELY)", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """Spans merged, ascending, clipped to the window; and how many events we could make no sense of."""

    spans: Spans
    unread_count: int


def find_busy(body: bytes, *, window: Span, tz: ZoneInfo, own_uids: str = "") -> Found:
    """Days and times without a zone are read in `tz`.

    Events that are free, cancelled, without length, or ours (their UID ends with `own_uids`) don't count.
    One that makes no sense is left out and counted. Raises Unreadable; whoever calls sets limits of memory
    and time, for hostile rules can take any.
    """
    calendar = _parsed(_essentials(_text(body), window))
    spans: list[Span] = []
    count = unread_count = 0
    for part in [*_series(calendar), *([each] for each in calendar.walk(_FREE_BUSY))]:
        try:
            found = (
                _of_free_busy(part[0]) if part[0].name == _FREE_BUSY else _of_series(part, window, own_uids)
            )
            spans += [span for start, end in found for span in _span(start, end, window, tz)]
        except NONSENSE:
            unread_count += 1
        else:
            count += len(found)
            unread_count += any(each.errors for each in part)
        if count > MOST_OCCURRENCES:
            raise Unreadable("too_many_occurrences")
    if unread_count and not spans:
        raise Unreadable("unreadable")
    return Found(union(spans), unread_count)


def _text(body: bytes) -> str:
    text = body.decode("utf-8-sig", "replace").strip()
    if not text[:15].upper() == "BEGIN:VCALENDAR":
        raise Unreadable("not_a_calendar")
    if not text[-13:].upper() == "END:VCALENDAR":
        raise Unreadable("incomplete")
    return text


def _essentials(text: str, window: Span) -> str:
    """A calendar of nothing but what says when, and of no event that surely lies outside the window."""
    lines: list[str] = []
    count = 0
    for kind, block in _blocks(text):
        if kind == _EVENT and _is_surely_outside(block, window):
            continue
        count += kind != _ZONE
        if count > MOST_EVENTS:
            raise Unreadable("too_many_events")
        if any(_TOO_OFTEN.match(line) for line in block) and kind != _ZONE:
            raise Unreadable("too_many_occurrences")
        lines += block
    return "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""])


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    kind, block, depth = "", [""], 0
    for line in _LINE_END.split(_FOLD.sub("", text)):
        head, _, value = line.partition(":")
        name, value = head.partition(";")[0].upper(), value.strip().upper()
        if not kind:
            if name == "BEGIN" and value in {_EVENT, _FREE_BUSY, _ZONE}:
                kind, block, depth = value, [f"BEGIN:{value}"], 0
        elif name == "END" and not depth:
            if value != kind:
                raise Unreadable("incomplete")
            yield kind, [*block, f"END:{kind}"]
            kind = ""
        else:
            depth += (name == "BEGIN") - (name == "END")
            if kind == _ZONE or (not depth and name in _NEEDED):
                block.append(line)
    if kind:
        raise Unreadable("incomplete")


def _is_surely_outside(block: list[str], window: Span) -> bool:
    """When all its days, whatever their zone, are before the window or after it."""
    names = {re.split("[:;]", line, maxsplit=1)[0].upper() for line in block}
    days = [found[1] for line in block if (found := _DAY.fullmatch(line))]
    if names & {"RDATE", "RECURRENCE-ID", "DURATION"} or len(days) != 2:
        return False
    first, last = f"{window.start - _SLACK:%Y%m%d}", f"{window.end + _SLACK:%Y%m%d}"
    rules = [line for line in block if line[:5].upper() == "RRULE"]
    if not rules:
        return max(days) < first or min(days) > last
    ends = [found[1] for line in rules if (found := _UNTIL.search(line))]
    return len(ends) == len(rules) and max(*ends, *days) < f"{window.start - _LONG:%Y%m%d}"


def _parsed(text: str) -> Component:
    try:
        return Calendar.from_ical(text)
    except NONSENSE:
        raise Unreadable("unreadable") from None


def _series(calendar: Component) -> Iterable[list[Component]]:
    """The events of one UID belong together: a recurring one and its instances that were moved."""
    found: dict[str, list[Component]] = {}
    for nameless, event in enumerate(calendar.walk(_EVENT)):
        found.setdefault(str(event.get("UID", nameless)), []).append(event)
    return found.values()


def _of_series(series: list[Component], window: Span, own_uids: str) -> Times:
    alone = Calendar()
    alone.subcomponents = series
    query = recurring_ical_events.CalendarQuery(alone)
    return [
        (event["DTSTART"].dt, event["DTEND"].dt)
        for event in query.between(window.start - _SLACK, window.end + _SLACK)
        if _takes_time(event) and not (own_uids and str(event.get("UID", "")).endswith(own_uids))
    ]


def _of_free_busy(component: Component) -> Times:
    """What a calendar that gives away no events says instead."""
    listed = component.get("FREEBUSY", [])
    return [
        (period.start, period.end)
        for period in (listed if isinstance(listed, list) else [listed])
        if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE"
    ]


def _takes_time(event: Component) -> bool:
    return (
        str(event.get("TRANSP", "")).upper() != "TRANSPARENT"
        and str(event.get("STATUS", "")).upper() != "CANCELLED"
        and str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() != "FREE"
    )


def _span(start: date, end: date, window: Span, tz: ZoneInfo) -> Iterable[Span]:
    """None or one."""
    first = max(_instant(start, tz, or_else=window.start), window.start)
    last = min(_instant(end, tz, or_else=window.end), window.end)
    return [Span(first, last)] if first < last else []


def _instant(at: date, tz: ZoneInfo, *, or_else: datetime) -> datetime:
    """`or_else` at the ends of the calendar, which other zones do not reach."""
    try:
        if not isinstance(at, datetime):
            return first_instant(datetime.combine(at, time.min), tz)
        return first_instant(at, tz) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return or_else
