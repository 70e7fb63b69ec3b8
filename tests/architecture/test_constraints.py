"""A constraint's name is the key to the message that people get when it fires."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection, models

import config.urls  # noqa: F401  behind its addresses are all doors, which name their errors when imported
from practice import doors
from practice.errors import DomainError
from scheduling.errors import TAKEN
from tests.architecture.test_layers import own_apps

OWN_MODELS = [model for model in apps.get_models() if model._meta.app_label in own_apps()]
NAMED = [(model, constraint) for model in OWN_MODELS for constraint in model._meta.constraints]


@pytest.mark.parametrize(("model", "constraint"), NAMED, ids=[constraint.name for _, constraint in NAMED])
def test_it_has_a_name_of_its_own(model: type[models.Model], constraint: models.BaseConstraint) -> None:
    assert constraint.name.startswith(f"{model._meta.app_label}_")
    assert not re.search(r"_[0-9a-f]{8}(_|$)", constraint.name)
    assert len(constraint.name) <= 63  # PostgreSQL cuts the rest off, and the message with it


def test_names_are_unique() -> None:
    names = [constraint.name for _, constraint in NAMED]
    assert len(names) == len(set(names)) > 30


@pytest.mark.django_db
def test_the_database_knows_each_by_that_name() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint UNION SELECT indexname FROM pg_indexes")
        known = {name for (name,) in cursor.fetchall()}
    assert [constraint.name for _, constraint in NAMED if constraint.name not in known] == []


# No form edits these: only a fault of ours could break their rules.
BY_USE_CASES = {
    "practice.User",
    "practice.ChannelConsent",
    "practice.CareTeamMember",
    "practice.IdempotencyKey",
    "treatment_plans.TreatmentPlan",
    "treatment_plans.PlannedSession",
    "treatment_plans.FollowUp",
    "treatment_plans.PlanReview",
    "treatment_plans.PsychotherapyNote",
    "treatment_plans.AnswerSheet",
    "treatment_plans.Measure",
    "treatment_plans.DosingRecord",
    "treatment_plans.CheckIn",
    "treatment_plans.Vitals",
    "treatment_plans.DoseSignature",
    "treatment_plans.Dose",
    "treatment_plans.Mark",
    "treatment_plans.AdverseEvent",
    "treatment_plans.DischargeCheck",
    "treatment_plans.CourseHold",
    "treatment_plans.Delegate",
    "treatment_plans.RemsForm",
    "treatment_plans.SafetyAlert",
    "treatment_plans.Screening",
    "treatment_plans.ScreeningFlag",
    "treatment_plans.ScreeningSheet",
    "treatment_plans.FlagDisposition",
    "treatment_plans.ClinicalResult",
    "treatment_plans.HoldInstruction",
    "treatment_plans.Evaluation",
    "treatment_plans.PdmpCheck",
    "treatment_plans.SupplyEvent",
    "treatment_plans.SupplyTask",
    "treatment_plans.StockEvent",
    "treatment_plans.StockTask",
    "scheduling.Booking",
    "scheduling.GroupSession",
    "scheduling.NoteAddendum",
    "scheduling.SessionNote",
    "scheduling.Occupancy",
    "scheduling.Feed",
    "scheduling.BusyTime",
    "scheduling.FreedTime",
    "scheduling.WaitlistOffer",
    "notifications.Reminder",
    "notifications.Message",
    "notifications.ClientLink",
    "notifications.ClientNote",
    "notifications.InboundMessage",
    "notifications.DeskTask",
    "notifications.PageMessage",
    "notifications.Switch",
    "notifications.MessageTemplate",
    "notifications.SessionAlarm",
    "notifications.StaffNotice",
    "notifications.ProviderEvent",
    "notifications.UnreachableAddress",
}
BY_CHOICES = {
    "scheduling_waitlist_status",
    "practice_clinician_kind_known",
    "practice_hours_weekday",
    "treatment_plans_prescription_revoked_at",
    "treatment_plans_prescription_signed_at",
    "treatment_plans_prescription_sent_at",
    "treatment_plans_prescription_dispensed_at",
    "treatment_plans_prescription_lost_at",
}


def test_what_people_can_get_wrong_is_said_in_words() -> None:
    """Not "Constraint … is violated"."""
    wordless = [
        constraint.name
        for model, constraint in NAMED
        if constraint.violation_error_message == constraint.default_violation_error_message
        and constraint.name not in {*doors._constraint_errors, *BY_CHOICES}
        and model._meta.label not in BY_USE_CASES
    ]
    assert wordless == []


def test_every_overlap_has_its_message() -> None:
    overlaps = {constraint.name for _, constraint in NAMED if isinstance(constraint, ExclusionConstraint)}
    assert len(overlaps) == 3
    assert overlaps <= set(TAKEN)


def test_no_message_waits_for_a_constraint_that_is_gone() -> None:
    names = {constraint.name for _, constraint in NAMED}
    assert set(doors._constraint_errors) - names == set()


@pytest.mark.parametrize("name", sorted(doors._constraint_errors))
def test_every_message_is_a_conflict_with_a_code(name: str) -> None:
    error = doors._constraint_errors[name]
    assert issubclass(error, DomainError)
    assert (error.status, error.code != DomainError.code) == (409, True)
