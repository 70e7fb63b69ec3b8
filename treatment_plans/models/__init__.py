from treatment_plans.models.base import Route, SupplyUnit
from treatment_plans.models.dosing_course import (
    AdverseEvent,
    CourseHold,
    Degree,
    Delegate,
    DischargeCheck,
    Mark,
)
from treatment_plans.models.dosing_records import DosingRecord
from treatment_plans.models.dosing_rows import CheckIn, Dose, DoseSignature, Vitals
from treatment_plans.models.follow_ups import FollowUp, FollowUpAttempt
from treatment_plans.models.measures import AnswerSheet, Measure, SafetyAlert
from treatment_plans.models.medical import Clearance, RemsEnrollment
from treatment_plans.models.medications import (
    CurrentMedication,
    Evaluation,
    HoldInstruction,
    InteractionRule,
    MedicineClass,
)
from treatment_plans.models.plans import PlannedSession, TreatmentPlan
from treatment_plans.models.prescribing import (
    InPersonEvaluation,
    PdmpCheck,
    PrescribingRule,
    StatePrescriptionLimit,
)
from treatment_plans.models.prescriptions import Prescription
from treatment_plans.models.protocols import Protocol
from treatment_plans.models.psychotherapy_notes import PsychotherapyNote
from treatment_plans.models.rems import RemsForm
from treatment_plans.models.reviews import PlanReview
from treatment_plans.models.screening import (
    ClinicalResult,
    FlagDisposition,
    ResultKind,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningRule,
    ScreeningSheet,
)
from treatment_plans.models.stock import StockEvent, StockLot, StockTask
from treatment_plans.models.supply import SupplyEvent, SupplyTask

__all__ = [
    "AdverseEvent",
    "AnswerSheet",
    "CheckIn",
    "Clearance",
    "ClinicalResult",
    "CourseHold",
    "CurrentMedication",
    "Degree",
    "Delegate",
    "DischargeCheck",
    "Dose",
    "DoseSignature",
    "DosingRecord",
    "Evaluation",
    "FlagDisposition",
    "FollowUp",
    "FollowUpAttempt",
    "HoldInstruction",
    "InPersonEvaluation",
    "InteractionRule",
    "Mark",
    "Measure",
    "MedicineClass",
    "PdmpCheck",
    "PlanReview",
    "PlannedSession",
    "PrescribingRule",
    "Prescription",
    "Protocol",
    "PsychotherapyNote",
    "RemsEnrollment",
    "RemsForm",
    "ResultKind",
    "Route",
    "SafetyAlert",
    "Screening",
    "ScreeningFlag",
    "ScreeningForm",
    "ScreeningRule",
    "ScreeningSheet",
    "StatePrescriptionLimit",
    "StockEvent",
    "StockLot",
    "StockTask",
    "SupplyEvent",
    "SupplyTask",
    "SupplyUnit",
    "TreatmentPlan",
    "Vitals",
]
