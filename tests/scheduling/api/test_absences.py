"""A clinician falls ill: every session that is hit, what could be done, and doing it in one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from practice.models import Activity, CareTeamMember, Licence, Room, TimeOff
from scheduling import booking
from scheduling.models import Booking, GroupSession, Occupancy
from tests.api.calls import Caller, codes, pointers
from tests.cast import NOW, Clinic, at, make_client, make_clinician
from tests.traces import traces
from treatment_plans.models import PlannedSession

pytestmark = pytest.mark.django_db

DOSE_AT, TALK_AT = "2026-12-01T09:30:00-08:00", "2026-12-02T14:00:00-08:00"
DAYS = {"from_on": "2026-12-01", "through_on": "2026-12-02", "reason": "illness"}


@pytest.fixture
def course(ready: Clinic) -> Clinic:
    """Maya's first dose on Tuesday and its integration session on Wednesday, both with Ana."""
    desk = Caller(ready.kim)
    talk = PlannedSession.objects.get(after_session__dose_number=1)
    for session, start in ((ready.dose(ready.maya, 1), DOSE_AT), (talk, TALK_AT)):
        answer = desk.post("bookings", {"planned_session": session.pk, "starts_at": start})
        assert answer.status_code == 201, answer.json()
    return ready


def dose() -> Booking:
    return Booking.objects.get(planned_session__dose_number=1)


def talk() -> Booking:
    return Booking.objects.get(planned_session__kind="integration")


def absent(clinic: Clinic, who: Any = None, headers: dict[str, str] | None = None, **body: Any) -> Any:
    address = f"clinicians/{(who or clinic.ana).pk}/absence"
    return Caller(clinic.kim).send("POST", address, {**DAYS, **body}, **(headers or {}))


def planned(clinic: Clinic, **body: Any) -> dict[str, Any]:
    answer = absent(clinic, dry_run=True, **body)
    assert answer.status_code == 200, answer.json()
    shown: dict[str, Any] = answer.json()
    return shown


def choice(row: Booking, action: str, **also: Any) -> dict[str, Any]:
    return {"booking": row.pk, "revision": row.revision, "action": action, **also}


def test_it_lists_what_is_hit_with_who_could_take_it_and_writes_nothing(course: Clinic) -> None:
    before = traces()
    shown = planned(course)
    assert traces() == before
    assert (shown["starts_at"], shown["ends_at"]) == ("2026-12-01T08:00:00Z", "2026-12-03T08:00:00Z")
    assert [each["booking"]["id"] for each in shown["bookings"]] == [dose().pk, talk().pk]
    first = shown["bookings"][0]
    assert (first["advice"], shown["is_cut"]) == ("substitute", False)
    assert first["substitutes"] == [{"id": course.ben.pk, "name": "Ben", "is_on_care_team": False}]
    assert [each["is_usual"] for each in first["new_times"]] == [True] * 3
    assert datetime.fromisoformat(first["new_times"][0]["starts_at"]) >= at("2026-12-03 08:00")
    assert first["out_of_window"] == [talk().pk]


def test_the_care_team_comes_first_and_who_is_busy_or_not_licensed_not_at_all(course: Clinic) -> None:
    cy, dee, eli = (make_clinician(name, "therapist", course.location) for name in ("Cy", "Dee", "Eli"))
    CareTeamMember.objects.create(client=course.maya, clinician=cy, joined_at=NOW)
    Licence.objects.filter(clinician=dee).update(state="NV")
    TimeOff.objects.create(clinician=eli, starts_at=at("2026-12-01 11:00"), ends_at=at("2026-12-01 12:00"))
    first = planned(course)["bookings"][0]
    assert [each["name"] for each in first["substitutes"]] == ["Cy", "Ben"]


