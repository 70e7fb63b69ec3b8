"""Measures over HTTP: what was answered, what it raised, who has to look, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction
from pytest_django import DjangoAssertNumQueries

from practice.models import Activity
from scheduling import booking, lifecycle, readiness
from scheduling.errors import NotBookable
from tests.api.calls import Caller, codes, pointers
from tests.cast import NOW, Clinic, at, make_client
from treatment_plans import safety
from treatment_plans.models import Measure, PlannedSession, SafetyAlert

pytestmark = pytest.mark.django_db

CALM = dict.fromkeys("123456789", 0)


def phq9(clinic: Clinic, answers: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "client": clinic.maya.pk,
        "instrument": "phq9",
        "answers": CALM if answers is None else answers,
        "source": "with_staff",
    } | changes


def test_what_was_answered_is_scored_and_kept(clinic: Clinic) -> None:
    answer = Caller(clinic.ana).post("measures", phq9(clinic, CALM | {"1": 3, "2": 3, "3": 2}))
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["total"], body["band"], body["band_text"]) == (8, "mild", "mild")
    assert (body["flags"], body["answered_at"], body["recorded_by"]) == (
        [],
        "2026-11-23T18:00:00Z",
        clinic.ana.user_id,
    )
    assert not SafetyAlert.objects.exists()
    entry = Activity.objects.get(action="measure.recorded")
    assert (entry.client_id, entry.data) == (clinic.maya.pk, {})


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"answers": {"1": 0, "2": 9, "x": 1}}, 400, {"out_of_range", "no_such_item", "too_many_missing"}),
        ({"answers": {"1": "2"}}, 400, {"invalid"}),
        ({"answers": [1, 2]}, 400, {"not_a_dict"}),
        ({"answers": {str(item): 0 for item in range(1, 40)}}, 400, {"too_many_items"}),
        ({"instrument": "mmpi"}, 400, {"invalid_choice"}),
        ({"answered_at": "2026-11-23T18:00:01Z"}, 400, {"ahead"}),
        ({"planned_session": 99}, 404, {"not_found"}),
        ({"total": 3}, 400, {"unknown_field"}),
    ],
)
def test_what_is_no_answer_is_refused_with_every_reason(
    clinic: Clinic, changes: dict[str, Any], status: int, expected: set[str]
) -> None:
    answer = Caller(clinic.ana).post("measures", phq9(clinic, **changes))
    found = {reason["code"] for reason in answer.json().get("blockers", [])} or codes(answer)
    assert (answer.status_code, found) == (status, expected), answer.json()
    assert not Measure.objects.exists()


def test_a_session_of_somebody_else_is_not_found(clinic: Clinic) -> None:
    other = make_client("Lee Tan", clinic.location)
    clinic.plan(other)
    answer = Caller(clinic.ana).post("measures", phq9(clinic, planned_session=clinic.dose(other).pk))
    assert (answer.status_code, pointers(answer)) == (404, {"/planned_session"})


def test_a_correction_stands_beside_the_first_and_only_once(clinic: Clinic) -> None:
    caller = Caller(clinic.ana)
    first = caller.post("measures", phq9(clinic, CALM | {"9": 1})).json()
    correction = {"answers": CALM, "reason": "read aloud wrongly"}
    second = caller.post(f"measures/{first['id']}/correct", correction)
    assert (second.status_code, second.json()["corrects"]) == (201, first["id"])
    assert second.json()["answered_at"] == first["answered_at"]
    again = caller.post(f"measures/{first['id']}/correct", correction)
    assert (again.status_code, again.json()["code"]) == (409, "corrected_before")
    current = caller.get("measures", client=clinic.maya.pk, is_current="true").json()["results"]
    assert [each["id"] for each in current] == [second.json()["id"]]
    assert SafetyAlert.objects.get().disposed_at is None  # what was raised is for a person to close
    blank = caller.post(f"measures/{second.json()['id']}/correct", {"answers": CALM, "reason": "  "})
    assert (blank.status_code, pointers(blank)) == (400, {"/reason"})


def test_a_measure_is_written_once(clinic: Clinic) -> None:
    Caller(clinic.ana).post("measures", phq9(clinic))
    for change in (
        lambda: Measure.objects.update(total=0),
        lambda: Measure.objects.all().delete(),
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()


def test_the_same_key_records_once(clinic: Clinic) -> None:
    caller = Caller(clinic.ana)
    answers = [
        caller.post("measures", phq9(clinic, CALM | {"9": 3}), **{"Idempotency-Key": "m1"}) for _ in "ab"
    ]
    assert answers[0].json() == answers[1].json()
    assert (Measure.objects.count(), SafetyAlert.objects.count()) == (1, 1)


# Safety alerts


@pytest.mark.parametrize(
    ("item_9", "severity", "minutes"),
    [(1, "low", 480), (2, "high", 15)],
)
def test_an_answer_that_sounds_unsafe_raises_an_alert_at_once(
    clinic: Clinic, item_9: int, severity: str, minutes: int
) -> None:
    Caller(clinic.ana).post("measures", phq9(clinic, CALM | {"9": item_9}))
    (alert,) = Caller(clinic.nia).get("safety-alerts", is_open="true").json()["results"]
    assert (alert["reason"], alert["severity"], alert["client"]) == ("item_9", severity, clinic.maya.pk)
    assert SafetyAlert.objects.get().acknowledge_by_at == NOW + timedelta(minutes=minutes)


def an_alert(clinic: Clinic) -> SafetyAlert:
    Caller(clinic.ana).post("measures", phq9(clinic, CALM | {"9": 2}))
    return SafetyAlert.objects.get()


def test_no_dose_is_booked_confirmed_or_started_until_it_is_disposed_of(clinic: Clinic) -> None:
    client = clinic.ready_client()
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    booked = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    alert = an_alert(clinic)
    second = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client, 2))
    with pytest.raises(NotBookable) as refused:
        booking.book(second, at("2026-12-08 09:30"), actor=clinic.kim, now=NOW)
    assert [blocker.code for blocker in refused.value.blockers] == ["safety_alert_open"]
    assert not refused.value.alternatives
    on_the_day = at("2026-12-01 09:20")
    lifecycle.arrive(booked.pk, actor=clinic.kim, now=on_the_day)
    with pytest.raises(lifecycle.NotReady) as not_ready:
        lifecycle.start(booked.pk, actor=clinic.ana.user, now=on_the_day)
    assert "safety_alert_open" in {blocker.code for blocker in not_ready.value.blockers}

    answer = Caller(clinic.ana).post(
        f"safety-alerts/{alert.pk}/dispose", {"disposition": "safety_plan", "note": "We wrote one."}
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json()["acknowledged_by"] == answer.json()["disposed_by"] == clinic.ana.user_id
    booking.book(second, at("2026-12-08 09:30"), actor=clinic.kim, now=NOW)
    assert "safety_alert_open" not in {
        blocker.code for blocker in readiness.gate_blockers(booked, now=on_the_day)
    }


def test_therapy_goes_on_meanwhile(clinic: Clinic) -> None:
    client = clinic.ready_client()
    an_alert(clinic)
    integration = PlannedSession.objects.select_related("plan__protocol").get(plan__client=client, position=2)
    wanted = booking.Request(client, clinic.appointment_type("integration"), clinic.location, integration)
    booking.book(wanted, at("2026-12-02 09:30"), actor=clinic.kim, now=NOW)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"disposition": "safety_plan"}, "/note"),
        ({"disposition": "safety_plan", "note": "   "}, "/note"),
        ({"disposition": "later", "note": "x"}, "/disposition"),
    ],
)
def test_it_can_not_be_dismissed_without_a_disposition(
    clinic: Clinic, body: dict[str, str], pointer: str
) -> None:
    alert = an_alert(clinic)
    answer = Caller(clinic.ana).post(f"safety-alerts/{alert.pk}/dispose", body)
    assert (answer.status_code, pointers(answer)) == (400, {pointer})
    assert SafetyAlert.objects.get().disposed_at is None


def test_the_first_to_acknowledge_and_to_dispose_stay_on_record(clinic: Clinic) -> None:
    path = f"safety-alerts/{an_alert(clinic).pk}"
    body = {"disposition": "no_acute_risk", "note": "We spoke."}
    assert Caller(clinic.nia).post(f"{path}/acknowledge").status_code == 200
    assert Caller(clinic.ana).post(f"{path}/acknowledge").json()["acknowledged_by"] == clinic.nia.pk
    assert Caller(clinic.ana).post(f"{path}/dispose", body).status_code == 200
    again = Caller(clinic.ito).post(f"{path}/dispose", body)
    assert (again.status_code, again.json()["code"]) == (409, "already_disposed")
    actions = set(Activity.objects.filter(action__startswith="safety_alert").values_list("action", flat=True))
    assert actions == {"safety_alert.raised", "safety_alert.acknowledged", "safety_alert.disposed"}


def test_what_nobody_acknowledged_in_time_is_told_once_more(clinic: Clinic) -> None:
    alert = an_alert(clinic)
    deadline = alert.acknowledge_by_at
    assert [each.pk for each in safety.claim_untold(now=NOW)] == [alert.pk]
    assert safety.claim_untold(now=NOW) == []
    safety.told(alert.pk, now=NOW)
    assert safety.claim_untold(now=deadline) == []
    assert safety.escalate_unseen(now=deadline - timedelta(seconds=1)) == 0
    assert safety.escalate_unseen(now=deadline) == 1
    assert safety.escalate_unseen(now=deadline + timedelta(hours=1)) == 0
    assert [each.pk for each in safety.claim_untold(now=deadline)] == [alert.pk]
    safety.acknowledge(alert.pk, actor=clinic.nia, now=deadline)
    assert safety.claim_untold(now=deadline + timedelta(hours=1)) == []


def test_what_no_provider_took_is_told_again_in_a_minute(clinic: Clinic) -> None:
    alert = an_alert(clinic)
    safety.claim_untold(now=NOW)
    assert safety.claim_untold(now=NOW + timedelta(seconds=59)) == []
    assert [each.pk for each in safety.claim_untold(now=NOW + timedelta(minutes=1))] == [alert.pk]


# What became of it


def test_outcomes_are_series_with_the_change_since_the_first_and_the_doses(
    clinic: Clinic, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    clinic.plan(clinic.maya)
    PlannedSession.objects.filter(dose_number=1).update(completed_at=at("2026-11-10 12:00"))
    caller = Caller(clinic.ana)
    for day, answers in (
        ("09", {"1": 3, "2": 3, "3": 3, "4": 3, "5": 3, "6": 3}),
        ("17", {"1": 3, "2": 3, "3": 2}),
        ("20", {"1": 1, "2": 1}),
    ):
        body = phq9(clinic, CALM | answers, answered_at=f"2026-11-{day}T18:00:00Z")
        assert caller.post("measures", body).status_code == 201
    with django_assert_max_num_queries(8):
        body = caller.get(f"clients/{clinic.maya.pk}/outcomes").json()
    (series,) = body["series"]
    assert (series["instrument"], series["name"], series["most"]) == ("phq9", "PHQ-9", 27)
    assert [(each["total"], each["band"]) for each in series["points"]] == [
        (18, "moderately_severe"),
        (8, "mild"),
        (2, "minimal"),
    ]
    assert [each["change"] for each in series["points"]] == [
        None,
        {"points": 10, "is_response": True, "is_remission": False, "is_reliable": True},
        {"points": 16, "is_response": True, "is_remission": True, "is_reliable": True},
    ]
    assert [(each["dose_number"], each["completed_at"]) for each in body["doses"]] == [
        (1, "2026-11-10T20:00:00Z")
    ]


def test_the_questionnaires_come_in_the_language_that_was_asked_for(clinic: Clinic) -> None:
    caller = Caller(clinic.ana)
    offered = {each["code"]: each for each in caller.get("instruments", language="es").json()["instruments"]}
    assert offered["phq9"]["wording"]["choices"][1] == "Varios días"
    assert (offered["pcl5"]["languages"], offered["pcl5"]["wording"]) == (["en"], None)
    assert (offered["cssrs"]["most"], offered["cssrs"]["languages"]) == (None, [])
    assert caller.get("instruments", language="tlh").status_code == 400
    assert caller.get("instruments").json()["instruments"][0]["wording"]["language"] == "en"
