from rest_framework.routers import SimpleRouter

from treatment_plans.api import views

router = SimpleRouter(trailing_slash=False)
router.register("protocols", views.ProtocolViews, basename="protocol")
router.register("clearances", views.ClearanceViews, basename="clearance")
router.register("rems-enrollments", views.RemsEnrollmentViews, basename="rems-enrollment")
router.register("prescriptions", views.PrescriptionViews, basename="prescription")
router.register("treatment-plans", views.PlanViews, basename="treatment-plan")
router.register("planned-sessions", views.PlannedSessionViews, basename="planned-session")
router.register("follow-ups", views.FollowUpViews, basename="follow-up")

urlpatterns = router.urls
