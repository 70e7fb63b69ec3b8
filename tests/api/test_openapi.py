"""The API document is complete and says of every operation what may happen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from practice.models import Role, Room
from tests.api.calls import Caller
from tests.api.routes import served
from tests.cast import Clinic

METHODS = {"get", "post", "put", "patch", "delete"}
NOT_IN_THE_DOCUMENT = {"GET schema", "GET docs"}


@pytest.fixture(scope="module")
def document() -> Any:
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture(scope="module")
def operations(document: Any) -> dict[str, Any]:
    """By method and path as the URLconf has them, whatever the names of the parameters."""
    return {
        f"{method.upper()} {nameless(path.removeprefix('/api/v1/'))}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def test_it_is_made_without_a_warning(document: Any) -> None:
    """That it is valid is looked at by `make check`."""
    assert document["openapi"].startswith("3.1")
    assert not GENERATOR_STATS, GENERATOR_STATS.emit_summary()


def test_its_operations_are_the_routes(operations: dict[str, Any]) -> None:
    routes = {nameless(str(route)) for route in served() if str(route) not in NOT_IN_THE_DOCUMENT}
    assert set(operations) == routes


def test_every_operation_has_a_summary_and_says_who_may(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        assert operation.get("summary"), name
        roles = re.search(r"Roles: ([a-z_, ]+)\.", operation.get("description", ""))
        assert roles, name
        assert set(roles[1].split(", ")) <= set(Role), name
        assert operation["security"] == [{"session": []}, {"token": []}], name


def test_every_operation_says_what_problems_look_like(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        responses = operation["responses"]
        wanted = {"400", "401", "403", "406", "429", "503"}
        if "{}" in name or name == "GET openings" or not name.startswith("GET"):
            wanted |= {"404"}
        if name.startswith(("POST", "PATCH", "DELETE")):
            wanted |= {"409", "413", "415"}
        if name.startswith("POST"):
            wanted |= {"422"}
        if name.startswith(("PATCH", "DELETE")):
            wanted |= {"412", "428"}
        assert wanted <= set(responses), name
        for status in wanted:
            content = responses[status]["content"]
            assert content == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }, (name, status)


def test_every_write_takes_an_idempotency_key_or_an_etag(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        method = name.split()[0]
        assert ("Idempotency-Key" in headers) == (method == "POST"), name
        is_command = method == "POST" and "{" in name  # may name the revision that it is about
        assert "If-Match" in headers or method not in {"PATCH", "DELETE"}, name
        assert "If-Match" not in headers or is_command or method in {"PATCH", "DELETE"}, name


def test_every_parameter_and_every_field_of_a_body_is_named_in_one_place(document: Any) -> None:
    """No two components differ by a number that the generator had to add."""
    names = document["components"]["schemas"]
    assert not [name for name in names if re.search(r"\d|Enum$", name)]


def test_the_words_of_a_field_have_one_name_each(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["RoomKind"]["enum"] == Room.Kind.values
    assert "* `therapy` - therapy" in schemas["RoomKind"]["description"]
    assert schemas["ClinicianKind"]["enum"] == ["therapist", "psychiatrist"]


def test_bodies_are_closed_and_texts_have_their_limits(document: Any) -> None:
    body = document["components"]["schemas"]["ClientRequest"]
    assert body["additionalProperties"] is False
    assert body["properties"]["legal_name"]["maxLength"] == 160
    assert body["properties"]["legal_name"]["pattern"].startswith("^[^")
    assert "additionalProperties" not in document["components"]["schemas"]["Client"]


def test_who_reads_less_is_in_the_document(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert [each["$ref"].rsplit("/", 1)[1] for each in schemas["ClientOrLess"]["anyOf"]] == [
        "Client",
        "Record",
    ]
    assert "dea_number" not in schemas["Clinician"]["properties"]


def test_lists_have_pages(operations: dict[str, Any]) -> None:
    names = {each["name"] for each in operations["GET clients"]["parameters"]}
    assert names == {"cursor", "limit", "search", "location", "is_active"}


@pytest.mark.django_db
def test_it_is_served_as_it_is_made(clinic: Clinic, document: Any) -> None:
    answer = Caller(clinic.ana).get("schema")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert set(answer.json()["paths"]) == set(document["paths"])
