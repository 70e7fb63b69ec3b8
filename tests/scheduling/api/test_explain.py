"""Every reason with the row behind it, as far as the reader may see."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from practice.models import Client, Clinician, Closure, Holiday, Licence, TimeOff, WorkingHours
from scheduling.models import Occupancy
from tests.api.calls import Caller
from tests.cast import Clinic, at
from treatment_plans.models import Clearance, Prescription

pytestmark = pytest.mark.django_db

START = "2026-12-01T10:00:00-08:00"
HOUR = timedelta(hours=1)


def rules(clinic: Clinic, *, who: Any = None, start: str = START, **choice: int) -> dict[str, Any]:
    """Of each reason by its code: the rules behind it."""
    body = {"planned_session": clinic.dose(clinic.maya).pk, "starts_at": start, **choice}
    answer = Caller(who or clinic.ana).post("openings/explain", body)
    assert answer.status_code == 200, answer.json()
    found: dict[str, Any] = {}
    for reason in answer.json()["blockers"]:
        found.setdefault(reason["code"], []).extend((rule["kind"], rule["id"]) for rule in reason["rules"])
    return found


def test_absences_are_named(ready: Clinic) -> None:
    start = at("2026-12-01 10:00")
    off = TimeOff.objects.create(clinician=ready.ana, starts_at=start, ends_at=start + HOUR)
    TimeOff.objects.create(clinician=ready.ana, starts_at=start - 9 * HOUR, ends_at=start - HOUR)  # not then
    assert rules(ready, therapist=ready.ana.pk) == {"away": [("time_off", off.pk)]}
    closure = Closure.objects.create(location=ready.location, starts_at=start - HOUR, ends_at=start + HOUR)
    holiday = Holiday.objects.create(location=ready.location, on=date(2026, 12, 1), name="Founders' day")
    here = [("closure", closure.pk), ("holiday", holiday.pk)]
    assert set(rules(ready, therapist=ready.ana.pk)["away"]) == {("time_off", off.pk), *here}


def test_hours_and_licences_are_named(ready: Clinic) -> None:
    hours = WorkingHours.objects.get(clinician=ready.ana, weekday=1)
    licence = Licence.objects.get(clinician=ready.ana)
    Licence.objects.filter(pk=licence.pk).update(valid_through_on=date(2026, 11, 30))
    found = rules(ready, start="2026-12-01T07:00:00-08:00", therapist=ready.ana.pk)
    assert found["outside_hours"][:1] == [("working_hours", hours.pk)]
    assert found["not_licensed"] == [("licence", licence.pk)]
    hours.delete()
    assert ("clinician", ready.ana.pk) in rules(ready, therapist=ready.ana.pk)["outside_hours"]


def test_what_is_taken_is_named_but_never_whose_it_is(ready: Clinic) -> None:
    other = ready.ready_client("Noa Lind")
    body = {"planned_session": ready.dose(other).pk, "starts_at": START}
    assert Caller(ready.kim).post("bookings", body).status_code == 201
    about = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START, "therapist": ready.ana.pk}
    answer = Caller(ready.kim).post("openings/explain", about)
    busy = [reason for reason in answer.json()["blockers"] if reason["code"] == "busy"]
    named = {rule["id"] for reason in busy for rule in reason["rules"]}
    taken = Occupancy.objects.filter(client=None)
    assert named == set(taken.values_list("pk", flat=True))
    assert "Noa" not in answer.content.decode()


def test_the_desk_is_told_the_light_and_no_row_of_the_record(ready: Clinic) -> None:
    Clearance.objects.update(valid_through_on="2026-11-30")
    Prescription.objects.update(valid_through_on="2026-11-30")
    clearance, prescription = Clearance.objects.get(), Prescription.objects.get()
    assert rules(ready) == {
        "clearance_expired": [("clearance", clearance.pk)],
        "prescription_expired": [("prescription", prescription.pk)],
    }
    assert rules(ready, who=ready.kim) == {"clearance_not_in_order": [], "prescription_not_in_order": []}


def test_of_the_plan_it_names_the_other_session(ready: Clinic) -> None:
    first = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START}
    booked = Caller(ready.kim).post("bookings", first).json()["id"]
    assert rules(ready, start="2026-12-03T10:00:00-08:00")["already_booked"] == [("booking", booked)]
    body = {"planned_session": ready.dose(ready.maya, 2).pk, "starts_at": "2026-12-02T10:00:00-08:00"}
    [reason] = Caller(ready.kim).post("openings/explain", body).json()["blockers"]
    assert (reason["code"], reason["rules"]) == ("too_soon_after_dose", [{"kind": "booking", "id": booked}])


def test_a_bad_grid_or_too_soon_is_the_types(ready: Clinic) -> None:
    kind = ready.appointment_type().pk
    found = rules(ready, start="2026-11-23T10:10:00-08:00")
    assert found["off_grid"] == found["too_soon"] == [("appointment_type", kind)]


def test_five_hundred_candidates_cost_no_more_queries(
    ready: Clinic, django_assert_max_num_queries: Any
) -> None:
    many = Clinician.objects.bulk_create(Clinician(name=f"T{n}", kind="therapist") for n in range(500))
    WorkingHours.objects.bulk_create(
        WorkingHours(
            clinician=each,
            location=ready.location,
            weekday=6,
            starts_local=time(9),
            ends_local=time(10),
            effective_from_on=date(2020, 1, 1),
        )
        for each in many
    )
    TimeOff.objects.create(
        clinician=ready.ana, starts_at=at("2026-12-01 08:00"), ends_at=at("2026-12-02 08:00")
    )
    Client.objects.filter(pk=ready.maya.pk).update(is_active=False)
    WorkingHours.objects.filter(clinician=ready.ben).delete()
    body = {"planned_session": ready.dose(ready.maya).pk, "starts_at": START}
    desk = Caller(ready.ana)
    with django_assert_max_num_queries(32):
        answer = desk.post("openings/explain", body)
    assert len(answer.json()["blockers"]) > 500
