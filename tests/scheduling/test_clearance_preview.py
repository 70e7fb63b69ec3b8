"""A decision on clearance, tried: what it would block or free, and that nothing of it is written."""

from __future__ import annotations

from typing import Any

import pytest

from practice.models import Activity
from scheduling import booking
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import Clearance, FlagDisposition, ScreeningFlag, ScreeningForm
from treatment_plans.screening import screenings

pytestmark = pytest.mark.django_db


def book(clinic: Clinic, number: int, day: str) -> int:
    client = clinic.maya
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client, number))
    return booking.book(request, at(f"{day} 09:30"), actor=clinic.kim, now=NOW).pk


def preview(clinic: Clinic, **changes: Any) -> Any:
    said = {"client": clinic.maya.pk, "decision": "cleared", "valid_from_on": "2026-11-23"} | changes
    return Caller(clinic.ito).post("clearances/preview", said)


def test_it_shows_the_visits_that_a_decision_would_block_and_writes_nothing(clinic: Clinic) -> None:
    clinic.ready_client()
    first, second = book(clinic, 1, "2026-12-01"), book(clinic, 2, "2026-12-08")
    before = list(Clearance.objects.values_list("pk", "superseded_at")), Activity.objects.count()
    against = preview(clinic, decision="not_now").json()
    assert [each["booking"] for each in against["blocks"]] == [first, second]
    assert [one["code"] for one in against["blocks"][0]["blockers"]] == ["clearance_not_granted"]
    assert against["blocks"][0]["starts_at"] == "2026-12-01T09:30:00-08:00"
    shorter = preview(clinic, valid_through_on="2026-12-07").json()
    assert [each["booking"] for each in shorter["blocks"]] == [second]
    assert preview(clinic, valid_through_on="2026-12-08").json()["blocks"] == []
    assert before == (list(Clearance.objects.values_list("pk", "superseded_at")), Activity.objects.count())


def test_it_shows_what_covering_the_flags_would_free(clinic: Clinic) -> None:
    clinic.ready_client()
    booked = book(clinic, 1, "2026-12-01")
    first_screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    filled = screenings.Filled(ScreeningForm.objects.get(), WELL | {"lungs": "yes"}, "with_staff")
    screenings.record(clinic.maya, filled, actor=clinic.ana.user, now=NOW)
    refused = preview(clinic, valid_through_on="2027-05-31")
    assert (refused.status_code, refused.json()["code"]) == (409, "flags_not_covered")
    flag = {"flag": ScreeningFlag.objects.get().pk, "decision": "accepted", "reason": "Letter."}
    found = preview(clinic, valid_through_on="2027-05-31", flags=[flag]).json()
    assert [each["booking"] for each in found["frees"]] == [booked]
    assert [one["code"] for one in found["frees"][0]["blockers"]] == ["screening_flag_open"]
    again = preview(clinic, decision="not_now").json()
    assert [each["booking"] for each in again["stays_blocked"]] == [booked]
    assert not FlagDisposition.objects.exists()


def test_only_a_prescriber_of_the_client_may_try(clinic: Clinic) -> None:
    clinic.ready_client()
    said = {"client": clinic.maya.pk, "decision": "not_now", "valid_from_on": "2026-11-23"}
    for who in (clinic.ana, clinic.kim, clinic.nia, clinic.ada):
        assert Caller(who).post("clearances/preview", said).status_code == 403
