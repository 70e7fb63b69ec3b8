"""The API document is complete without anybody's care."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from practice.models import Room

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


@pytest.fixture
def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return list(_operations(document))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] not in (["schema"], ["docs"]):
                yield method.upper(), path, operation


def test_it_is_valid_and_generated_without_a_warning(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert document["openapi"].startswith("3.1")
    assert not GENERATOR_STATS


def test_every_operation_says_what_it_does_and_for_whom(operations: Any) -> None:
    assert len(operations) > 50
    silent = [(method, path) for method, path, operation in operations if not operation.get("summary")]
    assert silent == []
    assert [path for _, path, operation in operations if "Roles: " not in operation["description"]] == []


def test_every_operation_has_its_problems(operations: Any) -> None:
    for method, path, operation in operations:
        wanted = {"400", "401", "403", "406", "429", "503"}
        if "{" in path:
            wanted.add("404")
        if method in {"POST", "PATCH", "DELETE"}:
            wanted |= {"404", "409", "413", "415"}
        if method == "POST":
            wanted.add("422")
        if method in {"PATCH", "DELETE"}:
            wanted |= {"412", "428"}
        answers = operation["responses"]
        assert wanted <= set(answers), (method, path)
        assert all(list(answers[code]["content"]) == [PROBLEM] for code in wanted), (method, path)


def test_every_write_has_its_headers(operations: Any) -> None:
    for method, path, operation in operations:
        headers = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "POST"), path
        is_command = method == "POST" and "{" in path  # may name the revision that it is about
        assert "If-Match" in headers or method not in {"PATCH", "DELETE"}, path
        assert "If-Match" not in headers or is_command or method in {"PATCH", "DELETE"}, path


def test_the_words_of_a_field_have_one_name_each(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["RoomKind"]["enum"] == Room.Kind.values
    assert "* `therapy` - therapy" in schemas["RoomKind"]["description"]
    assert schemas["ClinicianKind"]["enum"] == ["therapist", "psychiatrist"]


def test_bodies_are_closed_and_texts_have_their_limits(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["ClientRequest"]
    assert body["additionalProperties"] is False
    assert body["properties"]["legal_name"]["maxLength"] == 160
    assert body["properties"]["legal_name"]["pattern"].startswith("^[^")
    assert "additionalProperties" not in document["components"]["schemas"]["Client"]


def test_who_reads_less_is_in_the_document(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert [each["$ref"].rsplit("/", 1)[1] for each in schemas["ClientOrLess"]["anyOf"]] == [
        "Client",
        "Record",
    ]
    assert "dea_number" not in schemas["Clinician"]["properties"]


def test_lists_have_pages(operations: Any) -> None:
    clients = next(each for method, path, each in operations if (method, path) == ("GET", "/api/v1/clients"))
    names = {each["name"] for each in clients["parameters"]}
    assert names == {"cursor", "limit", "search", "location", "is_active"}
