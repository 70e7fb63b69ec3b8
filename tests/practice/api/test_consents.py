from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Activity, Consent, ConsentDocument
from tests.api.calls import Caller, codes, pointers
from tests.cast import Clinic, make_client

pytestmark = pytest.mark.django_db


def signed(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    return {"client": clinic.maya.pk, "document": clinic.document.pk} | changes


def test_a_signature_is_recorded_and_withdrawn(clinic: Clinic) -> None:
    answer = Caller(clinic.kim).post("consents", signed(clinic, signed_at="2026-11-23T09:00:00-08:00"))
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["signed_at"], body["withdrawn_at"]) == ("2026-11-23T17:00:00Z", None)
    assert (body["document_kind"], body["document_version"]) == ("treatment", 1)

    path = f"consents/{body['id']}/withdraw"
    answer = Caller(clinic.ana).post(path, {"reason": "moves away"})
    assert (answer.status_code, answer.json()["withdrawn_at"]) == (200, "2026-11-23T18:00:00Z")
    assert Activity.objects.get(action="consent.withdrawn").reason == "moves away"

    again = Caller(clinic.ana).post(path)
    assert (again.status_code, again.json()["code"]) == (409, "consent_already_withdrawn")


def test_a_signature_without_a_time_is_of_now(clinic: Clinic) -> None:
    answer = Caller(clinic.kim).post("consents", signed(clinic))
    assert answer.json()["signed_at"] == "2026-11-23T18:00:00Z"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"signed_at": "2026-11-23T09:00:00"}, "/signed_at", "no_offset"),
        ({"signed_at": "2026-11-23"}, "/signed_at", "invalid"),
        ({"signed_at": "0001-01-01T00:00:00+14:00"}, "/signed_at", "out_of_range"),
        ({"signed_at": "2026-11-23T10:00:01-08:00"}, "/signed_at", "in_the_future"),
        ({"valid_through_on": "2026-11-22"}, "/valid_through_on", "ends_before_it_begins"),
        ({"withdrawn_at": "2026-11-23T10:00:00Z"}, "/withdrawn_at", "unknown_field"),
        ({"client": None}, "/client", "null"),
        ({"client": True}, "/client", "invalid"),
        ({"client": 0}, "/client", "min_value"),
    ],
)
def test_every_wrong_field_is_named(clinic: Clinic, changes: dict[str, Any], pointer: str, code: str) -> None:
    answer = Caller(clinic.kim).post("consents", signed(clinic, **changes))
    assert (answer.status_code, pointers(answer), codes(answer)) == (400, {pointer}, {code})
    assert not Consent.objects.exists()


def test_only_the_current_version_is_signed(clinic: Clinic) -> None:
    ConsentDocument.objects.filter(pk=clinic.document.pk).update(is_current=False)
    answer = Caller(clinic.kim).post("consents", signed(clinic))
    assert (answer.status_code, codes(answer), pointers(answer)) == (
        400,
        {"outdated_document"},
        {"/document"},
    )


def test_nobody_signs_for_a_client_out_of_scope(clinic: Clinic) -> None:
    for who, body, pointer in (
        (clinic.ben, signed(clinic), "/client"),
        (clinic.kim, signed(clinic, client=99), "/client"),
        (clinic.kim, signed(clinic, document=99), "/document"),
    ):
        answer = Caller(who).post("consents", body)
        assert (answer.status_code, pointers(answer)) == (404, {pointer})
    consent = clinic.consent(clinic.maya)
    for path in (f"consents/{consent.pk}", "consents/99"):
        assert Caller(clinic.ben).get(path).status_code == 404
    assert Caller(clinic.ben).post(f"consents/{consent.pk}/withdraw").status_code == 404


def test_consents_are_listed_by_client(
    clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ivy = make_client("Ivy Kahn", clinic.location)
    mine = [clinic.consent(clinic.maya).pk for _each in range(20)]
    other = clinic.consent(ivy).pk
    caller = Caller(clinic.kim)
    with django_assert_num_queries(4):
        listed = caller.get("consents", client=clinic.maya.pk).json()["results"]
    assert [each["id"] for each in listed] == mine
    assert len(caller.get("consents").json()["results"]) == 21
    assert [each["id"] for each in Caller(clinic.ana).get("consents").json()["results"]] == mine
    assert Caller(clinic.odo).get("consents", client=ivy.pk).json()["results"] == [
        {"id": other, "client": ivy.pk}
    ]


def test_documents_are_read_by_everybody(clinic: Clinic) -> None:
    old = ConsentDocument.objects.create(kind="treatment", version=0, title="Old", is_current=False)
    caller, document = Caller(clinic.ben), clinic.document
    current = caller.get("consent-documents", is_current="true").json()["results"]
    assert [(each["id"], each["title"]) for each in current] == [(document.pk, "Consent to treatment")]
    assert caller.get(f"consent-documents/{old.pk}").json()["is_current"] is False
    assert caller.post("consent-documents", {}).status_code == 405
