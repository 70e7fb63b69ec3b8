from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Activity, CareTeamMember, Client, ContactPoint, SupportPerson
from tests.api.calls import Caller, codes, pointers
from tests.cast import NOW, ZONE, Clinic, make_client
from tests.practice.api.edits import edit

pytestmark = pytest.mark.django_db

PHONE = {"channel": "sms", "value": "(202) 555-0143"}
EMAIL = {"channel": "email", "value": " Ivy@Example.org"}
SESSION_AND_USER = 2


def ivy(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    return {
        "legal_name": "Ivy Kahn",
        "birth_date": "1990-05-17",
        "time_zone": ZONE,
        "state": "CA",
        "location": clinic.location.pk,
        "contact_points": [PHONE, EMAIL],
        "channels": ["sms"],
    } | changes


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.json()
    return [each["id"] for each in answer.json()["results"]]


# Registering and changing


def test_a_client_is_registered_with_addresses_and_consents(clinic: Clinic) -> None:
    answer = Caller(clinic.kim).post("clients", ivy(clinic))
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert body["contact_points"] == [
        {"channel": "email", "value": "ivy@example.org", "label": "", "is_primary": True},
        {"channel": "sms", "value": "+12025550143", "label": "", "is_primary": True},
    ]
    assert (body["channels"], body["care_team"], body["display_name"]) == (["sms"], [], "Ivy Kahn")
    assert body["created_at"] == "2026-11-23T18:00:00Z"
    assert Caller(clinic.ada).get(f"clients/{body['id']}").json() == body
    assert Activity.objects.get(action="client.registered").client_id == body["id"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"legal_name": " "}, {"/legal_name"}),
        ({"legal_name": "A" * 161}, {"/legal_name"}),
        ({"legal_name": 5}, {"/legal_name"}),
        ({"legal_name": "Ivy\u0000Kahn"}, {"/legal_name"}),
        ({"birth_date": "17.5.1990"}, {"/birth_date"}),
        ({"birth_date": "1890-05-17"}, {"/birth_date"}),
        ({"birth_date": "2026-11-24"}, {"/birth_date"}),
        ({"time_zone": "Mars/Olympus", "language": "tlh"}, {"/time_zone", "/language"}),
        ({"time_zone": "Mars/Olympus"}, {"/time_zone"}),
        ({"state": "C"}, {"/state"}),
        ({"location": "1"}, {"/location"}),
        ({"location": 10**30}, {"/location"}),
        ({"is_active": 1}, {"/is_active"}),
        ({"channels": "sms"}, {"/channels"}),
        ({"channels": ["sms", "fax"]}, {"/channels/1"}),
        ({"contact_points": [{**PHONE, "value": "12"}]}, {"/contact_points/0/value"}),
        (
            {"contact_points": [{**PHONE, "value": "12"}, EMAIL, {**EMAIL, "value": "ivy@"}]},
            {"/contact_points/0/value", "/contact_points/2/value"},
        ),
        ({"contact_points": [{**PHONE, "primary": True}]}, {"/contact_points/0/primary"}),
        ({"contact_points": [PHONE] * 11}, {"/contact_points"}),
        ({"id": 7, "care_team": [], "legal_name": ""}, {"/id", "/care_team", "/legal_name"}),
        ({"a/b~c": 1}, {"/a~1b~0c"}),
    ],
)
def test_every_wrong_field_is_named(clinic: Clinic, changes: dict[str, Any], wrong: set[str]) -> None:
    answer = Caller(clinic.kim).post("clients", ivy(clinic, **changes))
    assert (answer.status_code, pointers(answer)) == (400, wrong)
    assert Client.objects.count() == 0


def test_the_same_number_twice_is_a_conflict(clinic: Clinic) -> None:
    twice = ivy(clinic, contact_points=[PHONE, {**PHONE, "value": "202-555-0143"}])
    answer = Caller(clinic.kim).post("clients", twice)
    assert (answer.status_code, codes(answer), pointers(answer)) == (
        409,
        {"duplicate_contact"},
        {"/contact_points"},
    )


def test_a_location_that_is_missing_is_not_found(clinic: Clinic) -> None:
    answer = Caller(clinic.kim).post("clients", ivy(clinic, location=99))
    assert (answer.status_code, pointers(answer)) == (404, {"/location"})


