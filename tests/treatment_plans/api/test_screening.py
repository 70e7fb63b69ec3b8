"""Screening over HTTP: forms, answers, the flags they raised, what became of those, and results."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction
from pytest_django import DjangoAssertNumQueries

from practice.models import Activity, Client
from scheduling import booking
from scheduling.errors import NotBookable
from tests.api.calls import Caller, codes, pointers
from tests.cast import NOW, Clinic, at, make_client, make_clinician, make_user
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans import facts
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import (
    Clearance,
    ClinicalResult,
    FlagDisposition,
    SafetyAlert,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningRule,
)
from treatment_plans.screening import clearances, screenings

pytestmark = pytest.mark.django_db

UNTIL = "2027-05-31"


@pytest.fixture
def form(clinic: Clinic) -> ScreeningForm:
    """The shipped form, approved by Dr Ito."""
    first_screening_form.add_missing()
    form = ScreeningForm.objects.get()
    answer = Caller(clinic.ito).post(f"screening-forms/{form.pk}/approve")
    assert answer.status_code == 200, answer.json()
    form.refresh_from_db()
    return form


def fill(clinic: Clinic, form: ScreeningForm, **answers: Any) -> Screening:
    filled = screenings.Filled(form, WELL | answers, "with_staff")
    return screenings.record(clinic.maya, filled, actor=clinic.ana.user, now=NOW)


def body(clinic: Clinic, form: ScreeningForm, **answers: Any) -> dict[str, Any]:
    return {"client": clinic.maya.pk, "form": form.pk, "answers": WELL | answers, "source": "with_staff"}


def why_not_booked(clinic: Clinic, client: Client, day: str = "2026-12-01") -> list[str]:
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    try:
        booking.book(request, at(f"{day} 09:30"), actor=clinic.kim, now=NOW)
    except NotBookable as refused:
        return [each.code for each in refused.blockers]
    return []


# The form


def test_the_first_form_comes_once_and_without_effect(clinic: Clinic) -> None:
    assert first_screening_form.add_missing() is not None
    assert first_screening_form.add_missing() is None
    form = ScreeningForm.objects.get()
    form.full_clean()
    for rule in form.rules.all():
        rule.full_clean()
    assert not form.is_usable
    answer = Caller(clinic.ana).post("screenings", body(clinic, form))
    assert (answer.status_code, answer.json()["code"]) == (409, "form_not_usable")


def test_the_next_version_begins_with_the_same_and_takes_its_place(
    clinic: Clinic, form: ScreeningForm
) -> None:
    caller = Caller(clinic.ito)
    second = caller.post(f"screening-forms/{form.pk}/revise").json()
    assert (second["version"], len(second["rules"])) == (2, form.rules.count())
    assert caller.post(f"screening-forms/{second['id']}/approve").status_code == 200
    in_use = caller.get("screening-forms", is_usable="true").json()["results"]
    assert [each["id"] for each in in_use] == [second["id"]]
    again = caller.post(f"screening-forms/{form.pk}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "form_decided")
    assert Caller(clinic.kim).get("screening-forms").json()["results"][0].keys() == {
        *("id", "code", "version", "name", "is_usable", "revision"),
    }


def test_an_approved_form_and_its_rules_stay_as_they_are(clinic: Clinic, form: ScreeningForm) -> None:
    rule = ScreeningRule.objects.first()
    assert rule is not None
    for change in (
        lambda: ScreeningForm.objects.update(questions=[]),
        lambda: ScreeningForm.objects.filter(pk=form.pk)._raw_delete("default"),
        lambda: ScreeningRule.objects.update(effect="note"),
        lambda: ScreeningRule.objects.filter(pk=rule.pk)._raw_delete("default"),
        lambda: ScreeningRule.objects.create(form=form, code="more", question="age", condition={}),
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()


def test_nobody_but_a_psychiatrist_approves_or_revises(clinic: Clinic) -> None:
    first_screening_form.add_missing()
    form = ScreeningForm.objects.get()
    for who in (clinic.ana, clinic.ada, clinic.kim, clinic.nia, clinic.odo):
        for act in ("approve", "revise"):
            assert Caller(who).post(f"screening-forms/{form.pk}/{act}").status_code == 403


# Answers


def test_what_was_answered_is_kept_and_raises_its_flags(clinic: Clinic, form: ScreeningForm) -> None:
    reading = {"systolic": 150, "diastolic": 95}
    answer = Caller(clinic.ana).post("screenings", body(clinic, form, blood_pressure=reading, heart="yes"))
    assert answer.status_code == 201, answer.json()
    flags = Caller(clinic.ito).get("screening-flags", client=clinic.maya.pk, is_open="true").json()["results"]
    assert [(each["rule"], each["effect"], each["answer"]) for each in flags] == [
        ("bp_reading", "needs_clearance", "150/95"),
        ("heart", "needs_clearance", "yes"),
    ]
    assert flags[0]["fact"] == "Blood pressure above 140/90."
    assert "Spravato US labelling" in flags[0]["source"]
    assert (flags[1]["cleared_by"], flags[1]["result_kind"]) == ("cardiology", "ecg")
    assert {row.data == {} for row in Activity.objects.filter(action="screening_flag.raised")} == {True}


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"answers": WELL | {"shoe": 1, "age": 999}}, 400, {"no_such_question", "implausible"}),
        ({"answers": {"age": 40}}, 400, {"not_answered"}),
        ({"answers": [1]}, 400, {"not_a_dict"}),
        ({"filled_at": "2026-11-23T18:00:01Z"}, 400, {"ahead"}),
        ({"form": 999}, 404, {"not_found"}),
        ({"flags": []}, 400, {"unknown_field"}),
    ],
)
def test_what_does_not_fit_the_version_is_refused(
    clinic: Clinic, form: ScreeningForm, changes: dict[str, Any], status: int, expected: set[str]
) -> None:
    answer = Caller(clinic.ana).post("screenings", body(clinic, form) | changes)
    found = {each["code"] for each in answer.json().get("blockers", [])} or codes(answer)
    assert (answer.status_code, found) == (status, expected), answer.json()
    assert not Screening.objects.exists()


def test_a_correction_stands_beside_the_first_and_takes_no_flag_away(
    clinic: Clinic, form: ScreeningForm
) -> None:
    first = fill(clinic, form, heart="yes", liver="yes")
    caller = Caller(clinic.ana)
    correction = {"answers": WELL | {"heart": "yes", "lungs": "yes"}, "reason": "misheard"}
    second = caller.post(f"screenings/{first.pk}/correct", correction)
    assert (second.status_code, second.json()["corrects"]) == (201, first.pk)
    waiting = ScreeningFlag.objects.values_list("rule__code", "screening").order_by("rule__code")
    assert list(waiting) == [
        ("heart", first.pk),  # still met, and not raised twice
        ("liver", first.pk),  # for a prescriber to dispose of as a mistake
        ("lungs", second.json()["id"]),
    ]
    again = caller.post(f"screenings/{first.pk}/correct", correction)
    assert (again.status_code, again.json()["code"]) == (409, "corrected_before")
    current = caller.get("screenings", client=clinic.maya.pk, is_current="true").json()["results"]
    assert [each["id"] for each in current] == [second.json()["id"]]


def test_the_desk_reads_that_it_was_filled_and_no_answer(clinic: Clinic, form: ScreeningForm) -> None:
    screening = fill(clinic, form, heart="yes")
    shown = {"id", "client", "form", "filled_at", "corrects"}
    for user in (clinic.kim, clinic.ada):
        caller = Caller(user)
        assert caller.get(f"screenings/{screening.pk}").json().keys() == shown
        assert caller.get("screenings").json()["results"][0].keys() == shown
        assert caller.get("screening-flags").status_code == 403
        assert caller.post("screenings", body(clinic, form)).status_code == 403
    assert Caller(clinic.odo).get("screenings").json()["results"] == [
        {"id": screening.pk, "client": clinic.maya.pk}
    ]


def test_an_answer_that_sounds_unsafe_raises_an_alert_too(clinic: Clinic, form: ScreeningForm) -> None:
    fill(clinic, form, suicidality="intent")
    alert = SafetyAlert.objects.get()
    assert (alert.reason, alert.severity, alert.client) == ("screening", "high", clinic.maya)


def test_what_is_written_is_written_once(clinic: Clinic, form: ScreeningForm) -> None:
    fill(clinic, form, heart="yes")
    dispose(clinic, ScreeningFlag.objects.get())
    record_ecg(clinic)
    for change in (
        lambda: Screening.objects.update(source="link"),
        lambda: Screening.objects.all()._raw_delete("default"),
        lambda: FlagDisposition.objects.update(decision="mistake"),
        lambda: FlagDisposition.objects.all()._raw_delete("default"),
        lambda: ClinicalResult.objects.update(kind="ecg"),
        lambda: ClinicalResult.objects.all()._raw_delete("default"),
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()


# Flags


def dispose(clinic: Clinic, flag: ScreeningFlag, **changes: Any) -> Any:
    said = {"decision": "accepted", "reason": "Letter of 20 November.", "valid_through_on": UNTIL} | changes
    return Caller(changes.pop("by", clinic.ito)).post(f"screening-flags/{flag.pk}/dispose", said)


def record_ecg(clinic: Clinic, **changes: Any) -> Any:
    said = {
        "client": clinic.maya.pk,
        "kind": "ecg",
        "values": {"finding": "normal"},
        "taken_on": "2026-11-20",
    }
    return Caller(clinic.nia).post("clinical-results", said | changes)


def test_a_flag_stands_against_a_dose_until_it_is_disposed_of_and_on_its_day(
    clinic: Clinic, form: ScreeningForm
) -> None:
    client = clinic.ready_client()
    fill(clinic, form, lungs="yes")
    assert why_not_booked(clinic, client) == ["screening_flag_open"]
    answer = dispose(clinic, ScreeningFlag.objects.get(), valid_through_on="2026-12-02")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["disposition"]["decided_by"] == clinic.ito.pk
    assert why_not_booked(clinic, client, "2026-12-03") == ["screening_flag_due_again"]
    assert why_not_booked(clinic, client, "2026-12-02") == []


def test_a_result_that_a_flag_asks_for_counts_on_the_day_of_the_session(
    clinic: Clinic, form: ScreeningForm
) -> None:
    client = clinic.ready_client()
    fill(clinic, form, heart="yes")
    dispose(clinic, ScreeningFlag.objects.get())
    assert why_not_booked(clinic, client) == ["result_missing"]
    assert record_ecg(clinic, valid_through_on="2026-11-30").status_code == 201
    assert why_not_booked(clinic, client) == ["result_expired"]
    longer = {"values": {"finding": "normal"}, "taken_on": "2026-11-20", "reason": "typo"}
    result = ClinicalResult.objects.get()
    corrected = Caller(clinic.nia).post(
        f"clinical-results/{result.pk}/correct", longer | {"valid_through_on": "2026-12-01"}
    )
    assert corrected.status_code == 201, corrected.json()
    assert why_not_booked(clinic, client) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"reason": "  "}, "/reason"),
        ({"valid_through_on": None}, "/valid_through_on"),
        ({"decision": "fine"}, "/decision"),
    ],
)
def test_a_disposition_has_a_reason_and_a_day_to_look_again(
    clinic: Clinic, form: ScreeningForm, changes: dict[str, Any], expected: str
) -> None:
    fill(clinic, form, heart="yes")
    answer = dispose(clinic, ScreeningFlag.objects.get(), **changes)
    assert (answer.status_code, pointers(answer)) == (400, {expected})
    assert not FlagDisposition.objects.exists()


def test_who_disposes_without_having_seen_what_stands_there_is_refused(
    clinic: Clinic, form: ScreeningForm
) -> None:
    fill(clinic, form, heart="yes")
    flag = ScreeningFlag.objects.get()
    first = dispose(clinic, flag, decision="not_now", valid_through_on=None).json()
    second = dispose(clinic, flag)
    assert (second.status_code, second.json()["code"]) == (409, "already_disposed")
    third = dispose(clinic, flag, replaces=first["disposition"]["id"])
    assert (third.status_code, third.json()["disposition"]["decision"]) == (200, "accepted")
    assert FlagDisposition.objects.count() == 2  # the first stays on record


def test_only_a_prescriber_of_the_client_disposes(clinic: Clinic, form: ScreeningForm) -> None:
    fill(clinic, form, heart="yes")
    flag = ScreeningFlag.objects.get()
    said = {"decision": "mistake", "reason": "x"}
    for who in (clinic.ana, clinic.ada, clinic.kim, clinic.nia, clinic.odo):
        assert Caller(who).post(f"screening-flags/{flag.pk}/dispose", said).status_code == 403
    oma = make_clinician("Oma", "psychiatrist", clinic.location, user=make_user("oma", "psychiatrist"))
    assert Caller(oma).post(f"screening-flags/{flag.pk}/dispose", said).status_code == 404


# Clearance


def decide(clinic: Clinic, **changes: Any) -> Any:
    said = {
        "client": clinic.maya.pk,
        "decision": "cleared",
        "valid_from_on": "2026-11-23",
        "valid_through_on": UNTIL,
    }
    return Caller(clinic.ito).post("clearances", said | changes)


def test_a_clearance_names_the_open_flags_or_is_refused_naming_them(
    clinic: Clinic, form: ScreeningForm
) -> None:
    fill(clinic, form, heart="yes", lungs="yes", sleep_apnoea="yes")  # the last is a note
    heart, lungs, _note = ScreeningFlag.objects.order_by("pk")
    said = {"flag": heart.pk, "decision": "conditional", "reason": "Letter."}
    refused = decide(clinic, flags=[said])
    assert (refused.status_code, refused.json()["code"]) == (409, "flags_not_covered")
    assert [each["params"]["flag"] for each in refused.json()["blockers"]] == [lungs.pk]
    assert not Clearance.objects.exists()
    assert not FlagDisposition.objects.exists()  # one act: all of it or nothing
    both = [said, {"flag": lungs.pk, "decision": "mistake", "reason": "Had bronchitis."}]
    granted = decide(clinic, flags=both)
    assert granted.status_code == 201, granted.json()
    decided = FlagDisposition.objects.order_by("flag")
    assert [(each.decision, str(each.valid_through_on), each.clearance_id) for each in decided] == [
        ("conditional", UNTIL, granted.json()["id"]),  # by default as long as the clearance
        ("mistake", "None", granted.json()["id"]),
    ]
    assert decide(clinic).status_code == 201  # nothing is open any more


def test_a_decision_against_needs_to_name_nothing(clinic: Clinic, form: ScreeningForm) -> None:
    fill(clinic, form, heart="yes")
    assert decide(clinic, decision="not_now", valid_through_on=None).status_code == 201
    assert ScreeningFlag.objects.get().disposition is None


def test_a_clearance_can_not_contradict_its_flags_or_name_those_of_others(
    clinic: Clinic, form: ScreeningForm
) -> None:
    fill(clinic, form, heart="yes")
    mine = ScreeningFlag.objects.get()
    against = decide(clinic, flags=[{"flag": mine.pk, "decision": "not_now", "reason": "x"}])
    assert (against.status_code, pointers(against)) == (400, {"/flags/0/decision"})
    other = make_client("Lee Tan", clinic.location)
    filled = screenings.Filled(form, WELL | {"lungs": "yes"}, "with_staff")
    screenings.record(other, filled, actor=clinic.ana.user, now=NOW)
    theirs = ScreeningFlag.objects.get(client=other)
    said = [{"flag": each.pk, "decision": "mistake", "reason": "x"} for each in (mine, theirs)]
    answer = decide(clinic, flags=said)
    assert (answer.status_code, pointers(answer)) == (404, {"/flags/1/flag"})
    assert not Clearance.objects.exists()


def test_lists_take_the_same_queries_for_one_as_for_many(
    clinic: Clinic, form: ScreeningForm, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    caller = Caller(clinic.ito)
    for _each in range(2):
        fill(clinic, form, heart="yes", lungs="yes")
        record_ecg(clinic)
        for flag in ScreeningFlag.objects.filter(disposition=None):
            dispose(clinic, flag)
        for path, queries in (("screenings", 3), ("screening-flags", 4), ("clinical-results", 3)):
            with django_assert_num_queries(queries):
                assert caller.get(path).status_code == 200


def test_facts_are_loaded_in_one_query(
    clinic: Clinic, form: ScreeningForm, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(clinic, form, heart="yes", sleep_apnoea="yes")
    record_ecg(clinic)
    with django_assert_num_queries(1):
        found = facts.load([clinic.maya.pk], []).clients[clinic.maya.pk]
    assert [(each.fact, each.result_kind, each.decision) for each in found.flags] == [
        ("Heart disease, or not sure.", "ecg", None)
    ]
    assert [each.kind for each in found.results] == ["ecg"]


def test_clearances_without_a_screening_are_decided_as_before(clinic: Clinic) -> None:
    values = {"decision": "not_now", "valid_from_on": NOW.date()}
    clearances.decide(clinic.maya.pk, values, decided_by=clinic.ito, actor=clinic.ito.user, now=NOW)
    assert Clearance.objects.get().decision == "not_now"
