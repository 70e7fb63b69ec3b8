"""Plans, prescriptions, clearances, protocols and follow-ups: what is decided, by whom, and once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from practice.errors import DomainError, Invalid, OutOfScope
from practice.models import Activity, CareTeamMember
from tests.cast import NOW, Clinic, make_client
from treatment_plans import follow_ups, plans, protocols, sessions
from treatment_plans.errors import (
    AlreadyRevoked,
    HasAnOpenPlan,
    NotAPrescriber,
    NotATherapist,
    PlanNotDraft,
    ProtocolDecided,
    ProtocolNotUsable,
)
from treatment_plans.first_rows import protocols as first_protocols
from treatment_plans.follow_ups import AlreadyDone
from treatment_plans.models import (
    Clearance,
    FollowUp,
    PlannedSession,
    Prescription,
    Protocol,
    RemsEnrollment,
    TreatmentPlan,
)
from treatment_plans.screening import clearances
from treatment_plans.supply import prescriptions

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def draft(clinic: Clinic, **changes: Any) -> TreatmentPlan:
    said = {"therapist": clinic.ana, "prescriber": clinic.ito, "actor": clinic.ana.user, "now": NOW} | changes
    return plans.draft(clinic.maya.pk, said.pop("protocol", clinic.protocol), **said)


def prescribe(clinic: Clinic, **changes: Any) -> Prescription:
    values = {
        "route": "im",
        "drug": "ketamine 50 mg/mL",
        "dose_amount": Decimal("40"),
        "doses_per_fill": 6,
        "issued_on": date(2026, 11, 20),
        "valid_through_on": date(2027, 3, 31),
    } | changes
    by = values.pop("prescriber", clinic.ito)
    return prescriptions.issue(clinic.maya.pk, values, prescriber=by, actor=clinic.ito.user, now=NOW)


def decide(clinic: Clinic, **changes: Any) -> Clearance:
    values = {
        "decision": "cleared",
        "valid_from_on": date(2026, 11, 1),
        "valid_through_on": date(2027, 10, 31),
    } | changes
    by = values.pop("decided_by", clinic.ito)
    return clearances.decide(clinic.maya.pk, values, decided_by=by, actor=clinic.ito.user, now=NOW)


# Plans


def test_a_course_has_its_sessions_in_order(clinic: Clinic) -> None:
    plan = draft(clinic, doses=2)
    kinds = [(session.kind, session.dose_number) for session in plan.sessions.order_by("position")]
    assert kinds == [
        ("consult", None),
        ("evaluation", None),
        *[("preparation", None)] * clinic.protocol.preparation_sessions,
        ("dosing", 1),
        ("integration", None),
        ("dosing", 2),
        ("integration", None),
        ("review", None),
    ]
    integrations = PlannedSession.objects.filter(plan=plan, kind="integration").order_by("position")
    assert [session.after_session.dose_number for session in integrations if session.after_session] == [1, 2]


def test_who_had_the_intake_begins_with_the_preparation(clinic: Clinic) -> None:
    plan = draft(clinic, doses=1, with_intake=False)
    assert not plan.sessions.filter(kind__in=["consult", "evaluation"]).exists()


def test_the_protocol_says_how_many_doses_unless_somebody_else_does(clinic: Clinic) -> None:
    plan = draft(clinic)
    assert plan.sessions.filter(kind="dosing").count() == clinic.protocol.series_length


@pytest.mark.parametrize("doses", [0, -1, 31])
def test_a_course_has_one_to_thirty_doses(clinic: Clinic, doses: int) -> None:
    with pytest.raises(Invalid) as refusal:
        draft(clinic, doses=doses)
    assert refusal.value.pointer == "/doses"
    assert TreatmentPlan.objects.count() == 0


def test_both_clinicians_join_the_care_team(clinic: Clinic) -> None:
    client = make_client("Ivy Kahn", clinic.location)
    plans.draft(
        client.pk, clinic.protocol, therapist=clinic.ben, prescriber=clinic.ito, actor=clinic.ada, now=NOW
    )
    team = CareTeamMember.objects.filter(client=client).values_list("clinician", flat=True)
    assert set(team) == {clinic.ben.pk, clinic.ito.pk}


def test_a_client_has_one_open_plan(clinic: Clinic) -> None:
    draft(clinic, doses=1)
    with pytest.raises(HasAnOpenPlan) as refusal:
        draft(clinic, doses=1)
    assert refusal.value.status == 409
    assert TreatmentPlan.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "error", "pointer"),
    [
        (lambda c: {"therapist": c.ito}, NotATherapist, "/therapist"),
        (lambda c: {"prescriber": c.ana}, NotAPrescriber, "/prescriber"),
        (lambda c: {"protocol": Protocol.objects.get(route="iv")}, ProtocolNotUsable, "/protocol"),
    ],
)
def test_a_plan_needs_the_right_people_and_an_approved_protocol(
    clinic: Clinic, changes: Any, error: type[DomainError], pointer: str
) -> None:
    assert clinic.protocol
    with pytest.raises(error) as refusal:
        draft(clinic, **changes(clinic))
    assert refusal.value.pointer == pointer


def test_a_draft_is_activated_once(clinic: Clinic) -> None:
    plan = draft(clinic, doses=1)
    active = plans.activate(plan.pk, actor=clinic.ito.user, now=NOW)
    assert (active.status, active.activated_at) == (TreatmentPlan.Status.ACTIVE, NOW)
    with pytest.raises(PlanNotDraft):
        plans.activate(plan.pk, actor=clinic.ito.user, now=NOW)


def test_a_draft_whose_protocol_was_retired_is_not_activated(clinic: Clinic) -> None:
    plan = draft(clinic, doses=1)
    Protocol.objects.filter(pk=plan.protocol_id).update(retired_at=NOW)
    with pytest.raises(ProtocolNotUsable):
        plans.activate(plan.pk, actor=clinic.ito.user, now=NOW)
    with pytest.raises(OutOfScope):
        plans.activate(0, actor=clinic.ito.user, now=NOW)


# Prescriptions and clearances


@pytest.mark.parametrize(
    "values",
    [
        {"refills": 6},
        {"valid_through_on": date(2027, 5, 21)},  # a day after six months
        {"valid_through_on": date(2026, 11, 19)},
        {"dose_amount": Decimal("0")},
        {"doses_per_fill": 0},
        {"route": "smoke"},
    ],
)
def test_a_prescription_keeps_to_the_law_and_to_sense(clinic: Clinic, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        prescribe(clinic, **values)
    assert Prescription.objects.count() == 0


def test_five_refills_and_six_months_are_allowed(clinic: Clinic) -> None:
    prescription = prescribe(clinic, refills=5, valid_through_on=date(2027, 5, 20))
    assert prescription.doses == 36


def test_only_a_psychiatrist_prescribes_and_clears(clinic: Clinic) -> None:
    with pytest.raises(NotAPrescriber):
        prescribe(clinic, prescriber=clinic.ana)
    with pytest.raises(NotAPrescriber):
        decide(clinic, decided_by=clinic.ana)


def test_a_prescription_is_revoked_once_and_says_why(clinic: Clinic) -> None:
    prescription = prescribe(clinic)
    revoked = prescriptions.revoke(prescription.pk, reason=" rash ", actor=clinic.ito.user, now=NOW)
    assert (revoked.status, revoked.revoked_at, revoked.revoke_reason) == ("revoked", NOW, "rash")
    with pytest.raises(AlreadyRevoked):
        prescriptions.revoke(prescription.pk, reason="again", actor=clinic.ito.user, now=NOW)
    entry = Activity.objects.get(action="prescription.revoked")
    assert "rash" not in f"{entry.data}{entry.reason}"


def test_a_new_decision_supersedes_the_one_before(clinic: Clinic) -> None:
    first, second = decide(clinic), decide(clinic, decision="not_now", valid_through_on=None)
    first.refresh_from_db()
    assert (first.superseded_at, second.superseded_at) == (NOW, None)


def test_a_clearance_ends_some_day(clinic: Clinic) -> None:
    decide(clinic)
    with pytest.raises(ValidationError):
        decide(clinic, valid_through_on=None)
    assert Clearance.objects.get().superseded_at is None  # the refused one has superseded nothing


def test_a_client_is_enrolled_once(clinic: Clinic) -> None:
    def enroll() -> RemsEnrollment:
        return clearances.enroll(
            clinic.maya.pk, enrolled_on=date(2026, 11, 1), actor=clinic.ito.user, now=NOW
        )

    enroll()
    with pytest.raises((ValidationError, DomainError)):
        enroll()
    assert RemsEnrollment.objects.count() == 1


# Protocols


def test_an_approval_retires_the_version_before(clinic: Clinic) -> None:
    before = clinic.protocol
    after = Protocol.objects.get(pk=before.pk)
    after.pk, after.version, after.approved_by, after.approved_at = None, 2, None, None
    after.save()
    protocols.approve(after.pk, approved_by=clinic.ito, actor=clinic.ito.user, now=NOW)
    assert [p.is_usable for p in Protocol.objects.filter(route="im").order_by("version")] == [False, True]
    with pytest.raises(ProtocolDecided):
        protocols.approve(after.pk, approved_by=clinic.ito, actor=clinic.ito.user, now=NOW)
    with pytest.raises(ProtocolDecided):
        protocols.approve(before.pk, approved_by=clinic.ito, actor=clinic.ito.user, now=NOW)


def test_only_a_psychiatrist_approves(clinic: Clinic) -> None:
    first_protocols.add_missing()
    protocol = Protocol.objects.get(route="iv")
    with pytest.raises(NotAPrescriber):
        protocols.approve(protocol.pk, approved_by=clinic.ana, actor=clinic.ana.user, now=NOW)


def test_the_first_protocols_come_once_and_without_effect() -> None:
    added = first_protocols.add_missing()
    assert len(added) == Protocol.objects.count() > 4
    assert not any(protocol.is_usable for protocol in added)
    assert first_protocols.add_missing() == []


# Follow-ups


@pytest.fixture
def dose(clinic: Clinic) -> PlannedSession:
    clinic.plan(clinic.maya)
    return clinic.dose(clinic.maya)


def test_a_dose_brings_follow_ups_in_real_hours_after_it(clinic: Clinic, dose: PlannedSession) -> None:
    sessions.complete(dose.pk, completed_at=NOW, actor=clinic.ana.user)
    due = [(row.kind, row.due_from_at - NOW, row.due_until_at - NOW) for row in FollowUp.objects.all()]
    protocol = clinic.protocol
    assert sorted(due) == sorted(
        [
            (
                "integration",
                (protocol.integration_from_hours or 0) * HOUR,
                (protocol.integration_until_hours or 0) * HOUR,
            ),
            ("check_in", 24 * HOUR, 48 * HOUR),
            ("check_in", 72 * HOUR, 96 * HOUR),
            ("check_in", 168 * HOUR, 192 * HOUR),
        ]
    )
    integration = PlannedSession.objects.get(after_session=dose)
    follow_up = FollowUp.objects.get(kind="integration")
    assert (integration.due_from_at, integration.due_until_at) == (
        follow_up.due_from_at,
        follow_up.due_until_at,
    )


def test_a_repeat_brings_no_more_and_moves_no_window(clinic: Clinic, dose: PlannedSession) -> None:
    for hours in (0, 5):
        sessions.complete(dose.pk, completed_at=NOW + hours * HOUR, actor=clinic.ana.user)
    dose.refresh_from_db()
    assert (dose.completed_at, FollowUp.objects.count()) == (NOW, 4)
    first = FollowUp.objects.order_by("due_from_at").first()
    assert first is not None
    assert first.due_from_at < NOW + 25 * HOUR


def test_integration_is_fulfilled_by_its_session(clinic: Clinic, dose: PlannedSession) -> None:
    sessions.complete(dose.pk, completed_at=NOW, actor=clinic.ana.user)
    integration = PlannedSession.objects.get(after_session=dose)
    sessions.complete(integration.pk, completed_at=NOW + 30 * HOUR, actor=clinic.ana.user)
    done = FollowUp.objects.get(kind="integration")
    assert (done.done_at, done.done_by, done.outcome) == (NOW + 30 * HOUR, clinic.ana.user, "session")
    assert FollowUp.objects.filter(done_at=None).count() == 3


def test_a_check_in_is_closed_once_with_words(clinic: Clinic, dose: PlannedSession) -> None:
    sessions.complete(dose.pk, completed_at=NOW, actor=clinic.ana.user)
    check_in = FollowUp.objects.filter(kind="check_in").first()
    assert check_in is not None

    def close(outcome: str) -> FollowUp:
        return follow_ups.mark_done(check_in.pk, outcome=outcome, actor=clinic.ana.user, now=NOW)

    with pytest.raises(Invalid) as refusal:
        close("  ")
    assert refusal.value.pointer == "/outcome"
    assert close(" slept well ").outcome == "slept well"
    with pytest.raises(AlreadyDone):
        close("once more")