def test_only_what_is_sent_is_changed(clinic: Clinic) -> None:
    answer = edit(clinic.kim, f"clients/{clinic.maya.pk}", {"preferred_name": "May", "channels": ["sms"]})
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert (body["legal_name"], body["display_name"], body["channels"]) == ("Maya Rivera", "May", ["sms"])
    assert (len(body["contact_points"]), answer["ETag"]) == (2, f'"{body["revision"]}"')
    entry = Activity.objects.get(action="client.changed")
    assert set(entry.data["fields"]) == {"preferred_name", "consent_email"}


def test_addresses_are_replaced_as_a_whole(clinic: Clinic) -> None:
    answer = edit(clinic.kim, f"clients/{clinic.maya.pk}", {"contact_points": [PHONE]})
    assert [each["value"] for each in answer.json()["contact_points"]] == ["+12025550143"]
    assert ContactPoint.objects.filter(client=clinic.maya).count() == 1


@pytest.mark.parametrize(
    ("etag", "status", "code"),
    [
        (None, 428, "precondition_required"),
        ("", 428, "precondition_required"),
        ('"2"', 412, "stale"),
        ('"one"', 412, "stale"),
        ("9" * 5000, 412, "stale"),
    ],
)
def test_a_change_needs_the_etag_that_was_read(
    clinic: Clinic, etag: str | None, status: int, code: str
) -> None:
    answer = edit(clinic.kim, f"clients/{clinic.maya.pk}", {"pronouns": "she/her"}, etag=etag)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    clinic.maya.refresh_from_db()
    assert (clinic.maya.pronouns, clinic.maya.revision) == ("", 1)


# Searching


@pytest.mark.parametrize(
    "text",
    ["rivera", "MAYA riv", "(202) 555-0143", "+1 202 555 0143", "0143", "1988-04-02", "maya 4/2/1988"],
)
def test_somebody_is_found_by_what_is_said_on_the_phone(clinic: Clinic, text: str) -> None:
    maya = make_client("Maya Rivera", clinic.location, phone="+12025550143")
    make_client("Ivy Kahn", clinic.location)
    Client.objects.exclude(pk=maya.pk).update(birth_date="1990-05-17")
    assert ids(Caller(clinic.kim).get("clients", search=text)) == [maya.pk]


