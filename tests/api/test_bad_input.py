"""What is sent by mistake or by malice: refused with every reason and its place, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from practice.models import Client, User
from scheduling.models import Booking
from tests.api.calls import Caller, codes, pointers
from tests.cast import Clinic, make_client
from treatment_plans.models import Clearance, Prescription, TreatmentPlan

pytestmark = pytest.mark.django_db

START = "2026-12-01T09:30:00-08:00"
OURS = ("practice", "treatment_plans", "scheduling", "notifications")


def counts() -> dict[str, int]:
    """Rows of every table of ours, to see that nothing was written."""
    tables: list[type[models.Model]] = [
        model for app in OURS for model in apps.get_app_config(app).get_models()
    ]
    return {model._meta.label: model._default_manager.count() for model in tables if not model._meta.proxy}


def refused(caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> Any:
    before = counts()
    answer = caller.send(method, path, body, **headers)
    assert counts() == before
    assert 400 <= answer.status_code < 500, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["detail"]
    return answer


def booking_of(clinic: Clinic, **body: Any) -> dict[str, Any]:
    return {"planned_session": clinic.dose(clinic.maya).pk, **body}


# Times


@pytest.mark.parametrize(
    ("start", "code", "pointer"),
    [
        ({"starts_at": "2026-12-01T09:30:00"}, "no_offset", "/starts_at"),
        ({"starts_at": "2026-12-01 09:30:00-08:00"}, "invalid", "/starts_at"),
        ({"starts_at": "2026-02-30T09:30:00-08:00"}, "invalid", "/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z"}, "out_of_range", "/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "out_of_range", "/starts_at"),
        ({"starts_at": 1796146200}, "invalid", "/starts_at"),
        ({"starts_at": None}, "null", "/starts_at"),
        ({"starts_local": "2026-12-01T09:30:00-08:00"}, "has_offset", "/starts_local"),
        ({"starts_local": "2026-12-01T25:00"}, "invalid", "/starts_local"),
        ({"starts_local": "2026-12-01"}, "invalid", "/starts_local"),
        ({"starts_local": "9999-12-31T23:59"}, "invalid", "/starts_local"),
        ({"starts_local": "2027-03-14T02:30"}, "no_such_time", "/starts_local"),
        ({"starts_local": "2027-03-14T02:30", "fold": 1}, "no_such_time", "/starts_local"),
        ({"starts_local": "2027-11-07T01:30"}, "ambiguous_time", "/starts_local"),
        ({"starts_local": "2026-12-01T09:30", "fold": 2}, "max_value", "/fold"),
        ({}, "required", "/starts_at"),
        ({"starts_at": START, "starts_local": "2026-12-01T09:30"}, "required", "/starts_at"),
    ],
)
def test_a_start_that_is_no_instant_is_refused(
    ready: Clinic, start: dict[str, Any], code: str, pointer: str
) -> None:
    answer = refused(Caller(ready.kim), "POST", "bookings", booking_of(ready, **start))
    assert answer.status_code == 400
    assert {(one["code"], one["pointer"]) for one in answer.json()["errors"]} == {(code, pointer)}


def test_a_time_that_the_clocks_skip_comes_with_the_nearest_that_they_show(ready: Clinic) -> None:
    body = booking_of(ready, starts_local="2027-03-14T02:30")
    answer = refused(Caller(ready.kim), "POST", "bookings", body)
    assert answer.json()["alternatives"] == ["2027-03-14T01:30:00-08:00", "2027-03-14T03:30:00-07:00"]


def test_a_time_that_the_clocks_show_twice_comes_with_both(ready: Clinic) -> None:
    body = booking_of(ready, starts_local="2027-11-07T01:30")
    answer = refused(Caller(ready.kim), "POST", "bookings", body)
    assert answer.json()["alternatives"] == ["2027-11-07T01:30:00-07:00", "2027-11-07T01:30:00-08:00"]


@pytest.mark.parametrize(
    "window",
    [
        {"from": "2026-12-02T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
        {"from": "2026-12-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
    ],
)
def test_a_window_that_ends_before_it_starts_is_refused(ready: Clinic, window: dict[str, str]) -> None:
    answer = Caller(ready.kim).get("openings", **booking_of(ready), **window)
    assert (answer.status_code, pointers(answer)) == (400, {"/query/until"})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "America", "PST8PDT9", "", "x" * 65])
def test_an_unknown_zone_is_refused(ready: Clinic, zone: str) -> None:
    body = {"legal_name": "Lee Tan", "time_zone": zone, "state": "CA", "location": ready.location.pk}
    answer = refused(Caller(ready.kim), "POST", "clients", body)
    assert (answer.status_code, pointers(answer)) == (400, {"/time_zone"})


# What the rules forbid


def expired(model: type[models.Model], day: str) -> Callable[[Clinic], Any]:
    return lambda clinic: model._default_manager.update(valid_through_on=date.fromisoformat(day))


def back_to_draft(clinic: Clinic) -> None:
    TreatmentPlan.objects.update(status="draft", activated_at=None)


@pytest.mark.parametrize(
    ("spoil", "start", "wanted"),
    [
        (lambda clinic: None, "2026-12-01T05:00:00-08:00", {"outside_hours"}),
        (lambda clinic: None, "2026-12-01T09:40:00-08:00", {"off_grid"}),
        (lambda clinic: None, "2026-11-23T13:00:00-08:00", {"too_soon"}),
        (lambda clinic: None, "2026-11-01T09:30:00-08:00", {"too_soon"}),
        (lambda clinic: None, "2028-12-01T09:30:00-08:00", {"too_far"}),
        (lambda clinic: Clearance.objects.all().delete(), START, {"clearance_not_in_order"}),
        (expired(Clearance, "2026-11-30"), START, {"clearance_not_in_order"}),
        (expired(Prescription, "2026-11-30"), START, {"prescription_not_in_order"}),
        (lambda clinic: Prescription.objects.all().delete(), START, {"prescription_not_in_order"}),
        (
            lambda clinic: TreatmentPlan.objects.update(status="draft", activated_at=None),
            START,
            {"plan_not_active"},
        ),
        (
            lambda clinic: (
                expired(Clearance, "2026-11-30")(clinic),
                expired(Prescription, "2026-11-30")(clinic),
            ),
            "2026-12-05T05:10:00-08:00",
            {"outside_hours", "off_grid", "clearance_not_in_order", "prescription_not_in_order"},
        ),
    ],
)
def test_what_the_rules_forbid_is_refused_with_every_reason(
    ready: Clinic, spoil: Callable[[Clinic], Any], start: str, wanted: set[str]
) -> None:
    spoil(ready)
    answer = refused(Caller(ready.kim), "POST", "bookings", booking_of(ready, starts_at=start))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_bookable")
    assert wanted <= codes(answer)


def test_the_last_day_of_a_prescription_is_a_good_day(ready: Clinic) -> None:
    Prescription.objects.update(valid_through_on=date(2026, 12, 1))
    assert Caller(ready.kim).post("bookings", booking_of(ready, starts_at=START)).status_code == 201


# Edits, headers and bodies


@pytest.fixture
def booked(ready: Clinic) -> int:
    answer = Caller(ready.kim).post("bookings", booking_of(ready, starts_at=START))
    return int(answer.json()["id"])


def test_a_status_is_not_edited(ready: Clinic, booked: int) -> None:
    for method in ("PATCH", "PUT"):
        answer = refused(Caller(ready.ada), method, f"bookings/{booked}", {"status": "completed"})
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert Booking.objects.get().status == "booked"


def test_an_edit_of_something_that_has_changed_is_refused(ready: Clinic) -> None:
    path, desk = f"clients/{ready.maya.pk}", Caller(ready.kim)
    assert refused(desk, "PATCH", path, {"pronouns": "she"}).status_code == 428
    assert desk.send("PATCH", path, {"pronouns": "she"}, **{"If-Match": '"1"'}).status_code == 200
    for stale in ('"1"', '"0"', '"x"', "*", '"99999999999999999999999"'):
        answer = refused(desk, "PATCH", path, {"pronouns": "they"}, **{"If-Match": stale})
        assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert Client.objects.get().pronouns == "she"


def test_a_key_is_not_used_for_two_requests(ready: Clinic) -> None:
    desk = Caller(ready.kim)
    key = {"Idempotency-Key": "monday-1"}
    first = desk.post("bookings", booking_of(ready, starts_at=START), **key)
    assert first.status_code == 201
    other = booking_of(ready, starts_at="2026-12-01T10:00:00-08:00")
    answer = refused(desk, "POST", "bookings", other, **key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert pointers(answer) == {"/headers/Idempotency-Key"}


def test_unknown_fields_and_parameters_are_refused_beside_the_other_reasons(ready: Clinic) -> None:
    body = booking_of(ready, starts_at="soon", status="completed", __proto__={})
    answer = refused(Caller(ready.kim), "POST", "bookings", body)
    assert pointers(answer) == {"/starts_at", "/status", "/__proto__"}
    answer = Caller(ready.kim).get("bookings", order="id", page=2)
    assert (answer.status_code, pointers(answer)) == (400, {"/query/order", "/query/page"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"reason": "' + b"x" * 2**21 + b'"}', 413),
        (b'{"party": "client", "reason": ', 400),
        (b"", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'"cancel"', 400),
        (b"\xff\xfe\x00", 400),
        (b"NaN", 400),
        (b"[" * 100_000, 400),
        (b'{"reason":' * 20_000, 400),
        (b'{"party": "client", "reason": "\\u0000"}', 400),
        (b'{"party": "client", "reason": "\\ud800"}', 400),
        (b'{"\\ud800": 1}', 400),
        (b'{"party": "client", "party": "clinic", "reason": "x"}', 400),
        (b'{"party": "nobody", "reason": "x"}', 400),
        (b'{"party": "client", "reason": ""}', 400),
        (b'{"party": "client", "reason": "   "}', 400),
        (b'{"party": "client", "reason": 7}', 400),
        (b'{"party": "client", "reason": "' + b"x" * 201 + b'"}', 400),
        (b'{"party": ["client"], "reason": {"a": 1}}', 400),
        (b"1" * 5_000, 400),
    ],
)
def test_a_body_that_is_not_what_was_asked_for_is_refused(
    ready: Clinic, booked: int, body: bytes, status: int
) -> None:
    answer = refused(Caller(ready.kim), "POST", f"bookings/{booked}/cancel", body)
    assert answer.status_code == status
    assert Booking.objects.get().status == "booked"


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
def test_only_json_is_read(ready: Clinic, booked: int, content_type: str) -> None:
    answer = Caller(ready.kim).http.generic(
        "POST", f"/api/v1/bookings/{booked}/cancel", b"party=client", content_type=content_type
    )
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


# Ids


@pytest.mark.parametrize(
    "name", ["planned_session", "client", "appointment_type", "location", "therapist", "room"]
)
def test_what_is_no_id_is_refused_at_its_place(ready: Clinic, name: str) -> None:
    desk = Caller(ready.kim)
    for wrong in (0, -1, 2**63, 10**30, "1", 1.5, True, None, [1], {"id": 1}):
        answer = refused(desk, "POST", "bookings", {**booking_of(ready, starts_at=START), name: wrong})
        assert (answer.status_code, pointers(answer)) == (400, {f"/{name}"}), wrong


@pytest.mark.parametrize("path", ["bookings/{}", "bookings/{}/readiness", "bookings/{}/acknowledgements"])
def test_an_address_without_a_record_is_not_found(ready: Clinic, path: str) -> None:
    desk = Caller(ready.kim)
    for wrong in ("0", "999999", "9" * 18, "9" * 19, "9" * 400, "-1", "1e3", "x", "%00", "١"):
        answer = refused(desk, "GET", path.format(wrong))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), wrong


def test_ids_of_what_one_may_not_see_are_as_good_as_none(ready: Clinic, booked: int) -> None:
    """Ben treats Zoe, not Maya: whatever of Maya's he names is not there."""
    zoe = make_client("Zoe Hart", ready.location, team=(ready.ben,))
    ben = Caller(ready.ben)
    consult = ready.appointment_type("consult").pk
    missing = ben.get("bookings/999999").json()
    assert ben.get(f"bookings/{booked}").json() == missing
    for command, body in (
        ("reschedule", {"starts_at": START}),
        ("cancel", {"party": "client", "reason": "x"}),
        ("arrive", {}),
        ("complete", {}),
        ("acknowledgements", {"item": "ride", "answer": "confirmed", "said_by": "client", "source": "sms"}),
    ):
        assert refused(ben, "POST", f"bookings/{booked}/{command}", body).status_code == 404, command
    for body in (
        {"client": ready.maya.pk, "appointment_type": consult, "starts_at": START},
        booking_of(ready, starts_at=START),
    ):
        assert refused(ben, "POST", "bookings", body).status_code == 404
    his = {"client": zoe.pk, "appointment_type": consult, "starts_at": START}
    assert ben.post("bookings", his).status_code == 201


