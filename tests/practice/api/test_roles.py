"""Who may do what, written a second time: a slip in the table of `practice.access` shows here."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from practice.api.base import Resource
from practice.models import Activity, Role, SupportPerson, User
from tests.api.calls import API, Caller
from tests.cast import NOW, Clinic, make_user
from treatment_plans.models import FollowUp, RemsEnrollment

ALL = {"admin", "desk", "therapist", "psychiatrist", "nurse", "auditor"}
DESK = {"admin", "desk"}
TREATING = {"therapist", "psychiatrist"}
CLINICAL = TREATING | {"nurse"}
SET_UP = {"locations": "location", "rooms": "dosing_room", "clinicians": "ana"}

TABLE: list[tuple[str, str, set[str]]] = [
    *[("GET", path, ALL) for path in (*SET_UP, "therapists", "psychiatrists", "consent-documents")],
    *[("GET", f"{path}/{{{one}}}", ALL) for path, one in SET_UP.items()],
    *[("POST", path, {"admin"}) for path in SET_UP],
    *[("PATCH", f"{path}/{{{one}}}", {"admin"}) for path, one in SET_UP.items()],
    ("GET", "therapists/{ana}", ALL),
    ("GET", "psychiatrists/{ito}", ALL),
    ("GET", "consent-documents/{document}", ALL),
    ("GET", "clients", ALL),
    ("GET", "clients/{maya}", ALL - {"auditor"}),
    ("POST", "clients", DESK),
    ("PATCH", "clients/{maya}", DESK),
    ("GET", "clients/{maya}/support-persons", ALL),
    ("GET", "clients/{maya}/support-persons/{person}", ALL - {"auditor"}),
    ("POST", "clients/{maya}/support-persons", DESK),
    ("PATCH", "clients/{maya}/support-persons/{person}", DESK),
    ("DELETE", "clients/{maya}/support-persons/{person}", DESK),
    ("GET", "consents", ALL),
    ("GET", "consents/{consent}", ALL - {"auditor"}),
    ("POST", "consents", DESK | TREATING),
    ("POST", "consents/{consent}/withdraw", DESK | TREATING),
    ("GET", "activity", {"admin", "auditor"}),
    ("GET", "activity/{entry}", {"admin", "auditor"}),
    ("GET", "protocols", ALL),
    ("GET", "protocols/{protocol}", ALL),
    ("POST", "protocols/{protocol}/approve", {"psychiatrist"}),
    *[
        line
        for path, one in (
            ("clearances", "clearance"),
            ("prescriptions", "prescription"),
            ("rems-enrollments", "rems"),
        )
        for line in (
            ("GET", path, CLINICAL | {"auditor"}),
            ("GET", f"{path}/{{{one}}}", CLINICAL),
            ("POST", path, {"psychiatrist"}),
        )
    ],
    ("POST", "prescriptions/{prescription}/revoke", {"psychiatrist"}),
    ("GET", "treatment-plans", ALL),
    ("GET", "treatment-plans/{plan}", ALL - {"auditor"}),
    ("POST", "treatment-plans", TREATING),
    ("POST", "treatment-plans/{plan}/activate", TREATING),
    ("GET", "planned-sessions", ALL),
    ("GET", "planned-sessions/{session}", ALL - {"auditor"}),
    ("GET", "follow-ups", CLINICAL | {"auditor"}),
    ("GET", "follow-ups/{follow_up}", CLINICAL),
    ("POST", "follow-ups/{follow_up}/done", TREATING),
]


@pytest.fixture
def people(clinic: Clinic) -> dict[str, User]:
    found = {
        "admin": clinic.ada,
        "desk": clinic.kim,
        "therapist": clinic.ana.user,
        "psychiatrist": clinic.ito.user,
        "nurse": clinic.nia,
        "auditor": clinic.odo,
    }
    assert all(found.values())
    return found  # type: ignore[return-value]


@pytest.fixture
def ids(clinic: Clinic) -> dict[str, int]:
    maya, plan = clinic.maya, clinic.plan(clinic.maya)
    session = clinic.dose(maya)
    rows: dict[str, Any] = {
        "person": SupportPerson.objects.create(client=maya, name="Sol"),
        "consent": clinic.consent(maya),
        "clearance": clinic.clear(maya),
        "prescription": clinic.prescribe(maya),
        "rems": RemsEnrollment.objects.create(client=maya, enrolled_on="2026-11-01"),
        "plan": plan,
        "session": session,
        "follow_up": FollowUp.objects.create(
            client=maya,
            source_session=session,
            kind="check_in",
            position=1,
            due_from_at=NOW,
            due_until_at=NOW.replace(hour=20),
        ),
        "entry": Activity.objects.create(at=NOW, action="x", subject_type="x", subject_id=1),
    }
    names = ("location", "dosing_room", "ana", "ito", "maya", "document", "protocol")
    return {name: row.pk for name, row in rows.items()} | {name: getattr(clinic, name).pk for name in names}


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "allowed"), TABLE, ids=[f"{line[0]} {line[1]}" for line in TABLE])
def test_a_role_may_do_this_and_the_others_get_403(
    people: dict[str, User], ids: dict[str, int], method: str, path: str, allowed: set[str]
) -> None:
    """Without a body or an ETag: who may, is told what is missing."""
    let_in = set()
    for name, user in people.items():
        url = f"{API}/{path.format(**ids)}"
        answer = Caller(user).http.generic(method, url, b"{}", content_type="application/json")
        assert answer.status_code in {200, 400, 403, 409, 428}, answer.content
        if answer.status_code != 403:
            let_in.add(name)
    assert let_in == allowed


def test_the_table_has_every_endpoint_of_both_apps() -> None:
    said = {(method, path.split("/")[0], path.count("/")) for method, path, _allowed in TABLE}
    found = set()
    for pattern in _endpoints():
        view: Any = pattern.callback
        if view.cls.__module__.split(".")[0] in {"practice", "treatment_plans"}:
            path = str(pattern.pattern).strip("^$").split("/")
            methods = {method for method, name in view.actions.items() if name in view.cls.permitted}
            found |= {(method.upper(), path[0], len(path) - 1) for method in methods - {"head"}}
    assert found == said


def test_every_endpoint_is_a_resource_with_a_scope_and_roles_that_exist() -> None:
    endpoints = _endpoints()
    assert len(endpoints) > 30
    for pattern in endpoints:
        view: Any = pattern.callback
        assert issubclass(view.cls, Resource), view
        assert hasattr(view.cls, "client"), view
        for roles in view.cls.permitted.values():
            assert roles, view
            assert roles <= set(Role), view


def _endpoints() -> list[URLPattern]:
    def walk(patterns: Any) -> Any:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield pattern
            else:
                yield from walk(pattern.url_patterns)

    return [each for each in walk(get_resolver().url_patterns) if hasattr(each.callback, "actions")]


@pytest.mark.django_db
def test_the_rights_of_one_role_do_not_reach_the_clients_of_another(clinic: Clinic) -> None:
    """Ben also works at the desk: he sees all clients there, and no prescription of Ana's."""
    prescription = clinic.prescribe(clinic.maya)
    User.objects.filter(pk=clinic.ben.user_id).update(roles=[Role.THERAPIST, Role.FRONT_DESK])
    ben = Caller(User.objects.get(pk=clinic.ben.user_id))
    assert ben.get(f"clients/{clinic.maya.pk}").status_code == 200
    assert ben.get("prescriptions").json()["results"] == []
    assert ben.get(f"prescriptions/{prescription.pk}").status_code == 404
    body = {"client": clinic.maya.pk, "protocol": clinic.protocol.pk, "therapist": 1, "prescriber": 1}
    assert ben.post("treatment-plans", body).status_code == 404


@pytest.mark.django_db
def test_an_auditor_who_also_treats_reads_in_full_about_their_own_clients_only(clinic: Clinic) -> None:
    prescription = clinic.prescribe(clinic.maya)
    User.objects.filter(pk=clinic.ben.user_id).update(roles=[Role.THERAPIST, Role.AUDITOR])
    ben = Caller(User.objects.get(pk=clinic.ben.user_id))
    assert ben.get("prescriptions").json()["results"] == []
    assert Caller(make_user("pat", Role.AUDITOR)).get("prescriptions").json()["results"] == [
        {"id": prescription.pk, "client": clinic.maya.pk}
    ]
