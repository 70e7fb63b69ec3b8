"""Moving a dose: what it would mean, taken as proposed, or refused with every reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from notifications.models import Reminder
from practice.models import Activity, IdempotencyKey, TimeOff
from scheduling import cascade
from scheduling.models import Booking
from tests.api.calls import Caller
from tests.cast import Clinic, at
from tests.traces import traces
from treatment_plans.models import PlannedSession, Prescription

pytestmark = pytest.mark.django_db

DOSE_AT = "2026-12-01T09:30:00-08:00"  # Tuesday, until noon
TALK_AT = "2026-12-02T14:00:00-08:00"
LATER = "2026-12-03T09:30"  # Thursday


@pytest.fixture
def course(ready: Clinic) -> Clinic:
    """The first dose and its integration session are booked; the window opens with the end of the dose."""
    protocol = ready.protocol
    protocol.integration_from_hours, protocol.integration_until_hours = 12, 48
    protocol.save()
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


def move(clinic: Clinic, headers: dict[str, str] | None = None, **body: Any) -> Any:
    body = {"starts_local": LATER, **body}
    return Caller(clinic.kim).send("POST", f"bookings/{dose().pk}/reschedule", body, **(headers or {}))


def preview(clinic: Clinic, **body: Any) -> dict[str, Any]:
    answer = move(clinic, dry_run=True, **body)
    assert answer.status_code == 200, answer.json()
    shown: dict[str, Any] = answer.json()
    return shown


def lines(shown: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [each for each in shown["effects"] if each["code"] == code]


def test_a_preview_shows_what_follows_and_leaves_no_trace(course: Clinic) -> None:
    Caller(course.kim).post(
        f"bookings/{dose().pk}/acknowledgements",
        {"item": "ride", "answer": "confirmed", "said_by": "client", "source": "phone"},
    )
    before = traces()
    answer = Caller(course.kim).send(
        "POST",
        f"bookings/{dose().pk}/reschedule",
        {"starts_local": LATER, "dry_run": True},
        **{"Idempotency-Key": "preview"},
    )
    assert traces() == before
    shown = answer.json()
    assert answer.status_code == 200, shown
    assert answer["ETag"] == f'"{dose().revision}"'
    assert shown["booking"]["starts_at"] == "2026-12-03T09:30:00-08:00"
    [follow] = shown["follow_moves"]
    assert follow["booking"] == talk().pk
    assert at("2026-12-04 00:00") <= datetime.fromisoformat(follow["starts_at"]) < at("2026-12-05 12:00")
    moves = lines(shown, "moves")
    assert [each["booking"] for each in moves] == [dose().pk, talk().pk]
    assert moves[0]["detail"] == "Dosing 1 moves from Tue Dec 1, 9:30 a.m. to Thu Dec 3, 9:30 a.m."
    assert [each["params"]["light"] for each in lines(shown, "asked_again")] == ["ride"]
    assert lines(shown, "message_withdrawn")
    assert lines(shown, "message_to_send")
    assert not lines(shown, "needs_new_time")
    assert IdempotencyKey.objects.filter(key="preview").count() == 0


def test_what_was_previewed_is_what_happens(course: Clinic) -> None:
    shown = preview(course)
    answer = move(course, {"If-Match": f'"{shown["revision"]}"'}, follow_moves=shown["follow_moves"])
    assert answer.status_code == 200, answer.json()
    same = ("starts_at", "ends_at", "therapist", "psychiatrist", "room", "version", "revision", "lights")
    assert {name: answer.json()[name] for name in same} == {name: shown["booking"][name] for name in same}
    assert talk().starts_at == datetime.fromisoformat(shown["follow_moves"][0]["starts_at"])
    assert Activity.objects.filter(action="booking.moved").count() == 2
    assert {talk().version, dose().version} == {2}
    withdrawn = [each for each in lines(shown, "message_withdrawn") if each["booking"] == dose().pk]
    assert Reminder.objects.filter(booking=dose(), skip_reason="moved").count() == len(withdrawn)


def test_left_alone_the_session_needs_a_new_time(course: Clinic) -> None:
    shown = preview(course, follow_moves=[])
    [line] = lines(shown, "needs_new_time")
    assert (line["booking"], line["needs_a_person"]) == (talk().pk, True)
    assert {each["code"] for each in line["blockers"]} == {"integration_too_early"}
    assert move(course).status_code == 200
    assert talk().starts_at == datetime.fromisoformat(TALK_AT)


def test_without_an_opening_it_is_named(course: Clinic) -> None:
    for who in (course.ana, course.ben):
        TimeOff.objects.create(
            clinician=who, starts_at=at("2026-12-03 18:00"), ends_at=at("2026-12-08 00:00")
        )
    shown = preview(course)
    assert shown["follow_moves"] == []
    assert [each["booking"] for each in lines(shown, "needs_new_time")] == [talk().pk]


def test_another_therapist_takes_it_when_the_usual_one_can_not(course: Clinic) -> None:
    TimeOff.objects.create(
        clinician=course.ana, starts_at=at("2026-12-03 18:00"), ends_at=at("2026-12-08 00:00")
    )
    shown = preview(course)
    assert shown["follow_moves"][0]["therapist"] == course.ben.pk
    assert [each["params"]["who"] for each in lines(shown, "other_therapist")] == ["Ben"]


def test_a_dose_may_move_to_where_its_own_integration_is(course: Clinic) -> None:
    shown = preview(course, starts_local="2026-12-02T13:30")
    answer = move(
        course,
        {"If-Match": f'"{shown["revision"]}"'},
        starts_local="2026-12-02T13:30",
        follow_moves=shown["follow_moves"],
    )
    assert answer.status_code == 200, answer.json()
    assert talk().starts_at > dose().ends_at + timedelta(hours=11)


def test_a_proposal_is_taken_with_the_etag_only(course: Clinic) -> None:
    shown = preview(course)
    answer = move(course, follow_moves=shown["follow_moves"])
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")


def test_a_proposal_older_than_the_session_under_it_is_refused(course: Clinic) -> None:
    shown = preview(course)
    moved = Caller(course.kim).post(f"bookings/{talk().pk}/reschedule", {"starts_local": "2026-12-02T15:00"})
    assert moved.status_code == 200, moved.json()
    answer = move(course, {"If-Match": f'"{shown["revision"]}"'}, follow_moves=shown["follow_moves"])
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "proposal_stale")
    assert [(each["code"], each["params"]["booking"]) for each in body["blockers"]] == [
        ("changed_meanwhile", talk().pk)
    ]
    assert dose().starts_at == datetime.fromisoformat(DOSE_AT)


def test_a_time_that_was_taken_meanwhile_moves_nothing(course: Clinic) -> None:
    shown = preview(course)
    start = datetime.fromisoformat(shown["follow_moves"][0]["starts_at"])
    TimeOff.objects.create(clinician=course.ana, starts_at=start, ends_at=start + timedelta(hours=1))
    answer = move(course, {"If-Match": f'"{shown["revision"]}"'}, follow_moves=shown["follow_moves"])
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "follow_moves_not_possible")
    assert [(each["code"], each["params"]["booking"]) for each in body["blockers"]] == [("away", talk().pk)]
    assert (dose().version, talk().version) == (1, 1)


@pytest.mark.parametrize("start", ["2026-12-03T11:00:00-08:00", "2026-12-08T10:00:00-08:00"])
def test_it_follows_into_its_window_only(course: Clinic, start: str) -> None:
    follow = {"booking": talk().pk, "revision": 1, "starts_at": start}
    answer = move(course, {"If-Match": '"1"'}, follow_moves=[follow])
    codes = {each["code"] for each in answer.json()["blockers"]}
    assert answer.status_code == 409
    assert codes & {"integration_too_early", "integration_too_late"}
    assert dose().version == 1


def test_only_what_belongs_to_the_dose_follows_and_once(course: Clinic) -> None:
    follow = {"booking": talk().pk, "revision": 1, "starts_at": "2026-12-04T10:00:00-08:00"}
    for listed, place in (
        ([{**follow, "booking": dose().pk}], 0),
        ([follow, follow], 1),
    ):
        answer = move(course, {"If-Match": '"1"'}, follow_moves=listed)
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["code"]) == (400, "does_not_follow")
        assert error["pointer"] == f"/follow_moves/{place}/booking"


@pytest.mark.parametrize("command", ["reschedule", "cancel", "arrive", "no-show"])
def test_a_command_honours_the_etag_that_is_sent(course: Clinic, command: str) -> None:
    bodies = {"reschedule": {"starts_local": LATER}, "cancel": {"party": "client", "reason": "a cold"}}
    address, body = f"bookings/{dose().pk}/{command}", bodies.get(command, {})
    answer = Caller(course.kim).send("POST", address, body, **{"If-Match": '"7"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert dose().revision == 1


def test_a_dose_does_not_change_places_with_the_next(course: Clinic) -> None:
    second = Caller(course.kim).post(
        "bookings",
        {"planned_session": course.dose(course.maya, 2).pk, "starts_at": "2026-12-08T09:30:00-08:00"},
    )
    assert second.status_code == 201, second.json()
    answer = move(course, starts_local="2026-12-15T09:30", dry_run=True)
    assert answer.status_code == 409
    assert "dose_out_of_order" in {each["code"] for each in answer.json()["blockers"]}


def test_a_refused_preview_has_the_reasons_of_the_deed(course: Clinic) -> None:
    Prescription.objects.update(valid_through_on="2026-12-02")
    before = traces()
    dry, real = move(course, dry_run=True), move(course)
    assert (dry.status_code, dry.json()) == (real.status_code, real.json())
    assert traces() == before


def test_the_window_counts_hours_that_pass(course: Clinic) -> None:
    """Two days after a dose that ends at noon before the clocks go back it is eleven o'clock."""
    ended_at = datetime.fromisoformat("2026-10-31T12:00:00-07:00")
    _from_at, until_at = cascade.window_of(talk().planned_session, dose_ended_at=ended_at)
    assert until_at == datetime.fromisoformat("2026-11-02T11:00:00-08:00")
