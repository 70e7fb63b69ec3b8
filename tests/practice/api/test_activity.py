from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice import clients
from practice.models import Activity
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, make_client
from tests.practice.api.edits import edit

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(clinic: Clinic) -> Clinic:
    """A support person for Maya, and a consent of hers withdrawn."""
    clients.add_support_person(clinic.maya.pk, {"name": "Sol"}, actor=clinic.kim, now=NOW)
    consent = clinic.consent(clinic.maya)
    clients.withdraw_consent(consent.pk, reason="moves away", actor=clinic.ada, now=NOW)
    return clinic


def test_it_tells_who_did_what_newest_first(log: Clinic) -> None:
    answer = Caller(log.odo).get("activity")
    assert answer.status_code == 200
    newest, before = answer.json()["results"]
    assert (newest["action"], newest["actor"], newest["actor_name"]) == (
        "consent.withdrawn",
        log.ada.pk,
        "Ada",
    )
    assert (newest["at"], newest["client"], newest["reason"]) == (
        "2026-11-23T18:00:00Z",
        log.maya.pk,
        "moves away",
    )
    assert (before["action"], before["subject_type"]) == ("support_person.added", "practice.supportperson")
    assert Caller(log.ada).get(f"activity/{before['id']}").json() == before


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"action": "consent.withdrawn"}, 1),
        ({"subject_type": "practice.consent"}, 1),
        ({"subject_type": "practice.nothing"}, 0),
        ({"client": 99}, 0),
        ({"since": "2026-11-23T18:00:00Z"}, 2),
        ({"before": "2026-11-23T10:00:00-08:00"}, 0),
    ],
)
def test_it_is_filtered(log: Clinic, query: dict[str, Any], count: int) -> None:
    assert len(Caller(log.odo).get("activity", **query).json()["results"]) == count


def test_it_is_filtered_by_client_record_and_actor(log: Clinic) -> None:
    entry = Activity.objects.get(action="support_person.added")
    caller = Caller(log.odo)
    for query in (
        {"client": log.maya.pk, "action": entry.action},
        {"subject_type": entry.subject_type, "subject_id": entry.subject_id},
        {"actor": log.kim.pk},
    ):
        listed = caller.get("activity", **query).json()["results"]
        assert [each["id"] for each in listed] == [entry.pk]


@pytest.mark.parametrize("since", ["2026-11-23", "2026-11-23T18:00:00", "2026-11-23T18:00:00 01:00", "now"])
def test_an_instant_needs_an_offset(log: Clinic, since: str) -> None:
    answer = Caller(log.odo).get("activity", since=since)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/query/since")


def test_it_is_for_the_practice_admin_and_the_auditor(log: Clinic) -> None:
    for who in (log.kim, log.ana, log.ito, log.nia):
        assert Caller(who).get("activity").status_code == 403
    for who in (log.ada, log.odo):
        assert Caller(who).get("activity").status_code == 200


def test_nobody_writes_it(log: Clinic) -> None:
    entry = Activity.objects.first()
    assert entry is not None
    path = f"activity/{entry.pk}"
    assert Caller(log.ada).post("activity", {}).status_code == 405
    assert edit(log.ada, path, {}).status_code == 405
    assert Caller(log.ada).send("DELETE", path).status_code == 405


def test_pages_of_entries_at_one_instant_neither_repeat_nor_skip(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        client = make_client(f"Client {number}", clinic.location)
        clients.add_support_person(client.pk, {"name": "Sol"}, actor=clinic.kim, now=NOW)
    caller = Caller(clinic.odo)
    seen: list[int] = []
    url: str | None = "http://testserver/api/v1/activity?limit=5"
    while url:
        with django_assert_num_queries(4):
            page = caller.http.get(url)
        seen += [each["id"] for each in page.json()["results"]]
        url = page.json()["next"]
    assert seen == sorted(Activity.objects.values_list("pk", flat=True), reverse=True)
