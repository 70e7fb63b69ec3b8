"""Follow-ups beside those that a dose brings, and what becomes of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from practice.errors import Invalid
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at, make_client
from treatment_plans import follow_ups, sessions
from treatment_plans.follow_ups import AlreadyDone
from treatment_plans.models import FollowUp, PlannedSession

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def owed(clinic: Clinic) -> FollowUp:
    clinic.plan(clinic.maya)
    sessions.complete(clinic.dose(clinic.maya).pk, completed_at=NOW, actor=clinic.ada)
    return FollowUp.objects.get(kind="integration")


def agree(clinic: Clinic, **changes: Any) -> FollowUp:
    said = {"practice": "movement", "agreed": "walk to work", "how_often": "most_days"}
    said |= {"until_on": date(2026, 12, 1), "actor": clinic.ada, "now": NOW}
    return follow_ups.agree_on_practice(clinic.maya, **(said | changes))


def test_check_ins_and_prompts_come_at_the_hours_of_the_protocol(clinic: Clinic) -> None:
    clinic.protocol.check_in_hours, clinic.protocol.journaling_prompt_hours = [12], 48
    clinic.protocol.save()
    clinic.plan(clinic.maya)
    sessions.complete(clinic.dose(clinic.maya).pk, completed_at=NOW, actor=clinic.ada)
    windows = FollowUp.objects.exclude(kind="integration").values_list("kind", "due_from_at", "due_until_at")
    assert set(windows) == {
        ("check_in", NOW + DAY / 2, NOW + 3 * DAY / 2),
        ("journaling", NOW + 2 * DAY, NOW + 3 * DAY),
    }


def test_a_practice_is_asked_about_when_its_last_day_is_over(clinic: Clinic) -> None:
    agreed = agree(clinic)
    assert (agreed.due_from_at, agreed.due_until_at) == (at("2026-12-02 00:00"), at("2026-12-03 00:00"))


@pytest.mark.parametrize(
    ("until_on", "is_fine"),
    [
        (date(2026, 11, 22), False),  # yesterday on the clinic's clock
        (date(2026, 11, 23), True),
        (date(2028, 11, 22), True),
        (date(2028, 11, 23), False),
    ],
)
def test_a_practice_ends_within_two_years(clinic: Clinic, until_on: date, is_fine: bool) -> None:
    if is_fine:
        assert agree(clinic, until_on=until_on).pk
    else:
        with pytest.raises(Invalid):
            agree(clinic, until_on=until_on)


def test_the_session_in_which_it_was_agreed_is_the_clients(clinic: Clinic) -> None:
    other = make_client("Ivy Kim", clinic.location)
    clinic.plan(other)
    with pytest.raises(Exception, match="not_found"):
        agree(clinic, source_session=clinic.dose(other))


def test_a_move_takes_the_planned_session_along(clinic: Clinic, owed: FollowUp) -> None:
    window = {"due_from_at": NOW + 4 * DAY, "due_until_at": NOW + 6 * DAY}
    with pytest.raises(Invalid) as refusal:
        follow_ups.move(owed.pk, **window, reason=" ", actor=clinic.ada, now=NOW)
    assert refusal.value.pointer == "/reason"
    moved = follow_ups.move(owed.pk, **window, reason="travels", actor=clinic.ada, now=NOW)
    session = PlannedSession.objects.get(after_session=clinic.dose(clinic.maya))
    assert (moved.move_reason, session.due_until_at) == ("travels", NOW + 6 * DAY)


@pytest.mark.parametrize(
    ("from_days", "until_days"),
    [(2, 2), (-2, -1), (1, 731)],  # empty, over, too far
)
def test_a_window_has_to_lie_ahead(clinic: Clinic, owed: FollowUp, from_days: int, until_days: int) -> None:
    window = {"due_from_at": NOW + from_days * DAY, "due_until_at": NOW + until_days * DAY}
    with pytest.raises(Invalid) as refusal:
        follow_ups.move(owed.pk, **window, reason="travels", actor=clinic.ada, now=NOW)
    assert refusal.value.pointer == "/due_until_at"


def test_a_snooze_is_for_days_ahead(clinic: Clinic, owed: FollowUp) -> None:
    for wrong in (date(2026, 11, 23), date(2027, 1, 23)):
        with pytest.raises(Invalid):
            follow_ups.snooze(owed.pk, until_on=wrong, actor=clinic.ada, now=NOW)
    for right in (date(2026, 11, 24), date(2027, 1, 22)):
        snoozed = follow_ups.snooze(owed.pk, until_on=right, actor=clinic.ada, now=NOW)
        assert snoozed.snoozed_until_on == right


def test_attempts_are_kept_beside_it_until_it_is_closed(clinic: Clinic, owed: FollowUp) -> None:
    for how, reached in (("called", "no_answer"), ("texted", "left_message")):
        follow_ups.attempt(owed.pk, how=how, reached=reached, actor=clinic.ada, now=NOW)
    assert owed.attempts.count() == 2
    closed = follow_ups.mark_done(owed.pk, outcome="moved away", result="missed", actor=clinic.ada, now=NOW)
    assert (closed.result, closed.outcome) == ("missed", "moved away")
    with pytest.raises(AlreadyDone):
        follow_ups.attempt(owed.pk, how="called", reached="reached", actor=clinic.ada, now=NOW)


@pytest.mark.parametrize(("kind", "status"), [("check_in", 200), ("review", 403)])
def test_a_nurse_closes_check_ins_and_nothing_else(clinic: Clinic, kind: str, status: int) -> None:
    row = follow_ups.plan_one(
        clinic.maya, kind=kind, due_from_at=NOW, due_until_at=NOW + DAY, actor=clinic.ada, now=NOW
    )
    path, body = f"follow-ups/{row.pk}/done", {"outcome": "sleeps well"}
    assert Caller(clinic.nia).post(path, body).status_code == status
    assert Caller(clinic.ana.user).post(path, body).status_code == (409 if status == 200 else 200)
