"""Rules that would say something too late, at night or never are refused, with all reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rule_checks import rule_blockers
from notifications.rules import DEFAULT_RULES, Policy, Rule, due_messages
from tests.notifications.test_rules import DOSING, situations

POLICY = Policy()
RULES: dict[str, Rule] = {rule.kind: rule for rule in DEFAULT_RULES}


def codes(kind: str, **changes: Any) -> list[str]:
    return [blocker.code for blocker in rule_blockers(replace(RULES[kind], **changes), POLICY)]


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: rule.kind)
def test_what_we_ship_may_be_saved(rule: Rule) -> None:
    assert rule_blockers(rule, POLICY) == ()


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("morning_of", {"offset_minutes": -30}, ["after_its_cutoff"]),
        ("morning_of", {"offset_minutes": -31}, []),
        ("morning_of", {"offset_minutes": 0}, ["after_the_session"]),
        ("morning_of", {"offset_minutes": 60}, ["after_the_session"]),
        ("morning_of", {"last_call_minutes": None}, ["no_end"]),
        ("morning_of", {"anchor": "end"}, ["wrong_anchor", "before_its_reason"]),
        ("morning_of", {"days": -1}, ["days_without_time"]),
        ("morning_of", {"local": time(9)}, ["two_times", "after_the_session"]),
        ("ride_and_support", {"days": 0}, ["after_the_session"]),
        ("ride_and_support", {"days": -1, "local": time(19), "last_call_minutes": 300}, ["after_its_cutoff"]),
        ("ride_and_support", {"days": -1, "local": time(19), "last_call_minutes": 299}, []),
        ("ride_and_support", {"local": time(7, 59)}, ["in_quiet_hours"]),
        ("ride_and_support", {"local": time(20)}, ["in_quiet_hours"]),
        ("ride_and_support", {"local": time(19, 59)}, []),
        ("ride_and_support", {"channels": ()}, ["no_channel"]),
        ("ride_and_support", {"channels": ("sms", "sms")}, ["no_channel"]),
        ("ride_and_support", {"channels": ("fax",)}, ["no_channel"]),
        ("ride_and_support", {"asks": frozenset({"weather"})}, ["unknown_light"]),
        ("ride_and_support", {"days": -61}, ["too_long_before"]),
        ("fasting", {"local": None, "days": 0, "offset_minutes": -600}, ["fasting_by_clock"]),
        ("aftercare", {"offset_minutes": -5}, ["before_its_reason"]),
        ("aftercare", {"lasts_minutes": None, "last_call_minutes": 10}, ["no_end"]),
        ("aftercare", {"lasts_minutes": 9}, ["lasts_no_time"]),
        ("integration_prompt", {"days": 0}, ["before_its_reason"]),
        (
            "booked",
            {"anchor": "start"},
            [
                "wrong_anchor",
            ],
        ),
        ("booked", {"offset_minutes": -1}, ["before_its_reason"]),
        (
            "morning_of",
            {"local": time(23), "days": 2, "offset_minutes": 5, "last_call_minutes": None, "channels": ()},
            ["no_end", "two_times", "no_channel", "in_quiet_hours", "after_the_session"],
        ),
    ],
)
def test_the_reasons_against_a_rule(kind: str, changes: dict[str, Any], expected: list[str]) -> None:
    assert codes(kind, **changes) == expected


MINUTES = st.integers(-3 * 1440, 3 * 1440)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule at all, of a kind that is about the visit."""
    by_clock = draw(st.booleans())
    return replace(
        RULES[draw(st.sampled_from(["ride_and_support", "bring_medicine", "intention", "morning_of"]))],
        is_active=True,
        asks=frozenset(),
        skip_if_confirmed=False,
        gap_minutes=0,
        local=draw(st.times().map(lambda at: at.replace(second=0, microsecond=0))) if by_clock else None,
        days=draw(st.integers(-10, 3)) if by_clock else 0,
        offset_minutes=0 if by_clock else draw(MINUTES),
        last_call_minutes=draw(st.none() | st.integers(0, 1440)),
        lasts_minutes=draw(st.none() | st.integers(0, 1440)),
    )


@given(rules(), situations())
def test_a_rule_that_may_be_saved_never_speaks_of_a_visit_that_has_begun(
    rule: Rule, situation: tuple[Any, Any]
) -> None:
    if rule_blockers(rule, POLICY):
        return
    facts, now = situation
    for item in due_messages(facts, replace(POLICY, rules=(rule,)), now=now):
        assert item.due_at < item.expires_at
        assert item.due_at < facts.starts_at
        if rule.last_call_minutes is not None:
            assert item.expires_at <= facts.starts_at


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: rule.kind)
def test_a_rule_that_is_off_says_nothing(rule: Rule) -> None:
    off = replace(POLICY, rules=(replace(rule, is_active=False),))
    assert due_messages(DOSING, off, now=DOSING.booked_at) == ()
