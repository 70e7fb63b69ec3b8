"""What one booking's client should be told, and when. Pure: values in, values out.

Every wall-clock time is in the client's zone. A message due in quiet hours moves to the next
morning if it is still right by then, else to the evening before, else it is reported as missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from practice import clock

Channel = Literal["sms", "email"]
Audience = Literal["client", "support_person"]
Anchor = Literal["news", "start", "end", "window"]
Kind = Literal[
    "booked",
    "moved",
    "cancelled",
    "measure_before",
    "bring_medicine",
    "fasting",
    "ride_and_support",
    "intention",
    "support_person",
    "morning_of",
    "aftercare",
    "integration_prompt",
    "measure_after",
]
# In the order in which messages due at the same instant go out.
KINDS: tuple[Kind, ...] = get_args(Kind)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
LIGHTS = frozenset({"fasting", "ride", "support_person", "medicine"})

# Not about a booking, so no rule plans them: `notifications.page_messages` tells of them.
WAITLIST_OFFER, FORM_TO_FILL = "waitlist_offer", "form_to_fill"
WORDED: tuple[str, ...] = (*KINDS, WAITLIST_OFFER, FORM_TO_FILL)
SUPPORT_PERSON: Kind = "support_person"
# What a kind is about decides from which moment its rule may count.
NEWS: frozenset[Kind] = frozenset({"booked", "moved", "cancelled"})
AFTER_THE_VISIT: frozenset[Kind] = frozenset({"aftercare", "integration_prompt", "measure_after"})
# Worth nothing once the visit has begun; not even the desk can make up for them then.
BEFORE_THE_VISIT: frozenset[Kind] = frozenset(KINDS) - AFTER_THE_VISIT - {"cancelled"}
# A matter of safety, or of a time that is no longer true: no cap on texts holds these back.
UNCAPPED: frozenset[Kind] = frozenset({"fasting", "aftercare", "moved", "cancelled", "support_person"})
AUDIENCES: dict[Kind, Audience] = {
    kind: "support_person" if kind == SUPPORT_PERSON else "client" for kind in KINDS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFacts:
    """What the rules know about a booking. Instants are aware UTC.

    `session_kind` and `status` are the words that scheduling uses. `missing` holds the lights that are
    not ready ("fasting", "ride", "support_person", "medicine"). `channels` are those the client can and
    wants to be reached by, preferred first. `refused` holds what a provider refused for good, by kind and
    channel: the next channel takes its place. `support_channels` are those of the support person, if the
    client agreed. `window_from_at` is when a questionnaire after the visit falls due.
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
    support_channels: tuple[Channel, ...] = ()
    questions: frozenset[str] = frozenset()  # "before", "after": which still wait for an answer
    window_from_at: datetime | None = None

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
class Rule:
    """When one kind of message goes out, and until when it is of use.

    Due `offset_minutes` after its anchor; with `local`, at that wall time of the client `days` days after the
    anchor's day. Both count backwards when negative. The anchor is the "news" itself once it has stood for
    the quiet period, the "start" or "end" of the session, or the begin of the "window" of a questionnaire.
    It is of no use `lasts_minutes` after it was due, nor from `last_call_minutes` before the start (for
    fasting: before the first stop) on; one of the two is given.

    `channels` in the order of preference: the first that works, or all with `on_all_channels`.
    `session_kinds` empty means every kind. `asks` names lights: once all of them are ready there is nothing
    to ask. With `skip_if_confirmed` it is left out when no light is open at all. Who booked or moved later
    than `gap_minutes` before it has just been told.
    """

    kind: Kind
    anchor: Anchor
    offset_minutes: int = 0
    days: int = 0
    local: time | None = None
    lasts_minutes: int | None = None
    last_call_minutes: int | None = None
    channels: tuple[Channel, ...] = CHANNELS
    on_all_channels: bool = False
    session_kinds: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    skip_if_confirmed: bool = False
    gap_minutes: int = 0
    is_active: bool = True


