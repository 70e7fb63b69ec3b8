"""What holds for every endpoint: problems, idempotent writes, and bodies that nobody sane would send."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.db import OperationalError, connection
from rest_framework.test import APIClient
from rest_framework.throttling import BaseThrottle

from practice.api.authentication import issue_token
from practice.models import Activity, ApiToken, Client, SupportPerson, User
from practice.present import now
from tests.api.calls import API, Caller, codes, pointers
from tests.cast import NOW, PASSWORD, Clinic
from tests.practice.api.edits import edit, send_raw

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"


def is_problem(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), body
    assert {"type", "title", "status", "code", "detail"} <= set(body)
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}"), body
    return True


# Problems


def test_every_kind_of_refusal_is_a_problem(clinic: Clinic) -> None:
    kim, path = Caller(clinic.kim), f"clients/{clinic.maya.pk}"
    assert is_problem(Caller().get("clients"), 401, "not_authenticated")
    assert is_problem(Caller(clinic.ana).post("clients", {}), 403, "not_allowed")
    assert is_problem(kim.get("clients/99"), 404, "not_found")
    assert is_problem(kim.get("clients/ninety"), 404, "not_found")
    assert is_problem(kim.get("clients/"), 404, "not_found")
    assert is_problem(kim.get("nothing"), 404, "not_found")
    assert is_problem(kim.post(path, {}), 405, "method_not_allowed")
    assert is_problem(kim.http.put(f"{API}/{path}", {}), 405, "method_not_allowed")
    assert is_problem(kim.http.get(f"{API}/clients", headers={"Accept": "text/html"}), 406, "not_acceptable")
    assert is_problem(send_raw(clinic.kim, "clients", b" " * 2**21), 413, "too_large")
    assert is_problem(
        send_raw(clinic.kim, "clients", b"a=1", "application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    )
    assert is_problem(edit(clinic.kim, path, {}, etag=None), 428, "precondition_required")
    assert is_problem(edit(clinic.kim, path, {}, etag='"7"'), 412, "stale")


def test_a_challenge_names_how_to_sign_in(clinic: Clinic) -> None:
    answer = Caller().get("clients")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_a_405_names_what_is_allowed(clinic: Clinic) -> None:
    answer = Caller(clinic.ada).http.delete(f"{API}/clients/{clinic.maya.pk}")
    assert set(answer["Allow"].split(", ")) == {"GET", "PATCH", "HEAD"}
    assert Caller(clinic.ada).http.options(f"{API}/clients").status_code == 405


class OneTooMany(BaseThrottle):
    def allow_request(self, request: Any, view: Any) -> bool:
        return False

    def wait(self) -> float:
        return 6.5


def test_a_throttle_says_when_to_come_back(clinic: Clinic) -> None:
    with patch("practice.api.base.Resource.throttle_classes", [OneTooMany]):
        answer = Caller(clinic.kim).get("clients")
    assert is_problem(answer, 429, "throttled")
    assert answer["Retry-After"] == "7"


def test_a_database_in_trouble_is_busy(clinic: Clinic) -> None:
    caller = Caller(clinic.kim)
    with patch("practice.api.views.ClientViews.list", side_effect=OperationalError("SELECT 'Maya'")):
        answer = caller.get("clients")
    assert is_problem(answer, 503, "busy")
    assert answer["Retry-After"] == "1"
    assert "Maya" not in answer.content.decode()


def test_what_nobody_foresaw_is_a_problem_too(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    caller = Caller(clinic.kim)
    with patch("practice.api.views.ClientViews.list", side_effect=KeyError("Maya")):
        answer = caller.get("clients")
    assert is_problem(answer, 500, "server_error")
    assert "Maya" not in answer.content.decode()


def test_problems_speak_the_callers_language(clinic: Clinic) -> None:
    answer = Caller(clinic.kim).http.post(
        f"{API}/clients", {}, format="json", headers={"Accept-Language": "es"}
    )
    assert "Este campo es requerido." in {each["detail"] for each in answer.json()["errors"]}


def test_nothing_is_kept_in_caches(clinic: Clinic) -> None:
    for answer in (Caller(clinic.kim).get("clients"), Caller().get("clients")):
        assert answer["Cache-Control"] == "no-store"


# Who asks


def test_a_token_acts_as_its_user_until_it_ends(clinic: Clinic) -> None:
    token = issue_token(clinic.kim, name="script", now=now(), lasts=timedelta(days=1))
    http = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert http.get(f"{API}/clients").status_code == 200
    ApiToken.objects.update(revoked_at=NOW)
    assert is_problem(http.get(f"{API}/clients"), 401, "authentication_failed")
    ApiToken.objects.update(revoked_at=None)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert http.get(f"{API}/clients").status_code == 401
    User.objects.update(is_active=False)
    assert http.get(f"{API}/clients").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer qr_nothing", "Bearer \xff\xfe"])
def test_a_token_that_is_none_is_refused(clinic: Clinic, header: str) -> None:
    answer = APIClient(headers={"Authorization": header}).get(f"{API}/clients")
    assert is_problem(answer, 401, "authentication_failed")


def test_a_session_writes_with_a_csrf_token_only(clinic: Clinic) -> None:
    assert clinic.kim
    http = APIClient(enforce_csrf_checks=True)
    assert http.login(email="kim@example.org", password=PASSWORD)
    assert http.get(f"{API}/clients").status_code == 200
    assert is_problem(http.post(f"{API}/clients", {}, format="json"), 403, "permission_denied")


def test_who_has_no_role_may_nothing(clinic: Clinic) -> None:
    User.objects.filter(pk=clinic.kim.pk).update(roles=[])
    for path in ("clients", "rooms", "activity"):
        assert is_problem(Caller(clinic.kim).get(path), 403, "not_allowed")


# Bad input


BROKEN = [
    (b"", "required"),
    (b"{", "not_json"),
    (b"{'name': 1}", "not_json"),
    (b'{"name": NaN}', "not_json"),
    (b'{"name": "\xff"}', "not_json"),
    (b"\xef\xbb\xbf{}", "not_json"),
    (b'{"name": ' + b"9" * 5000 + b"}", "not_json"),
    (b'{"name": "a", "name": "b"}', "duplicate_field"),
    (b"[" * 100_000, "too_deep"),
    (b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}", "too_deep"),
    (b'{"name": "a\\u0000"}', "unusable_character"),
    (b'{"name": "\\ud800"}', "unusable_character"),
    (b'{"\\ud800": 1}', "unusable_character"),
    (b'{"' + b"n" * 201 + b'": 1}', "unusable_character"),
    (b"[]", "invalid"),
    (b"null", "null"),
    (b'"name"', "invalid"),
    (b"1e400", "invalid"),
    (b'{"name": {"$ne": 1}}', "invalid"),
    (b'{"name": 1e400}', "invalid"),
    (b'{"name": "Sol", "is_escort": 1e400}', "invalid"),
    (b'{"name": "Sol", "is_escort": null}', "null"),
    (b'{"name": "Sol", "n\\u202eame": "x"}', "unknown_field"),
]


@pytest.mark.parametrize(("body", "code"), BROKEN, ids=[code for _, code in BROKEN])
def test_a_body_that_makes_no_sense_is_refused_with_its_place(clinic: Clinic, body: bytes, code: str) -> None:
    answer = send_raw(clinic.kim, f"clients/{clinic.maya.pk}/support-persons", body)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert code in codes(answer)
    assert all(pointer == "" or pointer.startswith("/") for pointer in pointers(answer))
    assert not SupportPerson.objects.exists()


def test_the_place_of_a_bad_character_is_named(clinic: Clinic) -> None:
    body = b'{"contact_points": [{"a/b": "\\ud800"}]}'
    assert pointers(send_raw(clinic.kim, "clients", body)) == {"/contact_points/0/a~1b"}


def test_a_thousand_unknown_fields_are_not_all_repeated(clinic: Clinic) -> None:
    answer = send_raw(clinic.kim, "clients", json.dumps(dict.fromkeys(map(str, range(5000)), 1)).encode())
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 100)


def test_a_command_without_fields_takes_none(clinic: Clinic) -> None:
    consent = clinic.consent(clinic.maya)
    answer = Caller(clinic.kim).post(f"consents/{consent.pk}/withdraw", {"status": "withdrawn"})
    assert (answer.status_code, codes(answer)) == (400, {"unknown_field"})


# Once


def add(clinic: Clinic, *, key: str = "k1", name: str = "Sol", who: Any = None) -> Any:
    path = f"clients/{clinic.maya.pk}/support-persons"
    return Caller(who or clinic.kim).post(path, {"name": name}, **{"Idempotency-Key": key})


def test_a_repeat_gets_the_first_answer(clinic: Clinic) -> None:
    first, second = add(clinic), add(clinic)
    assert (first.status_code, "Idempotency-Replayed" in first) == (201, False)
    assert (second.status_code, second["Idempotency-Replayed"]) == (201, "true")
    assert second.json() == first.json()
    assert (second["ETag"], second["Location"]) == (first["ETag"], first["Location"])
    assert SupportPerson.objects.count() == Activity.objects.count() == 1


def test_a_repeat_gets_it_even_after_the_world_has_moved_on(clinic: Clinic) -> None:
    first = add(clinic)
    SupportPerson.objects.all().delete()
    assert add(clinic).json() == first.json()
    assert not SupportPerson.objects.exists()


def test_a_key_is_for_one_request_of_one_user(clinic: Clinic) -> None:
    add(clinic)
    assert is_problem(add(clinic, name="Kay"), 422, "idempotency_key_reused")
    assert add(clinic, name="Kay", who=clinic.ada).status_code == 201
    assert add(clinic, name="Kay", key="k2").status_code == 201
    assert SupportPerson.objects.count() == 3


def test_a_refusal_is_not_kept(clinic: Clinic) -> None:
    assert add(clinic, name="").status_code == 400
    assert add(clinic, name="Sol").status_code == 201


def test_a_key_is_forgotten_after_a_day(clinic: Clinic) -> None:
    add(clinic)
    with time_machine.travel(NOW + timedelta(hours=24, seconds=1), tick=False):
        assert add(clinic, name="Kay").status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_has_one_to_two_hundred_characters(clinic: Clinic, key: str) -> None:
    answer = add(clinic, key=key)
    assert is_problem(answer, 400, "bad_idempotency_key")
    assert pointers(answer) == {"/headers/Idempotency-Key"}


def test_a_command_is_answered_once(clinic: Clinic) -> None:
    consent = clinic.consent(clinic.maya)

    def withdraw(key: str) -> Any:
        return Caller(clinic.kim).post(f"consents/{consent.pk}/withdraw", {}, **{"Idempotency-Key": key})

    assert withdraw("k1").json() == withdraw("k1").json()
    assert is_problem(withdraw("k2"), 409, "consent_already_withdrawn")


@pytest.mark.django_db(transaction=True)
def test_a_key_in_use_is_a_conflict_that_passes(clinic: Clinic) -> None:
    """The first request holds the key's row; the second waits as long as it waits for any lock."""
    caller, maya = Caller(clinic.kim), clinic.maya
    rival = connection.copy()
    try:
        with rival.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "INSERT INTO practice_idempotencykey"
                " (user_id, key, request_hash, status, response, created_at)"
                " VALUES (%s, 'k1', '', 0, 'null', %s)",
                [clinic.kim.pk, NOW],
            )
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        answer = caller.post(
            f"clients/{maya.pk}/support-persons", {"name": "Sol"}, **{"Idempotency-Key": "k1"}
        )
    finally:
        rival.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert is_problem(answer, 409, "idempotency_key_in_use")
    assert answer["Retry-After"] == "1"
    assert not SupportPerson.objects.exists()


