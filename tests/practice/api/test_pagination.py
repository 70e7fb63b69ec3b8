from __future__ import annotations

from typing import Any

import pytest

from practice.models import Client
from tests.api.calls import Caller
from tests.cast import Clinic, make_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def clients(clinic: Clinic) -> list[Client]:
    return [make_client(f"Client {number:02}", clinic.location) for number in range(7)]


def ids(page: Any) -> list[int]:
    assert page.status_code == 200, page.json()
    return [each["id"] for each in page.json()["results"]]


def test_pages_go_forth_and_back(clinic: Clinic, clients: list[Client]) -> None:
    http = Caller(clinic.kim).http
    pks = [client.pk for client in clients]
    first = http.get("/api/v1/clients?limit=3")
    second = http.get(first.json()["next"])
    third = http.get(second.json()["next"])
    assert [*ids(first), *ids(second), *ids(third)] == pks
    assert (first.json()["previous"], third.json()["next"]) == (None, None)
    back = http.get(third.json()["previous"])
    assert ids(back) == ids(second)
    assert ids(http.get(back.json()["previous"])) == ids(first)
    assert http.get(back.json()["previous"]).json()["previous"] is None
    assert ids(http.get(back.json()["next"])) == ids(third)


def test_links_are_in_the_header_too(clinic: Clinic, clients: list[Client]) -> None:
    http = Caller(clinic.kim).http
    first = http.get("/api/v1/clients?limit=3")
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    second = http.get(first.json()["next"])
    assert second["Link"].endswith(f'<{second.json()["previous"]}>; rel="prev"')
    assert "Link" not in http.get("/api/v1/clients?limit=200")


def test_rows_that_come_and_go_repeat_and_skip_no_others(clinic: Clinic, clients: list[Client]) -> None:
    http = Caller(clinic.kim).http
    first = http.get("/api/v1/clients?limit=3")
    for gone in (clients[1], clients[2], clients[3]):
        gone.care_team.all().delete()
        gone.delete()
    late = make_client("Late", clinic.location)
    rest = http.get(first.json()["next"])
    assert ids(rest) == [clients[4].pk, clients[5].pk, clients[6].pk]
    assert ids(http.get(rest.json()["next"])) == [late.pk]


def test_filters_stay_in_the_links(clinic: Clinic, clients: list[Client]) -> None:
    http = Caller(clinic.kim).http
    Client.objects.filter(pk=clients[0].pk).update(is_active=False)
    page = http.get("/api/v1/clients?limit=3&is_active=true")
    assert [*ids(page), *ids(http.get(page.json()["next"]))] == [client.pk for client in clients[1:7]]


def test_a_cursor_of_another_list_is_refused(clinic: Clinic, clients: list[Client]) -> None:
    http = Caller(clinic.ada).http
    cursor = http.get("/api/v1/clients?limit=3").json()["next"].split("cursor=")[1].split("&")[0]
    answer = http.get(f"/api/v1/rooms?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_page_has_fifty_unless_asked_otherwise(clinic: Clinic) -> None:
    for number in range(51):
        make_client(f"Client {number}", clinic.location)
    caller = Caller(clinic.kim)
    assert len(ids(caller.get("clients"))) == 50
    assert len(ids(caller.get("clients", limit=200))) == 51