def test_who_was_proposed_for_one_is_not_proposed_for_another_at_the_same_time(course: Clinic) -> None:
    """Ben can take one of two sessions that overlap."""
    kind = course.appointment_type("consult")
    Room.objects.create(location=course.location, name="Room 3", kind=Room.Kind.THERAPY)
    ivy = booking.Request(make_client("Ivy Kahn", course.location), kind, course.location)
    booking.book(replace(ivy, therapist_id=course.ana.pk), at("2026-12-01 14:00"), actor=course.kim, now=NOW)
    cy = make_clinician("Cy", "therapist", course.location)
    lou = booking.Request(make_client("Lou Day", course.location), kind, course.location, therapist_id=cy.pk)
    held = booking.book(lou, at("2026-12-01 14:00"), actor=course.kim, now=NOW)
    Booking.objects.filter(pk=held.pk).update(therapist=course.ana)
    Occupancy.objects.filter(booking=held, clinician=cy).update(
        clinician=course.ana, occupies=(at("2026-12-01 15:00"), at("2026-12-01 15:30"))
    )
    cy.is_active = False
    cy.save()
    advice = {each["booking"]["client"]["name"]: each for each in planned(course)["bookings"]}
    proposed = [bool(advice[name]["substitutes"]) for name in ("Ivy Kahn", "Lou Day")]
    assert sorted(proposed) == [False, True]


def test_without_a_substitute_it_says_when_else_and_without_that_to_call(course: Clinic) -> None:
    TimeOff.objects.create(
        clinician=course.ben, starts_at=at("2026-12-01 00:00"), ends_at=at("2027-02-01 00:00")
    )
    assert planned(course)["bookings"][0]["advice"] == "move"
    long = planned(course, through_on="2027-02-28")
    assert {each["advice"] for each in long["bookings"]} <= {"move", "call_client"}


def test_the_queries_do_not_depend_on_how_many_are_hit(course: Clinic) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            planned(course)
        return len(seen)

    kind = course.appointment_type("consult")
    for hour in (13, 14):
        self_client = make_client(f"Client {hour}", course.location, team=(course.ana,))
        wanted = booking.Request(self_client, kind, course.location, therapist_id=course.ana.pk)
        booking.book(wanted, at(f"2026-12-01 {hour}:00"), actor=course.kim, now=NOW)
    count()
    few = count()
    for hour in (15, 16):
        self_client = make_client(f"Client {hour}", course.location, team=(course.ana,))
        wanted = booking.Request(self_client, kind, course.location, therapist_id=course.ana.pk)
        booking.book(wanted, at(f"2026-12-01 {hour}:00"), actor=course.kim, now=NOW)
    assert count() == few


def test_it_does_what_was_chosen_in_one_step(course: Clinic) -> None:
    choices = [
        choice(dose(), "substitute", clinician=course.ben.pk),
        choice(talk(), "move", starts_at="2026-12-03T10:00:00-08:00"),
    ]
    shown = planned(course, choices=choices)
    assert {each["code"] for each in shown["effects"]} >= {"other_therapist", "moves"}
    answer = absent(course, choices=choices)
    assert answer.status_code == 200, answer.json()
    off = TimeOff.objects.get()
    assert (off.clinician, off.reason, off.starts_at) == (course.ana, "illness", at("2026-12-01 00:00"))
    assert answer.json()["time_off"] == off.pk
    assert [each["id"] for each in answer.json()["changed"]] == [dose().pk, talk().pk]
    assert answer.json()["left"] == []
    assert (dose().therapist, dose().room, dose().version) == (course.ben, course.dosing_room, 1)
    assert (talk().therapist, talk().starts_at) == (course.ana, at("2026-12-03 10:00"))
    assert CareTeamMember.objects.filter(client=course.maya, clinician=course.ben).exists()
    assert Activity.objects.filter(action="timeoff.added", actor=course.kim).count() == 1


def test_what_is_left_or_not_chosen_stays_and_is_listed(course: Clinic) -> None:
    answer = absent(course, choices=[choice(dose(), "cancel", reason="therapist ill")])
    assert [each["id"] for each in answer.json()["left"]] == [talk().pk]
    assert (dose().status, dose().cancelled_by_party) == ("cancelled", "clinic")
    assert talk().starts_at == datetime.fromisoformat(TALK_AT)


