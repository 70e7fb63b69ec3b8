"""Why a reminder rule would say something too late, at night, or never. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from notifications.rules import AFTER_THE_VISIT, CHANNELS, LIGHTS, NEWS, Policy, Rule
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

DAY = 24 * 60

NO_END = Blocker("no_end", _("Say from when on it is of no use: after how long, or how long before."))
WRONG_ANCHOR = Blocker("wrong_anchor", _("A message of this kind can't be counted from there."))
TWO_TIMES = Blocker("two_times", _("Give minutes, or days and a time of day, not both."))
DAYS_WITHOUT_TIME = Blocker("days_without_time", _("Days need a time of day."))
NO_CHANNEL = Blocker("no_channel", _("Name at least one channel, each once."))
UNKNOWN_LIGHT = Blocker("unknown_light", _("There is no such light."))
AFTER_THE_SESSION = Blocker("after_the_session", _("It would come when the session has begun."))
BEFORE_ITS_REASON = Blocker("before_its_reason", _("It would come before what it is about."))
AFTER_ITS_CUTOFF = Blocker("after_its_cutoff", _("It would be due when it is of no use any more."))
IN_QUIET_HOURS = Blocker(
    "in_quiet_hours", _("Messages go out from %(from_)s to %(until)s only: choose a time in between.")
)
LASTS_NO_TIME = Blocker("lasts_no_time", _("It must be of use for at least ten minutes."))
FASTING_BY_CLOCK = Blocker(
    "fasting_by_clock",
    _("Fasting needs a time of day: with a long fast the message moves to an earlier day by itself."),
)
TOO_LONG_BEFORE = Blocker("too_long_before", _("At most 60 days before or after."))


def rule_blockers(rule: Rule, policy: Policy) -> tuple[Blocker, ...]:
    """Every reason against this rule, none if it may be saved."""
    return (*_of_its_shape(rule, policy), *_of_its_time(rule))


def _of_its_shape(rule: Rule, policy: Policy) -> Iterator[Blocker]:
    if rule.lasts_minutes is None and (rule.last_call_minutes is None or rule.kind in AFTER_THE_VISIT):
        yield NO_END
    if rule.anchor not in _anchors(rule):
        yield WRONG_ANCHOR
    if rule.local is not None and rule.offset_minutes:
        yield TWO_TIMES
    if rule.local is None and rule.days:
        yield DAYS_WITHOUT_TIME
    if (
        not rule.channels
        or len(set(rule.channels)) < len(rule.channels)
        or set(rule.channels) - set(CHANNELS)
    ):
        yield NO_CHANNEL
    if rule.kind == "fasting" and rule.local is None:
        yield FASTING_BY_CLOCK
    if rule.asks - LIGHTS:
        yield UNKNOWN_LIGHT
    if rule.local is not None and not policy.day_starts_local <= rule.local < policy.day_ends_local:
        yield IN_QUIET_HOURS.with_params(
            from_=f"{policy.day_starts_local:%H:%M}", until=f"{policy.day_ends_local:%H:%M}"
        )
    if rule.lasts_minutes is not None and rule.lasts_minutes < 10:
        yield LASTS_NO_TIME
    if abs(rule.days) > 60 or abs(rule.offset_minutes) > 60 * DAY:
        yield TOO_LONG_BEFORE


def _anchors(rule: Rule) -> frozenset[str]:
    if rule.kind in NEWS:
        return frozenset({"news"})
    return frozenset({"end", "window"} if rule.kind in AFTER_THE_VISIT else {"start"})


def _of_its_time(rule: Rule) -> Iterator[Blocker]:
    if rule.anchor == "start" and rule.kind not in AFTER_THE_VISIT | NEWS:
        before = _fewest_minutes_before(rule)
        if before <= 0:
            yield AFTER_THE_SESSION
        # Fasting moves to an earlier day by itself when the fast is long.
        elif rule.last_call_minutes is not None and before <= rule.last_call_minutes:
            yield AFTER_ITS_CUTOFF
    if rule.anchor in ("end", "window", "news") and (rule.offset_minutes < 0 or rule.days < 0):
        yield BEFORE_ITS_REASON
    if rule.anchor == "end" and rule.local is not None and rule.days == 0:
        yield BEFORE_ITS_REASON  # at ten o'clock on the day itself: most sessions end later


def _fewest_minutes_before(rule: Rule) -> int:
    """How long before the start it is due at least. A session may begin at any hour of its day."""
    if rule.local is None:
        return -rule.offset_minutes
    return -rule.days * DAY - _minutes(rule.local)


def _minutes(local: time) -> int:
    return local.hour * 60 + local.minute
