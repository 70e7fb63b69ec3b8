"""The log of who did what: appended within the transaction of the deed, never changed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from practice import activity, directory
from practice.doors import door
from practice.models import Activity, Room
from tests.cast import NOW, Clinic

pytestmark = pytest.mark.django_db

REFUSED = "practice_activity is append-only"


@pytest.fixture
def entry(clinic: Clinic) -> Activity:
    made = activity.record("client.seen", clinic.maya, actor=clinic.kim, at=NOW, client=clinic.maya)
    connection.check_constraints()  # TRUNCATE waits for those that are still to be looked at
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE practice_activity SET action = 'nothing'",
        "UPDATE practice_activity SET actor_id = NULL WHERE id = {id}",
        "DELETE FROM practice_activity",
        "DELETE FROM practice_activity WHERE id = {id}",
        "TRUNCATE practice_activity",
        "TRUNCATE practice_client CASCADE",
    ],
)
def test_the_database_refuses_to_change_it(entry: Activity, statement: str) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(id=entry.pk))
    assert Activity.objects.get(pk=entry.pk).action == "client.seen"


def test_no_orm_call_does_either(entry: Activity) -> None:
    entry.action = "nothing"
    for change in (entry.save, entry.delete, Activity.objects.all().delete):
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            change()


def test_it_says_who_what_and_about_whom(entry: Activity, clinic: Clinic) -> None:
    stored = Activity.objects.get(pk=entry.pk)
    assert (stored.at, stored.actor, stored.client) == (NOW, clinic.kim, clinic.maya)
    assert (stored.subject_type, stored.subject_id) == ("practice.client", clinic.maya.pk)


def test_what_the_system_does_by_itself_has_no_actor(clinic: Clinic) -> None:
    assert activity.record("room.swept", clinic.dosing_room, actor=None, at=NOW).actor is None


def test_a_deed_that_fails_leaves_no_trace(clinic: Clinic) -> None:
    """And no deed without one: both are of the same transaction."""

    @door
    def paint(*, now: object) -> None:
        Room.objects.filter(pk=clinic.dosing_room.pk).update(name="Blue")
        activity.record("room.painted", clinic.dosing_room, actor=clinic.kim, at=NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        paint(now=NOW)
    assert (Activity.objects.count(), Room.objects.filter(name="Blue").count()) == (0, 0)


def test_it_names_fields_and_not_their_values(clinic: Clinic) -> None:
    room = clinic.dosing_room
    directory.change(
        Room, room.pk, {"name": "Maya's corner"}, revision=room.revision, actor=clinic.kim, now=NOW
    )
    entry = Activity.objects.get(action="room.changed")
    assert entry.data == {"fields": ["name"]}
    assert "Maya" not in f"{entry.data}{entry.reason}"
