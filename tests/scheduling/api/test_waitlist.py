"""The waitlist over the API: on the list, asked, answered; and who is told what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from practice.models import Client
from scheduling import booking, lifecycle, offering
from scheduling.booking import Request
from scheduling.models import Booking, FreedTime, WaitlistEntry, WaitlistOffer
from tests.api.calls import Caller, codes, pointers
from tests.cast import NOW, Clinic, at, make_client
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

START = "2026-12-01T09:30:00-08:00"
MORNING = {"from_local": "09:00", "until_local": "12:00"}
LIST_QUERIES = 2 + 2 + 2  # session and user, the page and its rows, locations and clinicians


@pytest.fixture
def desk(clinic: Clinic) -> Caller:
    clinic.ready_client()
    clinic.appointment_type()
    return Caller(clinic.kim)


def join(desk: Caller, clinic: Clinic, client: Client, **wishes: Any) -> Any:
    return desk.post("waitlist-entries", {"planned_session": clinic.dose(client).pk, **wishes})


def free(clinic: Clinic) -> FreedTime:
    request = Request(clinic.maya, clinic.appointment_type(), clinic.location, clinic.dose(clinic.maya))
    row = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    lifecycle.cancel(row.pk, party="client", reason="ill", actor=clinic.kim, now=NOW)
    return FreedTime.objects.get()


def test_it_puts_a_client_on_the_list_with_their_wishes(desk: Caller, clinic: Clinic) -> None:
    answer = join(
        desk,
        clinic,
        clinic.maya,
        weekdays=[3, 1],
        times=[
            {"from_local": "09:00", "until_local": "12:00"},
            {"from_local": "16:00", "until_local": "00:00"},
        ],
        earliest_on="2026-11-30",
        clinicians=[clinic.ana.pk],
        notice_minutes=1440,
    )
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (answer["Location"], answer["ETag"]) == (f"/api/v1/waitlist-entries/{body['id']}", '"1"')
    assert body["client"] == {"id": clinic.maya.pk, "name": "Maya Rivera"}
    assert (body["weekdays"], body["earliest_on"], body["latest_on"]) == ([1, 3], "2026-11-30", None)
    assert body["times"] == [
        MORNING,
        {"from_local": "16:00", "until_local": "00:00"},
    ]
    assert body["locations"] == [{"id": clinic.location.pk, "name": "Riverbend Clinic"}]
    assert body["clinicians"] == [{"id": clinic.ana.pk, "name": "Ana"}]
    assert (body["status"], body["since_at"]) == ("waiting", "2026-11-23T18:00:00Z")
    assert desk.get(f"waitlist-entries/{body['id']}").json() == body


@pytest.mark.parametrize(
    ("wishes", "pointer"),
    [
        ({"weekdays": [7]}, "/weekdays/0"),
        ({"times": [{"from_local": "9 am", "until_local": "10:00"}]}, "/times/0/from_local"),
        ({"times": [{"from_local": "12:00", "until_local": "09:00"}]}, "/times"),
        ({"locations": [999_999]}, "/locations/0"),
        ({"clinicians": [999_999]}, "/clinicians/0"),
        ({"notice_minutes": -1}, "/notice_minutes"),
        ({"earliest_on": "soon"}, "/earliest_on"),
        ({"since_at": START}, "/since_at"),
        ({"booking": 1}, "/planned_session"),
    ],
)
def test_bad_wishes_are_told_where(
    desk: Caller, clinic: Clinic, wishes: dict[str, Any], pointer: str
) -> None:
    answer = join(desk, clinic, clinic.maya, **wishes)
    assert answer.status_code in {400, 404}, answer.json()
    assert pointer in pointers(answer)


def test_a_day_that_ends_before_it_begins_is_refused_in_words(desk: Caller, clinic: Clinic) -> None:
    answer = join(desk, clinic, clinic.maya, earliest_on="2026-12-02", latest_on="2026-12-01")
    assert (answer.status_code, "The last day lies before the first." in answer.content.decode()) == (
        400,
        True,
    )


def test_who_waits_already_is_not_put_on_the_list_again(desk: Caller, clinic: Clinic) -> None:
    join(desk, clinic, clinic.maya)
    answer = join(desk, clinic, clinic.maya)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_waiting")


def test_an_edit_needs_the_version_that_was_read(desk: Caller, clinic: Clinic) -> None:
    at_entry = f"waitlist-entries/{join(desk, clinic, clinic.maya).json()['id']}"
    assert desk.send("PATCH", at_entry, {"weekdays": [1]}).status_code == 428
    changed = desk.send("PATCH", at_entry, {"weekdays": [1], "latest_on": None}, **{"If-Match": '"1"'})
    assert (changed.status_code, changed["ETag"], changed.json()["weekdays"]) == (200, '"2"', [1])
    assert desk.send("PATCH", at_entry, {"weekdays": [2]}, **{"If-Match": '"1"'}).status_code == 412
    assert desk.send("PATCH", at_entry, {"status": "taken"}, **{"If-Match": '"2"'}).status_code == 400


def test_a_booking_waits_to_be_exchanged(desk: Caller, clinic: Clinic) -> None:
    request = Request(clinic.maya, clinic.appointment_type(), clinic.location, clinic.dose(clinic.maya))
    had = booking.book(request, at("2026-12-10 09:30"), actor=clinic.kim, now=NOW)
    answer = desk.post("waitlist-entries", {"booking": had.pk})
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["booking"], answer.json()["planned_session"]["id"]) == (
        had.pk,
        clinic.dose(clinic.maya).pk,
    )


def test_who_leaves_the_list(desk: Caller, clinic: Clinic) -> None:
    at_entry = f"waitlist-entries/{join(desk, clinic, clinic.maya).json()['id']}"
    assert desk.post(f"{at_entry}/withdraw").json()["status"] == "withdrawn"
    assert desk.post(f"{at_entry}/withdraw").status_code == 409


def test_who_fits_is_ranked_and_who_does_not_has_reasons(desk: Caller, clinic: Clinic) -> None:
    ivy, noor = clinic.ready_client("Ivy Kahn"), clinic.ready_client("Noor Aziz")
    join(desk, clinic, noor, weekdays=[4])
    join(desk, clinic, ivy)
    freed = free(clinic)
    answer = desk.get(f"freed-times/{freed.pk}/candidates")
    assert answer.status_code == 200, answer.json()
    first, second = answer.json()["candidates"]
    assert (first["client"]["name"], first["fits"], first["starts_at"]) == (
        "Ivy Kahn",
        True,
        "2026-12-01T17:30:00Z",
    )
    assert first["answer_by"] == "2026-11-23T20:00:00Z"
    assert (second["client"]["name"], second["fits"], second["starts_at"]) == ("Noor Aziz", False, None)
    assert [reason["code"] for reason in second["blockers"]] == ["wish_weekday"]


def test_the_desk_learns_no_clinical_reason(desk: Caller, clinic: Clinic) -> None:
    ivy = clinic.ready_client("Ivy Kahn")
    entry = join(desk, clinic, ivy).json()["id"]
    prescriptions.revoke(Prescription.objects.get(client=ivy).pk, reason="x", actor=clinic.ada, now=NOW)
    freed = free(clinic)
    path = f"freed-times/{freed.pk}"
    [hidden] = desk.get(f"{path}/candidates").json()["candidates"]
    assert [reason["code"] for reason in hidden["blockers"]] == ["prescription_not_in_order"]
    [seen] = Caller(clinic.ana).get(f"{path}/candidates").json()["candidates"]
    assert [reason["code"] for reason in seen["blockers"]] == ["prescription_revoked"]
    assert codes(desk.post(f"{path}/offers", {"entries": [entry]})) == {"prescription_not_in_order"}
    assert codes(Caller(clinic.ana).post(f"{path}/offers", {"entries": [entry]})) == {"prescription_revoked"}


def test_a_therapist_sees_only_their_own_clients_among_those_who_fit(desk: Caller, clinic: Clinic) -> None:
    kind = clinic.appointment_type("consult").pk
    lee = make_client("Lee Tan", clinic.location)
    desk.post("waitlist-entries", {"client": lee.pk, "appointment_type": kind})
    freed = free(clinic)
    assert Caller(clinic.ana).get(f"freed-times/{freed.pk}/candidates").json()["candidates"] == []
    assert len(desk.get(f"freed-times/{freed.pk}/candidates").json()["candidates"]) == 1


def test_offers_by_hand_and_a_yes_by_telephone(desk: Caller, clinic: Clinic) -> None:
    ivy, noor = clinic.ready_client("Ivy Kahn"), clinic.ready_client("Noor Aziz")
    entries = [join(desk, clinic, one).json()["id"] for one in (ivy, noor)]
    freed = free(clinic)
    made = desk.post(f"freed-times/{freed.pk}/offers", {"entries": entries}, **{"Idempotency-Key": "ask"})
    assert made.status_code == 201, made.json()
    first, second = made.json()["offers"]
    assert (first["starts_at"], first["expires_at"], first["status"]) == (
        START,
        "2026-11-23T12:00:00-08:00",
        "open",
    )
    again = desk.post(f"freed-times/{freed.pk}/offers", {"entries": entries}, **{"Idempotency-Key": "ask"})
    assert (again.json(), again["Idempotency-Replayed"]) == (made.json(), "true")
    yes = desk.post(f"waitlist-offers/{first['id']}/accept")
    assert (yes.status_code, yes.json()["status"]) == (200, "accepted")
    assert Booking.objects.get(pk=yes.json()["booking"]).client == ivy
    assert desk.post(f"waitlist-offers/{first['id']}/accept").json() == yes.json()
    late = desk.post(f"waitlist-offers/{second['id']}/accept")
    assert (late.status_code, late.json()["code"]) == (409, "offer_lost")
    assert late.json()["detail"].startswith("This time has just gone")
    assert WaitlistEntry.objects.get(pk=second["entry"]).is_waiting
    assert desk.get(f"freed-times/{freed.pk}").json()["status"] == "filled"
    assert [one["id"] for one in desk.get("waitlist-offers", status="lost").json()["results"]] == [
        second["id"]
    ]


def test_an_answer_that_is_over_is_gone(desk: Caller, clinic: Clinic) -> None:
    join(desk, clinic, clinic.ready_client("Ivy Kahn"))
    free(clinic)
    offering.offer_due(now=NOW + timedelta(minutes=3))
    offer = WaitlistOffer.objects.get()
    with time_machine.travel(offer.expires_at, tick=False):
        answer = Caller(clinic.kim).post(f"waitlist-offers/{offer.pk}/accept")
    assert (answer.status_code, answer.json()["code"]) == (410, "offer_over")


def test_no_by_telephone(desk: Caller, clinic: Clinic) -> None:
    join(desk, clinic, clinic.ready_client("Ivy Kahn"))
    freed = free(clinic)
    offering.offer_due(now=NOW + timedelta(minutes=3))
    offer = WaitlistOffer.objects.get()
    assert desk.post(f"waitlist-offers/{offer.pk}/decline").json()["status"] == "declined"
    assert freed.pk == offer.freed_time_id


def test_a_time_that_nothing_freed_is_opened_and_hidden(desk: Caller, clinic: Clinic) -> None:
    body = {
        "location": clinic.location.pk,
        "starts_at": START,
        "ends_at": "2026-12-01T12:00:00-08:00",
        "therapist": clinic.ana.pk,
    }
    made = desk.post("freed-times", body)
    assert made.status_code == 201, made.json()
    assert (made.json()["because"], made.json()["therapist"]["name"]) == ("by_hand", "Ana")
    assert desk.post(f"freed-times/{made.json()['id']}/hide").json()["status"] == "hidden"
    for wrong, pointer in (
        ({"ends_at": START}, "/ends_at"),
        ({"ends_at": "2026-12-03T12:00:00-08:00"}, "/ends_at"),
        ({"starts_at": "2026-11-22T12:00:00-08:00", "ends_at": "2026-11-22T13:00:00-08:00"}, "/starts_at"),
        ({"therapist": clinic.ito.pk}, "/therapist"),
    ):
        refused = desk.post("freed-times", {**body, **wrong})
        assert pointer in pointers(refused), refused.json()


def test_lists_take_a_constant_number_of_queries(
    desk: Caller, clinic: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 3):
        for number in range(count):
            join(desk, clinic, clinic.ready_client(f"Client {count} {number}"))
        with django_assert_num_queries(LIST_QUERIES):
            assert desk.get("waitlist-entries", status="waiting").status_code == 200
