"""A group session over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.calls import Caller, codes
from tests.cast import Clinic, make_client

pytestmark = pytest.mark.django_db

START = "2026-12-01T10:00:00-08:00"


def opened(clinic: Clinic, **more: Any) -> Any:
    body = {"appointment_type": clinic.circle.pk, "location": clinic.location.pk, "starts_at": START, **more}
    answer = Caller(clinic.kim).post("group-sessions", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_it_is_opened_joined_moved_and_cancelled(clinic: Clinic) -> None:
    desk, group = Caller(clinic.kim), opened(clinic, seats=1, clinicians=[clinic.ben.pk])
    assert (group["therapist"]["name"], group["second_therapist"]["name"]) == ("Ben", "Ana")
    assert (group["room"]["name"], group["seats"], group["seats_taken"]) == ("Room 2", 1, 0)
    seat = desk.post(f"group-sessions/{group['id']}/members", {"client": clinic.maya.pk})
    assert (seat.status_code, seat.json()["starts_at"]) == (201, START)
    other = make_client("Bea", clinic.location)
    full = desk.post(f"group-sessions/{group['id']}/members", {"client": other.pk})
    assert (full.status_code, codes(full)) == (409, {"group_full"})
    to = {"starts_local": "2026-12-02T13:00"}
    stale = desk.post(f"group-sessions/{group['id']}/reschedule", to, **{"If-Match": '"9"'})
    assert stale.status_code == 412
    moved = desk.post(f"group-sessions/{group['id']}/reschedule", to, **{"If-Match": '"1"'})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, "2026-12-02T13:00:00-08:00")
    over = desk.post(f"group-sessions/{group['id']}/cancel", {"party": "clinic", "reason": "ill"})
    assert (over.status_code, over.json()["cancel_reason"]) == (200, "ill")
    assert desk.get(f"bookings/{seat.json()['id']}").json()["status"] == "cancelled"


def test_its_type_is_booked_in_no_other_way(clinic: Clinic) -> None:
    about = {"client": clinic.maya.pk, "appointment_type": clinic.circle.pk}
    assert codes(Caller(clinic.kim).post("bookings", {**about, "starts_at": START})) == {"is_group"}
    assert codes(Caller(clinic.kim).get("openings", **about)) == {"is_group"}


def test_a_therapist_who_does_not_see_all_members_moves_nobody(clinic: Clinic) -> None:
    group = opened(clinic)
    stranger = make_client("Bea", clinic.location)
    for client in (clinic.maya, stranger):
        Caller(clinic.kim).post(f"group-sessions/{group['id']}/members", {"client": client.pk})
    ito = Caller(clinic.ito)
    answer = ito.post(f"group-sessions/{group['id']}/cancel", {"party": "clinic", "reason": "ill"})
    assert answer.status_code == 403
    # Whose session it is joins the care teams of its members.
    answer = Caller(clinic.ana).post(
        f"group-sessions/{group['id']}/cancel", {"party": "clinic", "reason": "ill"}
    )
    assert answer.status_code == 200
