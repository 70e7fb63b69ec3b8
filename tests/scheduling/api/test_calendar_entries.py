"""Hours, time off and closures over the API: what they hit is named before they are kept."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice import calendars
from practice.models import Activity, Closure, ExtraHours, Holiday, TimeOff, WorkingHours
from scheduling import absences, booking, conflicts
from scheduling.models import Booking, FreedTime
from tests.api.calls import Caller, codes
from tests.cast import NOW, Clinic, at, make_client
from tests.traces import traces

pytestmark = pytest.mark.django_db

DAY = {"starts_at": "2026-12-01T00:00:00-08:00", "ends_at": "2026-12-02T00:00:00-08:00"}


@pytest.fixture
def booked(ready: Clinic) -> Booking:
    answer = Caller(ready.kim).post(
        "bookings",
        {"planned_session": ready.dose(ready.maya).pk, "starts_at": "2026-12-01T09:30:00-08:00"},
    )
    assert answer.status_code == 201, answer.json()
    return Booking.objects.get()


def closing(clinic: Clinic, **body: Any) -> Any:
    return Caller(clinic.kim).post("closures", {"location": clinic.location.pk, **DAY, **body})


def in_conflict(clinic: Clinic) -> list[int]:
    answer = Caller(clinic.kim).get("bookings", in_conflict="true")
    return [each["id"] for each in answer.json()["results"]]


def test_a_dry_run_lists_what_a_closure_hits_and_writes_nothing(ready: Clinic, booked: Booking) -> None:
    before = traces()
    answer = closing(ready, dry_run=True)
    assert (answer.status_code, traces()) == (200, before)
    [hit] = answer.json()["hits"]
    assert (hit["booking"], hit["session"]) == (booked.pk, "Dosing 1")
    assert hit["client"] == {"id": ready.maya.pk, "name": "Maya Rivera"}
    assert [each["code"] for each in hit["blockers"]] == ["location_closed"]


def test_it_is_kept_only_by_who_has_seen_what_it_hits(ready: Clinic, booked: Booking) -> None:
    refused = closing(ready)
    assert (refused.status_code, refused.json()["code"]) == (409, "hits_bookings")
    assert [each["params"]["booking"] for each in refused.json()["blockers"]] == [booked.pk]
    assert not Closure.objects.exists()
    kept = closing(ready, confirmed=[booked.pk])
    assert kept.status_code == 201, kept.json()
    assert Activity.objects.filter(action="closure.added").count() == 1
    assert in_conflict(ready) == [booked.pk]


def test_what_was_booked_since_is_named_again(ready: Clinic, booked: Booking) -> None:
    wanted = booking.Request(
        make_client("Ivy Kahn", ready.location), ready.appointment_type("consult"), ready.location
    )
    other = booking.book(wanted, at("2026-12-01 13:00"), actor=ready.kim, now=NOW)
    refused = closing(ready, confirmed=[booked.pk])
    assert [each["params"]["booking"] for each in refused.json()["blockers"]] == [booked.pk, other.pk]


def test_a_second_closure_over_the_first_hits_nothing_new(ready: Clinic, booked: Booking) -> None:
    assert closing(ready, confirmed=[booked.pk]).status_code == 201
    assert closing(ready).status_code == 201


def test_a_moved_booking_is_no_longer_in_conflict(ready: Clinic, booked: Booking) -> None:
    closing(ready, confirmed=[booked.pk])
    moved = Caller(ready.kim).post(f"bookings/{booked.pk}/reschedule", {"starts_local": "2026-12-02T09:30"})
    assert moved.status_code == 200, moved.json()
    assert in_conflict(ready) == []


def test_changed_and_removed_weekly_hours_hit_what_lies_in_them(ready: Clinic, booked: Booking) -> None:
    hours = WorkingHours.objects.get(clinician=ready.ana, weekday=1)
    admin, address = Caller(ready.ada), f"working-hours/{hours.pk}"
    for method, body, query in (
        ("PATCH", {"starts_local": "10:00"}, ""),
        ("PATCH", {"effective_until_on": "2026-12-01"}, ""),
        ("DELETE", None, ""),
    ):
        answer = admin.send(method, address + query, body, **{"If-Match": '"1"'})
        assert (answer.status_code, codes(answer)) == (409, {"hits_booking", "hits_bookings"} & codes(answer))
        assert answer.json()["code"] == "hits_bookings"
    later = admin.send("PATCH", address, {"effective_until_on": "2026-12-02"}, **{"If-Match": '"1"'})
    assert later.status_code == 200, later.json()
    dry = admin.send("DELETE", f"{address}?dry_run=true", None, **{"If-Match": '"2"'})
    assert [each["booking"] for each in dry.json()["hits"]] == [booked.pk]
    gone = admin.send("DELETE", f"{address}?confirmed={booked.pk}", None, **{"If-Match": '"2"'})
    assert gone.status_code == 204
    assert [each.code for each in conflicts.find(Booking.objects.all())[booked.pk]] == ["outside_hours"]


def test_extra_hours_and_holidays_too(ready: Clinic, booked: Booking) -> None:
    WorkingHours.objects.filter(clinician=ready.ana, weekday=1).delete()
    desk, place = Caller(ready.kim), ready.location.pk
    extra = {"clinician": ready.ana.pk, "location": place, "on": "2026-12-01"}
    made = desk.post("extra-hours", {**extra, "starts_local": "09:00", "ends_local": "13:00"})
    assert made.status_code == 201, made.json()
    assert in_conflict(ready) == []
    row = ExtraHours.objects.get()
    answer = desk.send("PATCH", f"extra-hours/{row.pk}", {"ends_local": "11:00"}, **{"If-Match": '"1"'})
    assert answer.json()["code"] == "hits_bookings"
    free = {"location": place, "on": "2026-12-01", "name": "Clinic day"}
    assert desk.post("holidays", free).json()["code"] == "hits_bookings"
    assert desk.post("holidays", {**free, "confirmed": [booked.pk]}).status_code == 201
    assert Holiday.objects.count() == 1


def test_time_off_from_midnight_to_midnight_on_the_days_of_the_clocks(ready: Clinic, booked: Booking) -> None:
    """Touching is no overlap: the absence ends when the session begins."""
    desk, who = Caller(ready.kim), {"clinician": ready.ana.pk}
    until = {"starts_at": "2026-11-30T22:00:00-08:00", "ends_at": "2026-12-01T09:30:00-08:00"}
    assert desk.post("time-off", {**who, **until}).status_code == 201
    over = {**until, "ends_at": "2026-12-01T09:31:00-08:00"}
    assert desk.post("time-off", {**who, **over}).json()["code"] == "hits_bookings"


def test_the_desk_may_not_change_weekly_hours_and_stale_edits_are_refused(
    ready: Clinic, booked: Booking
) -> None:
    hours = WorkingHours.objects.get(clinician=ready.ana, weekday=2)
    address = f"working-hours/{hours.pk}"
    body = {"starts_local": "07:00"}
    assert Caller(ready.kim).send("PATCH", address, body, **{"If-Match": '"1"'}).status_code == 403
    assert Caller(ready.ada).send("PATCH", address, body, **{"If-Match": '"9"'}).status_code == 412
    assert Caller(ready.ada).send("PATCH", address, body).status_code == 428


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("closures", {"starts_at": DAY["ends_at"], "ends_at": DAY["starts_at"]}, 400),
        ("closures", {"confirmed": ["x"]}, 400),
        ("time-off", {"clinician": 987654, "location": None}, 400),
        ("closures", {"location": 987654}, 404),
    ],
)
def test_bad_input_is_said(ready: Clinic, path: str, body: dict[str, Any], code: int) -> None:
    answer = Caller(ready.kim).post(path, {"location": ready.location.pk, **DAY, **body})
    assert answer.status_code == code, answer.json()


def test_conflicts_take_the_same_queries_for_any_number(
    ready: Clinic, booked: Booking, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    TimeOff.objects.create(
        clinician=ready.ana, starts_at=at("2026-12-01 00:00"), ends_at=at("2026-12-02 00:00")
    )
    kind = ready.appointment_type("consult")
    for hour in range(13, 17):
        wanted = booking.Request(make_client(f"Client {hour}", ready.location), kind, ready.location)
        booking.book(wanted, at(f"2026-12-01 {hour}:00"), actor=ready.kim, now=NOW)
    with django_assert_max_num_queries(10):
        found = conflicts.find(conflicts.to_come(Booking.objects.all(), now=NOW))
    assert {pk: [each.code for each in reasons] for pk, reasons in found.items()} == {booked.pk: ["away"]}


def test_scheduling_watches_what_practice_changes() -> None:
    assert calendars._watchers == [conflicts.watch]
    assert calendars._listeners == [absences.taken_back]


def test_time_that_is_off_no_longer_is_for_the_waitlist(ready: Clinic) -> None:
    """Shortened: the rest; taken back: all of it. What is refused frees nothing."""
    desk, row = Caller(ready.kim), TimeOff.objects.create(clinician=ready.ana, **_instants())
    address = f"time-off/{row.pk}"
    shorter = {"ends_at": "2026-12-01T12:00:00-08:00"}
    assert desk.send("PATCH", address, shorter, **{"If-Match": '"1"'}).status_code == 200
    rest = FreedTime.objects.get()
    assert (rest.therapist, rest.because) == (ready.ana, "absence")
    assert (rest.starts_at, rest.ends_at) == (at("2026-12-01 12:00"), at("2026-12-02 00:00"))
    assert desk.send("DELETE", address, None, **{"If-Match": '"2"'}).status_code == 204
    assert FreedTime.objects.count() == 2


def _instants() -> dict[str, Any]:
    return {"starts_at": at("2026-12-01 00:00"), "ends_at": at("2026-12-02 00:00")}
