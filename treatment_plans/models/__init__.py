from treatment_plans.models.base import Route
from treatment_plans.models.measures import AnswerSheet, Measure, SafetyAlert
from treatment_plans.models.medical import Clearance, Prescription, RemsEnrollment
from treatment_plans.models.plans import FollowUp, PlannedSession, TreatmentPlan
from treatment_plans.models.protocols import Protocol

__all__ = [
    "AnswerSheet",
    "Clearance",
    "FollowUp",
    "Measure",
    "PlannedSession",
    "Prescription",
    "Protocol",
    "RemsEnrollment",
    "Route",
    "SafetyAlert",
    "TreatmentPlan",
]
