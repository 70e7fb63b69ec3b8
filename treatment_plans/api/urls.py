from django.urls import path
from rest_framework.routers import SimpleRouter

from treatment_plans.api import (
    clinical_results,
    course_holds,
    evaluations,
    follow_ups,
    instruments,
    measures,
    medications,
    prescribing,
    prescriptions,
    psychotherapy_notes,
    rems_forms,
    screening_flags,
    screening_forms,
    screenings,
    stock,
    supply,
    views,
)

router = SimpleRouter(trailing_slash=False)
router.register("protocols", views.ProtocolViews, basename="protocol")
router.register("clearances", views.ClearanceViews, basename="clearance")
router.register("rems-enrollments", views.RemsEnrollmentViews, basename="rems-enrollment")
router.register("prescriptions", prescriptions.PrescriptionViews, basename="prescription")
router.register("treatment-plans", views.PlanViews, basename="treatment-plan")
router.register("planned-sessions", views.PlannedSessionViews, basename="planned-session")
router.register("follow-ups", follow_ups.FollowUpViews, basename="follow-up")
router.register("measures", measures.MeasureViews, basename="measure")
router.register("safety-alerts", measures.SafetyAlertViews, basename="safety-alert")
router.register("screening-forms", screening_forms.ScreeningFormViews, basename="screening-form")
router.register("screenings", screenings.ScreeningViews, basename="screening")
router.register("screening-flags", screening_flags.ScreeningFlagViews, basename="screening-flag")
router.register("current-medications", medications.CurrentMedicationViews, basename="current-medication")
router.register("interaction-rules", medications.InteractionRuleViews, basename="interaction-rule")
router.register("hold-instructions", medications.HoldInstructionViews, basename="hold-instruction")
router.register("evaluations", evaluations.EvaluationViews, basename="evaluation")
router.register("clinical-results", clinical_results.ClinicalResultViews, basename="clinical-result")
router.register("pdmp-checks", prescribing.PdmpCheckViews, basename="pdmp-check")
router.register("in-person-evaluations", prescribing.InPersonViews, basename="in-person-evaluation")
router.register("supply-events", supply.SupplyEventViews, basename="supply-event")
router.register("supply-tasks", supply.SupplyTaskViews, basename="supply-task")
router.register("stock-lots", stock.StockLotViews, basename="stock-lot")
router.register("stock-events", stock.StockEventViews, basename="stock-event")
router.register("stock-tasks", stock.StockTaskViews, basename="stock-task")
router.register("course-holds", course_holds.CourseHoldViews, basename="course-hold")
router.register("delegates", course_holds.DelegateViews, basename="delegate")
router.register("rems-forms", rems_forms.RemsFormViews, basename="rems-form")
router.register(
    "psychotherapy-notes", psychotherapy_notes.PsychotherapyNoteViews, basename="psychotherapy-note"
)

urlpatterns = [
    path("follow-ups/practices", follow_ups.FollowUpViews.as_view({"post": "agree"})),
    path(
        "follow-ups/<int:follow_up_id>/attempts",
        follow_ups.AttemptViews.as_view({"get": "list", "post": "create"}),
    ),
    *router.urls,
    path(
        "clients/<int:client_id>/interactions",
        medications.InteractionViews.as_view({"get": "interactions"}),
    ),
    path("instruments", instruments.InstrumentViews.as_view({"get": "offered"})),
    path("clients/<int:client_id>/supply", supply.ClientSupplyViews.as_view({"get": "held"})),
    path("clients/<int:client_id>/outcomes", measures.OutcomeViews.as_view({"get": "outcomes"})),
]
