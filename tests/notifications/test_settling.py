"""What a person does about a message that did not get through."""

from __future__ import annotations

import pytest

from notifications import settling
from notifications.models import Reminder
from practice.errors import NotAllowed, OutOfScope, Refused
from practice.models import Activity, User
from scheduling import moves
from tests.cast import at
from tests.faults.stage import DAY, HOUR, MINUTE, NOW, START, TOLD, Stage, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def dead(stage: Stage) -> Reminder:
    """The text of a booking was given up: nobody knows whether it arrived."""
    stage.book()
    row = stage.only()
    for state in ("sending", "unknown", "dead"):
        Reminder.objects.filter(pk=row.pk).update(
            state=state,
            lease_token="00000000-0000-0000-0000-000000000001" if state == "sending" else None,
            lease_until=NOW if state == "sending" else None,
            last_error_code="provider_cannot_tell",
        )
    return stage.only()


def refused(reminder: Reminder, actor: User, **how: object) -> list[str]:
    with pytest.raises(Refused) as error:
        settling.ask_again(reminder.pk, actor=actor, now=TOLD, **how)  # type: ignore[arg-type]
    return [blocker.code for blocker in error.value.blockers]


def test_told_by_phone_ends_it_and_says_who_and_when(stage: Stage, dead: Reminder) -> None:
    settled = settling.settle(dead.pk, how="phone", actor=stage.clinic.kim, now=TOLD)
    assert (settled.settled_by, settled.settled_at, settled.settled_how) == (stage.clinic.kim, TOLD, "phone")
    entry = Activity.objects.get(action="message.settled")
    assert entry.data == {"kind": "booked", "how": "phone"}
    with pytest.raises(Refused) as again:
        settling.settle(dead.pk, how="phone", actor=stage.clinic.kim, now=TOLD)
    assert again.value.code == "settled_already"
    assert refused(dead, stage.clinic.kim) == ["settled_already"]


def test_what_was_refused_and_settled_stays_settled(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    client.contact_points.filter(channel="email").delete()
    client.channel_consents.update(withdrawn_at=NOW)
    stage.book(client)
    row = Reminder.objects.get(kind="booked", channel="")
    settling.settle(row.pk, how="phone", actor=stage.clinic.kim, now=TOLD)
    stage.reconcile(TOLD + MINUTE)
    assert Reminder.objects.get(pk=row.pk).settled_how == "phone"


def test_sent_again_it_goes_out_by_the_facts_of_now(stage: Stage, dead: Reminder) -> None:
    asked = settling.ask_again(dead.pk, actor=stage.clinic.kim, now=TOLD)
    assert (asked.state, asked.asked_by, asked.due_at) == ("planned", stage.clinic.kim, TOLD)
    stage.reconcile(TOLD)
    assert stage.only().state == "planned"
    stage.deliver(TOLD)
    assert len(stage.texts) == 1
    assert Activity.objects.filter(action="message.asked_again").count() == 1


def test_sent_another_way_the_first_is_settled(stage: Stage, dead: Reminder) -> None:
    asked = settling.ask_again(dead.pk, channel="email", actor=stage.clinic.kim, now=TOLD)
    assert (asked.channel, asked.state) == ("email", "planned")
    assert stage.only().settled_how == "other_way"
    stage.reconcile(TOLD)
    stage.deliver(TOLD)
    assert len(stage.mails) == 1
    assert stage.texts == []


def test_asked_for_at_night_it_waits_for_the_morning(stage: Stage, dead: Reminder) -> None:
    night = at("2026-11-23 22:00")
    asked = settling.ask_again(dead.pk, actor=stage.clinic.kim, now=night)
    assert asked.due_at == at("2026-11-24 08:00")


def test_too_late_is_too_late_for_a_person_too(stage: Stage, dead: Reminder) -> None:
    with pytest.raises(Refused) as late:
        settling.ask_again(dead.pk, actor=stage.clinic.kim, now=NOW + 2 * DAY)
    assert late.value.code == "of_no_use"


def test_all_reasons_against_it(stage: Stage, dead: Reminder) -> None:
    moves.reschedule(dead.booking_id, at("2026-12-03 13:00"), actor=stage.clinic.kim, now=NOW + MINUTE)
    assert refused(dead, stage.clinic.kim, channel="fax") == ["moved_since", "no_such_channel"]


def test_what_is_under_way_or_went_out_is_left_alone(stage: Stage) -> None:
    stage.book()
    assert refused(stage.only(), stage.clinic.kim) == ["still_under_way"]
    stage.deliver(TOLD)
    assert refused(stage.only(), stage.clinic.kim) == ["went_out"]


def test_a_message_to_another_client_does_not_exist(stage: Stage, dead: Reminder) -> None:
    assert stage.clinic.ben.user
    with pytest.raises((OutOfScope, NotAllowed)):
        settling.settle(dead.pk, how="phone", actor=stage.clinic.ben.user, now=TOLD)
    assert stage.clinic.ana.user
    settling.settle(dead.pk, how="phone", actor=stage.clinic.ana.user, now=START - HOUR)
