from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from practice.blockers import Blocker
from scheduling.readiness_rules import (
    AcknowledgementFact,
    Light,
    LightState,
    ReadinessFacts,
    Requirements,
    lights,
    missing,
)

STARTS_AT = datetime(2026, 3, 10, 15, tzinfo=UTC)
SAID_AT = datetime(2026, 3, 9, 22, 12, tzinfo=UTC)
NAMES = ("consent", "clearance", "prescription", "fasting", "ride", "support_person", "medicine")
EVERYTHING = Requirements(fasting=True, ride=True, support_person=True, medicine=True)
DOSING = ReadinessFacts(starts_at=STARTS_AT, is_dosing=True, requirements=EVERYTHING)
READY, WAITING, BLOCKED, NOT_NEEDED = (
    LightState.READY,
    LightState.WAITING,
    LightState.BLOCKED,
    LightState.NOT_NEEDED,
)


def said(
    item: str, answer: str, *, minutes: int = 0, for_starts_at: datetime = STARTS_AT
) -> AcknowledgementFact:
    return AcknowledgementFact(
        item, for_starts_at, answer, "client", "link", SAID_AT + timedelta(minutes=minutes)
    )


def light(facts: ReadinessFacts, name: str) -> Light:
    return {each.name: each for each in lights(facts)}[name]


def blockers(*codes: str) -> tuple[Blocker, ...]:
    return tuple(Blocker(code, code) for code in codes)


def test_the_seven_lights_have_a_fixed_order() -> None:
    assert tuple(each.name for each in lights(DOSING)) == NAMES


def test_before_anybody_has_said_anything_the_four_wait() -> None:
    assert [each.state for each in lights(DOSING)] == [READY] * 3 + [WAITING] * 4


@pytest.mark.parametrize(
    ("code", "name", "state"),
    [
        ("consent_missing", "consent", WAITING),  # to be signed
        ("consent_outdated", "consent", WAITING),  # to be signed again
        ("consent_expired", "consent", BLOCKED),
        ("consent_withdrawn", "consent", BLOCKED),
        ("clearance_missing", "clearance", WAITING),
        ("clearance_not_granted", "clearance", BLOCKED),
        ("clearance_expired", "clearance", BLOCKED),
        ("clearance_not_yet_valid", "clearance", BLOCKED),
        ("prescription_missing", "prescription", WAITING),
        ("prescription_wrong_route", "prescription", BLOCKED),
        ("prescription_expired", "prescription", BLOCKED),
        ("prescription_revoked", "prescription", BLOCKED),
        ("prescription_used_up", "prescription", BLOCKED),
        ("prescription_not_yet_valid", "prescription", BLOCKED),
        ("route_mismatch", "prescription", BLOCKED),
        # What has no light of its own shows as clearance: a closed gate never looks ready.
        ("rems_not_enrolled", "clearance", WAITING),
        ("plan_not_active", "clearance", BLOCKED),
        ("protocol_not_approved", "clearance", BLOCKED),
        ("too_soon_after_dose", "clearance", BLOCKED),
        ("too_close_to_next_dose", "clearance", BLOCKED),
        ("therapist_not_licensed", "clearance", BLOCKED),
        ("prescriber_not_licensed", "clearance", BLOCKED),
        ("prescriber_not_on_site", "clearance", BLOCKED),
        ("a_code_of_tomorrow", "clearance", BLOCKED),
    ],
)
def test_each_reason_shows_on_one_hard_light(code: str, name: str, state: LightState) -> None:
    judged = lights(replace(DOSING, blockers=blockers(code)))[:3]
    assert [each.state for each in judged if each.name != name] == [READY, READY]
    assert light(replace(DOSING, blockers=blockers(code)), name) == Light(name, state, blockers(code))


def test_one_real_obstacle_outweighs_what_is_only_missing() -> None:
    codes = blockers("rems_not_enrolled", "clearance_expired")
    assert light(replace(DOSING, blockers=codes), "clearance") == Light("clearance", BLOCKED, codes)


@pytest.mark.parametrize("name", NAMES[3:])
@pytest.mark.parametrize(
    ("answer", "state", "overridden"),
    [("confirmed", READY, False), ("overridden", READY, True), ("problem", BLOCKED, False)],
)
def test_an_answer_decides_its_own_light_and_keeps_who_how_and_when(
    name: str, answer: str, state: LightState, overridden: bool
) -> None:
    facts = replace(DOSING, acknowledgements=(said(name, answer),))
    assert light(facts, name) == Light(
        name, state, said_by="client", source="link", at=SAID_AT, overridden=overridden
    )
    assert [each.state for each in lights(facts)[3:] if each.name != name] == [WAITING] * 3


@pytest.mark.parametrize(
    ("acknowledgements", "expected"),
    [
        # The latest counts, in whatever order they come.
        ((said("ride", "confirmed"), said("ride", "problem", minutes=1)), BLOCKED),
        ((said("ride", "problem", minutes=1), said("ride", "confirmed")), BLOCKED),
        ((said("ride", "problem"), said("ride", "overridden", minutes=1)), READY),
        # An answer for another start, earlier or later, is not one for this.
        ((said("ride", "confirmed", for_starts_at=STARTS_AT - timedelta(minutes=15)),), WAITING),
        ((said("ride", "confirmed", for_starts_at=STARTS_AT + timedelta(days=1)),), WAITING),
        # Moved away and back again: what was said for this start counts again.
        (
            (
                said("ride", "confirmed"),
                said("ride", "problem", minutes=5, for_starts_at=STARTS_AT + timedelta(days=1)),
            ),
            READY,
        ),
        ((said("fasting", "confirmed"),), WAITING),  # of another light
    ],
)
def test_the_latest_answer_for_this_very_start_counts(
    acknowledgements: tuple[AcknowledgementFact, ...], expected: LightState
) -> None:
    assert light(replace(DOSING, acknowledgements=acknowledgements), "ride").state == expected


def test_the_same_instant_in_another_zone_is_the_same_start() -> None:
    denver = STARTS_AT.astimezone(ZoneInfo("America/Denver"))
    facts = replace(DOSING, acknowledgements=(said("ride", "confirmed", for_starts_at=denver),))
    assert light(facts, "ride").state == READY


def test_what_the_protocol_does_not_ask_is_not_needed_whatever_was_said() -> None:
    facts = replace(
        DOSING, requirements=Requirements(ride=True), acknowledgements=(said("medicine", "problem"),)
    )
    assert [each.state for each in lights(facts)[3:]] == [NOT_NEEDED, WAITING, NOT_NEEDED, NOT_NEEDED]


class TestWithoutADose:
    facts = replace(DOSING, is_dosing=False)

    def test_nothing_is_needed(self) -> None:
        assert [each.state for each in lights(self.facts)] == [NOT_NEEDED] * 7

    def test_what_stands_against_it_shows(self) -> None:
        facts = replace(self.facts, blockers=blockers("consent_missing", "therapist_not_licensed"))
        assert [each.state for each in lights(facts)] == [WAITING, BLOCKED] + [NOT_NEEDED] * 5


def test_missing_names_what_is_needed_and_not_ready() -> None:
    facts = replace(
        DOSING,
        requirements=replace(EVERYTHING, medicine=False),
        blockers=blockers("consent_missing", "prescription_expired"),
        acknowledgements=(said("fasting", "confirmed"), said("ride", "problem")),
    )
    assert missing(lights(facts)) == ("consent", "prescription", "ride", "support_person")
