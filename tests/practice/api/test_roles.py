"""What roles reach together; who may do what alone is tests/api/test_access_matrix.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from practice.api.base import Resource
from practice.models import Role, User
from tests.api.calls import Caller
from tests.cast import Clinic, make_user


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
