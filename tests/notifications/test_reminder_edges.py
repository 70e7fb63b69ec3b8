"""The edges of a reminder's life, held by a trigger whatever code runs."""

from __future__ import annotations

import importlib
import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from notifications.models import Reminder, ReminderEvent
from practice.models import User
from scheduling import booking
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db

State = Reminder.State
# As documented, written out: a table compared with itself would prove nothing.
ALLOWED = {
    ("planned", "sending"), ("planned", "skipped"), ("planned", "dead"),
    ("skipped", "planned"),
    ("sending", "sent"), ("sending", "planned"), ("sending", "failed"), ("sending", "unknown"),
    ("unknown", "sent"), ("unknown", "planned"), ("unknown", "dead"),
    ("failed", "planned"),
    ("dead", "planned"), ("undelivered", "planned"),
    ("sent", "delivered"), ("sent", "undelivered"),
}  # fmt: skip


@pytest.fixture
def reminder(clinic: Clinic) -> Reminder:
    client = clinic.ready_client()
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    return Reminder.objects.get(kind="booked")


def force(reminder: Reminder, state: str, *, skip_reason: str = "not_needed") -> None:
    """Past the trigger, with what the constraints want of that state."""
    switch_trigger("DISABLE")
    set_state(reminder, state, skip_reason=skip_reason)
    switch_trigger("ENABLE")


def switch_trigger(switch: str) -> None:
    connection.check_constraints()  # a table with checks still to be made is not altered
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE notifications_reminder {switch} TRIGGER notifications_reminder_edge")


def set_state(
    reminder: Reminder, state: str, *, skip_reason: str = "not_needed", asked_by: User | None = None
) -> None:
    Reminder.objects.filter(pk=reminder.pk).update(
        state=state,
        asked_by=asked_by,
        skip_reason=skip_reason if state == State.SKIPPED else "",
        lease_token=uuid.uuid4() if state == State.SENDING else None,
        lease_until=NOW if state == State.SENDING else None,
    )


def test_the_full_square_of_edges(reminder: Reminder) -> None:
    walked = set()
    for before in State.values:
        for after in State.values:
            force(reminder, before)
            try:
                with transaction.atomic():
                    set_state(reminder, after, asked_by=User.objects.first())
            except IntegrityError as refused:
                constraint = refused.__cause__.diag.constraint_name  # type: ignore[union-attr]
                assert constraint == "notifications_reminder_edge", (before, after)
            else:
                walked.add((before, after))
    assert walked - {(state, state) for state in State.values} == ALLOWED


def test_model_trigger_and_documents_name_the_same_edges() -> None:
    first = importlib.import_module("notifications.migrations.0002_reminder_edges")
    in_migration = {(before, after) for before, afters in first.EDGES.items() for after in afters}
    assert {(str(before), str(after)) for before, after in Reminder.EDGES} == in_migration == ALLOWED


@pytest.mark.parametrize("state", [State.DEAD, State.UNDELIVERED, State.SKIPPED])
def test_a_person_may_ask_for_what_no_program_repeats(reminder: Reminder, state: str) -> None:
    force(reminder, state, skip_reason="wording")
    with pytest.raises(IntegrityError, match="can not go from"), transaction.atomic():
        set_state(reminder, State.PLANNED)
    set_state(reminder, State.PLANNED, asked_by=User.objects.first())


@pytest.mark.parametrize("reason", Reminder.Skip.values)
def test_only_what_may_be_needed_again_comes_back(reminder: Reminder, reason: str) -> None:
    force(reminder, State.SKIPPED, skip_reason=reason)
    if reason in Reminder.MAY_COME_BACK:
        set_state(reminder, State.PLANNED)
        return
    with pytest.raises(IntegrityError, match="can not go from skipped to planned"):
        set_state(reminder, State.PLANNED)


def test_every_state_can_be_reached_and_some_are_ends() -> None:
    reached = {after for _, after in ALLOWED} | {"planned"}
    ends = set(State.values) - {before for before, _ in ALLOWED}
    assert (reached, ends) == (set(State.values), {"delivered"})


@pytest.mark.parametrize(
    "change",
    ["UPDATE notifications_reminderevent SET detail = 'x'", "DELETE FROM notifications_reminderevent"],
)
def test_how_it_got_there_is_never_rewritten(reminder: Reminder, change: str) -> None:
    ReminderEvent.objects.create(reminder=reminder, at=NOW, to_state=State.PLANNED)
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(change)