# Edits


def test_the_etag_is_that_of_the_record(clinic: Clinic) -> None:
    path = f"clients/{clinic.maya.pk}"
    read = Caller(clinic.kim).get(path)
    assert read["ETag"] == '"1"'
    changed = edit(clinic.kim, path, {"pronouns": "she/her"}, etag=read["ETag"])
    assert changed["ETag"] == Caller(clinic.kim).get(path)["ETag"] == '"2"'
    assert edit(clinic.kim, path, {"pronouns": "they"}, etag=read["ETag"]).status_code == 412
    assert edit(clinic.kim, path, {"pronouns": "they"}, etag='W/"2"').status_code == 200  # after a proxy


def test_a_change_of_nothing_keeps_the_etag(clinic: Clinic) -> None:
    answer = edit(clinic.kim, f"clients/{clinic.maya.pk}", {"legal_name": "Maya Rivera"})
    assert (answer.status_code, answer["ETag"]) == (200, '"1"')
    assert not Activity.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{"revision": 9}, {"id": 9}, {"created_at": "2026-01-01T00:00:00Z"}, {"care_team": []}, {"status": "x"}],
)
def test_what_a_command_owns_is_not_edited(clinic: Clinic, body: dict[str, Any]) -> None:
    answer = edit(clinic.kim, f"clients/{clinic.maya.pk}", body)
    assert (answer.status_code, codes(answer)) == (400, {"unknown_field"})
    assert Client.objects.get().revision == 1
