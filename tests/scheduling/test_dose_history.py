"""A client's doses in one list: given, ended without one, booked and planned."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from scheduling import booking
from scheduling.booking import Request
from scheduling.care import dose_history
from scheduling.care.dose_history import DoseLine
from scheduling.models import Booking
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at, make_client
from treatment_plans.models import AdverseEvent, Dose, DosingRecord

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    """Of four doses Maya got the first, left before the second, and has the third booked."""
    client = clinic.ready_client(doses=4)
    for number, start in ((1, "2026-12-01 09:30"), (3, "2026-12-15 09:30")):
        wanted = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client, number))
        row = booking.book(wanted, at(start), actor=clinic.kim, now=NOW)
        if number == 1:
            record = clinic.discharged(row, dosed_at=at("2026-12-01 09:50"), left_at=at("2026-12-01 12:00"))
            clinic.one_of_each_entry(record, at("2026-12-01 10:20"))
            Booking.objects.filter(pk=row.pk).update(
                status="completed", completed_at=at("2026-12-01 12:05"), arrived_at=row.starts_at
            )
    DosingRecord.objects.create(
        client=client,
        planned_session=clinic.dose(client, 2),
        protocol=clinic.protocol,
        location=clinic.location,
        state="CA",
        starts_at=at("2026-12-08 09:30"),
        opened_at=at("2026-12-08 09:30"),
        opened_by=clinic.nia,
        ended_without_dose_at=at("2026-12-08 10:00"),
        ended_by=clinic.nia,
        end_reason="Blood pressure stayed high",
    )
    other = make_client("Ivy Kim", clinic.location, team=(clinic.ana,))
    clinic.plan(other)
    return clinic


def brief(lines: list[DoseLine]) -> list[tuple[str, int | None]]:
    return [(line.status, line.session.dose_number) for line in lines]


def test_the_latest_comes_first_and_what_has_no_time_before_all(course: Clinic) -> None:
    lines = dose_history.load(course.maya)
    assert brief(lines) == [
        ("planned", 4),
        ("planned", 2),  # it is still to be given
        ("booked", 3),
        ("not_given", 2),
        ("given", 1),
    ]
    given = lines[-1]
    assert given.dose
    assert (given.amount, given.dose.unit, given.route) == (40, "mg", "im")
    assert given.adverse_events == 1


def test_days_leave_out_what_has_no_time(course: Clinic) -> None:
    day = date(2026, 12, 8)
    assert brief(dose_history.load(course.maya, from_on=day)) == [("booked", 3), ("not_given", 2)]
    assert brief(dose_history.load(course.maya, through_on=day)) == [("not_given", 2), ("given", 1)]
    assert brief(dose_history.load(course.maya, from_on=day, through_on=day)) == [("not_given", 2)]


def test_a_corrected_dose_counts_as_it_was_put_right_and_a_corrected_event_not_twice(course: Clinic) -> None:
    first = Dose.objects.get()
    Dose.objects.create(
        record=first.record,
        key=uuid4(),
        recorded_by=course.nia,
        recorded_at=NOW,
        given_at=first.given_at,
        amount=38,
        unit="mg",
        route="im",
        prescription=first.prescription,
        lot_number="23K114",
        corrects=first,
        correction_reason="misread",
    )
    event = AdverseEvent.objects.get()
    AdverseEvent.objects.create(
        record=event.record,
        key=uuid4(),
        recorded_by=course.nia,
        recorded_at=event.recorded_at,
        kind="nausea_vomiting",
        severity="mild",
        began_at=event.began_at,
        corrects=event,
        correction_reason="misread",
    )
    [given] = [line for line in dose_history.load(course.maya) if line.status == "given"]
    assert (given.amount, given.lot_number, given.adverse_events) == (38, "23K114", 1)


def test_a_dose_of_a_plan_that_was_closed_stays_and_what_was_planned_goes(course: Clinic) -> None:
    course.dose(course.maya).plan.sessions.filter(completed_at=None).update(withdrawn_at=NOW)
    Booking.objects.filter(status="booked").update(
        status="cancelled", cancelled_at=NOW, cancelled_by_party="clinic"
    )
    assert brief(dose_history.load(course.maya)) == [("not_given", 2), ("given", 1)]


def test_it_takes_as_many_queries_for_any_number(
    course: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    course.maya.refresh_from_db()
    assert course.maya.location
    with django_assert_num_queries(5):
        dose_history.load(course.maya)


def test_the_api_goes_page_by_page_and_names_what_it_came_from(course: Clinic) -> None:
    caller, path = Caller(course.ana.user), f"clients/{course.maya.pk}/doses"
    first = caller.get(path, limit=3).json()
    assert [row["status"] for row in first["results"]] == ["planned", "planned", "booked"]
    [cursor] = parse_qs(urlsplit(first["next"]).query)["cursor"]
    rest = caller.get(path, limit=3, cursor=cursor).json()
    given = rest["results"][-1]
    record = DosingRecord.objects.get(ended_without_dose_at=None)
    assert given["at"] == "2026-12-01T09:50:00-08:00"
    assert (given["amount"], given["unit"], given["route"]) == ("40.000", "mg", "im")
    assert given["prescription"]["drug"] == "ketamine 50 mg/mL"
    assert (given["record"], given["adverse_events"]) == (record.pk, 1)
    assert given["planned_session"]["dose_number"] == 1
    assert rest["next"] is None


def test_the_api_refuses_days_that_are_none(course: Clinic) -> None:
    caller, path = Caller(course.ana.user), f"clients/{course.maya.pk}/doses"
    answer = caller.get(path, from_on="soon")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/query/from_on")
    kept = caller.get(path, from_on="2026-12-08", through_on="2026-12-08").json()["results"]
    assert [row["status"] for row in kept] == ["not_given"]
