from __future__ import annotations

from typing import Any

import pytest

from practice.models import Activity, Clinician
from tests.api.calls import Caller, codes, pointers
from tests.cast import Clinic
from tests.practice.api.edits import edit
from treatment_plans.first_rows import protocols as first_protocols
from treatment_plans.models import Protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def nasal(clinic: Clinic) -> Protocol:
    first_protocols.add_missing()
    return Protocol.objects.get(route="spravato")


def test_clinicians_read_the_settings_and_the_desk_the_names(clinic: Clinic) -> None:
    protocol = clinic.protocol
    for who in (clinic.ana, clinic.ito, clinic.nia, clinic.ada):
        body = Caller(who).get(f"protocols/{protocol.pk}").json()
        assert (body["solids_fast_minutes"], body["approved_by"]) == (360, clinic.ito.pk)
        assert body["sources"]["solids_fast_minutes"]
    brief = {"id": protocol.pk, "name": protocol.name, "version": 1, "is_usable": True, "revision": 1}
    for user in (clinic.kim, clinic.odo):
        assert Caller(user).get(f"protocols/{protocol.pk}").json() == brief
        assert brief in Caller(user).get("protocols").json()["results"]


def test_they_are_filtered_by_route_and_use(clinic: Clinic) -> None:
    assert clinic.protocol
    caller = Caller(clinic.ana)

    def routes(**query: Any) -> list[str]:
        return [each["route"] for each in caller.get("protocols", **query).json()["results"]]

    assert routes(is_usable="true") == routes(route="im") == ["im"]
    assert "im" not in routes(is_usable="false")
    assert caller.get("protocols", route="smoke").status_code == 400


def test_a_psychiatrist_approves_in_their_own_name(clinic: Clinic, nasal: Protocol) -> None:
    answer = Caller(clinic.ito).post(f"protocols/{nasal.pk}/approve")
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert (body["approved_by"], body["approved_at"]) == (clinic.ito.pk, "2026-11-23T18:00:00Z")
    assert (body["is_usable"], body["revision"]) == (True, 2)
    assert Activity.objects.get(action="protocol.approved").actor == clinic.ito.user
    again = Caller(clinic.ito).post(f"protocols/{nasal.pk}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "protocol_decided")


def test_nobody_else_approves(clinic: Clinic, nasal: Protocol) -> None:
    path = f"protocols/{nasal.pk}/approve"
    for who in (clinic.ana, clinic.ada, clinic.kim, clinic.nia, clinic.odo):
        assert Caller(who).post(path).status_code == 403
    Clinician.objects.filter(pk=clinic.ito.pk).update(is_active=False)
    answer = Caller(clinic.ito).post(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_clinician_record")
    Clinician.objects.filter(pk=clinic.ito.pk).update(is_active=True, kind="therapist")
    answer = Caller(clinic.ito).post(path)
    assert (answer.status_code, codes(answer)) == (400, {"not_a_prescriber"})
    assert not Protocol.objects.get(pk=nasal.pk).is_usable


def test_an_approval_takes_no_body_and_a_setting_no_edit(clinic: Clinic, nasal: Protocol) -> None:
    answer = Caller(clinic.ito).post(f"protocols/{nasal.pk}/approve", {"approved_by": clinic.ito.pk})
    assert (answer.status_code, pointers(answer)) == (400, {"/approved_by"})
    assert edit(clinic.ito, f"protocols/{nasal.pk}", {"series_length": 3}).status_code == 405
