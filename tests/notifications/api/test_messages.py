from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from notifications.deliver import deliver_due
from scheduling import booking
from scheduling.booking import Request
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db

LATER = at("2026-11-23 10:30")


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def booked(clinic: Clinic) -> Any:
    clinic.ready_client()
    wanted = Request(
        client=clinic.maya,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(clinic.maya),
    )
    return booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)


def rows(who: Any, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = Caller(who).get(path, **query)
    assert answer.status_code == 200, answer.json()
    listed: list[dict[str, Any]] = answer.json()["results"]
    return listed


def test_reminders_say_what_will_be_told_and_when(clinic: Clinic, booked: Any) -> None:
    listed = rows(clinic.kim, "reminders", booking=booked.pk)
    assert {"booked", "fasting", "ride_and_support"} <= {row["kind"] for row in listed}
    assert [row["due_at"] for row in listed] == sorted((row["due_at"] for row in listed), reverse=True)
    first = listed[-1]
    assert first["client"] == {"id": clinic.maya.pk, "name": "Maya Rivera"}
    assert (first["state"], first["skip_reason"], first["needs_a_person"]) == ("planned", None, False)
    assert (first["time_zone"], first["due_at"][-6:]) == ("America/Los_Angeles", "-08:00")
    assert Caller(clinic.ana).get(f"reminders/{first['id']}").json() == first


def test_reminders_are_filtered_by_booking_client_and_state(clinic: Clinic, booked: Any) -> None:
    assert rows(clinic.kim, "reminders", client=clinic.maya.pk, state="planned,sending")
    assert rows(clinic.kim, "reminders", state="sent") == []
    assert rows(clinic.kim, "reminders", booking=booked.pk + 1) == []
    assert Caller(clinic.kim).get("reminders", state="unheard_of").status_code == 400


def test_texts_are_for_the_desk_and_the_care_team(clinic: Clinic, booked: Any) -> None:
    assert deliver_due(clock=lambda: LATER)
    for reader in (clinic.kim, clinic.ana, clinic.ito):
        message = rows(reader, "messages", booking=booked.pk)[0]
        assert message["body"]
        assert message["recipient"]
        assert message["outcome"] == "accepted"
    for_nurse = rows(clinic.nia, "messages", booking=booked.pk)[0]
    assert (for_nurse["recipient"], for_nurse["subject"], for_nurse["body"]) == (None, None, None)
    assert set(rows(clinic.odo, "messages")[0]) == {"id", "client"}
    assert rows(clinic.ben, "messages") == []
    assert rows(clinic.ben, "reminders") == []
    assert Caller(clinic.ben).get(f"messages/{message['id']}").status_code == 404


def test_messages_are_filtered_by_reminder_client_and_outcome(clinic: Clinic, booked: Any) -> None:
    deliver_due(clock=lambda: LATER)
    message = rows(clinic.kim, "messages", outcome="accepted", client=clinic.maya.pk)[0]
    assert rows(clinic.kim, "messages", reminder=message["reminder"]) == [message]
    assert rows(clinic.kim, "messages", outcome="refused") == []


def test_lists_take_the_same_number_of_queries_for_any_number(
    clinic: Clinic, booked: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    deliver_due(clock=lambda: LATER)
    desk = Caller(clinic.kim)
    for path, queries in (("reminders", 4), ("messages", 5)):
        for limit in (1, 200):
            with django_assert_num_queries(queries):
                assert desk.get(path, limit=limit).json()["results"]


def test_nothing_is_written_here(clinic: Clinic, booked: Any) -> None:
    reminder = rows(clinic.kim, "reminders")[0]["id"]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert Caller(clinic.ada).send(method, f"reminders/{reminder}").status_code == 405
