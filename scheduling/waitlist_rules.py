"""Whom to ask about a free time, in which order, and until when they may answer. Pure.

Quiet hours are in the client's zone, wishes on the clock of the location.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from practice import clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a practice asks. `_local` is a wall time of the client, who is asked in [day_starts, day_ends)."""

    batch_size: int = 3  # asked at the same time: more would disappoint more
    quiet_period_minutes: int = 3  # a slip of the desk, put right at once, asks nobody
    answer_minutes: int = 120
    shortest_answer_minutes: int = 20
    batches: int = 3  # near the session, answers are due early enough for so many batches
    reading_minutes: int = 30  # to see the message before the last bite
    look_again_minutes: int = 10  # while nobody fits
    day_starts_local: time = time(8)
    day_ends_local: time = time(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Empty or None means any. `clinicians` are ids by kind; a kind that is not in it is free."""

    weekdays: frozenset[int] = frozenset()
    times: tuple[tuple[time, time], ...] = ()
    earliest_on: date | None = None
    latest_on: date | None = None
    locations: frozenset[int] = frozenset()
    clinicians: Mapping[str, frozenset[int]]
    before_at: datetime | None = None  # earlier than what they have


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One who waits. The minutes are what lies between a yes and the start at least, each for its reason."""

    entry_id: int
    since_at: datetime
    last_asked_at: datetime | None
    zone: ZoneInfo
    notice_minutes: int = 0
    fast_minutes: int = 0
    type_notice_minutes: int = 0


def in_turn(waiting: Iterable[Asked]) -> list[Asked]:
    """Who has heard nothing for longest first: since they wait, or since they were asked last."""
    return sorted(
        waiting,
        key=lambda one: (max(one.since_at, one.last_asked_at or one.since_at), one.since_at, one.entry_id),
    )


def wish_blockers(
    wishes: Wishes, start: datetime, *, location_id: int, tz: ZoneInfo, chosen: Mapping[str, int]
) -> tuple[Blocker, ...]:
    """Every wish that a start does not meet. `chosen` has the clinicians by kind, `tz` is the location's."""
    return tuple(_unmet(wishes, start, location_id, start.astimezone(tz), chosen))


def _unmet(
    wishes: Wishes, start: datetime, location_id: int, local: datetime, chosen: Mapping[str, int]
) -> Iterator[Blocker]:
    if wishes.locations and location_id not in wishes.locations:
        yield Blocker("wish_location", _("They want another location."))
    if wishes.weekdays and local.weekday() not in wishes.weekdays:
        yield Blocker("wish_weekday", _("They want another day of the week."))
    if wishes.times and not any(_within(local.time(), *pair) for pair in wishes.times):
        yield Blocker("wish_time", _("They want another time of day."))
    if wishes.earliest_on is not None and local.date() < wishes.earliest_on:
        yield Blocker("wish_too_early", _("They want it later than that."))
    if wishes.latest_on is not None and local.date() > wishes.latest_on:
        yield Blocker("wish_too_late", _("They want it sooner than that."))
    if wishes.before_at is not None and start >= wishes.before_at:
        yield Blocker("not_sooner", _("It is not sooner than the time they have."))
    for kind, wanted in wishes.clinicians.items():
        if kind in chosen and chosen[kind] not in wanted:
            yield Blocker("wish_clinician", _("They want to see someone else."))


def last_yes_at(asked: Asked, start: datetime, policy: Policy) -> datetime:
    """Until when a yes leaves time to get ready. Fasting counts in elapsed time, as the body does."""
    fast = asked.fast_minutes + policy.reading_minutes if asked.fast_minutes else 0
    minutes = max(asked.notice_minutes, asked.type_notice_minutes, fast)
    return start - timedelta(minutes=minutes)


def answer_by(asked: Asked, start: datetime, *, now: datetime, policy: Policy) -> datetime | Blocker:
    """Until when someone who is asked now may say yes, or why they can't be asked now.

    An offer is never open in the client's night: it ends with their day, or it waits for the morning.
    """
    last = last_yes_at(asked, start, policy)
    shortest = timedelta(minutes=policy.shortest_answer_minutes)
    if last - now < shortest:
        return _too_late(asked, start, last, policy)
    day = clock.local_day(now, asked.zone)
    opens_at, closes_at = (
        clock.first_instant(datetime.combine(day, local), asked.zone)
        for local in (policy.day_starts_local, policy.day_ends_local)
    )
    if not opens_at <= now <= closes_at - shortest:
        return Blocker("asleep", _("It is too late in their day to ask, or too early."))
    usual = timedelta(minutes=policy.answer_minutes)
    return min(now + max(shortest, min(usual, (last - now) / policy.batches)), last, closes_at)


def _too_late(asked: Asked, start: datetime, last: datetime, policy: Policy) -> Blocker:
    fasting = timedelta(minutes=asked.fast_minutes + policy.reading_minutes)
    if asked.fast_minutes and start - last <= fasting:
        return Blocker("no_time_to_fast", _("There is no time left to fast."))
    return Blocker("no_time_left", _("There is no time left to get ready."))


def _within(local: time, begin: time, end: time) -> bool:
    return begin <= local.replace(fold=0) and (end == MIDNIGHT or local.replace(fold=0) < end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What may end an entry by itself. `day` is the day at the client's location."""

    day: date
    latest_on: date | None = None
    client_is_active: bool = True
    session_is_open: bool = True
    booked_meanwhile: bool = False
    had_is_over: bool = False  # the booking that they wanted to exchange


def end_reason(standing: Standing) -> str | None:
    """Why an entry has ended by itself, as a word for the record."""
    reasons = (
        ("too_late", standing.latest_on is not None and standing.latest_on < standing.day),
        ("client_inactive", not standing.client_is_active),
        ("session_over", not standing.session_is_open),
        ("booked", standing.booked_meanwhile),
        ("had_its_time", standing.had_is_over),
    )
    return next((reason for reason, holds in reasons if holds), None)