def test_a_dose_takes_its_integration_session_along(course: Clinic) -> None:
    follow = {"booking": talk().pk, "revision": 1, "starts_at": "2026-12-09T13:00:00-08:00"}
    moved = choice(dose(), "move", starts_at="2026-12-08T09:30:00-08:00", follow_moves=[follow])
    answer = absent(course, choices=[moved])
    assert answer.status_code == 200, answer.json()
    assert (dose().version, talk().version) == (2, 2)


def test_two_may_change_places_with_each_other(course: Clinic) -> None:
    """Each stands where the other goes: nothing that moves is in the way of what moves."""
    kind = course.appointment_type("consult")
    rows = []
    for name, start in (("Ivy Kahn", "2026-12-01 13:00"), ("Lou Day", "2026-12-01 14:00")):
        wanted = booking.Request(
            make_client(name, course.location), kind, course.location, therapist_id=course.ana.pk
        )
        rows.append(booking.book(wanted, at(start), actor=course.kim, now=NOW))
    answer = absent(
        course,
        choices=[
            choice(rows[0], "move", starts_at="2026-12-01T14:00:00-08:00", clinician=course.ben.pk),
            choice(rows[1], "move", starts_at="2026-12-01T13:00:00-08:00", clinician=course.ben.pk),
        ],
    )
    assert answer.status_code == 200, answer.json()


def test_what_was_taken_meanwhile_undoes_everything_with_every_reason(course: Clinic) -> None:
    choices = [
        choice(dose(), "substitute", clinician=course.ben.pk),
        choice(talk(), "move", starts_at="2026-12-03T10:00:00-08:00"),
    ]
    TimeOff.objects.create(
        clinician=course.ben, starts_at=at("2026-12-01 09:00"), ends_at=at("2026-12-01 10:00")
    )
    TimeOff.objects.create(
        clinician=course.ana, starts_at=at("2026-12-03 10:00"), ends_at=at("2026-12-03 11:00")
    )
    before = traces()
    answer = absent(course, choices=choices)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "absence_not_possible")
    assert [(each["code"], each["params"]["booking"]) for each in body["blockers"]] == [
        ("away", dose().pk),
        ("away", talk().pk),
    ]
    assert traces() == before


def test_a_choice_for_a_session_that_changed_since_is_refused(course: Clinic) -> None:
    stale = choice(talk(), "move", starts_at="2026-12-03T10:00:00-08:00")
    Caller(course.kim).post(f"bookings/{talk().pk}/reschedule", {"starts_local": "2026-12-02T15:00"})
    answer = absent(course, choices=[stale])
    assert (answer.status_code, codes(answer)) == (409, {"changed_meanwhile"})
    assert not TimeOff.objects.exists()


def test_a_repeat_does_it_once(course: Clinic) -> None:
    choices = [choice(dose(), "substitute", clinician=course.ben.pk)]
    first = absent(course, headers={"Idempotency-Key": "ill"}, choices=choices)
    again = absent(course, headers={"Idempotency-Key": "ill"}, choices=choices)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert absent(course).status_code == 200
    assert TimeOff.objects.count() == 1


def test_an_absence_across_midnight_hits_both_days(course: Clinic) -> None:
    night = {"starts_at": "2026-12-01T11:45:00-08:00", "ends_at": "2026-12-02T14:30:00-08:00"}
    address = f"clinicians/{course.ana.pk}/absence"
    answer = Caller(course.kim).send("POST", address, {**night, "reason": "illness", "dry_run": True})
    assert [each["booking"]["id"] for each in answer.json()["bookings"]] == [dose().pk, talk().pk]