def test_a_filter_by_what_one_may_not_see_finds_nothing(ready: Clinic, booked: int) -> None:
    for path in ("bookings", "reminders", "messages"):
        assert Caller(ready.ben).get(path, client=ready.maya.pk).json()["results"] == []
    assert Caller(ready.kim).get("bookings", client=ready.maya.pk).json()["results"]


@pytest.mark.parametrize(
    "query",
    [
        {"client": "x"},
        {"client": "0"},
        {"client": "9" * 30},
        {"from": "yesterday"},
        {"until": "2026-12-01T00:00:00"},
        {"status": "finished"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "ten"},
        {"cursor": "x"},
        {"cursor": "cD0yMDI2"},
    ],
)
def test_a_filter_that_can_not_be_read_is_refused_at_its_place(ready: Clinic, query: dict[str, str]) -> None:
    answer = Caller(ready.kim).get("bookings", **query)
    assert (answer.status_code, pointers(answer)) == (400, {f"/query/{name}" for name in query})


def test_who_lost_all_roles_in_the_meantime_is_refused_at_once(ready: Clinic, booked: int) -> None:
    desk = Caller(ready.kim)
    assert desk.get(f"bookings/{booked}").status_code == 200
    User.objects.filter(pk=ready.kim.pk).update(roles=[])
    assert desk.get(f"bookings/{booked}").status_code == 403