def test_former_clients_are_told_from_present_ones(clinic: Clinic) -> None:
    present, former = clinic.maya, make_client("Ivy Kahn", clinic.location)
    Client.objects.filter(pk=former.pk).update(is_active=False)
    caller = Caller(clinic.kim)
    assert ids(caller.get("clients", is_active="false")) == [former.pk]
    assert ids(caller.get("clients", is_active="true")) == [present.pk]
    assert ids(caller.get("clients")) == [present.pk, former.pk]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"search": "x" * 101}, "/query/search"),
        ({"search": "\u0000"}, "/query/search"),
        ({"search": "  "}, "/query/search"),
        ({"is_active": "yes"}, "/query/is_active"),
        ({"is_active": ""}, "/query/is_active"),
        ({"location": "1.5"}, "/query/location"),
        ({"location": "0"}, "/query/location"),
        ({"location": "9" * 19}, "/query/location"),
        ({"location": "-1"}, "/query/location"),
        ({"location": ["1", "2"]}, "/query/location"),
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "201"}, "/query/limit"),
        ({"limit": "ten"}, "/query/limit"),
        ({"limit": "٥"}, "/query/limit"),
        ({"cursor": "x"}, "/query/cursor"),
        ({"cursor": "WyJhIl0:x"}, "/query/cursor"),
        ({"offset": "5"}, "/query/offset"),
        ({"format": "xml"}, "/query/format"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(
    clinic: Clinic, query: dict[str, Any], pointer: str
) -> None:
    answer = Caller(clinic.kim).get("clients", **query)
    assert (answer.status_code, pointers(answer)) == (400, {pointer})


# Who sees whom


def test_clinicians_see_their_own_clients_and_the_desk_all(clinic: Clinic) -> None:
    ivy = make_client("Ivy Kahn", clinic.location)
    everybody = sorted([clinic.maya.pk, ivy.pk])
    assert ids(Caller(clinic.kim).get("clients")) == ids(Caller(clinic.nia).get("clients")) == everybody
    assert ids(Caller(clinic.ana).get("clients")) == [clinic.maya.pk]
    assert ids(Caller(clinic.ben).get("clients")) == []
    assert Caller(clinic.ana).get(f"clients/{clinic.maya.pk}").status_code == 200
    assert Caller(clinic.ben).get(f"clients/{clinic.maya.pk}").status_code == 404


def test_who_left_the_care_team_sees_nothing(clinic: Clinic) -> None:
    CareTeamMember.objects.filter(client=clinic.maya).update(left_at=NOW)
    assert Caller(clinic.ana).get(f"clients/{clinic.maya.pk}").status_code == 404


def test_an_auditor_reads_ids_and_nothing_else(clinic: Clinic) -> None:
    pk = clinic.maya.pk
    assert Caller(clinic.odo).get("clients").json()["results"] == [{"id": pk, "client": pk}]
    assert Caller(clinic.odo).get(f"clients/{pk}").status_code == 403


def test_the_list_takes_the_same_number_of_queries_for_any_number(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        make_client(f"Client {number}", clinic.location, team=(clinic.ana,))
    for who, queries in ((clinic.kim, 4), (clinic.ana, 4), (clinic.odo, 1)):
        caller = Caller(who)
        with django_assert_num_queries(SESSION_AND_USER + queries):
            assert len(caller.get("clients").json()["results"]) == 50


# Support persons


def person(clinic: Clinic, name: str = "Sol") -> SupportPerson:
    return SupportPerson.objects.create(client=clinic.maya, name=name)


def test_a_support_person_comes_changes_and_goes(clinic: Clinic) -> None:
    path = f"clients/{clinic.maya.pk}/support-persons"
    answer = Caller(clinic.kim).post(path, {"name": "Sol", "phone": "202 555 0143", "is_escort": True})
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["client"], body["phone"], body["is_escort"]) == (clinic.maya.pk, "+12025550143", True)
    assert answer["Location"] == f"/api/v1/{path}/{body['id']}"

    changed = edit(clinic.kim, f"{path}/{body['id']}", {"may_be_contacted": True})
    assert (changed.status_code, changed.json()["may_be_contacted"], changed["ETag"]) == (200, True, '"2"')
    assert Caller(clinic.ana).get(path).json()["results"] == [changed.json()]

    gone = Caller(clinic.kim).send("DELETE", f"{path}/{body['id']}", **{"If-Match": '"2"'})
    assert (gone.status_code, gone.content) == (204, b"")
    assert not SupportPerson.objects.exists()


@pytest.mark.parametrize("etag", [None, '"2"'])
def test_nobody_is_removed_by_who_has_not_read_the_last_change(clinic: Clinic, etag: str | None) -> None:
    path = f"clients/{clinic.maya.pk}/support-persons/{person(clinic).pk}"
    headers = {} if etag is None else {"If-Match": etag}
    answer = Caller(clinic.kim).send("DELETE", path, **headers)
    assert answer.status_code == (428 if etag is None else 412)
    assert SupportPerson.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": "Sol", "phone": "12"}, "/phone"),
        ({"name": "Sol", "email": "sol"}, "/email"),
        ({"name": "Sol", "is_escort": "true"}, "/is_escort"),
        ({"name": "Sol", "client": 1}, "/client"),
    ],
)
def test_every_wrong_field_of_a_support_person_is_named(clinic: Clinic, body: Any, pointer: str) -> None:
    answer = Caller(clinic.kim).post(f"clients/{clinic.maya.pk}/support-persons", body)
    assert (answer.status_code, pointers(answer)) == (400, {pointer})


def test_a_support_person_is_found_under_their_client_only(clinic: Clinic) -> None:
    ivy = make_client("Ivy Kahn", clinic.location)
    sol = person(clinic)
    caller = Caller(clinic.kim)
    assert caller.get(f"clients/{clinic.maya.pk}/support-persons/{sol.pk}").status_code == 200
    assert caller.get(f"clients/{ivy.pk}/support-persons/{sol.pk}").status_code == 404
    assert caller.get("clients/99/support-persons").status_code == 404
    assert caller.get(f"clients/{'9' * 40}/support-persons").status_code == 404
    assert edit(clinic.kim, f"clients/{ivy.pk}/support-persons/{sol.pk}", {"name": "X"}).status_code == 404
    for path in ("", f"/{sol.pk}"):
        assert Caller(clinic.ben).get(f"clients/{clinic.maya.pk}/support-persons{path}").status_code == 404