def test_members_of_a_group_are_hit_by_the_absence_of_its_therapist(course: Clinic) -> None:
    """Nothing is proposed for one of them: a group moves as one. Its own page moves it."""
    row = talk()
    group = GroupSession.objects.create(
        appointment_type=row.appointment_type,
        location=row.location,
        therapist=course.ana,
        seats=4,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        starts_on=row.starts_on,
        starts_local=row.starts_local,
        time_zone=row.time_zone,
        created_at=NOW,
        opened_by=course.kim,
    )
    Booking.objects.filter(pk=row.pk).update(group_session=group)
    taken = Occupancy.objects.filter(booking=row, client=None)
    taken.update(booking=None, group_session=group)
    shown = planned(course)["bookings"][1]
    assert (shown["booking"]["id"], shown["advice"]) == (row.pk, "call_client")
    assert absent(course, choices=[choice(row, "leave")]).status_code == 200
    assert [
        each["id"] for each in Caller(course.kim).get("bookings", in_conflict="true").json()["results"]
    ] == [
        dose().pk,
        row.pk,
    ]
    moved = choice(row, "move", starts_at="2026-12-03T10:00:00-08:00")
    assert codes(absent(course, choices=[moved])) == {"in_group"}


def test_a_psychiatrist_who_is_away_when_she_is_not_needed_hits_nothing(course: Clinic) -> None:
    """She is there for the first minutes of the dose only."""
    late = {"starts_at": "2026-12-01T11:00:00-08:00", "ends_at": "2026-12-01T11:15:00-08:00"}
    address = f"clinicians/{course.ito.pk}/absence"
    for body, hit in (
        (late, 0),
        ({**late, "starts_at": "2026-12-01T09:30:00-08:00"}, 1),
    ):
        answer = Caller(course.kim).send("POST", address, {**body, "reason": "training", "dry_run": True})
        assert len(answer.json()["bookings"]) == hit


@pytest.mark.parametrize(("day", "hours"), [("2026-11-01", 25), ("2027-03-14", 23), ("2026-12-01", 24)])
def test_a_day_is_as_long_as_the_clocks_make_it(course: Clinic, day: str, hours: int) -> None:
    if day < "2026-11-23":
        answer = absent(course, from_on=day, through_on="2026-12-01", dry_run=True)
        assert answer.json()["starts_at"] == "2026-11-01T07:00:00Z"
        return
    shown = planned(course, from_on=day, through_on=day)
    length = datetime.fromisoformat(shown["ends_at"]) - datetime.fromisoformat(shown["starts_at"])
    assert length == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"through_on": "2026-11-30"}, "wrong_order", "/through_on"),
        ({"from_on": "2026-11-01", "through_on": "2026-11-02"}, "over", "/through_on"),
        ({"through_on": "2028-12-01"}, "too_long", "/ends_at"),
        ({"starts_at": "2026-12-01T09:30:00-08:00"}, "required", "/through_on"),
        ({"reason": "hangover"}, "invalid_choice", "/reason"),
        ({"location": 987654}, "not_found", "/location"),
    ],
)
def test_what_does_not_fit_is_said_at_its_place(
    course: Clinic, wrong: dict[str, Any], code: str, pointer: str
) -> None:
    answer = absent(course, **wrong)
    assert answer.status_code in (400, 404), answer.json()
    assert (codes(answer), pointers(answer)) == ({code}, {pointer})


def test_choices_that_do_not_fit(course: Clinic) -> None:
    for listed, code, pointer in (
        (choice(dose(), "substitute"), "required", "/choices/0/clinician"),
        (choice(dose(), "substitute", clinician=course.ito.pk), "not_found", "/choices/0/clinician"),
        (choice(dose(), "substitute", clinician=course.ana.pk), "is_away", "/choices/0/clinician"),
        (choice(dose(), "move"), "required", "/choices/0/starts_at"),
        (choice(dose(), "cancel"), "required", "/choices/0/reason"),
        ({"booking": 987654, "revision": 1, "action": "leave"}, "not_affected", "/choices/0/booking"),
    ):
        answer = absent(course, choices=[listed])
        assert (answer.status_code, codes(answer), pointers(answer)) == (400, {code}, {pointer})
