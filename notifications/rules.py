"""What one booking's client should be told, and when. Pure: values in, values out.

Every wall-clock time is in the client's zone. A message due in quiet hours moves to the next
morning if it is still right by then, else to the evening before, else it is reported as missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from practice import clock

Channel = Literal["sms", "email"]
Kind = Literal[
    "booked",
    "moved",
    "cancelled",
    "fasting",
    "ride_and_support",
    "morning_of",
    "aftercare",
    "integration_prompt",
]
# In the order in which messages due at the same instant go out.
KINDS: tuple[Kind, ...] = (
    "booked",
    "moved",
    "cancelled",
    "fasting",
    "ride_and_support",
    "morning_of",
    "aftercare",
    "integration_prompt",
)
# Not eating is a matter of safety: one channel may be asleep, so these go out on all of them.
ON_ALL_CHANNELS: frozenset[Kind] = frozenset({"fasting"})
# Worth nothing once the visit has begun; not even the desk can make up for them then.
BEFORE_THE_VISIT: frozenset[Kind] = frozenset(
    {"booked", "moved", "fasting", "ride_and_support", "morning_of"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFacts:
    """What the rules know about a booking. Instants are aware UTC.

    `session_kind` and `status` are the words that scheduling uses. `missing` holds the lights that are
    not ready ("fasting", "ride", "support_person", "medicine"). `channels` are those the client can and
    wants to be reached by, preferred first. `refused` holds what a provider refused for good, by kind and
    channel: the next channel takes its place.
    """

    booking_id: int
    version: int
    session_kind: str
    status: str
    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    client_zone: str
    clinic_zone: str
    moved_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by_party: str | None = None
    completed_at: datetime | None = None
    solids_fast_minutes: int | None = None
    liquids_fast_minutes: int | None = None
    escort_required: bool = False
    missing: frozenset[str] = frozenset()
    confirmed: bool = False
    channels: tuple[Channel, ...] = ()
    refused: frozenset[tuple[str, str]] = frozenset()

    @property
    def stop_eating_at(self) -> datetime | None:
        """In elapsed time before the start: a night of 23 hours must not shorten the fast."""
        return self._before_start(self.solids_fast_minutes)

    @property
    def stop_drinking_at(self) -> datetime | None:
        return self._before_start(self.liquids_fast_minutes)

    def _before_start(self, minutes: int | None) -> datetime | None:
        return self.starts_at - timedelta(minutes=minutes) if minutes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a practice writes. `_local` is a wall time of the client; daytime is [day_starts, day_ends)."""

    day_starts_local: time = time(8)
    day_ends_local: time = time(20)
    evening_local: time = time(19)  # where a message goes that cannot wait for the morning
    quiet_period_minutes: int = 3  # a slip of the desk, put right at once, sends nothing
    news_cutoff_minutes: int = 24 * 60  # booked, moved, cancelled
    last_call_minutes: int = 30  # nothing about a visit from here to its start
    ride_days_before: int = 3
    ride_local: time = time(11)
    ride_last_call_minutes: int = 120
    fasting_days_before: int = 1
    fasting_local: time = time(16)
    fasting_lead_minutes: int = 30  # to be read before the last bite, not after it
    morning_of_minutes: int = 120
    morning_of_gap_minutes: int = 14 * 60  # who booked or moved later than this before it has just been told
    aftercare_minutes: int = 240
    aftercare_cutoff_minutes: int = 180
    late_completion_minutes: int = 60  # a session that is completed later ended about then
    integration_days_after: int = 1
    integration_local: time = time(10)
    integration_cutoff_minutes: int = 9 * 60

    def __post_init__(self) -> None:
        if not self.day_starts_local < self.evening_local < self.day_ends_local:
            raise ValueError("The evening lies inside the day: day_starts < evening < day_ends.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message to be sent in [due_at, expires_at)."""

    kind: Kind
    channel: Channel
    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """A message that should reach the client and cannot. `channel` is None if there is none to use.

    `reason` is "no_channel", "quiet_hours" (no time left outside them) or "too_late".
    """

    kind: Kind
    channel: Channel | None
    reason: Literal["no_channel", "quiet_hours", "too_late"]


@dataclass(frozen=True, slots=True)
class Plan:
    due: tuple[Wanted, ...]
    missed: tuple[Missed, ...]


@dataclass(frozen=True, slots=True)
class _Wish:
    """A message before anyone looked at the clock: right from `natural_at`, never before `earliest_at`."""

    kind: Kind
    natural_at: datetime
    earliest_at: datetime
    expires_at: datetime


def due_messages(facts: BookingFacts, policy: Policy, *, now: datetime) -> tuple[Wanted, ...]:
    """Return what should still be sent, by time, then KINDS, then the client's order of channels.

    It knows nothing of what was sent: a message whose time has come is due at `now` until it expires.
    A due time in the future stays the same while `now` approaches it.
    """
    return plan(facts, policy, now=now).due


def plan(facts: BookingFacts, policy: Policy, *, now: datetime) -> Plan:
    """Return what `due_messages` does, and beside it what a person has to make up for."""
    zone = clock.zone(facts.client_zone)
    channels = tuple(dict.fromkeys(facts.channels))
    due: list[Wanted] = []
    missed: list[Missed] = []
    for wish in _wishes(facts, policy, zone):
        if wish.kind in BEFORE_THE_VISIT and now >= facts.starts_at:
            continue
        if not channels:
            missed.append(Missed(wish.kind, None, "no_channel"))
            continue
        left = tuple(channel for channel in channels if (wish.kind, channel) not in facts.refused)
        used = left if wish.kind in ON_ALL_CHANNELS else left[:1]
        at = _place(wish, policy, zone, now)
        if isinstance(at, datetime):
            due.extend(Wanted(wish.kind, channel, at, wish.expires_at) for channel in used)
        else:
            missed.extend(Missed(wish.kind, channel, at) for channel in used)
    due.sort(key=lambda item: (item.due_at, KINDS.index(item.kind), channels.index(item.channel)))
    return Plan(tuple(due), tuple(missed))


def _wishes(facts: BookingFacts, policy: Policy, zone: ZoneInfo) -> Iterator[_Wish]:
    if facts.status == "booked":
        yield _news(facts, policy)
        if facts.session_kind == "dosing":
            yield from _fasting(facts, policy, zone)
            yield from _ride_and_support(facts, policy, zone)
        yield from _morning_of(facts, policy)
    elif facts.status == "cancelled" and facts.cancelled_at is not None:
        yield _cancelled(facts, policy, facts.cancelled_at)
    elif facts.status == "completed" and facts.session_kind == "dosing" and facts.completed_at is not None:
        latest_end_at = facts.ends_at + timedelta(minutes=policy.late_completion_minutes)
        ended_at = min(facts.completed_at, latest_end_at)
        yield _aftercare(facts, policy, facts.completed_at, ended_at)
        yield _integration_prompt(facts, policy, zone, ended_at)


def _settled_at(facts: BookingFacts, policy: Policy) -> datetime:
    """When the booking as it stands has stood for the quiet period."""
    known_at = max(facts.booked_at, facts.moved_at or facts.booked_at)
    return known_at + timedelta(minutes=policy.quiet_period_minutes)


def _news(facts: BookingFacts, policy: Policy) -> _Wish:
    """The booking or its last move. `moved` takes the place of `booked`: one text says where things stand."""
    at = _settled_at(facts, policy)
    expires_at = min(
        at + timedelta(minutes=policy.news_cutoff_minutes),
        facts.starts_at - timedelta(minutes=policy.last_call_minutes),
    )
    return _Wish("booked" if facts.moved_at is None else "moved", at, at, expires_at)


def _cancelled(facts: BookingFacts, policy: Policy, cancelled_at: datetime) -> _Wish:
    at = cancelled_at + timedelta(minutes=policy.quiet_period_minutes)
    expires_at = min(at + timedelta(minutes=policy.news_cutoff_minutes), facts.starts_at)
    return _Wish("cancelled", at, at, expires_at)


def _fasting(facts: BookingFacts, policy: Policy, zone: ZoneInfo) -> Iterator[_Wish]:
    """An instruction, not a question: it goes out even if the client has said that they know."""
    stops = [at for at in (facts.stop_eating_at, facts.stop_drinking_at) if at is not None]
    if not stops:
        return
    expires_at = min(stops) - timedelta(minutes=policy.fasting_lead_minutes)
    day = clock.local_day(facts.starts_at, zone) - timedelta(days=policy.fasting_days_before)
    # A fast of more than a day begins before the afternoon before: then one day earlier, or two.
    while (natural_at := _at(day, policy.fasting_local, zone)) >= expires_at:
        day -= timedelta(days=1)
    yield _Wish("fasting", natural_at, _settled_at(facts, policy), expires_at)


def _ride_and_support(facts: BookingFacts, policy: Policy, zone: ZoneInfo) -> Iterator[_Wish]:
    if not facts.missing & {"ride", "support_person"}:
        return
    day = clock.local_day(facts.starts_at, zone) - timedelta(days=policy.ride_days_before)
    expires_at = facts.starts_at - timedelta(minutes=policy.ride_last_call_minutes)
    natural_at = _at(day, policy.ride_local, zone)
    yield _Wish("ride_and_support", natural_at, _settled_at(facts, policy), expires_at)


def _morning_of(facts: BookingFacts, policy: Policy) -> Iterator[_Wish]:
    natural_at = facts.starts_at - timedelta(minutes=policy.morning_of_minutes)
    settled_at = _settled_at(facts, policy)
    if facts.confirmed or natural_at - settled_at < timedelta(minutes=policy.morning_of_gap_minutes):
        return
    expires_at = facts.starts_at - timedelta(minutes=policy.last_call_minutes)
    yield _Wish("morning_of", natural_at, settled_at, expires_at)


def _aftercare(facts: BookingFacts, policy: Policy, completed_at: datetime, ended_at: datetime) -> _Wish:
    """It is about tonight, so it may come early (the evening) but not tomorrow."""
    at = ended_at + timedelta(minutes=policy.aftercare_minutes)
    earliest_at = completed_at + timedelta(minutes=policy.quiet_period_minutes)
    return _Wish("aftercare", at, earliest_at, at + timedelta(minutes=policy.aftercare_cutoff_minutes))


def _integration_prompt(facts: BookingFacts, policy: Policy, zone: ZoneInfo, ended_at: datetime) -> _Wish:
    day = clock.local_day(ended_at, zone) + timedelta(days=policy.integration_days_after)
    at = _at(day, policy.integration_local, zone)
    return _Wish("integration_prompt", at, at, at + timedelta(minutes=policy.integration_cutoff_minutes))


def _place(
    wish: _Wish, policy: Policy, zone: ZoneInfo, now: datetime
) -> datetime | Literal["quiet_hours", "too_late"]:
    """Return the instant at which to send: not before `now`, in daytime, before expiry; else the reason."""
    at = max(wish.natural_at, wish.earliest_at, now)
    if at >= wish.expires_at:
        return "too_late"
    day = clock.local_day(at, zone)
    opens_at, closes_at = _daytime(day, policy, zone)
    if opens_at <= at < closes_at:
        return at
    if at >= closes_at:
        opens_at, _ = _daytime(day + timedelta(days=1), policy, zone)
    else:
        day -= timedelta(days=1)
    if opens_at < wish.expires_at:
        return opens_at
    # The evening before, or as much later as the booking or the clock makes it.
    before_at = max(_at(day, policy.evening_local, zone), wish.earliest_at, now)
    return before_at if before_at < _daytime(day, policy, zone)[1] else "quiet_hours"


def _daytime(day: date, policy: Policy, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _at(day, policy.day_starts_local, zone), _at(day, policy.day_ends_local, zone)


def _at(day: date, local: time, zone: ZoneInfo) -> datetime:
    return clock.first_instant(datetime.combine(day, local), zone)