DOSING = frozenset({"dosing"})
# What a practice starts with; rows of ReminderRule take their place.
DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(kind="booked", anchor="news", lasts_minutes=24 * 60, last_call_minutes=30),
    Rule(kind="moved", anchor="news", lasts_minutes=24 * 60, last_call_minutes=30),
    Rule(kind="cancelled", anchor="news", lasts_minutes=24 * 60, last_call_minutes=0),
    Rule(
        kind="measure_before",
        anchor="start",
        days=-7,
        local=time(11),
        last_call_minutes=24 * 60,
        channels=("email", "sms"),
    ),
    Rule(
        kind="bring_medicine",
        anchor="start",
        days=-5,
        local=time(11),
        last_call_minutes=180,
        session_kinds=DOSING,
        asks=frozenset({"medicine"}),
    ),
    # Not eating is a matter of safety: one channel may be asleep, so these go out on all of them.
    # To be read before the last bite, not after it.
    Rule(
        kind="fasting",
        anchor="start",
        days=-1,
        local=time(16),
        last_call_minutes=30,
        on_all_channels=True,
        session_kinds=DOSING,
    ),
    Rule(
        kind="ride_and_support",
        anchor="start",
        days=-3,
        local=time(11),
        last_call_minutes=120,
        session_kinds=DOSING,
        asks=frozenset({"ride", "support_person"}),
    ),
    # Part of the page for the day before; a message of its own is for practices that want one.
    Rule(
        kind="intention",
        anchor="start",
        days=-1,
        local=time(17),
        last_call_minutes=120,
        channels=("email",),
        session_kinds=DOSING,
        is_active=False,
    ),
    Rule(
        kind="support_person",
        anchor="start",
        days=-1,
        local=time(17),
        last_call_minutes=60,
        session_kinds=DOSING,
    ),
    Rule(
        kind="morning_of",
        anchor="start",
        offset_minutes=-120,
        last_call_minutes=30,
        skip_if_confirmed=True,
        gap_minutes=14 * 60,
    ),
    Rule(kind="aftercare", anchor="end", offset_minutes=240, lasts_minutes=180, session_kinds=DOSING),
    Rule(
        kind="integration_prompt",
        anchor="end",
        days=1,
        local=time(10),
        lasts_minutes=9 * 60,
        session_kinds=DOSING,
    ),
    Rule(
        kind="measure_after",
        anchor="window",
        local=time(10),
        lasts_minutes=9 * 60,
        channels=("email", "sms"),
        session_kinds=DOSING,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a practice writes. `_local` is a wall time of the client; daytime is [day_starts, day_ends)."""

    day_starts_local: time = time(8)
    day_ends_local: time = time(20)
    evening_local: time = time(19)  # where a message goes that cannot wait for the morning
    quiet_period_minutes: int = 3  # a slip of the desk, put right at once, sends nothing
    late_completion_minutes: int = 60  # a session that is completed later ended about then
    rules: tuple[Rule, ...] = DEFAULT_RULES

    def __post_init__(self) -> None:
        if not self.day_starts_local < self.evening_local < self.day_ends_local:
            raise ValueError("The evening lies inside the day: day_starts < evening < day_ends.")

    @property
    def quiet_period(self) -> timedelta:
        return timedelta(minutes=self.quiet_period_minutes)


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

    rule: Rule
    natural_at: datetime
    earliest_at: datetime
    expires_at: datetime


def due_messages(facts: BookingFacts, policy: Policy, *, now: datetime) -> tuple[Wanted, ...]:
    """Return what should still be sent, by time, then KINDS, then the order of channels.

    It knows nothing of what was sent: a message whose time has come is due at `now` until it expires.
    A due time in the future stays the same while `now` approaches it.
    """
    return plan(facts, policy, now=now).due


def plan(facts: BookingFacts, policy: Policy, *, now: datetime) -> Plan:
    """Return what `due_messages` does, and beside it what a person has to make up for."""
    zone = clock.zone(facts.client_zone)
    due: list[Wanted] = []
    missed: list[Missed] = []
    for wish in _wishes(facts, policy, zone):
        rule = wish.rule
        if rule.kind in BEFORE_THE_VISIT and now >= facts.starts_at:
            continue
        channels = _channels(rule, facts)
        if not channels:
            missed.append(Missed(rule.kind, None, "no_channel"))
            continue
        left = tuple(channel for channel in channels if (rule.kind, channel) not in facts.refused)
        used = left if rule.on_all_channels else left[:1]
        at = _place(wish, policy, zone, now)
        if isinstance(at, datetime):
            due.extend(Wanted(rule.kind, channel, at, wish.expires_at) for channel in used)
        else:
            missed.extend(Missed(rule.kind, channel, at) for channel in used)
    liked = dict.fromkeys((*facts.channels, *CHANNELS))
    order = {channel: position for position, channel in enumerate(liked)}
    due.sort(key=lambda item: (item.due_at, KINDS.index(item.kind), order[item.channel]))
    return Plan(tuple(due), tuple(missed))


def _channels(rule: Rule, facts: BookingFacts) -> tuple[Channel, ...]:
    """Those of the rule on which the recipient can be reached, preferred first.

    A rule that names the usual ones leaves their order to the client.
    """
    reached = facts.support_channels if AUDIENCES[rule.kind] == "support_person" else facts.channels
    reached = tuple(dict.fromkeys(reached))
    if rule.channels == CHANNELS:
        return reached
    return tuple(channel for channel in rule.channels if channel in reached)


def _wishes(facts: BookingFacts, policy: Policy, zone: ZoneInfo) -> Iterator[_Wish]:
    for rule in sorted(policy.rules, key=lambda rule: KINDS.index(rule.kind)):
        if rule.is_active and _has_occasion(rule, facts):
            wish = _wish(rule, facts, policy, zone)
            if wish is not None:
                yield wish


def _has_occasion(rule: Rule, facts: BookingFacts) -> bool:
    """Whether there is something to say, whenever that may be."""
    if rule.session_kinds and facts.session_kind not in rule.session_kinds:
        return False
    if (rule.asks and not rule.asks & facts.missing) or (rule.skip_if_confirmed and facts.confirmed):
        return False
    if facts.status != _status_for(rule.kind):
        return False
    # `moved` takes the place of `booked`: one text says where things stand.
    occasions: Mapping[str, bool] = {
        "booked": facts.moved_at is None,
        "moved": facts.moved_at is not None,
        "cancelled": facts.cancelled_at is not None,
        "fasting": bool(_stops(facts)),
        "support_person": bool(facts.support_channels),
        "measure_before": "before" in facts.questions,
        "measure_after": "after" in facts.questions,
    }
    return occasions.get(rule.kind, True)


def _status_for(kind: Kind) -> str:
    if kind == "cancelled":
        return "cancelled"
    return "completed" if kind in AFTER_THE_VISIT else "booked"


def _wish(rule: Rule, facts: BookingFacts, policy: Policy, zone: ZoneInfo) -> _Wish | None:
    anchor_at = _anchor_at(rule, facts, policy)
    if anchor_at is None:
        return None
    day = clock.local_day(anchor_at, zone) + timedelta(days=rule.days)
    if rule.local is None:
        natural_at = anchor_at + timedelta(minutes=rule.offset_minutes)
    else:
        natural_at = _at(day, rule.local, zone)
    last_call_at = _last_call_at(rule, facts)
    if rule.kind == "fasting" and rule.local is not None and last_call_at is not None:
        # A fast of more than a day begins before the afternoon before: then one day earlier, or two.
        while natural_at >= last_call_at:
            day -= timedelta(days=1)
            natural_at = _at(day, rule.local, zone)
    lasts = [natural_at + timedelta(minutes=rule.lasts_minutes)] if rule.lasts_minutes is not None else []
    calls = [last_call_at] if last_call_at is not None else []
    earliest_at = _earliest_at(rule, facts, policy, natural_at)
    if rule.gap_minutes and natural_at - earliest_at < timedelta(minutes=rule.gap_minutes):
        return None
    return _Wish(rule, natural_at, earliest_at, min(lasts + calls))


def _anchor_at(rule: Rule, facts: BookingFacts, policy: Policy) -> datetime | None:
    if rule.anchor == "news":
        if rule.kind == "cancelled" and facts.cancelled_at is not None:
            return facts.cancelled_at + policy.quiet_period
        return _settled_at(facts, policy)
    if rule.anchor == "start":
        return facts.starts_at
    if facts.completed_at is None:
        return None
    if rule.anchor == "window":
        return facts.window_from_at
    return min(facts.completed_at, facts.ends_at + timedelta(minutes=policy.late_completion_minutes))


def _settled_at(facts: BookingFacts, policy: Policy) -> datetime:
    """When the booking as it stands has stood for the quiet period."""
    return max(facts.booked_at, facts.moved_at or facts.booked_at) + policy.quiet_period


def _earliest_at(rule: Rule, facts: BookingFacts, policy: Policy, natural_at: datetime) -> datetime:
    """What is said about tonight may come early, what is meant for another day may not."""
    if rule.anchor == "news":
        return natural_at
    if rule.anchor == "start":
        return _settled_at(facts, policy)
    if rule.local is not None or facts.completed_at is None:
        return natural_at
    return facts.completed_at + policy.quiet_period


def _last_call_at(rule: Rule, facts: BookingFacts) -> datetime | None:
    if rule.last_call_minutes is None:
        return None
    ends_at = min(_stops(facts)) if rule.kind == "fasting" else facts.starts_at
    return ends_at - timedelta(minutes=rule.last_call_minutes)


def _stops(facts: BookingFacts) -> list[datetime]:
    """Fasting is an instruction, not a question: it goes out even if the client has said that they know."""
    return [at for at in (facts.stop_eating_at, facts.stop_drinking_at) if at is not None]


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
