"""Locations, rooms and clinicians: everybody reads them, the practice admin changes them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Activity, Clinician, Location, Room
from tests.api.calls import Caller, codes, pointers
from tests.cast import Clinic, make_clinician, make_user
from tests.practice.api.edits import edit

pytestmark = pytest.mark.django_db

LOCATION = {
    "name": "Harbor Clinic",
    "display_name": "Harbor",
    "time_zone": "America/New_York",
    "state": "ny",
    "phone": "(212) 555-0100",
}
NPI = "1234567893"
SESSION_AND_USER = 2


def room(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    return {"location": clinic.location.pk, "name": "Room 3", "kind": "recovery", "capacity": 4} | changes


def test_a_location_is_added_and_read(clinic: Clinic) -> None:
    answer = Caller(clinic.ada).post("locations", LOCATION)
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["state"], body["phone"], body["is_active"]) == ("NY", "+12125550100", True)
    assert (answer["Location"], answer["ETag"]) == (f"/api/v1/locations/{body['id']}", '"1"')
    assert Caller(clinic.kim).get(f"locations/{body['id']}").json() == body
    assert Activity.objects.get(action="location.added").actor == clinic.ada


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"phone": "12"}, "/phone"),
        ({"name": "Riverbend Clinic"}, "/name"),
        ({"display_name": "x" * 25}, "/display_name"),
        ({"state": "New York"}, "/state"),
        ({"name": "two\nlines"}, "/name"),
        ({"is_active": "yes"}, "/is_active"),
    ],
)
def test_every_wrong_field_of_a_location_is_named(
    clinic: Clinic, changes: dict[str, Any], pointer: str
) -> None:
    answer = Caller(clinic.ada).post("locations", LOCATION | changes)
    assert (answer.status_code, pointers(answer)) == (400, {pointer})
    assert Location.objects.count() == 1


def test_what_no_field_may_hold_is_named_beside_what_has_the_wrong_shape(clinic: Clinic) -> None:
    body = LOCATION | {"time_zone": "Mars/Olympus", "phone": "call us", "name": 5, "colour": "red"}
    answer = Caller(clinic.ada).post("locations", body)
    assert (answer.status_code, pointers(answer)) == (400, {"/time_zone", "/phone", "/name", "/colour"})
    answer = Caller(clinic.ada).post(
        "clinicians", {"kind": "nurse", "name": "Zoe", "npi": "1234567890", "dea_number": "AB1234567"}
    )
    assert (answer.status_code, pointers(answer)) == (400, {"/kind", "/npi", "/dea_number"})


def test_a_location_is_changed_by_who_read_it_last(clinic: Clinic) -> None:
    path = f"locations/{clinic.location.pk}"
    answer = edit(clinic.ada, path, {"display_name": "River"})
    assert (answer.status_code, answer.json()["display_name"], answer["ETag"]) == (200, "River", '"2"')
    stale = edit(clinic.ada, path, {"display_name": "Bend"})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert Location.objects.get().display_name == "River"


def test_rooms_have_names_of_their_own_at_a_location(clinic: Clinic) -> None:
    assert Caller(clinic.ada).post("rooms", room(clinic)).status_code == 201
    answer = Caller(clinic.ada).post("rooms", room(clinic))
    assert (answer.status_code, codes(answer), pointers(answer)) == (409, {"name_taken"}, {"/name"})
    assert Room.objects.filter(name="Room 3").count() == 1


def test_a_room_is_at_a_location_that_exists_and_stays_there(clinic: Clinic) -> None:
    answer = Caller(clinic.ada).post("rooms", room(clinic, location=99))
    assert (answer.status_code, pointers(answer)) == (404, {"/location"})
    path = f"rooms/{clinic.dosing_room.pk}"
    answer = edit(clinic.ada, path, {"location": 99})
    assert (answer.status_code, codes(answer)) == (400, {"unknown_field"})


def test_rooms_are_filtered(clinic: Clinic) -> None:
    def names(**query: Any) -> list[str]:
        return [each["name"] for each in Caller(clinic.kim).get("rooms", **query).json()["results"]]

    Room.objects.filter(name="Room 2").update(is_active=False)
    assert names() == ["Room 1", "Room 2"]
    assert names(kind="dosing") == ["Room 1"]
    assert names(is_active="false") == ["Room 2"]
    assert names(location=99) == []


def test_a_clinician_is_added_with_a_login_and_numbers_that_are_well_formed(clinic: Clinic) -> None:
    login = make_user("zoe", "therapist")
    body = {"kind": "therapist", "name": "Zoe", "credentials": "LMFT", "npi": NPI, "user": login.pk}
    answer = Caller(clinic.ada).post("clinicians", body)
    assert answer.status_code == 201, answer.json()
    assert answer.json() == body | {
        "id": answer.json()["id"],
        "has_dea_number": False,
        "is_active": True,
        "licences": [],
        "revision": 1,
    }


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"npi": "1234567890"}, 400, "/npi"),
        ({"dea_number": "AB1234567"}, 400, "/dea_number"),
        ({"user": 99}, 404, "/user"),
        ({"kind": "nurse"}, 400, "/kind"),
        ({"kind": ["therapist"]}, 400, "/kind"),
    ],
)
def test_every_wrong_field_of_a_clinician_is_named(
    clinic: Clinic, changes: dict[str, Any], status: int, pointer: str
) -> None:
    answer = Caller(clinic.ada).post("clinicians", {"kind": "therapist", "name": "Zoe"} | changes)
    assert (answer.status_code, pointers(answer)) == (status, {pointer})


def test_two_clinicians_do_not_share_an_npi_or_a_login(clinic: Clinic) -> None:
    Clinician.objects.filter(pk=clinic.ana.pk).update(npi=NPI)
    answer = Caller(clinic.ada).post("clinicians", {"kind": "therapist", "name": "Zoe", "npi": NPI})
    assert (answer.status_code, codes(answer), pointers(answer)) == (409, {"npi_taken"}, {"/npi"})
    user = clinic.ana.user_id
    answer = Caller(clinic.ada).post("clinicians", {"kind": "therapist", "name": "Zoe", "user": user})
    assert (answer.status_code, pointers(answer)) == (400, {"/user"})


def test_a_dea_number_is_written_and_never_read(clinic: Clinic) -> None:
    path = f"clinicians/{clinic.ito.pk}"
    answer = edit(clinic.ada, path, {"dea_number": "ab1234563"})
    assert (answer.status_code, answer.json()["has_dea_number"]) == (200, True)
    assert Clinician.objects.get(pk=clinic.ito.pk).dea_number == "AB1234563"
    assert "1234563" not in answer.content.decode()


def test_a_therapist_does_not_become_a_psychiatrist_by_an_edit(clinic: Clinic) -> None:
    path = f"clinicians/{clinic.ana.pk}"
    answer = edit(clinic.ada, path, {"kind": "psychiatrist"})
    assert (answer.status_code, codes(answer)) == (400, {"unknown_field"})


def test_therapists_and_psychiatrists_are_lists_of_their_own(clinic: Clinic) -> None:
    caller = Caller(clinic.kim)

    def names(path: str, **query: Any) -> set[str]:
        return {each["name"] for each in caller.get(path, **query).json()["results"]}

    Clinician.objects.filter(name="Ben").update(is_active=False)
    assert names("clinicians") == {"Ana", "Ben", "Ito"}
    assert names("therapists") == names("clinicians", kind="therapist") == {"Ana", "Ben"}
    assert names("therapists", is_active="true") == {"Ana"}
    assert names("psychiatrists") == {"Ito"}
    assert caller.get(f"psychiatrists/{clinic.ana.pk}").status_code == 404
    licences = caller.get(f"therapists/{clinic.ana.pk}").json()["licences"]
    assert [(each["state"], each["valid_through_on"]) for each in licences] == [("CA", "2030-12-31")]


@pytest.mark.parametrize(("path", "queries"), [("locations", 1), ("rooms", 1), ("clinicians", 2)])
def test_lists_take_the_same_number_of_queries_for_any_number(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    for number in range(10):
        location = Location.objects.create(**LOCATION | {"name": f"Clinic {number}"})
        Room.objects.create(location=location, name="Room", kind="therapy")
        make_clinician(f"Zoe {number}", "therapist", location)
    caller = Caller(clinic.kim)
    with django_assert_num_queries(SESSION_AND_USER + queries):
        assert len(caller.get(path).json()["results"]) > 10
